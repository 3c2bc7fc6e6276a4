import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.errors import InputError
from topologies.leaf_spine import leaf_spine

COUNTS = st.integers(1, 9)


@given(leaves=COUNTS, spines=COUNTS, hosts=COUNTS, parallel=st.integers(1, 3))
def test_every_leaf_meets_every_spine_equally(sound, level_matrix, leaves, spines, hosts, parallel):
    topology = leaf_spine(leaves, spines, hosts, uplinks=spines * parallel)
    sound(topology)
    assert topology.switches_by_tier == {"leaf": leaves, "spine": spines}
    assert topology.cables_by_level == {"host-leaf": leaves * hosts, "leaf-spine": leaves * spines * parallel}
    devices = leaves * hosts
    middle = level_matrix(topology, "leaf-spine")[devices : devices + leaves, devices + leaves :]
    assert np.all(middle == parallel)


def test_devices_are_numbered_leaf_by_leaf():
    topology = leaf_spine(2, 1, 3)
    assert topology.ends[:6].tolist() == [[0, 6], [1, 6], [2, 6], [3, 7], [4, 7], [5, 7]]


def test_uplinks_stand_in_the_name_only_where_they_are_not_the_default():
    assert leaf_spine(4, 2, 8).name == "leaf_spine:leaves=4,spines=2,hosts_per_leaf=8"
    assert leaf_spine(4, 2, 8, 2).name == "leaf_spine:leaves=4,spines=2,hosts_per_leaf=8"
    assert leaf_spine(4, 2, 8, 6).name == "leaf_spine:leaves=4,spines=2,hosts_per_leaf=8,uplinks=6"


@pytest.mark.parametrize("uplinks", [-2, 0, 3])
def test_uplinks_that_cannot_be_striped_evenly_are_refused(uplinks):
    with pytest.raises(InputError, match=rf"^leaf_spine: uplinks must be a multiple of spines \(2\), got {uplinks}$"):
        leaf_spine(4, 2, 8, uplinks)


@pytest.mark.parametrize("name", ["leaves", "spines", "hosts_per_leaf"])
def test_counts_below_one_are_refused_by_name(name):
    sizes = {"leaves": 4, "spines": 2, "hosts_per_leaf": 8} | {name: 0}
    with pytest.raises(InputError, match=rf"^leaf_spine: {name} must be a whole number >= 1, got 0$"):
        leaf_spine(**sizes)
