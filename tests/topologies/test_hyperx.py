from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.hyperx import hyperx

DIMS = st.lists(st.integers(1, 5), min_size=1, max_size=4).filter(lambda dims: 1 < prod(dims) <= 200)


@given(dims=DIMS, hosts=st.integers(0, 3))
def test_counts_degrees_and_diameter_are_the_closed_forms(sound, hops, rebuilt, dims, hosts):
    topology, places = hyperx("x".join(map(str, dims)), hosts), prod(dims)
    sound(topology)
    rebuilt(topology)
    degree = sum(size - 1 for size in dims)
    assert list(topology.cables_by_level.values())[-1] == places * degree // 2
    assert topology.devices == places * max(hosts, 1)
    assert np.all(np.bincount(topology.ends.ravel())[topology.forwards] == degree + hosts)
    assert hops(topology).max() == sum(size > 1 for size in dims)


@given(dims=DIMS)
def test_hops_are_the_coordinates_that_differ(hops, dims):
    place = np.stack(np.unravel_index(np.arange(prod(dims)), dims), axis=1)
    assert np.array_equal(hops(hyperx("x".join(map(str, dims)), 0)), (place[:, None] != place).sum(axis=2))


def test_lanes_belong_to_a_dimension(rebuilt):
    topology = hyperx("3x2", 1, "4x2")
    rebuilt(topology)
    assert topology.name == "hyperx:dims=3x2,hosts=1,lanes=4x2"
    assert topology.lanes.tolist() == [1] * 6 + [4] * 6 + [2] * 3
    assert hyperx("3x2", 1, "2").name == "hyperx:dims=3x2,hosts=1,lanes=2x2"
    assert hyperx("3x2", 1, "1x1").name == "hyperx:dims=3x2,hosts=1"


@pytest.mark.parametrize("lanes", ["2x2x2", "1001"])
def test_lanes_of_another_shape_are_refused(lanes):
    message = f"lanes must be one number up to 1000 for all dimensions or one for each of 4x4, got '{lanes}'"
    with pytest.raises(InputError, match=f"^hyperx: {message}$"):
        parse(f"hyperx:dims=4x4,lanes={lanes}")


def test_one_switch_is_refused():
    with pytest.raises(InputError, match=r"^hyperx: a network needs 2 or more vertices, this size has 1$"):
        parse("hyperx:dims=1")
