"""Training steps on the twin: waits for arithmetic, the plan's real gloo calls; predicted without a fitted constant."""

import pytest

from benchmarks.twin_step import COLLECTIVES, EVEN, NEAR, PIPELINES, THIN, fastest, predicted
from fabric.errors import EnvironmentFault
from fabric.network.spec import load
from fabric.twin.bring_up import running
from fabric.twin.plan import plan_of

pytestmark = pytest.mark.multirank


@pytest.fixture(scope="module", autouse=True)
def possible():
    try:
        with running(plan_of(load("star:devices=2"), COLLECTIVES.rate)):
            pass
    except EnvironmentFault as fault:
        pytest.skip(str(fault))


@pytest.mark.parametrize(("topo", "of"), [(THIN, COLLECTIVES), (EVEN, PIPELINES)])
def test_a_step_takes_what_is_predicted(ranks, topo, of):
    ranks.needs("gloo")
    twin = plan_of(load(topo), of.rate)
    steps = predicted(twin, of)
    for one, seconds in zip(steps, fastest(twin, steps), strict=True):
        assert seconds == pytest.approx(one.seconds, rel=NEAR), one.step.plan.text()
