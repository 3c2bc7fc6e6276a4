from fractions import Fraction
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.ways import Paths, Ways
from fabric.predict.simulate import Phase, Program, simulate
from topologies.errors import InputError

many = settings(max_examples=80, deadline=None)


def ways(routes, capacity, latency):
    first = np.concatenate(([0], np.cumsum([len(r) for r in routes]))).astype(np.int64)
    links = np.array([k for r in routes for k in r], dtype=np.int64)
    return Ways(Paths(first, links), np.array(capacity, float), np.arange(len(capacity)) * 2, np.array(latency, float))


def rates_of(routes, capacity):
    rate, free, rising = {}, list(capacity), set(routes)
    while rising:
        crossings = [sum(routes[f].count(k) for f in rising) for k in range(len(free))]
        level = min(free[k] / n for k, n in enumerate(crossings) if n)
        full = {k for k, n in enumerate(crossings) if n and free[k] / n == level}
        for f in {f for f in rising if full & set(routes[f])}:
            rate[f] = level
            rising.discard(f)
            for k in routes[f]:
                free[k] -= level
    return rate


def plain(capacity, programs):
    """The second solver: every repeat its own messages, exact fractions. programs: (ranks, start, [(messages, repeats)])."""
    at, left, ready, done, finish, now = {}, {}, {}, {}, {}, Fraction(0)
    steps = [[m for m, n in phases for _ in range(n)] for _, _, phases in programs]
    begun = set()
    for p, (ranks, _, _) in enumerate(programs):
        at.update({(p, r): 0 for r in range(ranks)})
    while True:
        changed = True
        while changed:
            changed = False
            for key, t in list(ready.items()):
                if t <= now:
                    p, step, i = key
                    _, _, route, size, _ = steps[p][step][i]
                    del ready[key]
                    changed = True
                    if size and route:
                        left[key] = size
                    else:
                        done[key] = now
            for key in [k for k, b in left.items() if b == 0]:
                del left[key]
                done[key] = now
                changed = True
            for (p, r), step in list(at.items()):
                if now < programs[p][1] or (p, r) in finish:
                    continue
                if step == len(steps[p]):
                    finish[p, r] = now
                    continue
                if (p, r, step) not in begun:
                    begun.add((p, r, step))
                    changed = True
                    for i, (s, _, _, _, wait) in enumerate(steps[p][step]):
                        if s == r:
                            ready[p, step, i] = now + wait
                mine = [(p, step, i) for i, m in enumerate(steps[p][step]) if r in m[:2]]
                if all(k in done for k in mine):
                    at[p, r] = step + 1
                    changed = True
        if len(finish) == sum(ranks for ranks, _, _ in programs):
            return [[finish[p, r] for r in range(ranks)] for p, (ranks, _, _) in enumerate(programs)]
        rate = rates_of({k: steps[k[0]][k[1]][k[2]][2] for k in left}, capacity)
        until = min(
            [left[k] / rate[k] for k in left]
            + [t - now for t in ready.values()]
            + [s - now for _, s, _ in programs if s > now],
            default=inf,
        )
        for k in left:
            left[k] -= rate[k] * until
        now += until


def as_programs(capacity, programs):
    built = []
    for ranks, start, phases in programs:
        made = []
        for messages, repeats in phases:
            column = list(zip(*messages, strict=True)) or [[]] * 5
            made.append(
                Phase(
                    np.array(column[0], np.int64),
                    np.array(column[1], np.int64),
                    ways(column[2], capacity, [0.0] * len(messages)),
                    np.array(column[3], float),
                    np.array(column[4], float),
                    repeats,
                )
            )
        built.append(Program(ranks, made, float(start)))
    return built


@st.composite
def worlds(draw):
    number = st.sampled_from([Fraction(1), Fraction(2), Fraction(3, 2), Fraction(7, 3)])
    capacity = draw(st.lists(number, min_size=1, max_size=4))
    programs = []
    for _ in range(draw(st.integers(1, 2))):
        ranks, phases = draw(st.integers(1, 4)), []
        rank = st.integers(0, ranks - 1)
        for _ in range(draw(st.integers(1, 2))):
            route = st.lists(st.integers(0, len(capacity) - 1), max_size=3)
            message = st.tuples(
                rank, rank, route, number | st.just(Fraction(0)), st.sampled_from([Fraction(0), Fraction(1, 3)])
            )
            phases.append((draw(st.lists(message, max_size=4)), draw(st.integers(1, 6))))
        programs.append((ranks, draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(5)])), phases))
    return capacity, programs


@many
@given(worlds())
def test_two_solvers_agree(world):
    capacity, programs = world
    expected, found = plain(capacity, programs), simulate(as_programs(capacity, programs))
    for finish, exact in zip(found.finish, expected, strict=True):
        assert finish.tolist() == pytest.approx([float(t) for t in exact], rel=1e-9, abs=1e-12)


def ring(ranks, repeats, capacity, routes=None, wait=0.0):
    who = np.arange(ranks)
    routes = routes or [[int(r)] for r in who]
    return Program(ranks, [Phase(who, (who + 1) % ranks, ways(routes, capacity, [0.0] * ranks), 1.0, wait, repeats)])


def test_a_ring_in_step_is_simulated_once():
    found = simulate([ring(64, 100_000, [2.0] * 64, wait=0.25)])
    assert found.seconds[0] == pytest.approx(75_000.0)
    assert found.events < 20
    assert found.full_seconds == pytest.approx(50_000.0)


def test_a_ring_goes_at_the_pace_of_its_slowest_link():
    capacity = [1.0] * 10
    capacity[3] = 0.25
    found = simulate([ring(10, 5000, capacity)])
    assert found.seconds[0] == pytest.approx(4 * 5000)
    assert found.events < 500
    assert found.link == 6


def test_a_link_with_two_capacities_is_refused():
    one, other = ring(2, 1, [1.0, 1.0]), ring(2, 1, [2.0, 1.0])
    with pytest.raises(InputError, match="link 0 must have one capacity in all phases, got 1 and 2"):
        simulate([one, other])
