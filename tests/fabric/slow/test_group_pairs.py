"""Pairs of groups: rings that meet each, how full a test makes them, and that one that is slow alone is named."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from benchmarks.slow_sites import Site, planted, score
from fabric.network.spec import load
from fabric.slow.adaptive import search
from fabric.slow.confirm import check
from fabric.slow.confirm_pairs import check_pair
from fabric.slow.findings import rows_of, verdict
from fabric.slow.group_pairs import NO_PAIRS
from fabric.slow.pair_rings import best_ring, rings_of, weight
from fabric.slow.plan import Test as PlannedTest
from fabric.slow.plan import filled
from fabric.slow.plan_pairs import Known, around, pair_tests
from fabric.slow.tree import tree_of

LEAVES = "leaf_spine:leaves=5,spines=2,hosts_per_leaf=4"
DRAGONFLY = "dragonfly:p=2,a=4,h=2"


def nearly_known(tree, **more):
    """Return what is known where all nodes and boundaries are cleared and no pair was tested."""
    probability = np.where(np.arange(tree.suspects) < tree.first_pair, 1e-4, 0.01)
    known = Known(
        probability, 0.03, 0.01, np.zeros(len(tree.pairs)), dict.fromkeys(tree.pairs.layers, 1), cover=True, least=0.1
    )
    return replace(known, **more)


@pytest.mark.parametrize("groups", range(3, 20))
def test_half_as_many_rings_as_groups_meet_each_pair(groups):
    rings = rings_of(groups)
    met = {frozenset(pair) for ring in rings for pair in pairwise((*ring, ring[0]))}
    assert len(rings) == groups // 2
    assert all(sorted(ring) == list(range(groups)) for ring in rings)
    assert met == {frozenset(pair) for pair in combinations(range(groups), 2)}


def test_a_ring_goes_by_what_is_suspected_most_and_not_by_what_must_not_be_filled():
    number = np.full((6, 6), -1)
    for at, (a, b) in enumerate(combinations(range(6), 2)):
        number[a, b] = number[b, a] = at
    mass = np.zeros(15)
    for a, b in ((0, 3), (3, 1), (1, 5), (5, 2)):
        mass[number[a, b]] = 1.0
    mass[number[0, 2]] = -np.inf
    assert weight(best_ring(range(6), number, mass), number, mass) == 4


@pytest.mark.parametrize(
    ("spec", "pairs", "direct"),
    [
        (LEAVES, 10, False),
        ("leaf_spine:leaves=2,spines=2,hosts_per_leaf=4", 0, False),
        ("fat_tree:k=8", 8 * 6 + 28, False),
        (DRAGONFLY, 36, True),
        ("full_mesh:dims=4,hosts=4", 6, True),
        ("hyperx:dims=3x3,hosts=2", 18, True),
        ("torus:dims=4x4", 32, True),
        ("full_mesh:dims=5", 10, True),
        ("bcube:n=4,k=1", 0, False),
        ("rail_only:nodes=16,rails=4", 0, False),
    ],
)
def test_groups_of_one_parent_are_pairs(spec, pairs, direct):
    tree = tree_of(load(spec))
    assert len(tree.pairs) == pairs
    assert any(layer.direct for layer in tree.layers) is direct
    words = [tree.word(s) for s in range(tree.first_pair, tree.suspects)]
    assert len({*words}) == pairs
    assert {tree.kind(s) for s in range(tree.first_pair, tree.suspects)} <= {"pair"}


def test_steps_fill_a_pair_by_the_fuller_direction_over_what_its_ways_carry():
    """Two cables lead out of a leaf of four: two steps of the four fill what goes to one other leaf."""
    tree = tree_of(load(LEAVES))
    full, _ = filled(tree, PlannedTest((0, 1, 4, 5, 2, 3, 8, 9)))
    pair = {(a, b): full[tree.pair(0, a, b)] for a, b in combinations(range(3), 2)}
    assert pair == {(0, 1): 0.5, (0, 2): 0.5, (1, 2): 0.0}


def test_rings_of_all_groups_meet_every_pair_in_as_few_rounds_as_can_be():
    tree = tree_of(load(LEAVES))
    best, rounds = np.zeros(len(tree.pairs)), 0
    while (best < 1).any() and rounds < 5:
        probability = np.concatenate([np.full(tree.first_pair, 1e-4), np.where(best < 1, 0.01, 1e-5)])
        (test,) = pair_tests(tree, nearly_known(tree, probability=probability, best=best))
        best = np.maximum(best, filled(tree, test)[0][tree.first_pair :])
        rounds += 1
    assert rounds == 2


def test_no_test_of_pairs_uses_what_another_has_or_what_is_not_cleared():
    tree = tree_of(load(LEAVES))
    known = nearly_known(tree)
    known.probability[[5, tree.boundary(0, 4)]] = 0.5
    (test,) = pair_tests(tree, known, [PlannedTest((8, 9))])
    assert not {*test.nodes} & {5, 8, 9, *range(16, 20)}


def test_a_round_on_a_direct_network_fills_no_cable_more_than_once():
    tree = tree_of(load(DRAGONFLY))
    tests = pair_tests(tree, nearly_known(tree))
    nodes = [n for test in tests for n in test.nodes]
    load_ = sum(tree.ways.loads(test.nodes, (*test.nodes[1:], test.nodes[0])) for test in tests)
    assert len(nodes) == len({*nodes})
    assert load_.max() <= 1.05
    assert sum((filled(tree, test)[0][tree.first_pair :] > 0).sum() for test in tests) >= 9


def test_a_planned_ring_takes_another_order_where_a_pair_is_slow():
    tree = tree_of(load(LEAVES))
    ring = PlannedTest(tuple(range(20)))
    known = nearly_known(tree)
    pair = tree.pair(0, 1, 2)
    known.probability[pair] = 0.99
    other = around(tree, known, ring)
    assert sorted(other.nodes) == list(range(20))
    assert filled(tree, other)[0][pair] == 0
    assert around(tree, known, PlannedTest((4, 8, 5, 9))) is None


def test_a_pair_is_confirmed_by_its_groups_and_each_with_a_third():
    tree = tree_of(load(LEAVES))
    pair = tree.pair(0, 1, 3)
    prior = np.full(tree.suspects, 0.03)
    low, none = np.full(tree.suspects, 1e-4), np.zeros(tree.suspects, dtype=np.int64)
    having, lacking = check(tree, pair, low, none, set(), prior, none > 0)
    assert {int(tree.layers[0].group[n]) for n in having.nodes} == {1, 3}
    assert filled(tree, having)[0][pair] == 1
    full = filled(tree, lacking)[0]
    assert full[pair] == 0
    assert {1, 3} < {int(tree.layers[0].group[n]) for n in lacking.nodes}


def test_a_boundary_is_not_confirmed_by_the_pair_that_accused_it():
    tree = tree_of(load("leaf_spine:leaves=4,spines=4,hosts_per_leaf=4"))
    probability, doubted = np.full(tree.suspects, 1e-4), np.zeros(tree.suspects, dtype=bool)
    probability[tree.boundary(0, 0)] = 0.95
    doubted[tree.pair(0, 0, 1)] = True
    prior = np.full(tree.suspects, 0.03)
    having, _ = check(tree, tree.boundary(0, 0), probability, doubted.astype(np.int64), set(), prior, doubted)
    assert {int(tree.layers[0].group[n]) for n in having.nodes} == {0, 2}


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ("leaf_spine:leaves=5,spines=4,hosts_per_leaf=8", 8),
        ("fat_tree:k=8", 3),
        (DRAGONFLY, 3),
        ("full_mesh:dims=4,hosts=4", 4),
    ],
)
def test_a_pair_that_is_slow_alone_is_named_and_nothing_else(spec, count):
    fabric = load(spec)
    tree = tree_of(fabric)
    scores = [score(planted(fabric, tree, 1, seed, ("pair",))) for seed in range(count)]
    assert sum(len(s.called) for s in scores) >= count - 1
    assert sum(s.false for s in scores) == 0


def test_both_groups_of_a_slow_pair_are_cleared_and_the_words_say_what_is_slow():
    fabric = load(LEAVES)
    site = planted(fabric, tree_of(fabric), 1, 3, ("pair",))
    found = search(site.tree, site.ask)
    (pair,) = site.told[0][1]
    at, one, other = site.tree.ends(pair)
    assert [(v.kind, v.suspects) for v in found.verdicts] == [("pair", (pair,))]
    assert {site.tree.boundary(at, one), site.tree.boundary(at, other)} <= {*found.cleared}
    assert not found.contended
    line = verdict(site.tree, [("collective", found)])
    assert line.startswith(f"slow: what goes between leaf{one} and leaf{other} takes ")
    rows = rows_of(site.tree, [("collective", found)])
    assert [(row["kind"], row["state"]) for row in rows if row["suspects"] == [pair]] == [("pair", "slow")]


def test_pairs_that_were_not_asked_for_are_no_suspects():
    fabric = load(LEAVES)
    site = Site(fabric, replace(tree_of(fabric), pairs=NO_PAIRS), 3)
    found = search(site.tree, site.ask)
    assert not any(a.why == "between" for a in found.asked)
    assert not any(row["kind"] == "pair" for row in rows_of(site.tree, [("collective", found)]))


def test_what_could_not_be_filled_is_said_and_all_of_it_is_where_all_is_asked_for():
    """Sixteen leaves of two nodes have 120 pairs, 8 rounds of them: by itself a search takes 6, each pair half full."""
    fabric = load("leaf_spine:leaves=16,spines=2,hosts_per_leaf=2")
    site = Site(fabric, tree_of(fabric), 3)
    found = search(site.tree, site.ask)
    assert found.untested
    assert not found.open
    assert f"; {len(found.untested)} of 120 pairs of groups not told" in verdict(site.tree, [("collective", found)])
    every = search(site.tree, site.ask, every_pair=True)
    assert not every.untested
    assert every.rounds > found.rounds


def test_a_pair_is_confirmed_by_nodes_whose_messages_take_its_cables():
    """Where neither end of its cable has a cleared node, messages go over a third group, which confirms nothing."""
    tree = tree_of(load(DRAGONFLY))
    pair = next(s for s in range(tree.first_pair, tree.suspects) if tree.ends(s)[1:] == (5, 6))
    (lead,) = tree.pairs.leads[pair - tree.first_pair]
    ends = tree.ways.fabric.topology.ends[lead]
    gates = [n for n in range(tree.nodes) if tree.ways.switches[n] in ends]
    well = nearly_known(tree).probability < 0.02
    assert len(gates) == 4
    for out in (gates[1:], gates[:3]):
        having, lacking = check_pair(tree, pair, [n for n in range(tree.nodes) if n not in out], well)
        assert filled(tree, having)[0][pair] == 1
        assert filled(tree, lacking)[0][pair] == 0
    assert check_pair(tree, pair, [n for n in range(tree.nodes) if n not in gates], well) is None


def test_a_search_that_confirms_a_pair_beside_slow_devices_ends():
    tree, fabric = tree_of(load(DRAGONFLY)), load(DRAGONFLY)
    assert score(planted(fabric, tree, 3, 26, ("device", "nic", "pair"))).false == 0
