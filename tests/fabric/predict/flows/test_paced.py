"""Where no message slows another, repeat by repeat equals event by event; where one may, the short cut declines."""

import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from plain_simulation import as_programs, plain, ways

from fabric.network.spec import load
from fabric.predict.constants import Constants, Line
from fabric.predict.flows.network import joined, network_of
from fabric.predict.flows.paced import paced
from fabric.predict.flows.simulate import Phase, Program, simulate
from fabric.predict.model import Model
from fabric.predict.timed import program_of
from fabric.records.case import Case

GAMMA = Constants("test", {"*": (Line(1e-6),)}, "test", gamma=1e-11)


def quickly(program, told=None):
    program = joined(program)
    return paced(program, network_of([program]), (told if told is not None else []).append)


def by_events(program):
    from fabric.predict.flows.events import by_events as solver

    program = joined(program)
    finish, _, full, _ = solver([program], network_of([program]), lambda _: None, trace=False, skip=False)
    return finish[0], full


def same(program):
    found = quickly(program)
    finish, full = by_events(program)
    assert found is not None
    assert found.finish.tolist() == pytest.approx(finish.tolist(), rel=1e-9, abs=1e-15)
    assert found.full.max(initial=0.0) == pytest.approx(full.max(initial=0.0), rel=1e-6, abs=1e-12)


def own_links(pairs, speed, wait, size=None):
    """Messages, each with a link of its own per message: nothing is ever shared."""
    who, to = (np.array(x, np.int64) for x in zip(*pairs, strict=True))
    routes = [((m, 1),) for m in range(len(pairs))]
    return who, to, ways(routes, speed, wait), np.ones(len(pairs)) if size is None else np.array(size, float)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_messages_with_links_of_their_own_in_phases_of_one_pattern(data):
    ranks = data.draw(st.integers(2, 6))
    rank = st.integers(0, ranks - 1)
    pairs = data.draw(st.lists(st.tuples(rank, rank), min_size=1, max_size=8))
    numbers = st.lists(st.sampled_from([0.5, 1.0, 1.25, 3.0]), min_size=len(pairs), max_size=len(pairs))
    who, to, routes, _ = own_links(pairs, data.draw(numbers), data.draw(numbers))
    sizes = numbers | st.just([0.0] * len(pairs))
    phases = [
        Phase(
            who, to, routes, np.array(data.draw(sizes)), data.draw(st.sampled_from([0.0, 2.0])), data.draw(st.integers(1, 120))
        )
        for _ in range(data.draw(st.integers(1, 3)))
    ]
    same(Program(ranks, phases, data.draw(st.sampled_from([0.0, 7.0]))))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_phases_that_meet_on_links_decline_and_those_that_do_not_are_exact(data):
    """Phases of different messages over the same links: both ways give the plain solver's times."""
    count, ranks = data.draw(st.integers(2, 4)), 4
    order = st.permutations(range(ranks))
    number = st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 3)])
    phases = []
    for _ in range(count):
        target, wait = data.draw(order), data.draw(st.lists(number, min_size=ranks, max_size=ranks))
        messages = [(s, t, ((s, 1), (ranks + t, 1)), Fraction(1), wait[s]) for s, t in enumerate(target)]
        rows = st.lists(st.lists(st.booleans(), min_size=ranks, max_size=ranks), min_size=2, max_size=2)
        phases.append((messages, 2, data.draw(st.none() | rows)))
    world = [Fraction(1)] * (2 * ranks), [(ranks, Fraction(0), phases)]
    (program,) = as_programs(*world)
    expected = [float(t) for t in plain(*world)[0]]
    assert simulate([program]).finish[0].tolist() == pytest.approx(expected, rel=1e-9)
    found = quickly(program)
    if found is not None:
        assert found.finish.tolist() == pytest.approx(expected, rel=1e-9)


CASES = [
    ("fat_tree:k=4", "all_reduce", "ring", 16, "contiguous"),
    ("fat_tree:k=4", "all_reduce", "ring", 13, "contiguous"),
    ("fat_tree:k=8", "all_reduce", "ring", 100, "contiguous"),
    ("fat_tree:k=4", "all_gather", "ring", 16, "scattered:1"),
    ("fat_tree:k=4", "all_reduce", "halving_doubling", 16, "contiguous"),
    ("leaf_spine:leaves=4,spines=4,hosts_per_leaf=4", "all_reduce", "gloo_ring", 16, "contiguous"),
    ("fat_tree:k=4", "broadcast", "binomial", 13, "contiguous"),
]


def schedule(topo, collective, algorithm, ranks, order, constants=GAMMA):
    model = Model(load(topo).carrying(None), constants, "ideal")
    case = Case(collective, 2**20, ranks, ranks, 1, order=order)
    return program_of(model, case, model.schedule(case, algorithm))


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_collectives_equal_the_simulation_of_events(case):
    same(schedule(*case))


