import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.errors import InputError
from topologies.hypercube import hypercube


@given(n=st.integers(1, 7), hosts=st.integers(0, 2))
def test_hops_are_the_bits_that_differ(sound, hops, rebuilt, n, hosts):
    topology = hypercube(n, hosts)
    sound(topology)
    rebuilt(topology)
    number = np.arange(2**n)
    bits = np.bitwise_count(number[:, None] ^ number) if hasattr(np, "bitwise_count") else None
    assert bits is None or np.array_equal(hops(topology), bits)
    assert list(topology.cables_by_level.values())[-1] == n * 2 ** (n - 1)
    assert np.all(np.bincount(topology.ends.ravel())[topology.forwards] == n + hosts)


@pytest.mark.parametrize("n", [0, 25])
def test_refusals(n):
    with pytest.raises(InputError, match=f"^hypercube: n must be a whole number from 1 to 24, got {n}$"):
        hypercube(n)
