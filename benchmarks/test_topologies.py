"""Building and searching wirings beside networkx, rustworkx and infragraph on the same work. Knows no speeds of networks.

`python -m pytest benchmarks/test_topologies.py --benchmark-enable`. Read ratios within one run: machines differ. Peers that
are not installed are skipped. Every peer gets its wiring in its own form before the clock starts, unless building is timed.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pytest

from topologies.base import Topology
from topologies.catalog import parse
from topologies.hops import SwitchNetwork, adjacency, distances, shortest_paths, switch_network
from topologies.proofs import proof

MILLION, LARGE, SMALL = "fat_tree:k=160", "fat_tree:k=64", "fat_tree:k=16"
RANDOM = "jellyfish:switches=10000,degree=16,hosts=1,seed=1"
BUILD = pytest.mark.benchmark(group="build fat_tree:k=64, 65,536 endpoints")
BUILD_SMALL = pytest.mark.benchmark(group="build fat_tree:k=16, 1,024 endpoints")
PATHS = pytest.mark.benchmark(group="equal-cost path counts from one of 65,536 endpoints to all")
HOPS = pytest.mark.benchmark(group="all-pairs hops of 10,000 switches with 16 cables each")


def with_peak(benchmark: Any, work: Callable[[], Any], rounds: int) -> Any:
    """Return what the work returns, timed; its peak memory, from one more run, goes into the JSON as peak_mib."""
    if rounds > 1:
        tracemalloc.start()
        work()
        benchmark.extra_info["peak_mib"] = round(tracemalloc.get_traced_memory()[1] / 2**20, 2)
        tracemalloc.stop()
    return benchmark.pedantic(work, rounds=rounds)


def edges(k: int) -> list[tuple[int, int]]:
    """Return the cables of a k-ary fat-tree, made one by one as a person would."""
    half = k // 2
    leaf, spine, core = k**3 // 4, k**3 // 4 + k * half, k**3 // 4 + 2 * k * half
    found = []
    for pod in range(k):
        for edge in range(half):
            at = pod * half + edge
            found += [(at * half + host, leaf + at) for host in range(half)]
            found += [(leaf + at, spine + pod * half + up) for up in range(half)]
            found += [(spine + at, core + edge * half + up) for up in range(half)]
    return found


def networkx_graph(topology: Topology) -> nx.Graph:
    """Return the wiring in networkx's form."""
    return nx.Graph(topology.ends.tolist())


def rustworkx_graph(topology: Topology) -> Any:
    """Return the wiring in rustworkx's form."""
    rx = pytest.importorskip("rustworkx", reason="rustworkx is not installed")
    graph = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(topology.vertices))
    graph.extend_from_edge_list([tuple(pair) for pair in topology.ends.tolist()])
    return graph


def counted(order: list[int], neighbours: Callable[[int], Any], source: int, hops: dict[int, int]) -> dict[int, int]:
    """Return the shortest paths from the source to every vertex: in order of distance, sums over the nearer neighbours."""
    ways = dict.fromkeys(order, 0)
    ways[source] = 1
    for vertex in order:
        for other in neighbours(vertex):
            if hops[other] == hops[vertex] + 1:
                ways[other] += ways[vertex]
    return ways


@pytest.mark.benchmark(group="build fat_tree:k=160, 1,024,000 endpoints")
def test_a_million_endpoints_as_arrays(benchmark):
    """As arrays; the memory is that of the build, results included."""
    assert with_peak(benchmark, lambda: parse(MILLION), 10).devices == 1_024_000


@pytest.mark.benchmark(group="build fat_tree:k=160, 1,024,000 endpoints")
def test_a_million_endpoints_as_csr(benchmark):
    """Neighbours of every vertex, from nothing."""
    assert with_peak(benchmark, lambda: adjacency(parse(MILLION)), 5).nnz == 6_144_000


@pytest.mark.benchmark(group="proof of fat_tree:k=160, 1,024,000 endpoints")
def test_a_million_endpoints_proved(benchmark):
    """Everything `show` prints."""
    topology = parse(MILLION)
    assert benchmark.pedantic(lambda: proof(topology), rounds=2).paths.uniform


@BUILD
def test_build_arrays(benchmark):
    """Ours."""
    assert len(with_peak(benchmark, lambda: parse(LARGE), 20).ends) == 196_608


@BUILD
def test_build_networkx(benchmark):
    """Cables one by one into a graph."""
    assert with_peak(benchmark, lambda: nx.Graph(edges(64)), 3).number_of_edges() == 196_608


