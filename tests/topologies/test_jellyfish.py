import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.jellyfish import jellyfish


@given(half=st.integers(1, 20), degree=st.integers(1, 39), hosts=st.integers(0, 3), seed=st.integers(0, 5))
def test_every_switch_has_its_degree_and_no_doubled_cable(sound, rebuilt, half, degree, hosts, seed):
    switches = 2 * half
    topology = jellyfish(switches, min(degree, switches - 1), hosts, seed)
    sound(topology)
    rebuilt(topology)
    assert np.all(np.bincount(topology.ends.ravel())[topology.forwards] == min(degree, switches - 1) + hosts)
    assert len(np.unique(topology.ends, axis=0)) == len(topology.ends)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_is_the_graph_that_networkx_draws(seed):
    topology = jellyfish(90, 7, 5, seed)
    drawn = nx.random_regular_graph(7, 90, seed=seed)
    assert sorted(map(sorted, drawn.edges)) == (topology.ends[450:] - 450).tolist()


def test_seeds_differ():
    assert not np.array_equal(jellyfish(20, 3, 1, 1).ends, jellyfish(20, 3, 1, 2).ends)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            "switches=5,degree=3",
            "switches times degree must be even, got 5 * 3; the nearest are switches=4 or 6, degree=2 or 4",
        ),
        (
            "switches=3,degree=1",
            "switches times degree must be even, got 3 * 1; the nearest are switches=2 or 4, degree=2",
        ),
        ("switches=5,degree=5", r"degree must be below switches \(5\), got 5"),
        ("switches=5,degree=0", "degree must be a whole number >= 1, got 0"),
        ("switches=6,degree=3,seed=-1", "seed must be a whole number >= 0, got -1"),
    ],
)
def test_refusals(params, message):
    with pytest.raises(InputError, match=f"^jellyfish: {message.replace('*', r'[*]')}$"):
        parse(f"jellyfish:hosts=1,{params}")
