"""What is left of a run after any part of it: every cell comes to exactly its visits, and other surroundings are refused."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.measure.cells.job import Job
from fabric.measure.cells.plan import Plan
from fabric.measure.cells.resume import Past, added, key_of_cell, key_of_result, left, of_run, refusal, run_id
from fabric.records.case import Case
from fabric.records.result import Result

JOB = Job("gloo", (8, 64, 512), (1, 2), plan=Plan(visits=3), orders=("contiguous", "scattered:1"))
HERE = {"torch": "2.13", "processor": "P", "cores": 2, "launch_ranks": 2, "thread_level": "serialized"}


def answered(cell, job=JOB, source="gloo", **context):
    case = Case(cell.collective, cell.nbytes, cell.world_size, 1, cell.world_size, in_place=cell.in_place, order=cell.order)
    return Result(case, source, (1e-3,) * 6, wrong=0, context={**HERE, "run": run_id(job), **context})


@given(st.integers(1, 3), st.data())
def test_a_run_cut_off_anywhere_comes_to_exactly_its_visits(launches, data):
    done = []
    for number in range(1, launches + 1):
        for _ in range(data.draw(st.integers(1, 3))):  # cut off so often
            cells = left(JOB.cells(), Past(done, count=True, launches=number), JOB)
            done += [answered(cell) for cell in cells[: data.draw(st.integers(0, len(cells)))]]
        done += [answered(cell) for cell in left(JOB.cells(), Past(done, count=True, launches=number), JOB)]
        counted = Counter(key_of_result(result) for result in done)
        assert set(counted) == {key_of_cell(cell) for cell in JOB.cells()}
        assert set(counted.values()) == {JOB.plan.visits * number}


def test_what_is_left_keeps_its_order_without_the_last_visit():
    cells = JOB.cells()
    last = max(number for number, cell in enumerate(cells) if cell == cells[0])
    assert left(cells, Past([answered(cells[0])], count=True), JOB) == cells[:last] + cells[last + 1 :]


def test_without_resume_nothing_counts():
    cells = JOB.cells()
    assert left(cells, Past([answered(cell) for cell in cells]), JOB) == cells


@pytest.mark.parametrize(
    "other",
    [
        replace(JOB, seed=1),
        replace(JOB, sizes=(8, 64)),
        replace(JOB, plan=Plan(visits=3, iters=9)),
        replace(JOB, orders=("contiguous",)),
        replace(JOB, refine=1),
    ],
)
def test_another_run_has_another_name_and_does_not_count(other):
    assert run_id(other) != run_id(JOB)
    past = Past([answered(cell, other) for cell in JOB.cells()], count=True)
    assert not of_run(past.results, JOB)
    assert refusal(past, JOB, HERE).startswith("resume: none of the file's 36 results on gloo is of this run")


def test_the_time_limit_alone_changes_no_run():
    assert run_id(replace(JOB, plan=Plan(visits=3, timeout=9))) == run_id(JOB)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"torch": "2.12"}, "resume: torch must be '2.12' as in the file, got '2.13'; choose another file"),
        ({"thread_level": "multiple"}, "resume: thread level must be 'multiple' as in the file, got 'serialized'"),
        ({"processor": "Q"}, "resume: processor must be 'Q' as in the file, got 'P'"),
        ({"launch_ranks": 4}, "resume: ranks of the launch must be 4 as in the file, got 2"),
        ({"mpi_library": "Open MPI v4"}, "resume: MPI library must be 'Open MPI v4' as in the file, got None"),
    ],
)
def test_other_surroundings_are_refused_by_name(change, words):
    cells = JOB.cells()
    past = Past([answered(cells[0]), answered(cells[1], **change)], count=True)
    assert refusal(past, JOB, HERE).startswith(words)
    assert refusal(replace(past, count=False), JOB, HERE) is None, "appending is always right"


def test_an_empty_file_and_other_backends_are_begun():
    assert refusal(Past(count=True), JOB, HERE) is None
    assert refusal(Past([answered(JOB.cells()[0], source="mpi:openmpi", run="x")], count=True), JOB, HERE) is None
    assert refusal(Past([answered(JOB.cells()[0])], count=True), JOB, HERE) is None


def test_sizes_that_an_earlier_launch_added_are_measured_again():
    extra = replace(JOB.cells()[0], nbytes=100, asked=100)
    assert added(Past([answered(JOB.cells()[0]), answered(extra), answered(extra)]), JOB) == [extra]


def test_launches_of_every_world_size_are_one_run():
    """What one of them left in the file neither counts for another nor stands in its way."""
    job = replace(JOB, orders=("contiguous",))
    first, second = job.launches()
    assert run_id(first) == run_id(second) == run_id(job)
    past = Past([answered(cell, first) for cell in first.cells()], count=True)
    assert not left(first.cells(), past, first)
    assert left(second.cells(), past, second) == second.cells()
    assert refusal(past, second, {**HERE, "launch_ranks": 1}) is None
