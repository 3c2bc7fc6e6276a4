"""Which cells meet, what a quad is worth, what is refused before any rank starts."""

from math import isnan, log

import pytest

from fabric.gate.interleave import Contest, Quad
from fabric.measure.cells.ask import What
from fabric.measure.cells.job import Job
from topologies.errors import InputError

MPI = Job("mpi", (8, 1024), (1, 2))


def test_the_same_job_meets_itself_cell_by_cell():
    contest = Contest(MPI, MPI)
    assert len(contest.pairs) == 8
    assert all(a == b for a, b in contest.pairs)
    assert contest.ranks == 2


def test_only_cells_of_both_sides_meet():
    contest = Contest(MPI, Job("mpi", (1024, 4096), (2,), what=What(mode="persistent")))
    assert {(a.nbytes, b.nbytes, a.world_size) for a, b in contest.pairs} == {(1024, 1024, 2)}


def test_other_forms_meet_where_no_cell_has_the_same():
    contest = Contest(Job("mpi", (64,), (2,), ("broadcast",)), Job("mpi", (64,), (2,), ("sendrecv",)))
    assert [(a.in_place, b.in_place) for a, b in contest.pairs] == [(True, False)]


@pytest.mark.parametrize("order", ["ABBA", "BAAB"])
def test_a_steady_drift_cancels_inside_a_quad(order):
    grown = [1.0, 1.1, 1.21, 1.331]
    assert Quad(0, order, tuple(grown)).log_ratio == pytest.approx(0.0)
    slower = [value * (1.05 if side == "B" else 1.0) for side, value in zip(order, grown, strict=True)]
    quad = Quad(0, order, tuple(slower))
    assert quad.log_ratio == pytest.approx(log(1.05))
    assert sorted(quad.of("A") + quad.of("B")) == sorted(slower)


def test_a_time_of_zero_has_no_ratio():
    assert isnan(Quad(0, "ABBA", (1.0, 0.0, 1.0, 1.0)).log_ratio)


@pytest.mark.parametrize(
    ("other", "statistic", "line"),
    [
        (Job("gloo", (8,), (2,)), "p10", "must name one backend, got mpi and gloo"),
        (Job("mpi", (16,), (2,)), "p10", "A and B have no cell in common"),
        (MPI, "mean", "statistic: must be one of p10, median, min, got 'mean'"),
    ],
)
def test_what_cannot_be_compared_is_refused(other, statistic, line):
    with pytest.raises(InputError, match=line):
        Contest(MPI, other, statistic)
