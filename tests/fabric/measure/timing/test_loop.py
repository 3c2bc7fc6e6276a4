"""The loop over real ranks that are threads of this process: what is taken over ranks, and what is kept of every rank."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import sleep

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.measure.backends.backend import Operation, Samples
from fabric.measure.cells.layout import layout
from fabric.measure.cells.plan import Plan
from fabric.measure.timing.loop import count_wrong, of_all, plain_samples, time_case, whole_round
from fabric.records.case import Case
from fabric.statistics import median


class Team:
    """Ranks that are threads: what they share."""

    def __init__(self, size):
        self.size, self.cells, self.meet = size, [None] * size, threading.Barrier(size, timeout=20)

    def run(self, function):
        """Return function(rank's group), called by all ranks at once, in rank order."""
        with ThreadPoolExecutor(self.size) as pool:
            return list(pool.map(lambda rank: function(ThreadGroup(self, rank)), range(self.size)))


class ThreadGroup:
    def __init__(self, team, rank):
        self.team, self.rank, self.size = team, rank, team.size

    def barrier(self):
        self.team.meet.wait()

    def share(self, value):
        self.team.cells[self.rank] = value
        self.barrier()
        found = list(self.team.cells)
        self.barrier()
        return found

    def agree(self, value):
        return self.share(value)[0]

    def maximum(self, values):
        return np.max(self.share(list(values)), axis=0).tolist()

    def total(self, value):
        return sum(self.share(value))

    def operation(self, case, rank):
        own = layout(case, rank)
        source, target = np.zeros(own.source), np.zeros(own.target)

        def run():
            target[:] = np.sum(self.share(source.copy()), axis=0)

        return Operation(run, source, target, own, lambda pattern: pattern)


def seen(starts, seconds, barriers=()):
    return Samples(*(np.array(values, dtype=float) for values in (starts, seconds, barriers)))


TIMES = st.integers(0, 10**9).map(lambda n: n * 1e-9)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[st.tuples(TIMES, TIMES)] * n), min_size=2, max_size=3)))
@settings(max_examples=20, deadline=None)
def test_a_round_is_the_longest_of_all_ranks_and_says_who_came_late(per_rank):
    starts, seconds = np.array(per_rank).transpose(2, 0, 1)
    calls = 4

    def one(group):
        mine = seen(100 + starts[group.rank], seconds[group.rank])
        operation = Operation(None, None, None, None, None, samples=lambda *_: mine)
        return whole_round(group, operation, starts.shape[1], calls)

    rounds = Team(len(per_rank)).run(one)
    for rank, found in enumerate(rounds):
        assert found.seconds == pytest.approx(seconds.max(axis=0) / calls, abs=1e-10)
        assert found.own == pytest.approx(seconds[rank] / calls, abs=1e-10)
        assert found.skew == pytest.approx(np.ptp(starts, axis=0), abs=1e-9)
        assert found.late == pytest.approx(starts[rank] - starts.min(axis=0), abs=1e-9)


def test_an_excluded_barrier_is_the_median_over_the_round_of_the_slowest_rank_and_no_time_is_below_0():
    barriers, seconds = [[3e-6, 1e-6, 2e-6], [1e-6, 5e-6, 2e-6]], [[9e-6, 1e-6, 7e-6], [8e-6, 2e-6, 9e-6]]

    def one(group):
        mine = seen([1, 2, 3], seconds[group.rank], barriers[group.rank])
        return whole_round(group, Operation(None, None, None, None, None, samples=lambda *_: mine), 3, 2, "excluded")

    for rank, found in enumerate(Team(2).run(one)):
        assert found.seconds == pytest.approx([3e-6, 0, 3e-6])
        assert found.own == pytest.approx([[3e-6, 0, 2e-6], [2.5e-6, 0, 3e-6]][rank])


