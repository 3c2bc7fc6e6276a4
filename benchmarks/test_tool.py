"""The tool's own speed: building wirings and predicting, beside networkx on the same wiring. Measures no network.

`make bench`, or `python -m pytest benchmarks/test_tool.py --benchmark-enable`. Read ratios within one run: machines differ.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import networkx as nx
import pytest

from fabric.network.routing.route import Tables
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.cases import cases
from topologies.catalog import parse
from topologies.proofs import proof

LARGE = "fat_tree:k=64"
RAILS = "rail_optimized:nodes=2048,rails=8,radix=64,scale_up=nvswitch"


def with_peak(benchmark: Any, work: Callable[[], Any], rounds: int) -> Any:
    """Return what the work returns, timed; its peak memory, from one more run, goes into the JSON as peak_mib."""
    tracemalloc.start()
    work()
    benchmark.extra_info["peak_mib"] = round(tracemalloc.get_traced_memory()[1] / 2**20, 2)
    tracemalloc.stop()
    return benchmark.pedantic(work, rounds=rounds)


def networkx_fat_tree(k: int) -> nx.Graph:
    """Return a k-ary fat-tree as a person would write it with networkx: the peer that arrays are compared with."""
    graph, half = nx.Graph(), k // 2
    for pod in range(k):
        for edge in range(half):
            graph.add_edges_from(((pod, "edge", edge), (pod, "host", edge, host)) for host in range(half))
            graph.add_edges_from(((pod, "edge", edge), (pod, "up", up)) for up in range(half))
        graph.add_edges_from(((pod, "up", up), ("core", up, core)) for up in range(half) for core in range(half))
    return graph


@pytest.mark.benchmark(group="build a fat-tree of 65,536 hosts")
def test_build_arrays(benchmark):
    """As arrays."""
    topology = with_peak(benchmark, lambda: parse(LARGE), 20)
    assert topology.devices == 65_536


@pytest.mark.benchmark(group="build a fat-tree of 65,536 hosts")
def test_build_networkx(benchmark):
    """As a networkx graph."""
    graph = with_peak(benchmark, lambda: networkx_fat_tree(64), 3)
    assert graph.number_of_edges() == 196_608


@pytest.mark.benchmark(group="routing tables of 65,536 hosts")
def test_routing_tables(benchmark):
    """Everything routes are looked up in."""
    topology = parse(LARGE)
    assert with_peak(benchmark, lambda: Tables(topology).parts, 20)


@pytest.mark.benchmark(group="proof of a wiring")
@pytest.mark.parametrize("spec", [LARGE, RAILS])
def test_proof(benchmark, spec):
    """Ports, connectivity, diameter and path counts."""
    topology = parse(spec)
    assert with_peak(benchmark, lambda: proof(topology), 3).connected


@pytest.mark.benchmark(group="predict all-reduce on 65,536 ranks, build excluded")
@pytest.mark.parametrize("routing", ["ideal", "ecmp:1"])
@pytest.mark.parametrize("algorithm", ["ring", "halving_doubling", "double_binary_tree"])
def test_predict_65536_ranks(benchmark, algorithm, routing):
    """One prediction, every step routed over every cable."""
    fabric = load(LARGE)
    asked = cases(fabric, sizes=[2**30])
    work = partial(predict, asked, fabric, algorithm=algorithm, routing=routing)
    (result,) = with_peak(benchmark, work, 5)
    assert result.busbw > 0


@pytest.mark.benchmark(group="predict all-reduce on 16,384 GPUs, build included")
@pytest.mark.parametrize("algorithm", ["ring:channels=8", "hierarchical", "rail_aligned"])
def test_build_and_predict_16384_gpus(benchmark, algorithm):
    """From the short form to the answer."""

    def answer() -> float:
        fabric = load(RAILS)
        (result,) = predict(cases(fabric, sizes=[2**30]), fabric, algorithm=algorithm, routing="ecmp:1")
        return result.time

    assert with_peak(benchmark, answer, 5) > 0
