from math import prod

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.twisted_torus import twisted_torus


@st.composite
def shapes(draw: st.DrawFn) -> tuple[list[int], int]:
    dims = draw(st.lists(st.integers(1, 6), min_size=2, max_size=3).filter(lambda d: min(d) < max(d)))
    return dims, draw(st.integers(1, max(dims) - 1))


@given(shape=shapes(), hosts=st.integers(0, 1))
def test_every_dimension_is_a_set_of_rings_without_doubled_cables(sound, hops, rebuilt, shape, hosts):
    dims, twist = shape
    topology = twisted_torus("x".join(map(str, dims)), twist, hosts)
    sound(topology)
    rebuilt(topology)
    inner = np.bincount(topology.ends.ravel())[topology.forwards] - hosts
    assert np.all(inner == inner[0])
    assert inner[0] <= 2 * len(dims)
    assert np.isfinite(hops(topology)).all()


@given(a=st.integers(2, 5))
def test_the_rectangular_one_is_the_lattice_of_its_matrix(a):
    """Places modulo (a, a) and (0, 2a): the 2-D lattice that a x 2a twisted by a is, built from its definition."""
    found = nx.Graph(twisted_torus(f"{a}x{2 * a}", a).ends.tolist())

    def place(x: int, y: int) -> int:
        turns, x = divmod(x, a)
        return x * 2 * a + (y + turns * a) % (2 * a)

    expected = nx.Graph()
    for x in range(a):
        for y in range(2 * a):
            expected.add_edges_from([(place(x, y), place(x + 1, y)), (place(x, y), place(x, y + 1))])
    assert set(map(frozenset, found.edges)) == set(map(frozenset, expected.edges))


@pytest.mark.parametrize(
    ("dims", "straight", "twisted"),
    [("4x8", 6, 4), ("8x16", 12, 8), ("4x4x8", 8, 6), ("4x8x8", 10, 6), ("8x8x16", 16, 12), ("8x16x16", 20, 12)],
)
def test_twisting_by_half_of_the_longest_shortens_the_way(hops, dims, straight, twisted):
    longest = int(dims.split("x")[-1])
    assert hops(parse(f"torus:dims={dims}")).max() == straight
    assert hops(twisted_torus(dims, longest // 2)).max() == twisted


def test_cubes_keep_their_faces():
    topology = twisted_torus("4x4x8", 4, cube=4)
    assert topology.cables_by_level == {"inside-cube": 2 * 144, "between-cubes": 2 * 3 * 16}
    assert len(topology.ends) == 3 * prod((4, 4, 8))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("twisted_torus:dims=4x4,twist=2", "dims must have a dimension shorter than the longest, as 4x4x8, got '4x4'"),
        ("twisted_torus:dims=4x8,twist=8", "twist must be a whole number from 1 to 7, got 8"),
        ("twisted_torus:dims=4x8,twist=0", "twist must be a whole number from 1 to 7, got 0"),
        ("twisted_torus:dims=4x8,twist=4,cube=3", "cube must divide every one of dims=4x8, got 3"),
    ],
)
def test_refusals(spec, message):
    with pytest.raises(InputError, match=f"^twisted_torus: {message}$"):
        parse(spec)
