import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.catalog import parse
from topologies.errors import InputError
from topologies.slim_fly import slim_fly

ANY = st.sampled_from([3, 4, 5, 7, 8, 9, 11, 13, 16, 17, 19, 23, 25, 27, 29, 31, 32])


@settings(max_examples=20, deadline=None)
@given(q=ANY, hosts=st.sampled_from([None, 0, 1, 3]))
def test_counts_and_regularity_are_the_closed_forms(sound, rebuilt, q, hosts):
    topology = slim_fly(q, hosts)
    sound(topology)
    rebuilt(topology)
    degree = (3 * q - {0: 0, 1: 1, 3: -1}[q % 4]) // 2
    own = -(-degree // 2) if hosts is None else hosts
    assert topology.devices == 2 * q * q * max(own, 1)
    assert np.all(np.bincount(topology.ends.ravel())[topology.forwards] == degree + own)
    assert list(topology.cables_by_level.values())[-1] == q * q * degree
    assert len(np.unique(np.sort(topology.ends, axis=1), axis=0)) == len(topology.ends)


@pytest.mark.parametrize("q", [3, 4, 5, 7, 8, 9, 11, 13, 16, 25, 27])
def test_the_diameter_is_2(hops, q):
    assert hops(slim_fly(q, 0)).max() == 2


@pytest.mark.parametrize(
    ("q", "switches", "degree", "cables"),
    [(5, 50, 7, 175), (7, 98, 11, 539), (11, 242, 17, 2057), (13, 338, 19, 3211), (17, 578, 25, 7225), (19, 722, 29, 10469)],
)
def test_published_counts(q, switches, degree, cables):
    topology = slim_fly(q)
    assert topology.devices == switches * -(-degree // 2)
    assert topology.switches_by_tier == {"switch": switches}
    assert topology.cables_by_level["switch-switch"] == cables


@pytest.mark.parametrize(
    ("q", "message"),
    [
        (6, "q must be a prime power 4w-1, 4w or 4w+1, got 6; the nearest are 5 and 7"),
        (14, "q must be a prime power 4w-1, 4w or 4w+1, got 14; the nearest are 13 and 16"),
        (24, "q must be a prime power 4w-1, 4w or 4w+1, got 24; the nearest are 23 and 25"),
        (2, "q must be a whole number >= 3, got 2"),
        (10**17, r"at most 20,000,000 cables .*"),
    ],
)
def test_refusals(q, message):
    with pytest.raises(InputError, match=f"^slim_fly: {message.replace('+', '[+]')}$"):
        parse(f"slim_fly:q={q}")
