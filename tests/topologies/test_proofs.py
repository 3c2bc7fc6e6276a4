from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies import searches
from topologies.base import Topology, assemble
from topologies.catalog import parse
from topologies.proofs import proof


def without_cable(topology: Topology, row: int) -> Topology:
    keep = np.arange(len(topology.ends)) != row
    return replace(topology, ends=topology.ends[keep], level=topology.level[keep], lanes=topology.lanes[keep])


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


def test_a_bracket_that_closes_is_exact_and_one_that_does_not_is_shown():
    closed, opened = proof(parse("local:slots=4")), proof(parse("slim_fly:q=3"))
    assert (closed.bisection_cables, closed.bisection_bracket) == (4, None)
    assert opened.bisection_cables is None
    assert opened.bisection_bracket[0] < opened.bisection_bracket[1]


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


def test_twins_keep_large_networks_exact():
    found = proof(parse("leaf_spine:leaves=30000,spines=2,hosts_per_leaf=1"))
    assert found.skipped is None
    assert found.paths.counts == {2: (2, 2)}
    assert (found.connected, found.switch_diameter, found.endpoint_diameter) == (True, 2, 4)
    assert found.ports == {"leaf": 3, "spine": 30000}


def test_a_sample_says_so_and_claims_no_diameter(monkeypatch):
    monkeypatch.setattr(searches, "MOST_SWITCHES", 50)
    monkeypatch.setattr(searches, "HOP_WORK", 100)
    monkeypatch.setattr(searches, "PATH_WORK", 2000)
    monkeypatch.setattr(searches, "SOURCES", 8)
    topology = parse("jellyfish:switches=60,degree=3,hosts=1,seed=1")
    found = proof(topology)
    lengths = dict(nx.all_pairs_shortest_path_length(nx.Graph(topology.graph())))
    farthest = max(lengths[a][b] for a in range(topology.devices) for b in range(topology.devices))
    assert (found.switch_diameter, found.endpoint_diameter) == (None, None)
    assert (found.sampled.sources, found.sampled.of) == (8, 60)
    assert 2 < found.sampled.endpoint_diameter_at_least <= farthest
    assert found.skipped.startswith("60 forwarding vertices, searched from 8 of them: diameters are at least")
    assert found.connected
    assert found.paths.sources == 1
    assert not found.paths.uniform


def test_an_even_sample_proves_nothing_for_all(monkeypatch):
    monkeypatch.setattr(searches, "PATH_WORK", 1)
    found = proof(parse("slim_fly:q=5"))
    assert found.paths.sources == 1
    assert found.paths.uniform is None


@settings(max_examples=20, deadline=None)
@given(
    spec=st.sampled_from(
        [
            "bcube:n=3,k=1",
            "bcube:n=2,k=2",
            "dcell:n=3,k=1",
            "dcell:n=2,k=2",
            "torus:dims=3x4,hosts=0",
            "torus:dims=2x3,hosts=2",
            "ring:switches=8,hosts=0",
            "dragonfly:p=1,a=3,h=1",
            "slim_fly:q=5,hosts=1",
            "jellyfish:switches=12,degree=3,hosts=1,seed=3",
        ]
    ),
    cut=st.integers(0, 10**6),
)
def test_distances_and_paths_equal_networkx_whoever_forwards(spec, cut):
    whole = parse(spec)
    topology = without_cable(whole, cut % len(whole.ends)) if cut % 3 else whole
    found = proof(topology)
    graph = nx.Graph()
    graph.add_nodes_from(range(topology.vertices))
    graph.add_edges_from(topology.ends.tolist())
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    devices = range(topology.devices)
    connected = all(b in lengths[0] for b in devices)
    assert found.connected == connected
    if connected:
        assert found.endpoint_diameter == max(lengths[a][b] for a in devices for b in devices)
    bearers = list(devices) if topology.forwards[0] else sorted({b for a, b in topology.ends.tolist() if a < topology.devices})
    graph.remove_nodes_from([d for d in devices if not topology.forwards[d]])
    counts: dict[int, set[int]] = {}
    for a in bearers:
        for b in bearers:
            if a < b and b in lengths[a]:
                counts.setdefault(lengths[a][b], set()).add(len(list(nx.all_shortest_paths(graph, a, b))))
    assert found.paths.counts == {hops: (min(ways), max(ways)) for hops, ways in counts.items()}


def test_rails_that_meet_only_inside_nodes_are_no_problem():
    apart, inside = proof(parse("rail_only:nodes=4")), proof(parse("rail_only:nodes=4,scale_up=nvswitch"))
    assert (apart.connected, apart.through_nodes) == (False, False)
    assert apart.problems == ("some devices cannot reach each other",)
    assert (inside.connected, inside.through_nodes, inside.problems) == (False, True, ())


@pytest.mark.parametrize(
    ("spec", "unused"),
    [
        ("fat_tree:k=8", {"leaf": 0, "spine": 0, "core": 0}),
        ("rail_optimized:nodes=127,rails=8,radix=64", {"leaf": 8, "spine": 0}),
        ("clos:radix=64,tiers=3,endpoints=8192,oversubscription=3", {"leaf": 16, "spine": 336, "core": 1024}),
    ],
)
def test_ports_that_nothing_is_plugged_into_are_counted(spec, unused):
    assert proof(parse(spec)).ports_unused == unused


def test_unused_ports_are_unknown_where_no_radix_is_said():
    assert proof(parse("star:devices=4")).ports_unused is None
