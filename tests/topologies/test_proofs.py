from dataclasses import replace
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from topologies.base import Topology, assemble
from topologies.catalog import parse
from topologies.proofs import bisection_cables, proof


def without_cable(topology: Topology, row: int) -> Topology:
    keep = np.arange(len(topology.ends)) != row
    return replace(topology, ends=topology.ends[keep], level=topology.level[keep], lanes=topology.lanes[keep])


def cut_between(topology: Topology, half: np.ndarray) -> int:
    """Return the fewest cables that part the chosen devices from the others: a maximum flow."""
    total = topology.vertices
    one_side = np.isin(np.arange(topology.devices), half)
    low, high = topology.ends.T
    infinite = 10**6
    rows = np.concatenate([low, high, np.full(one_side.sum(), total), np.flatnonzero(~one_side)])
    columns = np.concatenate([high, low, np.flatnonzero(one_side), np.full((~one_side).sum(), total + 1)])
    capacity = np.concatenate([np.ones(2 * len(low)), np.full(topology.devices, infinite)]).astype(np.int32)
    graph = sparse.coo_array((capacity, (rows, columns)), shape=(total + 2, total + 2)).tocsr()
    return int(maximum_flow(sparse.csr_matrix(graph), total, total + 1).flow_value)


@given(half=st.integers(1, 5))
def test_fat_tree_closed_forms(half):
    k = 2 * half
    found = proof(parse(f"fat_tree:k={k}"))
    assert found.ports == {"leaf": k, "spine": k, "core": k}
    assert found.within_ports
    assert found.monotonic
    assert found.connected
    inside = {2: (half, half)} if half > 1 else {}
    assert found.paths.counts == inside | {4: (half**2, half**2)}
    assert (found.switch_diameter, found.endpoint_diameter) == (4, 6)
    assert found.paths_between_pods == k * k // 4
    assert found.bisection_cables == k**3 // 8
    assert found.problems == ()


def test_the_largest_fat_tree_is_proved_whole():
    found = proof(parse("fat_tree:k=64,devices_per_node=8,scale_up=nvswitch"))
    assert found.paths.counts == {2: (32, 32), 4: (1024, 1024)}
    assert (found.endpoint_diameter, found.bisection_cables, found.skipped) == (6, 32768, None)