def test_a_rank_that_is_idle_in_a_phase_runs_ahead_onto_a_link_in_use_and_is_not_short_cut():
    """Rank 2 sends at once in the second phase, over the link that rank 0 uses in the first."""
    routes = ways([((0, 1),)], [1.0])
    first = Phase(np.array([0]), np.array([1]), routes, 1.0)
    second = Phase(np.array([2]), np.array([1]), routes, 1.0)
    assert quickly(Program(3, [first, second])) is None
    assert simulate([Program(3, [first, second])]).finish[0].tolist() == [2.0, 2.0, 2.0]
    waits = Phase(np.array([2]), np.array([1]), routes, 1.0, 1.0)
    assert quickly(Program(3, [first, waits])).finish.tolist() == [1.0, 2.0, 2.0]


def test_messages_of_one_phase_that_do_not_fit_are_not_short_cut():
    who = np.array([0, 1])
    half = Phase(who, who, ways([((0, 1), (1, 1)), ((0, 1), (2, 1))], [2.0, 1.0, 1.0]), 1.0)
    more = Phase(who, who, ways([((0, 1), (1, 1)), ((0, 1), (2, 1))], [1.9, 1.0, 1.0]), 1.0)
    assert quickly(Program(2, [half])).full.tolist() == [0.0, 1.0, 1.0]
    assert quickly(Program(2, [more])) is None
    twice = Phase(who[:1], who[:1], ways([((0, 1), (0, 1))], [1.0]), 1.0)
    assert quickly(Program(1, [twice])) is None


def test_a_link_full_of_several_for_longer_than_any_of_one_is_left_to_events():
    """Ranks 0 and 1 fill link 0 together, then ranks 2 and 3: 2 s, and each one's own link 1 s."""
    capacity = [2.0, 1.0, 1.0, 1.0, 1.0]
    one = Phase(np.array([0, 1]), np.array([2, 3]), ways([((0, 1), (1, 1)), ((0, 1), (2, 1))], capacity), 1.0)
    two = Phase(np.array([2, 3]), np.array([0, 1]), ways([((0, 1), (3, 1)), ((0, 1), (4, 1))], capacity), 1.0)
    assert quickly(Program(4, [one, two])) is None
    found = simulate([Program(4, [one, two])])
    assert (found.seconds, found.link, found.full_seconds) == ((2.0,), 0, 2.0)


@pytest.mark.parametrize("slow", [0, 17])
def test_repeats_are_skipped_once_the_slowest_message_paces_all(slow):
    ranks, repeats = 50, 10**7
    pairs = [(r, (r + 1) % ranks) for r in range(ranks)]
    speed = [1.0] * ranks
    speed[slow] = 0.5
    who, to, routes, size = own_links(pairs, speed, [0.0] * ranks)
    found = quickly(Program(ranks, [Phase(who, to, routes, size, 0.0, repeats)]))
    assert found.finish.max() == pytest.approx(2.0 * repeats)
    assert found.repeats < 200


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_everybody_receives_one_message_again_and_again(data):
    """Rings and permutations, in which the end is worked out ahead where the slowest messages reach all ranks by then."""
    ranks = data.draw(st.integers(1, 12))
    target = data.draw(st.permutations(range(ranks)) | st.just([*range(1, ranks), 0]))
    speed = data.draw(st.lists(st.sampled_from([1.0, 0.99, 0.5, 3.0]), min_size=ranks, max_size=ranks))
    who, to, routes, size = own_links(list(enumerate(target)), speed, [0.25] * ranks)
    same(Program(ranks, [Phase(who, to, routes, size, 0.0, data.draw(st.integers(1, 300)))], 2.0))


def test_groups_that_never_meet_keep_their_own_paces():
    who, to, routes, size = own_links([(0, 1), (1, 0), (2, 3), (3, 2)], [1.0, 1.0, 0.5, 0.5], [0.0] * 4)
    told = []
    found = quickly(Program(5, [Phase(who, to, routes, size, 0.0, 10**6)]), told)
    assert all(0 < a < b <= 4 * 10**6 for a, b in pairwise(told))
    assert found.finish.tolist() == pytest.approx([1e6, 1e6, 2e6, 2e6, 0.0])
    assert found.repeats < 100


def test_a_slow_source_far_away_catches_up_and_is_not_skipped():
    """Ranks 1 to 9 go on at their own pace until the slower messages of rank 0, late at first, decide."""
    pairs = [(r, r + 1) for r in range(9)] + [(r, r) for r in range(10)]
    size = [0.1] * 9 + [1.01] + [1.0] * 9
    who, to, routes, sizes = own_links(pairs, [1.0] * 19, [0.0] * 19, size)
    same(Program(10, [Phase(who, to, routes, sizes, 0.0, 2000)]))
