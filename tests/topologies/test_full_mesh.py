import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.full_mesh import full_mesh


@given(size=st.integers(2, 30), hosts=st.integers(0, 3))
def test_one_dimension_joins_everyone_to_everyone(sound, hops, rebuilt, size, hosts):
    topology = full_mesh(str(size), hosts)
    sound(topology)
    rebuilt(topology)
    assert np.all(hops(topology) + np.eye(size) == 1)
    assert list(topology.cables_by_level.values())[-1] == size * (size - 1) // 2


@given(dims=st.lists(st.integers(2, 4), min_size=1, max_size=3))
def test_it_is_a_hyperx_whose_vertices_are_devices(dims):
    text = "x".join(map(str, dims))
    mesh, switches = full_mesh(text), parse(f"hyperx:dims={text},hosts=1")
    assert np.array_equal(mesh.ends + mesh.devices, switches.ends[switches.level == 1])
    assert mesh.forwards.all()
    assert mesh.tiers == ("host",)


def test_a_rack_of_64_in_two_dimensions():
    assert parse("full_mesh:dims=8x8").cables_by_level == {"host-host": 64 * 14 // 2}


def test_too_many_cables_are_refused():
    with pytest.raises(InputError, match=r"^full_mesh: at most 20,000,000 cables .* needs 24,496,500$"):
        parse("full_mesh:dims=7000")
