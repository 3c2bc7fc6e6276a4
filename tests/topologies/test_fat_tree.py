import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.errors import InputError
from topologies.fat_tree import fat_tree

EVEN = st.integers(1, 6).map(lambda half: 2 * half)


@given(k=EVEN)
def test_counts_are_the_closed_forms(sound, k):
    topology = fat_tree(k)
    sound(topology)
    assert topology.devices == k**3 // 4
    assert topology.switches_by_tier == {"leaf": k * k // 2, "spine": k * k // 2, "core": k * k // 4}
    assert topology.cables_by_level == dict.fromkeys(("host-leaf", "leaf-spine", "spine-core"), k**3 // 4)


@given(k=EVEN)
def test_every_switch_uses_exactly_k_ports(k):
    topology = fat_tree(k)
    assert np.all(np.bincount(topology.ends.ravel())[topology.devices :] == k)


@given(k=EVEN)
def test_leaves_meet_the_spines_of_their_pod_and_no_other(level_matrix, k):
    topology, half = fat_tree(k), k // 2
    first = topology.devices
    middle = level_matrix(topology, "leaf-spine")[first : first + k * half, first + k * half : first + 2 * k * half]
    assert np.array_equal(middle, np.kron(np.eye(k, dtype=int), np.ones((half, half), dtype=int)))


@given(k=EVEN)
def test_spine_s_of_every_pod_meets_core_group_s_and_no_other(level_matrix, k):
    topology, half = fat_tree(k), k // 2
    first = topology.devices + k * half
    top = level_matrix(topology, "spine-core")[first : first + k * half, first + k * half :]
    one_pod = np.kron(np.eye(half, dtype=int), np.ones((1, half), dtype=int))
    assert np.array_equal(top, np.tile(one_pod, (k, 1)))


def test_devices_are_numbered_leaf_by_leaf():
    assert fat_tree(4).ends[:4].tolist() == [[0, 16], [1, 16], [2, 17], [3, 17]]


@pytest.mark.parametrize("k", [-2, 0, 1, 5])
def test_odd_or_missing_ports_are_refused(k):
    with pytest.raises(InputError, match=rf"^fat_tree: k must be an even number of ports >= 2, got {k}$"):
        fat_tree(k)


def test_more_than_memory_holds_is_refused():
    with pytest.raises(InputError, match=r"^fat_tree: at most 20,000,000 cables"):
        fat_tree(1000)
