from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.base import Topology
from topologies.direct import all_pairs, check_graph, full_mesh_bisection, half_of, line_cables, path_pairs, wire
from topologies.errors import InputError
from topologies.full_mesh import full_mesh


def fewest_cut(topology: Topology) -> int:
    """Return the bisection by trying every split of the devices, and of the switches for each."""
    devices, free = topology.devices, topology.vertices - topology.devices
    inner = (np.arange(2**free)[:, None] >> np.arange(free)) & 1
    best = len(topology.ends)
    for half in combinations(range(devices), devices // 2):
        side = np.zeros((len(inner), devices), dtype=int)
        side[:, list(half)] = 1
        whole = np.concatenate([side, inner], axis=1)
        best = min(best, int((whole[:, topology.ends[:, 0]] != whole[:, topology.ends[:, 1]]).sum(axis=1).min()))
    return best


def test_hosts_make_switches_and_no_hosts_make_devices_that_forward():
    triangle = all_pairs(3)
    bare, hosted = wire("x", {}, 3, 0, triangle), wire("x", {}, 3, 2, triangle)
    assert (bare.tiers, bare.levels, bare.devices) == (("host",), ("host-host",), 3)
    assert bare.forwards.all()
    assert bare.switches_by_tier == {}
    assert (hosted.tiers, hosted.levels, hosted.devices) == (("host", "switch"), ("host-switch", "switch-switch"), 6)
    assert hosted.forwards.tolist() == [False] * 6 + [True] * 3
    assert hosted.ends.tolist() == [[0, 6], [1, 6], [2, 7], [3, 7], [4, 8], [5, 8], [6, 7], [6, 8], [7, 8]]


def test_lanes_are_those_of_the_graph_and_one_for_hosts():
    lanes = np.array([1, 2, 3])
    assert wire("x", {}, 3, 1, all_pairs(3), lanes=lanes).lanes.tolist() == [1, 1, 1, 1, 2, 3]
    assert wire("x", {}, 3, 0, all_pairs(3), lanes=lanes).lanes.tolist() == [1, 2, 3]


def test_cables_are_repeated_on_every_line_of_a_grid():
    assert line_cables((2, 3), 0, path_pairs(2)).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert sorted(line_cables((2, 3), 1, path_pairs(3)).tolist()) == [[0, 1], [1, 2], [3, 4], [4, 5]]


@given(degree=st.integers(1, 99))
def test_hosts_default_to_half_of_the_degree_rounded_up(degree):
    assert half_of(degree, None) == (degree + 1) // 2
    assert half_of(degree, 3) == 3


@pytest.mark.parametrize(
    ("dims", "hosts"),
    [(dims, 0) for dims in ("2", "3", "4", "5", "6", "2x2", "2x3", "4x2", "2x5", "2x2x2", "1x4")]
    + [(dims, 1) for dims in ("2", "3", "4", "5", "2x2", "2x3")]
    + [(dims, 2) for dims in ("3", "4", "2x2")]
    + [("3", 3), ("2", 4)],
)
def test_the_bisection_of_full_meshes_is_the_fewest_of_all_splits(dims, hosts):
    sizes = tuple(map(int, dims.split("x")))
    assert full_mesh_bisection(sizes, hosts) == fewest_cut(full_mesh(dims, hosts))


def test_no_formula_for_an_odd_smallest_dimension():
    assert full_mesh_bisection((3, 4), 1) is None


def test_refusals():
    with pytest.raises(InputError, match=r"^x: hosts must be a whole number >= 0, got -1$"):
        check_graph("x", 4, -1, 4)
    with pytest.raises(InputError, match=r"^x: a network needs 2 or more vertices, this size has 1$"):
        check_graph("x", 1, 1, 0)
    with pytest.raises(InputError, match=r"^x: at most 20,000,000 cables"):
        check_graph("x", 10**7, 2, 1)
