"""A user's own steps: the scale that made them is found again, a fixed time from two lengths, nonsense refused."""

import pytest

from fabric.network.spec import load
from fabric.workload.calibrate import StepScale, calibrated
from fabric.workload.catalog import language_model
from fabric.workload.plan import plan_of
from fabric.workload.training import training_step
from topologies.errors import InputError

FABRIC = load("dgx-h100:nodes=4")


def step(batch, text="fsdp"):
    return training_step(language_model("llama3-8b"), plan_of(text), FABRIC, batch=batch, seq=4096)


def test_one_row_gives_a_scale_by_which_that_row_is_itself():
    one = step(64)
    found = calibrated([(one, 1.2 * one.seconds)])
    applied = found.applied(one)
    assert applied.seconds == pytest.approx(1.2 * one.seconds)
    assert applied.seconds == pytest.approx(sum(part.seconds for part in applied.parts))
    assert applied.interval[0] < applied.seconds < applied.interval[1]
    assert found.fixed == one.part("fixed")


def test_two_lengths_give_back_the_scale_and_the_fixed_time_that_made_them():
    made = StepScale(1.1, 0.5, 0.1, 1, "made")
    short, long = step(64), step(512)
    found = calibrated([(short, made.applied(short).seconds), (long, made.applied(long).seconds)])
    assert (found.scale, found.fixed) == (pytest.approx(1.1), pytest.approx(0.5))
    other = step(256)
    assert found.applied(other).seconds == pytest.approx(made.applied(other).seconds)


def test_communication_is_not_scaled():
    one = step(64, "tp=8")
    found = calibrated([(one, 1.5 * one.seconds)]).applied(one)
    assert found.part("communication") == one.part("communication")
    assert found.part("gemm") > 1.5 * one.part("gemm")


@pytest.mark.parametrize(
    ("factor", "says"),
    [(1e-9, "longer than its exposed communication"), (100, "check model, batch, sequence, plan and device")],
)
def test_what_no_such_run_takes_is_refused(factor, says):
    one = step(64, "tp=8")
    with pytest.raises(InputError, match=says):
        calibrated([(one, factor * one.seconds)])


def test_nothing_measured_is_refused():
    with pytest.raises(InputError, match="must hold a step at least"):
        calibrated([])
