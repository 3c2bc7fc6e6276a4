"""What the tests of wirings share: invariants that hold for every family."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import csgraph

from topologies.base import Topology
from topologies.catalog import parse


@pytest.fixture(scope="session")
def level_matrix() -> Callable[[Topology, str], np.ndarray]:
    """Return a function: how many cables of a level run between two vertices, lower end first (vertices x vertices)."""

    def matrix(topology: Topology, level: str) -> np.ndarray:
        counts = np.zeros((topology.vertices, topology.vertices), dtype=int)
        np.add.at(counts, tuple(topology.ends[topology.level == topology.levels.index(level)].T), 1)
        return counts

    return matrix


@pytest.fixture(scope="session")
def sound() -> Callable[[Topology], None]:
    """Return a function that asserts what every wiring obeys."""

    def check(topology: Topology) -> None:
        vertices, cables = topology.vertices, len(topology.ends)
        for array in (topology.tier, topology.node, topology.rail, topology.plane, topology.forwards):
            assert array.shape == (vertices,)
        assert topology.ends.shape == (cables, 2)
        assert topology.level.shape == topology.lanes.shape == (cables,)
        assert topology.ends.dtype == np.int32
        assert topology.ends.min() >= 0
        assert topology.ends.max() < vertices
        low, high = topology.tier[topology.ends].T
        assert np.all(low <= high)
        assert np.all(topology.tier[: topology.devices] == 0)
        assert np.all(np.diff(topology.tier) >= 0)
        assert set(np.unique(topology.tier)) == set(range(len(topology.tiers)))
        assert np.all(np.diff(topology.node[: topology.devices]) >= 0)
        assert np.all(np.bincount(topology.ends.ravel(), minlength=vertices) > 0)

    return check


@pytest.fixture(scope="session")
def hops() -> Callable[[Topology], np.ndarray]:
    """Return a function: the hops between any two vertices that forward, by scipy (inf where they do not meet)."""

    def distances(topology: Topology) -> np.ndarray:
        inner = np.flatnonzero(topology.forwards)
        low, high = topology.ends.T
        ones = np.ones(len(low), dtype=np.int8)
        graph = sparse.coo_array((ones, (low, high)), shape=(topology.vertices,) * 2).tocsr()[inner][:, inner]
        return csgraph.shortest_path(graph, directed=False, unweighted=True)

    return distances


@pytest.fixture(scope="session")
def rebuilt() -> Callable[[Topology], None]:
    """Return a function that asserts that a wiring's name builds it again, array by array."""

    def check(topology: Topology) -> None:
        again = parse(topology.name)
        assert (again.name, again.params, again.tiers, again.levels) == (
            topology.name,
            topology.params,
            topology.tiers,
            topology.levels,
        )
        for array in ("tier", "node", "rail", "plane", "forwards", "ends", "level", "lanes"):
            assert np.array_equal(getattr(again, array), getattr(topology, array))

    return check
