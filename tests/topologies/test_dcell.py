import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.dcell import dcell
from topologies.errors import InputError


def defined(n: int, k: int) -> set[frozenset[int]]:
    """Return the server cables by the recursion of the paper, one by one."""
    if k == 0:
        return set()
    cell = n
    for _ in range(k - 1):
        cell *= cell + 1
    inner = {frozenset(i * cell + v for v in pair) for i in range(cell + 1) for pair in defined(n, k - 1)}
    return inner | {frozenset((i * cell + j - 1, j * cell + i)) for j in range(cell + 1) for i in range(j)}


@given(n=st.integers(2, 5), k=st.integers(0, 2))
def test_the_cables_are_those_of_the_recursion(sound, rebuilt, n, k):
    topology = dcell(n, k)
    sound(topology)
    rebuilt(topology)
    between = topology.ends[topology.ends[:, 1] < topology.devices]
    assert {frozenset(pair) for pair in between.tolist()} == defined(n, k)
    assert len(between) == topology.devices * k // 2
    degrees = np.bincount(topology.ends.ravel())
    assert np.all(degrees[: topology.devices] == k + 1)
    assert np.all(degrees[topology.devices :] == n)


@pytest.mark.parametrize(("n", "k", "servers"), [(4, 0, 4), (4, 1, 20), (4, 2, 420), (4, 3, 176_820), (2, 3, 1806)])
def test_published_counts(n, k, servers):
    topology = dcell(n, k)
    assert topology.devices == servers
    assert topology.switches_by_tier == {"switch": servers // n}
    assert topology.forwards.all()


@pytest.mark.parametrize(("n", "k"), [(2, 1), (2, 2), (4, 1), (4, 2)])
def test_servers_are_close(hops, n, k):
    """A way through a switch counts two hops, so a way of 2^(k+1) - 1 server hops has no more than twice as many."""
    topology = dcell(n, k)
    assert hops(topology)[: topology.devices, : topology.devices].max() <= 2 * (2 ** (k + 1) - 1)


@pytest.mark.parametrize(
    ("n", "k", "message"),
    [
        (1, 1, "n must be a whole number >= 2, got 1"),
        (4, -1, "k must be a whole number >= 0, got -1"),
        (4, 10**17, r"at most 20,000,000 cables .*"),
    ],
)
def test_refusals(n, k, message):
    with pytest.raises(InputError, match=f"^dcell: {message}$"):
        dcell(n, k)