@BUILD
def test_build_rustworkx(benchmark):
    """Cables one by one into a list, the list into a graph."""
    rx = pytest.importorskip("rustworkx", reason="rustworkx is not installed")

    def build() -> Any:
        graph = rx.PyGraph(multigraph=False)
        graph.add_nodes_from(range(64**3 // 4 + 5 * 32 * 32))
        graph.extend_from_edge_list(edges(64))
        return graph

    assert with_peak(benchmark, build, 3).num_edges() == 196_608


@BUILD_SMALL
def test_build_small_arrays(benchmark):
    """Ours."""
    assert with_peak(benchmark, lambda: parse(SMALL), 20).devices == 1_024


@BUILD_SMALL
def test_build_small_infragraph(benchmark):
    """Its three-tier fabric of 16-port switches, hosts of one device."""
    fabrics = pytest.importorskip("infragraph.blueprints.fabrics.clos_fat_tree_fabric", reason="infragraph is not installed")
    from infragraph.blueprints.devices.generic.generic_switch import Switch
    from infragraph.blueprints.devices.generic.server import Server
    from infragraph.infragraph_service import InfraGraphService

    def build() -> Any:
        service = InfraGraphService()
        service.set_graph(fabrics.ClosFatTreeFabric(Switch(port_count=16), Server(npu_factor=1), 3, []))
        return service.get_networkx_graph()

    assert len(with_peak(benchmark, build, 1)) > 1_024


@PATHS
def test_paths_arrays(benchmark):
    """Ours: on the switches, then to the devices by their homes."""
    topology = parse(LARGE)
    network = switch_network(topology)

    def count() -> Any:
        (_, _, ways), *_ = shortest_paths(network, network.homes.indices[:1].astype(np.intp))
        return network.homes @ ways[0]

    assert with_peak(benchmark, count, 20)[-1] == 1024


@PATHS
def test_paths_networkx(benchmark):
    """Distances by its search, then sums in order of distance."""
    graph = networkx_graph(parse(LARGE))

    def count() -> dict[int, int]:
        hops = nx.single_source_shortest_path_length(graph, 0)
        return counted(list(hops), graph.neighbors, 0, hops)

    assert with_peak(benchmark, count, 3)[65_535] == 1024


@PATHS
def test_paths_rustworkx(benchmark):
    """Distances by its search, then sums in order of distance."""
    graph = rustworkx_graph(parse(LARGE))
    rx = sys.modules["rustworkx"]

    def count() -> dict[int, int]:
        hops = dict(rx.dijkstra_shortest_path_lengths(graph, 0, lambda _: 1.0)) | {0: 0.0}
        return counted(sorted(hops, key=hops.__getitem__), graph.neighbors, 0, hops)

    assert with_peak(benchmark, count, 3)[65_535] == 1024


@pytest.fixture(scope="module")
def random_network() -> SwitchNetwork:
    """A random regular network of switches."""
    return switch_network(parse(RANDOM))


@HOPS
def test_hops_bit_parallel(benchmark, random_network):
    """Ours, the whole matrix."""

    def every() -> Any:
        matrix = np.empty(random_network.cables.shape, dtype=np.int16)
        for sources, hops in distances(random_network, np.arange(len(matrix))):
            matrix[sources] = hops
        return matrix

    assert with_peak(benchmark, every, 3).max() == 5


@HOPS
def test_hops_scipy(benchmark, random_network):
    """Its shortest paths of a graph without weights, the whole matrix; directed, which halves its work on symmetric cables."""
    from scipy.sparse.csgraph import shortest_path

    assert with_peak(benchmark, lambda: shortest_path(random_network.cables, method="D", unweighted=True), 1).max() == 5


@HOPS
@pytest.mark.parametrize("cores", ["one core", "all cores"])
def test_hops_rustworkx(benchmark, random_network, cores):
    """Its distance matrix, the whole matrix; ours and the others use one core."""
    rx = pytest.importorskip("rustworkx", reason="rustworkx is not installed")
    graph = rx.PyGraph(multigraph=False)
    graph.add_nodes_from(range(random_network.cables.shape[0]))
    bounds, columns = random_network.cables.indptr, random_network.cables.indices
    rows = enumerate(pairwise(bounds))
    graph.extend_from_edge_list([(row, int(other)) for row, (a, b) in rows for other in columns[a:b] if row < other])
    threshold = len(graph) + 1 if cores == "one core" else 1
    assert with_peak(benchmark, lambda: rx.distance_matrix(graph, parallel_threshold=threshold), 1).max() == 5


@HOPS
def test_hops_networkx(benchmark, random_network):
    """Its search from 100 of the 10,000 switches; the time of all is 100 times as much."""
    graph = nx.Graph(random_network.cables)

    def some() -> int:
        return max(max(nx.single_source_shortest_path_length(graph, source).values()) for source in range(100))

    assert with_peak(benchmark, some, 1) <= 5
