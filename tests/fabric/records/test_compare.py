from dataclasses import replace

import pytest

from fabric.records.case import Case
from fabric.records.compare import join
from fabric.records.result import Result
from topologies.errors import InputError

SAMPLES = tuple(1e-3 * (1 + 0.001 * i) for i in range(20))
A = Result(Case("all_reduce", 1024, 2, 1, 2), "gloo", SAMPLES, wrong=0)


def slowed(factor: float, **changes) -> Result:
    return replace(A, seconds=tuple(factor * s for s in SAMPLES), **changes)


def test_error_is_a_over_b_minus_one():
    (pair,) = join([slowed(1.2)], [A])
    assert pair.error == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("factor", "tolerance", "verdict"), [(1.2, 0.1, "slower"), (0.7, 0.1, "faster"), (1.2, 0.3, "same"), (1.005, 0.0, "same")]
)
def test_a_verdict_needs_the_tolerance_and_intervals_apart(factor, tolerance, verdict):
    (pair,) = join([slowed(factor)], [A])
    assert pair.verdict(tolerance) == verdict


def test_too_few_samples_give_no_verdict():
    (pair,) = join([replace(slowed(2.0), seconds=(2e-3,))], [A])
    assert pair.verdict(0.1) == "same"


def test_a_point_prediction_can_be_compared():
    (pair,) = join([slowed(2.0)], [replace(A, seconds=(1e-3,), statistic="point", source="model:loaded")])
    assert pair.verdict(0.1) == "slower"


def test_the_newest_answer_counts():
    (pair,) = join([A, slowed(3.0)], [A])
    assert pair.error == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([A], [replace(A, case=Case("all_reduce", 8, 2, 1, 2))], "the two sides have no case in common"),
        ([A], [replace(A, algorithm="ring")], "will not mix algorithms, got 'default' and 'ring'"),
        ([A], [replace(A, barrier="excluded")], "will not mix barriers, got 'before' and 'excluded'"),
        ([A, replace(A, source="nccl")], [A], "the first side answers one case by gloo"),
    ],
)
def test_other_questions_are_not_mixed(a, b, message):
    with pytest.raises(InputError, match=message):
        join(a, b)
