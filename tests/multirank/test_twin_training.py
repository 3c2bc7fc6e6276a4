"""Training steps on the twin: waits for arithmetic, the plan's real gloo calls; predicted without a fitted constant."""

import pytest

from benchmarks.twin_step import EVEN, NEAR, SLOW_LINK, THIN, fastest, predicted
from fabric.errors import EnvironmentFault
from fabric.network.spec import load
from fabric.twin.bring_up import running
from fabric.twin.plan import plan_of

pytestmark = pytest.mark.multirank


@pytest.fixture(scope="module", autouse=True)
def possible():
    try:
        with running(plan_of(load("star:devices=2"), SLOW_LINK)):
            pass
    except EnvironmentFault as fault:
        pytest.skip(str(fault))


@pytest.mark.parametrize("topo", [EVEN, THIN])
def test_a_step_takes_what_is_predicted(ranks, topo):
    ranks.needs("gloo")
    twin = plan_of(load(topo), SLOW_LINK)
    steps = predicted(twin)
    for step, seconds in zip(steps, fastest(twin, steps), strict=True):
        assert seconds == pytest.approx(step.seconds, rel=NEAR), step.plan.text()
