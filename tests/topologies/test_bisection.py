"""Closed forms of the bisection against the smallest cut over all halves, and that they end with the first wrong cable."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from topologies.base import Topology
from topologies.bisection import EXACT, as_designed, bisection, bisection_cables
from topologies.catalog import parse
from topologies.cuts import bracket

SMALL = [
    *[
        f"leaf_spine:leaves={leaves},spines={spines},hosts_per_leaf={hosts},uplinks={spines * parallel}"
        for leaves, hosts in [(1, 4), (2, 3), (3, 2), (4, 2), (3, 3), (5, 1)]
        for spines, parallel in [(1, 1), (2, 1), (1, 2), (3, 1)]
    ],
    "star:devices=5",
    "rail_optimized:nodes=4,rails=2,radix=4",
    "rail_optimized:nodes=3,rails=3,radix=4",
    "ring:switches=5,hosts=0",
    "ring:switches=5,hosts=2",
    "ring:switches=6,hosts=1",
    "ring:switches=3,hosts=3",
    "torus:dims=2x4,hosts=0",
    "torus:dims=4x3,hosts=0",
    "torus:dims=2x2x2,hosts=1",
    "torus:dims=2x5,hosts=0",
    "hypercube:n=3,hosts=0",
    "hypercube:n=2,hosts=2",
    "full_mesh:dims=5",
    "full_mesh:dims=4x2",
    "full_mesh:dims=5,hosts=2",
    "hyperx:dims=4x2,hosts=1",
    "hyperx:dims=3,hosts=3",
    "hyperx:dims=6,hosts=1",
]
LARGER = [
    "fat_tree:k=4",
    "fat_tree:k=6",
    "rail_optimized:nodes=13,rails=4,radix=8",
    "torus:dims=4x4x2",
    "hyperx:dims=4x4,hosts=2",
]


def cut_between(topology: Topology, half: np.ndarray) -> int:
    """Return the fewest cables that part the chosen devices from the others: a maximum flow."""
    total = topology.vertices
    one_side = np.isin(np.arange(topology.devices), half)
    low, high = topology.ends.T
    rows = np.concatenate([low, high, np.full(one_side.sum(), total), np.flatnonzero(~one_side)])
    columns = np.concatenate([high, low, np.flatnonzero(one_side), np.full((~one_side).sum(), total + 1)])
    capacity = np.concatenate([np.ones(2 * len(low)), np.full(topology.devices, 10**6)]).astype(np.int32)
    graph = sparse.coo_array((capacity, (rows, columns)), shape=(total + 2, total + 2)).tocsr()
    return int(maximum_flow(sparse.csr_matrix(graph), total, total + 1).flow_value)


def test_every_formula_is_tried():
    assert {spec.partition(":")[0] for spec in SMALL + LARGER} >= set(EXACT)


@pytest.mark.parametrize("spec", SMALL)
def test_the_formula_is_the_smallest_cut_over_all_halves(spec):
    topology = parse(spec)
    halves = combinations(range(topology.devices), topology.devices // 2)
    smallest = min(cut_between(topology, np.array(half, dtype=int)) for half in halves)
    assert bisection_cables(topology) in (smallest, None)
    at_least, at_most = bisection(topology)
    assert at_least <= smallest <= at_most


@pytest.mark.parametrize("spec", LARGER)
def test_no_sampled_half_is_cut_by_fewer_cables(spec):
    topology, choice = parse(spec), np.random.default_rng(1)
    at_least, at_most = bracket(topology)
    assert at_least <= bisection_cables(topology) <= at_most
    for _ in range(20):
        half = choice.permutation(topology.devices)[: topology.devices // 2]
        assert cut_between(topology, half) >= bisection_cables(topology)


def test_a_missing_cable_leaves_a_bracket():
    whole = parse("fat_tree:k=4,devices_per_node=4,scale_up=nvswitch")
    keep = np.arange(len(whole.ends)) != 20
    broken = replace(whole, ends=whole.ends[keep], level=whole.level[keep], lanes=whole.lanes[keep])
    assert as_designed(whole)
    assert not as_designed(broken)
    assert bisection_cables(broken) is None
    at_least, at_most = bisection(broken)
    assert at_least <= 7 <= at_most <= 8


def test_one_device_has_no_halves():
    assert bisection(parse("star:devices=1")) is None


def test_a_family_without_a_formula_or_with_foreign_parameters_is_not_as_designed():
    star = parse("star:devices=4")
    assert not as_designed(replace(star, family="unknown"))
    assert not as_designed(replace(star, params={"devices": "many"}))
    assert not as_designed(replace(star, params={"devices": 5}))
