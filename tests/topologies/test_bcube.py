import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.bcube import bcube
from topologies.errors import InputError


@given(n=st.integers(2, 4), k=st.integers(0, 3))
def test_counts_degrees_and_hops_are_the_closed_forms(sound, hops, rebuilt, n, k):
    topology, servers = bcube(n, k), n ** (k + 1)
    sound(topology)
    rebuilt(topology)
    assert topology.devices == servers
    assert topology.switches_by_tier == {"switch": (k + 1) * n**k}
    assert topology.cables_by_level == {"host-switch": (k + 1) * servers}
    degrees = np.bincount(topology.ends.ravel())
    assert np.all(degrees[:servers] == k + 1)
    assert np.all(degrees[servers:] == n)
    assert topology.forwards.all()
    digits = np.arange(servers)[:, None] // n ** np.arange(k + 1) % n
    assert np.array_equal(hops(topology)[:servers, :servers], 2 * (digits[:, None] != digits).sum(axis=2))


@pytest.mark.parametrize(
    ("n", "k", "message"),
    [
        (1, 1, "n must be a whole number >= 2, got 1"),
        (4, -1, "k must be a whole number from 0 to 24, got -1"),
        (4, 10**17, "k must be a whole number from 0 to 24, got 100000000000000000"),
        (2, 24, "at most 20,000,000 cables can be held in memory, this size needs 838,860,800"),
    ],
)
def test_refusals(n, k, message):
    with pytest.raises(InputError, match=f"^bcube: {message}$"):
        bcube(n, k)
