"""Distances and path counts against networkx and a plain count, on random multigraphs of switches."""

from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from topologies.base import Topology, assemble
from topologies.catalog import parse
from topologies.hops import hops_until_all_meet, row_labels, shortest_paths, switch_network


@st.composite
def random_wirings(draw: st.DrawFn) -> Topology:
    """One device on every switch, and random cables between switches, parallel ones among them."""
    switches = draw(st.integers(2, 9))
    pairs = st.tuples(st.integers(0, switches - 1), st.integers(0, switches - 1)).filter(lambda pair: pair[0] != pair[1])
    cables = np.array(draw(st.lists(pairs, max_size=20)), dtype=np.int32).reshape(-1, 2) + switches
    own = np.stack([np.arange(switches), np.arange(switches) + switches], axis=1)
    return assemble("random", {}, {"host": switches, "switch": switches}, {"host-switch": own, "switch-switch": cables})


def counted_paths(graph: nx.MultiGraph, source: int, target: int) -> int:
    """Count shortest paths one by one, every parallel cable its own."""
    if source == target:
        return 1
    simple = nx.Graph(graph)
    if not nx.has_path(simple, source, target):
        return 0
    return sum(
        int(np.prod([graph.number_of_edges(a, b) for a, b in pairwise(path)]))
        for path in nx.all_shortest_paths(simple, source, target)
    )


@given(topology=random_wirings())
def test_distances_and_path_counts_equal_a_plain_count(topology):
    network = switch_network(topology)
    count = len(network.vertices)
    graph = topology.graph().subgraph(network.vertices.tolist())
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    for sources, distance, paths in shortest_paths(network, np.arange(count), block=4):
        for row, source in enumerate(network.vertices[sources].tolist()):
            for column, target in enumerate(network.vertices.tolist()):
                assert distance[row, column] == lengths[source].get(target, -1)
                assert paths[row, column] == counted_paths(graph, source, target)


@given(topology=random_wirings())
def test_bit_parallel_distances_give_the_diameter(topology):
    network = switch_network(topology)
    graph = nx.Graph(topology.graph().subgraph(network.vertices.tolist()))
    every = sparse.eye_array(len(network.vertices), format="csr")
    expected = nx.diameter(graph) if nx.is_connected(graph) else None
    assert hops_until_all_meet(network, every) == expected


def test_more_sources_than_one_block_of_words():
    cables = np.stack([np.arange(999), np.arange(1, 1000)], axis=1) + 1
    path = assemble(
        "path",
        {},
        {"host": 1, "switch": 1000},
        {"host-switch": np.array([[0, 1]]), "switch-switch": cables},
    )
    network = switch_network(path)
    assert hops_until_all_meet(network, sparse.eye_array(1000, format="csr")) == 999
    distance = next(shortest_paths(network, np.array([0])))[1]
    assert distance[0].tolist() == list(range(1000))


def test_devices_are_never_crossed():
    """Two switches that share only a device do not reach each other."""
    network = switch_network(parse("local:slots=3"))
    assert network.cables.nnz == 0
    assert network.homes.toarray().tolist() == [[1, 1]] * 3


def test_forwarding_devices_are_their_own_homes():
    ends = np.array([[0, 1], [1, 2]], dtype=np.int32)
    line = assemble("line", {}, {"host": 3}, {"host-host": ends})
    network = switch_network(replace(line, forwards=np.ones(3, dtype=bool)))
    assert network.leaves.tolist() == [0, 1, 2]
    assert hops_until_all_meet(network, network.homes) == 2


@pytest.mark.parametrize("spec", ["star:devices=4", "fat_tree:k=4", "rail_optimized:nodes=5,rails=2,radix=4"])
def test_scale_up_switches_are_no_way_around(spec):
    grouping = "" if spec.startswith("rail") else ",devices_per_node=2"
    plain, inside = switch_network(parse(spec)), switch_network(parse(f"{spec}{grouping},scale_up=nvswitch"))
    assert np.array_equal(plain.vertices, inside.vertices)
    assert np.array_equal(plain.cables.toarray(), inside.cables.toarray())
    assert np.array_equal(plain.homes.toarray(), inside.homes.toarray())


def test_leaves_of_a_pod_are_twins():
    network = switch_network(parse("fat_tree:k=8"))
    assert len(network.leaves) == 32
    first = np.unique(row_labels(network.cables[network.leaves]), return_index=True)[1]
    assert first.tolist() == list(range(0, 32, 4))
