import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.de_bruijn import de_bruijn
from topologies.errors import InputError


@given(base=st.integers(2, 4), n=st.integers(1, 4), hosts=st.integers(0, 2))
def test_a_word_meets_its_shifts_and_the_diameter_is_its_length(sound, hops, rebuilt, base, n, hosts):
    topology, words = de_bruijn(base, n, hosts), base**n
    sound(topology)
    rebuilt(topology)
    cables = topology.ends[words * hosts :] - words * hosts
    shifts = {frozenset((w, (w * base + s) % words)) for w in range(words) for s in range(base)}
    assert {frozenset(pair) for pair in cables.tolist()} == {pair for pair in shifts if len(pair) == 2}
    pairs = base * (base - 1) // 2
    assert len(cables) == (base ** (n + 1) - base - pairs if n > 1 else pairs)
    assert hops(topology).max() == n


def test_refusals():
    with pytest.raises(InputError, match=r"^de_bruijn: base must be a whole number >= 2, got 1$"):
        de_bruijn(1, 3)
    with pytest.raises(InputError, match=r"^de_bruijn: n must be a whole number from 1 to 24, got 25$"):
        de_bruijn(2, 25)
