import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.errors import InputError
from topologies.star import star


@given(devices=st.integers(1, 200))
def test_every_device_hangs_on_the_one_switch(sound, devices):
    topology = star(devices)
    sound(topology)
    assert topology.switches_by_tier == {"leaf": 1}
    assert topology.cables_by_level == {"host-leaf": devices}
    assert topology.ends.tolist() == [[d, devices] for d in range(devices)]


def test_no_device_is_refused():
    with pytest.raises(InputError, match=r"^star: devices must be a whole number >= 1, got 0$"):
        star(0)


def test_more_devices_than_memory_holds_are_refused():
    with pytest.raises(InputError, match=r"^star: at most 20,000,000 cables"):
        star(10**12)
