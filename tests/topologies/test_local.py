import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.errors import InputError
from topologies.local import local


@given(slots=st.integers(1, 64))
def test_every_slot_meets_both_hubs_in_one_node(sound, slots):
    topology = local(slots)
    sound(topology)
    assert (topology.nodes, topology.devices_per_node, topology.tiers) == (1, slots, ("host", "hub"))
    assert topology.cables_by_level == {"memory": slots, "loopback": slots}
    assert topology.ends.tolist() == [[d, slots] for d in range(slots)] + [[d, slots + 1] for d in range(slots)]


def test_the_hubs_are_two_planes():
    assert local(2).plane.tolist() == [-1, -1, 0, 1]


def test_no_slot_is_refused():
    with pytest.raises(InputError, match=r"^local: slots must be a whole number from 1 to 32767, got 0$"):
        local(0)
