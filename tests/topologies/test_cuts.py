"""The bracket of the bisection against the smallest cut over all halves, on small random wirings and known families."""

from dataclasses import replace
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies import cuts
from topologies.base import Topology, assemble
from topologies.catalog import parse
from topologies.cuts import bracket


def smallest_cut(topology: Topology, half: tuple[int, ...]) -> int:
    """Return the fewest cables that part the chosen devices from the others, by networkx."""
    graph = nx.DiGraph()
    for low, high in topology.ends.tolist():
        for a, b in ((low, high), (high, low)):
            before = graph[a][b]["capacity"] if graph.has_edge(a, b) else 0
            graph.add_edge(a, b, capacity=before + 1)
    for device in range(topology.devices):
        graph.add_edge(*(("source", device) if device in half else (device, "target")))
    return int(nx.maximum_flow_value(graph, "source", "target"))


def exact(topology: Topology) -> int:
    """Return the bisection by trying every half."""
    every = combinations(range(topology.devices), topology.devices // 2)
    return min(smallest_cut(topology, half) for half in every)


@st.composite
def wirings(draw: st.DrawFn) -> Topology:
    """Two to six devices with one to two cables each, on up to six switches that are randomly cabled; or forwarding."""
    switches, devices = draw(st.integers(1, 6)), draw(st.integers(2, 6))
    place = st.integers(0, switches - 1)
    each = draw(st.integers(1, 2))
    homes = [(d, devices + draw(place)) for d in range(devices) for _ in range(each)]
    pairs = st.tuples(place, place).filter(lambda pair: pair[0] != pair[1])
    cables = draw(st.lists(pairs, max_size=14)) if switches > 1 else []
    middle = np.array(cables, dtype=np.int32).reshape(-1, 2) + devices
    built = assemble("any", {}, {"host": devices, "switch": switches}, {"up": np.array(homes), "across": middle})
    return replace(built, forwards=np.ones(built.vertices, dtype=bool)) if draw(st.booleans()) else built


@settings(max_examples=150, deadline=None)
@given(topology=wirings())
def test_the_bracket_holds_the_exact_bisection(topology):
    at_least, at_most = bracket(topology)
    assert at_least <= exact(topology) <= at_most


@pytest.mark.parametrize(
    ("spec", "bisection"),
    [
        ("fat_tree:k=4", 8),
        ("fat_tree:k=8", 64),
        ("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8", 4),
        ("rail_optimized:nodes=32,rails=4,radix=16", 64),
        ("rail_optimized:nodes=127,rails=8,radix=64", 508),
        ("star:devices=7", 3),
    ],
)
def test_the_bracket_closes_on_even_networks(spec, bisection):
    assert bracket(parse(spec)) == (bisection, bisection)


def ring_of(switches: int) -> Topology:
    here = np.arange(switches)
    cables = np.stack([here, (here + 1) % switches], axis=1)
    wiring = assemble("round", {}, {"host": switches}, {"host-host": cables})
    return replace(wiring, forwards=np.ones(switches, dtype=bool))


def test_a_ring_of_forwarding_devices_is_cut_by_two():
    assert bracket(ring_of(10)) == (2, 2)


def test_parts_that_do_not_hang_together_cost_nothing():
    apart = assemble("apart", {}, {"host": 2, "leaf": 2}, {"host-leaf": np.array([[0, 2], [1, 3]])})
    assert bracket(apart) == (0, 0)


def test_two_planes_are_cut_each():
    hosts, leaves = np.arange(4), np.array([[4, 5]] * 4)
    cables = np.concatenate([np.stack([hosts, leaves[:, plane]], axis=1) for plane in (0, 1)])
    assert bracket(assemble("planes", {}, {"host": 4, "leaf": 2}, {"host-leaf": cables})) == (4, 4)


def test_very_large_networks_have_no_bracket(monkeypatch):
    monkeypatch.setattr(cuts, "MOST_CABLES", 40)
    assert bracket(parse("fat_tree:k=4")) is None


def test_large_networks_are_bracketed_without_flows_and_dense_matrices(monkeypatch):
    small = bracket(parse("jellyfish:switches=60,degree=5,hosts=2,seed=1"))
    for limit in ("FLOW_CABLES", "DENSE", "LOAD_WORK"):
        monkeypatch.setattr(cuts, limit, 10)
    at_least, at_most = bracket(parse("jellyfish:switches=60,degree=5,hosts=2,seed=1"))
    assert at_least <= small[1]
    assert small[0] <= at_most
    assert at_least > 10