@given(
    nodes=st.integers(1, 60),
    rails=st.integers(1, 5),
    radix=st.sampled_from([4, 6, 8, 12]),
    depth=st.sampled_from([2, 3]),
)
def test_rail_optimized_has_uniform_paths_at_any_ragged_size(nodes, rails, radix, depth):
    try:
        topology = parse(f"rail_optimized:nodes={nodes},rails={rails},radix={radix},tiers={depth}")
    except ValueError:
        return
    found, half = proof(topology), radix // 2
    assert found.within_ports
    assert found.connected
    assert found.paths.uniform
    if depth == 2 and topology.switches_by_tier["leaf"] > 1:
        spines = topology.switches_by_tier["spine"]
        assert found.paths.counts == {2: (half * half // spines,) * 2}
    if depth == 3 and 4 in found.paths.counts:
        assert found.paths_between_pods == half**4 // topology.switches_by_tier["core"]


def test_the_ragged_superpod():
    found = proof(parse("rail_optimized:nodes=127,rails=8,radix=64"))
    assert found.paths.counts == {2: (64, 64)}
    assert (found.switch_diameter, found.endpoint_diameter) == (2, 4)
    assert found.bisection_cables == 508
    assert found.paths_between_pods is None


@pytest.mark.parametrize(
    ("spec", "switches", "endpoints"),
    [
        ("star:devices=1", 0, 0),
        ("star:devices=4", 0, 2),
        ("leaf_spine:leaves=1,spines=1,hosts_per_leaf=2", 1, 2),
        ("leaf_spine:leaves=2,spines=3,hosts_per_leaf=1", 2, 4),
        ("local:slots=2", 0, 2),
        ("rail_optimized:nodes=300,rails=8,radix=64", 4, 6),
    ],
)
def test_diameters(spec, switches, endpoints):
    found = proof(parse(spec))
    assert (found.switch_diameter, found.endpoint_diameter) == (switches, endpoints)


@settings(max_examples=20)
@given(leaves=st.integers(1, 5), spines=st.integers(1, 3), hosts=st.integers(1, 3))
def test_endpoint_diameter_equals_networkx(leaves, spines, hosts):
    topology = parse(f"leaf_spine:leaves={leaves},spines={spines},hosts_per_leaf={hosts}")
    lengths = dict(nx.all_pairs_shortest_path_length(nx.Graph(topology.graph())))
    farthest = max(lengths[a][b] for a in range(topology.devices) for b in range(topology.devices))
    assert proof(topology).endpoint_diameter == farthest


@pytest.mark.parametrize(
    "spec",
    [
        *[
            f"leaf_spine:leaves={leaves},spines={spines},hosts_per_leaf={hosts},uplinks={spines * parallel}"
            for leaves, hosts in [(1, 4), (2, 3), (3, 2), (4, 2), (3, 3), (5, 1)]
            for spines, parallel in [(1, 1), (2, 1), (1, 2), (3, 1)]
        ],
        "star:devices=5",
        "rail_optimized:nodes=4,rails=2,radix=4",
        "rail_optimized:nodes=3,rails=3,radix=4",
    ],
)
def test_bisection_is_the_smallest_cut_over_all_halves(spec):
    topology = parse(spec)
    halves = combinations(range(topology.devices), topology.devices // 2)
    assert bisection_cables(topology) == min(cut_between(topology, np.array(half, dtype=int)) for half in halves)


@pytest.mark.parametrize("spec", ["fat_tree:k=4", "fat_tree:k=6", "rail_optimized:nodes=13,rails=4,radix=8"])
def test_no_sampled_half_is_cut_by_fewer_cables_and_the_first_half_by_as_many(spec):
    topology, choice = parse(spec), np.random.default_rng(1)
    size = topology.devices // 2
    assert cut_between(topology, np.arange(size)) == bisection_cables(topology)
    for _ in range(20):
        half = choice.permutation(topology.devices)[:size]
        assert cut_between(topology, half) >= bisection_cables(topology)


def test_families_without_a_closed_form_have_no_bisection():
    assert proof(parse("local:slots=4")).bisection_cables is None


def test_a_missing_cable_breaks_uniformity_and_is_named():
    topology = parse("fat_tree:k=4")
    broken = proof(without_cable(topology, 16))  # leaf 16 to spine 24
    assert broken.paths.counts == {2: (1, 2), 4: (2, 4)}
    assert not broken.paths.uniform
    assert broken.paths_between_pods is None
    assert broken.paths.breaks == "shortest paths at 2 hops: 1 between vertices 16 and 17, up to 2 elsewhere"
    assert broken.connected
    assert broken.problems == ()


def test_a_device_without_a_cable_is_not_connected():
    found = proof(without_cable(parse("fat_tree:k=4"), 0))
    assert found.connected is False
    assert found.endpoint_diameter is None
    assert found.problems == ("some devices cannot reach each other",)


def test_two_halves_without_a_way_between_them_are_not_connected():
    apart = assemble("apart", {}, {"host": 2, "leaf": 2}, {"host-leaf": np.array([[0, 2], [1, 3]])})
    found = proof(apart)
    assert (found.connected, found.switch_diameter, found.endpoint_diameter) == (False, None, None)


def test_too_many_ports_are_a_problem():
    found = proof(replace(parse("fat_tree:k=4"), params={"k": 3}))
    assert found.within_ports is False
    assert found.problems[0] == "a leaf switch uses 4 ports of 3"


def test_lanes_count_as_ports():
    topology = parse("star:devices=4")
    assert proof(replace(topology, lanes=topology.lanes * 2)).ports == {"leaf": 8}


def test_a_cable_that_skips_a_tier_is_seen():
    ends = np.array([[0, 3]], dtype=np.int32)
    skipping = assemble("skip", {}, {"host": 1, "leaf": 1, "spine": 2}, {"up": np.array([[0, 1], [1, 2]]), "skip": ends})
    assert not proof(skipping).monotonic


def test_ports_and_monotony_leave_scale_up_out():
    plain, inside = proof(parse("star:devices=4")), proof(parse("star:devices=4,devices_per_node=2,scale_up=nvswitch"))
    assert inside == plain


def test_searches_are_left_out_of_very_large_networks_with_a_reason():
    found = proof(parse("leaf_spine:leaves=6000,spines=1,hosts_per_leaf=1"))
    assert found.skipped == "more than 6,000 switches: 6,001"
    assert (found.paths, found.connected, found.switch_diameter, found.endpoint_diameter) == (None,) * 4
    assert found.ports == {"leaf": 2, "spine": 6000}
