import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.dragonfly_plus import dragonfly_plus
from topologies.errors import InputError


@given(p=st.integers(1, 3), leaves=st.integers(1, 4), spines=st.integers(1, 4), h=st.integers(1, 3))
def test_the_canonical_one_is_the_closed_forms(sound, hops, rebuilt, p, leaves, spines, h):
    topology, groups = dragonfly_plus(p, leaves, spines, h), spines * h + 1
    sound(topology)
    rebuilt(topology)
    assert topology.devices == groups * leaves * p
    assert topology.switches_by_tier == {"leaf": groups * leaves, "spine": groups * spines}
    assert topology.cables_by_level == {
        "host-leaf": topology.devices,
        "leaf-spine": groups * leaves * spines,
        "spine-spine": groups * spines * h // 2,
    }
    degrees = np.bincount(topology.ends.ravel())
    assert np.all(degrees[topology.tier == 1] == p + spines)
    assert np.all(degrees[topology.tier == 2] == leaves + h)
    assert hops(topology)[: groups * leaves, : groups * leaves].max() <= 3


def test_fewer_groups_stand_in_the_name():
    assert dragonfly_plus(1, 2, 2, 2, 4).name == "dragonfly_plus:p=1,leaves=2,spines=2,h=2,groups=4"


def test_too_many_groups_are_refused():
    with pytest.raises(InputError, match=r"^dragonfly_plus: groups must be .* from 2 to spines\*h\+1 = 5, got 6$"):
        parse("dragonfly_plus:p=1,leaves=2,spines=2,h=2,groups=6")
