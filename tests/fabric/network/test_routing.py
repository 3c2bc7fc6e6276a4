"""Two routers check each other: the tables, and a plain walk over all shortest ways of the networkx graph."""

from collections import defaultdict
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from fabric.network.routing import route
from topologies import catalog
from topologies.errors import InputError

SPECS = [
    "star:devices=5",
    "leaf_spine:leaves=3,spines=2,hosts_per_leaf=4",
    "leaf_spine:leaves=3,spines=2,hosts_per_leaf=2,uplinks=4",
    "fat_tree:k=4",
    "fat_tree:k=4,devices_per_node=2,scale_up=nvswitch",
    "rail_optimized:nodes=7,rails=2,radix=8",
    "rail_optimized:nodes=4,rails=3,radix=4",
    "rail_optimized:nodes=4,rails=3,radix=4,scale_up=nvswitch",
]


def plain_loads(topology, source, target):
    """Return crossings by link of an even split over equal-cost ways at every hop, by walking the graph."""
    links = defaultdict(list)
    for cable, (low, high) in enumerate(topology.ends.tolist()):
        links[low].append((high, 2 * cable))
        links[high].append((low, 2 * cable + 1))
    switches = nx.MultiGraph(topology.graph())
    loads = np.zeros(2 * len(topology.ends))
    for s, t in zip(source.tolist(), target.tolist(), strict=True):
        if s == t:
            continue
        same_node = topology.scale_up_tier >= 0 and topology.node[s] == topology.node[t]
        allowed = [
            v
            for v in switches
            if v in (s, t) or (v >= topology.devices and (topology.tier[v] == topology.scale_up_tier) == same_node)
        ]
        distance = nx.single_source_shortest_path_length(switches.subgraph(allowed), t)
        held = {s: 1.0}
        while set(held) != {t}:
            spread = defaultdict(float)
            for vertex, amount in held.items():
                ways = [(n, link) for n, link in links[vertex] if distance.get(n, 99) == distance[vertex] - 1]
                for neighbour, link in ways:
                    loads[link] += amount / len(ways)
                    spread[neighbour] += amount / len(ways)
            held = spread
    return loads


def messages(topology, seed=0, count=40):
    rng = np.random.default_rng(seed)
    return rng.integers(0, topology.devices, count), rng.integers(0, topology.devices, count)


@pytest.mark.parametrize("spec", SPECS)
def test_ideal_split_equals_the_plain_walk(spec):
    topology = catalog.parse(spec)
    source, target = messages(topology)
    assert np.allclose(route(topology, source, target).per_link, plain_loads(topology, source, target))


@pytest.mark.parametrize("spec", SPECS)
def test_hashed_ways_are_whole_and_average_to_the_ideal_split(spec):
    topology = catalog.parse(spec)
    source, target = messages(topology, seed=1, count=10)
    hashed = [route(topology, source, target, f"ecmp:{seed}").per_link for seed in range(400)]
    ideal = route(topology, source, target).per_link
    assert all(np.array_equal(h, np.round(h)) for h in hashed)
    assert all(h.sum() == pytest.approx(ideal.sum()) for h in hashed), "the same hops, whatever the way"
    assert np.abs(np.mean(hashed, axis=0) - ideal).max() < 0.35


@pytest.mark.parametrize("spec", SPECS)
def test_no_route_crosses_a_device(spec):
    topology = catalog.parse(spec)
    source, target = messages(topology)
    moving = source != target
    into = topology.ends[:, 0] < topology.devices
    for policy in ("ideal", "ecmp:3"):
        per_link = route(topology, source, target, policy).per_link
        assert per_link[0::2][into].sum() == pytest.approx(moving.sum()), "a message leaves a device once, its source"
        assert per_link[1::2][into].sum() == pytest.approx(moving.sum()), "and enters one, its target"


def test_the_same_seed_gives_the_same_ways_and_hops_count_links():
    topology = catalog.parse("fat_tree:k=4")
    source, target = np.arange(16), np.roll(np.arange(16), 5)
    first, second = (route(topology, source, target, "ecmp:7") for _ in range(2))
    assert np.array_equal(first.per_link, second.per_link)
    assert first.hops.sum() == first.per_link.sum()
    assert route(topology, np.array([3]), np.array([3])).per_link.sum() == 0


@pytest.mark.parametrize("spec", SPECS)
def test_a_missing_cable_is_refused_until_routing_can_go_around_it(spec):
    topology = catalog.parse(spec)
    inside = topology.ends[:, 1] >= topology.vertices - (topology.nodes if topology.scale_up_tier >= 0 else 0)
    last = np.flatnonzero(~inside)[-1]
    cut = replace(topology, **{name: np.delete(getattr(topology, name), last, axis=0) for name in ("ends", "level", "lanes")})
    if spec.startswith("star"):
        return  # a star without a cable is a star with a device apart, which has no route at all
    with pytest.raises(InputError, match="by equally many cables; up-down routing would be wrong on it"):
        route(cut, np.array([0]), np.array([1]))


def test_scale_up_graphs_that_routing_does_not_know_are_refused():
    topology = catalog.parse("star:devices=8,devices_per_node=4,scale_up=full_mesh")
    with pytest.raises(InputError, match="full_mesh"):
        route(topology, np.array([0]), np.array([1]))


def test_networks_without_tiers_are_refused_not_misrouted():
    tiered = catalog.parse("star:devices=3")
    forwarding = replace(tiered, forwards=np.ones(4, dtype=bool))
    across = replace(tiered, tier=np.array([0, 0, 0, 0], dtype=np.int8))
    for topology in (forwarding, across):
        with pytest.raises(InputError, match=r"routing: star:devices=3 must be tiered, every cable one tier up"):
            route(topology, np.array([0]), np.array([1]))


@pytest.mark.parametrize("policy", ["spray", "ecmp", "ecmp:x", "ideal:1"])
def test_unknown_policies_are_refused(policy):
    with pytest.raises(InputError, match="routing: must be ideal or ecmp:SEED, got"):
        route(catalog.parse("star:devices=2"), np.array([0]), np.array([1]), policy)
