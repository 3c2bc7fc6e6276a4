import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.errors import InputError
from topologies.ring import ring, ring_bisection


@given(switches=st.integers(3, 40), hosts=st.integers(0, 4))
def test_every_vertex_has_two_neighbours_and_its_hosts(sound, hops, rebuilt, switches, hosts):
    topology = ring(switches, hosts)
    sound(topology)
    rebuilt(topology)
    assert np.all(np.bincount(topology.ends.ravel())[topology.forwards] == 2 + hosts)
    assert hops(topology).max() == switches // 2


def test_names_of_tiers_and_levels():
    assert ring(6).cables_by_level == {"host-switch": 6, "switch-switch": 6}
    assert ring(6, 0).cables_by_level == {"host-host": 6}


@given(switches=st.integers(3, 9), hosts=st.integers(0, 4))
def test_the_bisection_is_the_fewest_of_all_splits(switches, hosts):
    """Of the switches on one side only the arcs and how many they are count: hosts move for one cable each."""
    bits = (np.arange(2**switches)[:, None] >> np.arange(switches)) & 1
    cut = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    weight = max(hosts, 1)
    excess = np.abs(bits.sum(axis=1) * weight - switches * weight // 2)
    fewest = (cut + excess).min() if hosts else cut[excess == 0].min()
    assert ring_bisection(switches, hosts) == fewest


def test_too_few_are_refused():
    with pytest.raises(InputError, match=r"^ring: switches must be a whole number >= 3, got 2$"):
        ring(2)