@pytest.mark.parametrize("barrier", ["before", "excluded", "back_to_back"])
def test_the_plain_loop_times_its_calls_and_nothing_else(barrier):
    def one(group):
        operation = Operation(lambda: sleep(0.002), None, None, None, None)
        return plain_samples(group, operation, 3, 2, barrier)

    for found in Team(2).run(one):
        assert len(found.seconds) == len(found.starts) == 3
        assert len(found.barriers) == (3 if barrier == "excluded" else 0)
        assert found.seconds.min() >= 0.004
        assert (np.diff(found.starts) >= found.seconds[:-1]).all()


def test_every_ranks_values_are_known_to_all():
    values = [[3.0, -1.0], [0.0, 5.0], [-7.0, 2.0]]
    assert Team(3).run(lambda group: of_all(group, group.rank, values[group.rank])) == [values] * 3


def test_a_case_from_end_to_end_and_a_rank_that_starts_late():
    case, plan = Case("all_reduce", 800, 3, 1, 3, dtype="f64"), Plan(iters=7, warmup=1)

    def one(group):
        if group.rank == 2:
            group.barrier = lambda: (group.team.meet.wait(), sleep(0.003))
        return time_case(group, case, group.rank, plan, lambda: None, per_rank=True)

    found = Team(3).run(one)
    assert len({repr(replace(timing, elapsed=0, timer_share=0)) for timing in found}) == 1, "all ranks know the same"
    timing = found[0]
    assert (timing.loop, timing.python_loop_seconds, timing.wrong) == ("python", None, 0)
    assert len(timing.by_rank) == 3
    assert timing.seconds == tuple(max(values) for values in zip(*timing.by_rank, strict=True))
    assert timing.lateness[2] >= 0.002 > max(timing.lateness[:2])
    assert timing.skew_seconds[1] >= timing.skew_seconds[0] >= 0.002


def test_no_rank_is_asked_for_and_no_clock_is_shared_between_nodes():
    case = Case("all_reduce", 80, 2, 2, 1, dtype="f64")
    (timing, _) = Team(2).run(lambda group: time_case(group, case, group.rank, Plan(iters=3, warmup=0), lambda: None))
    assert (timing.skew_seconds, timing.lateness, timing.by_rank) == (None, None, None)
    assert timing.context["skew_seconds"] is None


def native(operation, group, delay=0.0):
    """Return the operation with a `native` loop that is the plain one."""

    def samples(count, calls, barrier):
        sleep(delay)
        return plain_samples(group, operation, count, calls, barrier)

    return replace(operation, samples=samples)


def test_beside_the_native_loop_stands_the_plain_one_unless_it_is_switched_off_or_costs_too_much():
    case = Case("all_reduce", 800, 2, 1, 2, dtype="f64")

    def one(wanted, budget):
        def on(group):
            made = group.operation
            group.operation = lambda case, rank: native(made(case, rank), group)
            return time_case(group, case, group.rank, Plan(iters=6, budget=budget), lambda: None, native=wanted)

        return Team(2).run(on)[0]

    timing = one(True, 60.0)
    assert timing.loop == "native"
    assert timing.python_loop_seconds > 0
    assert timing.context["python_loop_seconds"] == timing.python_loop_seconds
    assert one(True, 1e-6).python_loop_seconds is None
    assert one(False, 60.0).loop == "python"


def test_a_native_loop_that_computes_something_else_is_found_out():
    case = Case("all_reduce", 800, 2, 1, 2, dtype="f64")

    def on(group):
        operation = group.operation(case, group.rank)
        nothing = replace(operation, samples=lambda *_: seen([0], [0]))
        return count_wrong(group, operation, case, group.rank), count_wrong(group, nothing, case, group.rank)

    assert Team(2).run(on) == [(0, 200), (0, 200)]


def test_rounds_follow_each_other():
    def on(group):
        one = Operation(lambda: None, None, None, None, None)
        first, second = whole_round(group, one, 2), whole_round(group, one, 3)
        both = first + second
        assert both.seconds == [*first.seconds, *second.seconds]
        assert [len(v) for v in (both.own, both.late, both.skew)] == [5, 5, 5]
        assert whole_round(group, one, 0).seconds == ()
        return median(both.skew)

    assert min(Team(2).run(on)) >= 0
