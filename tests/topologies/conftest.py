"""What the tests of wirings share: invariants that hold for every family."""

from collections.abc import Callable

import numpy as np
import pytest

from topologies.base import Topology


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
