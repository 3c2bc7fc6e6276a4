import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.polarfly import polarfly

ANY = st.sampled_from([2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 17, 19, 23, 25, 27, 29, 31, 32])


@settings(max_examples=20, deadline=None)
@given(q=ANY, hosts=st.sampled_from([None, 0, 2]))
def test_counts_and_degrees_are_the_closed_forms(sound, rebuilt, q, hosts):
    topology = polarfly(q, hosts)
    sound(topology)
    rebuilt(topology)
    own = q // 2 + 1 if hosts is None else hosts
    assert topology.devices == (q * q + q + 1) * max(own, 1)
    degrees = np.bincount(topology.ends.ravel())[topology.forwards] - own
    assert np.bincount(degrees).tolist() == [0] * q + [q + 1, q * q]
    assert list(topology.cables_by_level.values())[-1] == q * (q + 1) ** 2 // 2


@pytest.mark.parametrize("q", [2, 3, 4, 5, 7, 8, 9, 13, 16])
def test_any_two_meet_over_one_shortest_path_of_at_most_2(hops, level_matrix, q):
    topology = polarfly(q, 0)
    distance = hops(topology)
    assert distance.max() == 2
    near = level_matrix(topology, "host-host")
    near += near.T
    assert near.max() == 1
    assert np.all((near @ near)[distance == 2] == 1)


@pytest.mark.parametrize(
    ("q", "message"),
    [
        (6, "q must be a prime power, got 6; the nearest are 5 and 7"),
        (15, "q must be a prime power, got 15; the nearest are 13 and 16"),
        (1, "q must be a whole number >= 2, got 1"),
        (10**17, r"at most 20,000,000 cables .*"),
    ],
)
def test_refusals(q, message):
    with pytest.raises(InputError, match=f"^polarfly: {message}$"):
        parse(f"polarfly:q={q}")
