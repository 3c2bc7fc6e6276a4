import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.errors import InputError
from topologies.xpander import xpander


@given(degree=st.integers(1, 8), lift=st.integers(1, 8), hosts=st.integers(0, 2), seed=st.integers(0, 5))
def test_any_two_meta_nodes_are_matched_and_none_inside(sound, rebuilt, degree, lift, hosts, seed):
    topology = xpander(degree, lift, hosts, seed)
    sound(topology)
    rebuilt(topology)
    switches = (degree + 1) * lift
    cables = topology.ends[switches * hosts :] - switches * hosts
    assert np.all(np.bincount(cables.ravel()) == degree)
    assert len(np.unique(cables, axis=0)) == len(cables) == switches * degree // 2
    meta = cables // lift
    assert np.all(meta[:, 0] < meta[:, 1])
    assert np.all(np.unique(meta, axis=0, return_counts=True)[1] == lift)


def test_a_lift_of_one_is_the_full_mesh():
    assert xpander(4, 1, 0).ends.tolist() == [[a, b] for a in range(5) for b in range(a + 1, 5)]


def test_refusals():
    with pytest.raises(InputError, match=r"^xpander: lift must be a whole number >= 1, got 0$"):
        xpander(3, 0, 1)
    with pytest.raises(InputError, match=r"^xpander: seed must be a whole number >= 0, got -1$"):
        xpander(3, 2, 1, -1)
