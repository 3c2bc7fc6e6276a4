from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.torus import ring_pairs, torus

DIMS = st.lists(st.integers(1, 5), min_size=1, max_size=4).filter(lambda dims: 1 < prod(dims) <= 200)


def text(dims: list[int]) -> str:
    return "x".join(map(str, dims))


@given(dims=DIMS, hosts=st.integers(0, 2))
def test_counts_degrees_and_diameter_are_the_closed_forms(sound, hops, rebuilt, dims, hosts):
    topology, places = torus(text(dims), hosts), prod(dims)
    sound(topology)
    rebuilt(topology)
    cables = sum(places if size > 2 else places // 2 for size in dims if size > 1)
    assert sum(topology.cables_by_level.values()) == cables + places * hosts
    assert topology.devices == places * max(hosts, 1)
    inner = np.bincount(topology.ends.ravel())[topology.forwards]
    assert np.all(inner == hosts + sum(min(size, 3) - 1 for size in dims))
    assert hops(topology).max() == sum(size // 2 for size in dims)


@given(dims=DIMS)
def test_no_two_cables_join_the_same_places(dims):
    ends = torus(text(dims)).ends
    assert len(np.unique(np.sort(ends, axis=1), axis=0)) == len(ends)


def test_a_dimension_of_two_has_one_cable_and_one_of_one_has_none():
    assert ring_pairs(1).tolist() == []
    assert ring_pairs(2).tolist() == [[0, 1]]
    assert ring_pairs(3).tolist() == [[0, 1], [1, 2], [2, 0]]
    assert torus("2x1").ends.tolist() == [[0, 1]]


def test_devices_forward_without_hosts_only():
    assert torus("4x4").forwards.all()
    assert torus("4x4").tiers == ("host",)
    assert not torus("4x4", 1).forwards[:16].any()


def test_the_pod_of_64_cubes_runs_3072_cables_through_48_optical_switches():
    topology = torus("16x16x16", cube=4)
    assert topology.cables_by_level == {"inside-cube": 64 * 144, "between-cubes": 48 * 64}
    assert topology.name == "torus:dims=16x16x16,hosts=0,cube=4"


@given(cubes=st.lists(st.integers(1, 3), min_size=1, max_size=3).filter(lambda c: prod(c) > 1), hosts=st.integers(0, 1))
def test_what_leaves_a_cube_is_one_cable_per_place_on_a_face(sound, rebuilt, cubes, hosts):
    topology, side = torus(text([3 * n for n in cubes]), hosts, cube=3), 3 ** (len(cubes) - 1)
    sound(topology)
    rebuilt(topology)
    assert topology.cables_by_level["between-cubes"] == prod(cubes) * len(cubes) * side
    plain = torus(text([3 * n for n in cubes]), hosts)
    assert sorted(np.sort(topology.ends).tolist()) == sorted(np.sort(plain.ends).tolist())


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("torus:dims=4xx4", r"dims must be whole numbers >= 1 joined by x, as 4x4x\d, got '4xx4'"),
        ("torus:dims=4x0", r"dims must be whole numbers >= 1 joined by x, as 4x4x\d, got '4x0'"),
        ("torus:dims=1x1", "a network needs 2 or more vertices, this size has 1"),
        ("torus:dims=4x4,hosts=-1", "hosts must be a whole number >= 0, got -1"),
        ("torus:dims=4x6,cube=4", "cube must divide every one of dims=4x6, got 4"),
        ("torus:dims=4x4,cube=-1", "cube must be a whole number >= 0, got -1"),
        ("torus:dims=9999x9999x9999", "at most 20,000,000 cables can be held in memory, this size needs 2,999,100,089,997"),
    ],
)
def test_refusals(spec, message):
    with pytest.raises(InputError, match=f"^torus: {message}$"):
        parse(spec)
