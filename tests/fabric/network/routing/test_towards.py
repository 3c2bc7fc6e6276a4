"""Searches outwards, destination by destination, beside searches of whole blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.routing import graph as graphs
from fabric.network.routing.crowds import everyone_to_everyone
from fabric.network.routing.graph import outside
from fabric.network.routing.route import route
from topologies import catalog
from topologies.hops import group_distances

SPECS = [
    "hyperx:dims=5x6,hosts=2",
    "hyperx:dims=3x4x5,hosts=1",
    "slim_fly:q=5,hosts=2",
    "polarfly:q=7,hosts=1",
    "dragonfly:p=2,a=4,h=2",
    "dragonfly_plus:p=2,leaves=4,spines=4,h=2,groups=5",
    "leaf_spine:leaves=6,spines=3,hosts_per_leaf=4,uplinks=6",
    "bcube:n=4,k=1",
    "ring:switches=9,hosts=2",
]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("ideal", [True, False])
def test_both_loops_carry_the_same(spec, ideal, monkeypatch):
    topology = catalog.parse(spec)
    found = {}
    for shallow in (0, 10**9):  # always outwards, never
        monkeypatch.setattr(graphs, "SHALLOW", shallow)
        graph = outside(topology)
        assert graph.shallow == (shallow == 0)
        found[shallow] = everyone_to_everyone(graph, np.arange(topology.devices), ideal=ideal)
    outwards, blockwise = found.values()
    assert np.allclose(outwards[0], blockwise[0], rtol=1e-12)
    assert np.allclose(outwards[1], blockwise[1], rtol=1e-9)
    assert outwards[0].sum() > 0


@settings(max_examples=20, deadline=None)
@given(switches=st.integers(5, 60), degree=st.integers(1, 5), seed=st.integers(0, 99))
def test_distances_outwards_are_those_of_whole_blocks(switches, degree, seed):
    switches += switches * degree % 2  # of degree 1 the graph falls apart
    graph = outside(catalog.parse(f"jellyfish:switches={switches},degree={min(degree, switches - 1)},hosts=1,seed={seed}"))
    graph.__dict__["shallow"] = True
    assert np.array_equal(graph.distance, group_distances(graph.neighbours, graph.groups))


def test_a_slim_fly_is_searched_outwards_and_a_fat_tree_is_not():
    assert outside(catalog.parse("slim_fly:q=9,hosts=4")).shallow
    assert not outside(catalog.parse("fat_tree:k=8")).shallow


@pytest.mark.parametrize("spec", [*SPECS, "fat_tree:k=4,devices_per_node=2,scale_up=nvswitch", "torus:dims=3x4"])
@pytest.mark.parametrize("policy", ["ideal", "spray", "ecmp:3"])
def test_hops_that_differ_are_those_of_all_messages(spec, policy):
    topology = catalog.parse(spec)
    source, target = np.random.default_rng(5).integers(0, topology.devices, (2, 60))
    every, some = (route(topology, source, target, policy, each=each) for each in (True, False))
    assert np.array_equal(every.per_link, some.per_link)
    assert np.allclose(some.hops, np.unique(every.hops, axis=0)[np.lexsort(np.unique(every.hops, axis=0).T)])
