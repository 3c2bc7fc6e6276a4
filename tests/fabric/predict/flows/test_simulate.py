"""Programs by two solvers, and what holds for all of them: sharing, starting late, repeating, reporting."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from plain_simulation import as_programs, plain, ways

from fabric.predict.flows.simulate import Phase, Program, simulate

many = settings(max_examples=60, deadline=None)
NUMBERS = st.sampled_from([Fraction(1), Fraction(2), Fraction(3, 2), Fraction(7, 3)])
WAITS = st.sampled_from([Fraction(0), Fraction(1, 3)])


@st.composite
def worlds(draw, most_programs=2, most_repeats=4):
    """Capacities and programs in exact fractions: shares, zero bytes, messages to oneself or over no link, idle ranks."""
    capacity = draw(st.lists(NUMBERS, min_size=1, max_size=4))
    part = st.sampled_from([Fraction(1), Fraction(1, 2)])
    route = st.lists(st.tuples(st.integers(0, len(capacity) - 1), part), max_size=3).map(tuple)
    programs = []
    for _ in range(draw(st.integers(1, most_programs))):
        ranks, phases = draw(st.integers(1, 4)), []
        rank = st.integers(0, ranks - 1)
        message = st.tuples(rank, rank, route, NUMBERS | st.just(Fraction(0)), WAITS)
        for _ in range(draw(st.integers(1, 2))):
            messages, repeats = draw(st.lists(message, max_size=4)), draw(st.integers(0, most_repeats))
            row = st.lists(st.booleans(), min_size=len(messages), max_size=len(messages))
            phases.append((messages, repeats, draw(st.none() | st.lists(row, min_size=repeats, max_size=repeats))))
        programs.append((ranks, draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(5)])), phases))
    return capacity, programs


def agree(found, expected):
    for finish, exact in zip(found.finish, expected, strict=True):
        assert finish.tolist() == pytest.approx([float(t) for t in exact], rel=1e-9, abs=1e-12)


@many
@given(worlds())
def test_two_solvers_agree(world):
    capacity, programs = world
    agree(simulate(as_programs(capacity, programs)), plain(capacity, programs))


@settings(max_examples=25, deadline=None)
@given(worlds(most_programs=2, most_repeats=40))
def test_two_solvers_agree_on_many_repeats(world):
    capacity, programs = world
    agree(simulate(as_programs(capacity, programs)), plain(capacity, programs))


@many
@given(worlds(most_programs=3), st.booleans())
def test_programs_that_share_nothing_take_as_long_as_alone(world, trace):
    capacity, programs = world
    alone = as_programs(capacity, programs)

    def moved(phase, by):
        return replace(phase, ways=replace(phase.ways, link=phase.ways.link + 100 * by))

    apart = [replace(p, phases=[moved(phase, n) for phase in p.phases]) for n, p in enumerate(alone)]
    found = simulate(apart, trace=trace)
    for program, finish in zip(alone, found.finish, strict=True):
        assert finish.tolist() == pytest.approx(simulate([program]).finish[0].tolist(), rel=1e-9)


@many
@given(worlds(), st.sampled_from([1.0, 1000.0]))
def test_all_programs_later_are_done_as_much_later(world, by):
    capacity, programs = world
    now = as_programs(capacity, programs)
    later = simulate([replace(program, start=program.start + by) for program in now])
    for finish, other in zip(simulate(now).finish, later.finish, strict=True):
        assert (finish + by).tolist() == pytest.approx(other.tolist(), rel=1e-9)


@many
@given(worlds())
def test_a_trace_covers_the_time_line_and_changes_nothing(world):
    programs = as_programs(*world)
    found, plainly = simulate(programs, trace=True), simulate(programs)
    assert found.seconds == pytest.approx(plainly.seconds, rel=1e-9)
    ends = [0.0, *(s.end for s in found.trace)]
    assert [s.start for s in found.trace] == ends[:-1]
    assert all(s.start < s.end and 0 <= s.full <= 1 + 1e-9 for s in found.trace)
    worked = [s for s, program in zip(found.seconds, programs, strict=True) if s > program.start]
    assert max(worked, default=0.0) * (1 - 1e-9) <= ends[-1] <= max(found.seconds) * (1 + 1e-9)
    assert found.full_seconds == pytest.approx(plainly.full_seconds, rel=1e-9, abs=1e-12)


def ring(ranks, repeats, capacity, routes=None, wait=0.0, start=0.0):
    who = np.arange(ranks)
    routes = routes or [((int(r), 1),) for r in who]
    return Program(ranks, [Phase(who, (who + 1) % ranks, ways(routes, capacity), 1.0, wait, repeats)], start)


def test_a_trace_names_the_fullest_link_and_how_full_it_was():
    routes = [((0, 1),), ((0, 1),), ((1, 1),)]
    who = np.arange(3)
    phase = Phase(who, who, ways(routes, [1.0, 4.0], [2.0, 2.0, 0.0]), np.array([1.0, 1.0, 2.0]))
    found = simulate([Program(3, [phase])], trace=True)
    assert [(s.start, s.end, s.link, s.full) for s in found.trace] == [(0.0, 4.0, 0, 0.5)]
    assert (found.link, found.full_seconds) == (0, 2.0)


def test_a_trace_of_waiting_alone_names_no_link():
    phase = Phase(np.array([0]), np.array([1]), ways([()], [1.0]), 1.0, 3.0, 2)
    found = simulate([Program(2, [phase])], trace=True)
    assert [(s.start, s.end, s.link, s.full) for s in found.trace] == [(0.0, 3.0, -1, 0.0), (3.0, 6.0, -1, 0.0)]
    assert (found.link, found.full_seconds) == (-1, 0.0)


@pytest.mark.parametrize("trace", [False, True])
def test_a_ring_in_step_is_simulated_once(trace):
    found = simulate([ring(64, 100_000, [2.0] * 64, wait=0.25)], trace=trace)
    assert found.seconds[0] == pytest.approx(75_000.0)
    assert found.events < 60
    assert found.full_seconds == pytest.approx(50_000.0)


def test_a_ring_goes_at_the_pace_of_its_slowest_link():
    capacity = [1.0] * 10
    capacity[3] = 0.25
    found = simulate([ring(10, 5000, capacity)])
    assert found.seconds[0] == pytest.approx(4 * 5000)
    assert found.events < 500
    assert found.link == 6


def test_a_ring_that_waits_for_a_late_one_skips_up_to_its_start_and_from_there():
    shared = [((0, 1),)] * 4
    first, late = ring(4, 10_000, [1.0], shared), ring(4, 10_000, [1.0], shared, start=20_000.0)
    found = simulate([first, late])
    assert found.seconds == pytest.approx((60_000.0, 80_000.0))
    assert found.events < 100
    assert found.full_seconds == pytest.approx(80_000.0)
    traced = simulate([first, late], trace=True)
    assert (traced.trace[0].start, traced.trace[-1].end) == (0.0, pytest.approx(80_000.0))


def test_programs_that_repeat_unequally_share_until_one_is_done():
    shared = [((0, 1),)] * 2
    found = simulate([ring(2, 3000, [1.0], shared), ring(2, 1000, [1.0], shared)])
    assert found.seconds == pytest.approx((8000.0, 4000.0))
    assert found.events < 100


def test_what_is_not_there_is_done_at_its_start():
    assert simulate([]).seconds == ()
    found = simulate([Program(0, [], 3.0), Program(2, [], 4.0)])
    assert found.seconds == (0.0, 4.0)
    assert (found.events, found.link, found.full_seconds, found.trace) == (0, -1, 0.0, ())


def coupled(ranks, repeats):
    """Unequal messages over shared links in a random pattern: no state comes again soon."""
    rng = np.random.default_rng(1)
    routes = [((int(a), 1), (int(b), 1)) for a, b in rng.integers(0, ranks, (ranks, 2))]
    who = np.arange(ranks)
    size = rng.uniform(1, 2, ranks)
    return Program(ranks, [Phase(who, (who + 1) % ranks, ways(routes, [1.0] * ranks), size, 0.0, repeats)])


@pytest.mark.skipif(os.name == "nt", reason="SIGINT is sent as on Unix")
def test_a_long_simulation_tells_of_its_messages_and_is_stopped_by_ctrl_c():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_simulate import coupled, simulate\n"
        "simulate([coupled(2000, 10**6)], watch=lambda *now: print(*now, flush=True))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(Path(__file__).parent)], stdout=-1, stderr=-1, text=True) as child:
        told = [[int(word) for word in child.stdout.readline().split()] for _ in range(3)]
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors
    assert 0 <= told[0][0] <= told[1][0] <= told[2][0] < 2000 * 10**6
    assert told[2][0] > 0
    assert {total for _, total in told} == {2000 * 10**6}
