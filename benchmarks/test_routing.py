"""Routing, timed: random graphs, all flows of a fat-tree, 102,400 devices around failures, detours beside minimal ways.

`python -m pytest benchmarks/test_routing.py --benchmark-enable`. Wirings are built, and kernels loaded, before the clock
starts. Read ratios within one run: machines differ. Knows no peers.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
import pytest

from fabric.network.fabric import Fabric
from fabric.network.failures import draw, without
from fabric.network.routing.route import route, route_all, router_of, ways
from fabric.network.spec import load

LARGE = "rail_optimized:nodes=12800,rails=8,radix=128"


@lru_cache(maxsize=2)
def built(topo: str) -> Fabric:
    """Return the fabric, built once."""
    return load(topo)


@pytest.mark.benchmark(group="all pairs of a random graph, 16 cables a switch")
@pytest.mark.parametrize("policy", ["ideal", "spray"])
@pytest.mark.parametrize("switches", [2_000, 10_000])
def test_all_pairs_of_a_random_graph(benchmark: Any, switches: int, policy: str) -> None:
    """Every switch to every other, distances searched anew."""
    topology = built(f"jellyfish:switches={switches},degree=16,hosts=1").topology
    devices = np.arange(topology.devices)
    found = benchmark.pedantic(route_all, (topology, devices, policy), rounds=5, warmup_rounds=1)
    assert found.per_link.sum() > switches * (switches - 1)


@pytest.mark.benchmark(group="the links of 1,047,552 flows, fat_tree:k=16")
@pytest.mark.parametrize("policy", ["ecmp:1", "dmodk", "ideal"])
def test_ways_of_a_million_flows(benchmark: Any, policy: str) -> None:
    """For a simulation."""
    fabric = built("fat_tree:k=16")
    source, target = np.divmod(np.arange(1 << 20), 1 << 10)
    apart = source != target
    found = benchmark.pedantic(ways, (fabric, source[apart], target[apart], policy), rounds=7, warmup_rounds=1)
    assert len(found.paths.hops) == 1_047_552


@pytest.mark.benchmark(group="100 failed links of 102,400 devices, a new draw each round")
@pytest.mark.parametrize("work", ["all pairs, ideal", "ring, ecmp:1", "ring, ideal"])
def test_around_failures(benchmark: Any, work: str) -> None:
    """Cut, find the distances that change, and route; the whole fabric's distances are known."""
    fabric, draws = built(LARGE), count()
    topology, devices = fabric.topology, np.arange(fabric.topology.devices)
    assert router_of(topology).outside.graph.distance.max() > 0
    pattern, policy = work.split(", ")

    def around() -> Any:
        left = without(fabric, draw(topology, "links:100", next(draws))).topology
        return route_all(left, devices, policy) if pattern == "all pairs" else route(left, devices, np.roll(devices, 1), policy)

    assert benchmark.pedantic(around, rounds=5, warmup_rounds=1).per_link.max() >= 1


@pytest.mark.benchmark(group="detours of 8,192 devices in 16 groups: read ugal as a ratio to minimal")
@pytest.mark.parametrize("policy", ["minimal", "valiant", "ugal"])
@pytest.mark.parametrize("pattern", ["all pairs", "ring", "next group"])
def test_detours(benchmark: Any, pattern: str, policy: str) -> None:
    """Every message shared out, and for ugal the shares found first."""
    topology = built("dragonfly:p=16,a=32,h=16,groups=16").topology
    devices = np.arange(topology.devices)
    work = {
        "all pairs": lambda: route_all(topology, devices, policy),
        "ring": lambda: route(topology, devices, np.roll(devices, 8), policy, each=False),
        "next group": lambda: route(topology, devices, np.roll(devices, 512), policy, each=False),
    }[pattern]
    assert benchmark.pedantic(work, rounds=5, warmup_rounds=1).per_link.max() >= 1
