"""Training steps on the twin: waits for arithmetic, the plan's real gloo calls; predicted without a fitted constant."""

from dataclasses import replace

import pytest

from benchmarks.twin_step import measure, program_of
from fabric.errors import EnvironmentFault
from fabric.network.spec import load
from fabric.predict.constants import constants_of
from fabric.twin.bring_up import running
from fabric.twin.plan import payload_fabric, plan_of
from fabric.workload import plan as parallel
from fabric.workload.device import DeviceRates
from fabric.workload.model import Experts, LanguageModel
from fabric.workload.training import training_step

pytestmark = pytest.mark.multirank
SMALL = LanguageModel(
    "small", layers=4, hidden=128, heads=4, kv_heads=4, head_width=32, mlp_width=512, vocabulary=1024, sequence=64
)
MIXED = replace(SMALL, name="mixed", experts=Experts(count=8, top_k=2, width=128))
DEVICE = DeviceRates("emulated", "", bf16=2e10, fp8=None, memory_rate=1e10, memory=1e10)
EVEN, THIN = "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2", "leaf_spine:leaves=2,spines=1,hosts_per_leaf=4"
"""4 hosts at 1:1 and 8 hosts at 4:1."""


@pytest.fixture(scope="module", autouse=True)
def possible():
    try:
        with running(plan_of(load("star:devices=2"), 50e6)):
            pass
    except EnvironmentFault as fault:
        pytest.skip(str(fault))


def fastest(twin, steps):
    """Return the fastest measured seconds of every step: of one bring-up, of two where other work lengthened one of the first.

    Work beside eight ranks on two cores only lengthens a step: +6.8 % in the mean of two at a load of 6.5, +0.8 % else.
    """
    found = [min(seconds) for seconds in measure(twin, [program_of(step, steps=3) for step in steps])]
    if all(seconds <= 1.05 * step.seconds for seconds, step in zip(found, steps, strict=True)):
        return found
    again = measure(twin, [program_of(step, steps=3) for step in steps])
    return [min(first, *seconds) for first, seconds in zip(found, again, strict=True)]


@pytest.mark.parametrize("topo", [EVEN, THIN])
def test_a_step_takes_what_is_predicted(ranks, topo):
    ranks.needs("gloo")
    twin = plan_of(load(topo), 50e6)
    fabric, hosts = payload_fabric(twin), twin.fabric.topology.devices
    constants, batch = constants_of("none", "gloo"), 2 * hosts
    steps = [
        training_step(model, parallel.plan_of(f"{text},overlap=none"), fabric, constants, batch=batch, device=DEVICE)
        for model, text in ((SMALL, "zero=0"), (SMALL, "zero=1"), (SMALL, "fsdp=all"), (MIXED, "ep=4,zero=0,mb=2"))
    ]
    for step, seconds in zip(steps, fastest(twin, steps), strict=True):
        assert seconds == pytest.approx(step.seconds, rel=0.05), step.plan.text()
