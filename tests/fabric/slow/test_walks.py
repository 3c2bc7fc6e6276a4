"""Rings by neighbours: they cross joined groups alone, share nothing, meet what is suspected, and name a slow cable."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.slow_sites import planted, score
from fabric.network.spec import load
from fabric.slow.adaptive import search
from fabric.slow.confirm import check
from fabric.slow.group_pairs import NO_PAIRS
from fabric.slow.plan import Belief, filled, steps
from fabric.slow.plan import Test as PlannedTest
from fabric.slow.plan_walks import crossed, node_walks, pair_walks
from fabric.slow.tree import tree_of
from fabric.slow.walks import Ground, pair_of, walk_from, way_between

TORUS = "torus:dims=4x4"
HYPERX = "hyperx:dims=3x3,hosts=2"


def priors(tree):
    return np.where(np.arange(tree.suspects) < tree.first_pair, 0.05, 0.01)


def first_round(tree, **more):
    belief = Belief(priors(tree), 0.05, np.zeros(tree.suspects, dtype=np.int64), first=True)
    return node_walks(tree, replace(belief, **more), ())


def by_neighbours(tree, test):
    group, beside = tree.layers[0].group, tree.layers[0].beside
    return all(group[a] == group[b] or group[b] in beside[group[a]] for a, b in steps(test))


@pytest.mark.parametrize(
    "spec", [TORUS, HYPERX, "torus:dims=8x8", "hyperx:dims=4x4,hosts=4", "jellyfish:switches=12,hosts=1,degree=3"]
)
def test_walks_of_a_round_go_by_neighbours_and_share_neither_nodes_nor_cables(spec):
    tree = tree_of(load(spec))
    tests = first_round(tree)
    assert all(by_neighbours(tree, test) for test in tests)
    nodes = [n for test in tests for n in test.nodes]
    assert len(nodes) == len({*nodes}) >= 0.8 * tree.nodes
    loads = [tree.ways.loads(test.nodes, (*test.nodes[1:], test.nodes[0])) for test in tests]
    assert sum(loads).max() == pytest.approx(1)


def test_a_walk_fills_the_pairs_that_it_crosses_and_no_other():
    tree = tree_of(load(TORUS))
    (first, *_) = first_round(tree)
    full, cover = filled(tree, first)
    met = {tree.ends(int(s))[1:] for s in np.flatnonzero(full[tree.first_pair :]) + tree.first_pair}
    assert met == crossed(tree, [first])
    assert set(full[tree.first_pair :].tolist()) == {0.0, 1.0}
    assert cover[full > 0].min() == 1


def test_cables_side_by_side_are_filled_by_as_many_nodes():
    tree = tree_of(load("hyperx:dims=3x3,hosts=2,lanes=2"))
    mass = np.full(len(tree.pairs), 0.02)
    probability = np.where(np.arange(tree.suspects) < tree.first_pair, 1e-4, 0.02)
    tests = list(pair_walks(tree, probability, mass, range(tree.nodes), ()))
    assert {1.0} == {v for test in tests for v in filled(tree, test)[0][tree.first_pair :].tolist()} - {0.0}


def test_walks_from_pairs_meet_nearly_all_in_three_rounds_and_all_in_few():
    tree = tree_of(load("torus:dims=6x6"))
    left, counts = np.full(len(tree.pairs), 0.02), []
    while left.any() and len(counts) < 8:
        tests = list(pair_walks(tree, np.full(tree.suspects, 1e-4), left, range(tree.nodes), ()))
        for test in tests:
            left[filled(tree, test)[0][tree.first_pair :] > 0.9] = 0.0
        counts.append(int((left > 0).sum()))
    assert counts[2] < 0.2 * len(tree.pairs)
    assert counts[-1] == 0


def test_a_walk_leaves_what_is_taken_and_gives_back_what_it_took():
    tree = tree_of(load(TORUS))
    group = tree.layers[0].group
    ground = Ground(tree, {int(g): [n] for n, g in enumerate(group) if n != 5}, priors(tree), {(0, 1)})
    before = {g: list(own) for g, own in ground.nodes.items()}
    walk = walk_from(ground, 0, 0.5, 0.7, 16)
    assert 5 not in walk.ring
    assert (0, 1) not in walk.pairs()
    assert walk.sum == pytest.approx(ground.mass[list(walk.ring)].sum() + sum(ground.of_pair(*pair) for pair in walk.pairs()))
    assert walk.pairs() == {pair_of(a, b) for a, b in pairwise((*walk.ring, walk.ring[0]))}
    walk.undo()
    assert (ground.nodes, ground.taken) == (before, {(0, 1)})
    assert way_between(ground, 0, 1) not in ((), (5,))


def test_without_pairs_as_suspects_walks_still_go_by_neighbours():
    tree = replace(tree_of(load(TORUS)), pairs=NO_PAIRS)
    assert all(by_neighbours(tree, test) for test in first_round(tree))


def test_where_cables_carry_less_than_a_node_nodes_meet_inside_their_groups():
    tree = tree_of(load("hyperx:dims=3x3,hosts=8,devices_per_node=4"))
    assert not crossed(tree, first_round(tree))


def test_a_node_is_confirmed_beside_by_what_is_cleared_and_a_pair_by_ways_round_it():
    tree = tree_of(load(TORUS))
    probability, none = priors(tree) / 50, np.zeros(tree.suspects, dtype=np.int64)
    doubted = none > 0
    doubted[[tree.pair(0, 5, g) for g in tree.layers[0].beside[5] if g != 9]] = True
    having, lacking = check(tree, 5, probability, none, set(), priors(tree), doubted)
    assert having == PlannedTest((5, 9))
    assert by_neighbours(tree, lacking)
    assert 5 not in lacking.nodes
    pair = tree.pair(0, 5, 6)
    having, lacking = check(tree, pair, probability, none, set(), priors(tree), none > 0)
    assert {*having.nodes} == {5, 6} < {*lacking.nodes}
    assert by_neighbours(tree, lacking)
    assert filled(tree, lacking)[0][pair] == 0


@pytest.mark.parametrize(
    ("spec", "count"), [("torus:dims=4x4", 4), (HYPERX, 3), ("torus:dims=4x4x4,devices_per_node=4", 2), ("slim_fly:q=3", 2)]
)
def test_a_slow_cable_of_a_direct_network_is_named_and_nothing_else(spec, count):
    fabric = load(spec)
    tree = tree_of(fabric)
    scores = [score(planted(fabric, tree, 1, seed, ("pair",))) for seed in range(count)]
    assert [s.called for s in scores] == [("pair",)] * count
    assert sum(s.false for s in scores) == 0


def test_a_slow_nic_beside_a_slow_cable_is_a_node():
    fabric = load("hyperx:dims=3x3,hosts=2")
    site = planted(fabric, tree_of(fabric), 2, 5, ("nic", "pair"))
    found = search(site.tree, site.ask)
    assert sorted(v.suspects for v in found.verdicts) == sorted((s,) for _, named in site.told for s in named)
    assert not found.open
