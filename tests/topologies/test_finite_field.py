import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topologies.finite_field import field, nearest_prime_powers, prime_power

ORDERS = st.sampled_from([2, 3, 4, 5, 7, 8, 9, 16, 25, 27, 49, 64, 81, 121, 125])
PRIME_POWERS = [2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 17, 19, 23, 25, 27, 29, 31, 32, 37, 41, 43, 47, 49, 53, 59, 61, 64]


@given(q=ORDERS, data=st.data())
def test_the_laws_of_a_field(q, data):
    gf, element = field(q), st.integers(0, q - 1).map(np.int32)
    a, b, c = (np.array([data.draw(element)]) for _ in range(3))
    assert gf.add(a, b) == gf.add(b, a)
    assert gf.add(gf.add(a, b), c) == gf.add(a, gf.add(b, c))
    assert gf.multiply(gf.multiply(a, b), c) == gf.multiply(a, gf.multiply(b, c))
    assert gf.multiply(a, gf.add(b, c)) == gf.add(gf.multiply(a, b), gf.multiply(a, c))
    assert gf.add(a, gf.negative(a)) == 0
    assert gf.add(a, np.array([0])) == gf.multiply(a, np.array([1])) == a
    if a:
        assert gf.multiply(a, gf.inverse(a)) == 1


@given(q=ORDERS)
def test_the_powers_of_the_primitive_element_are_everything_but_0(q):
    assert sorted(field(q).powers.tolist()) == list(range(1, q))


def test_a_prime_field_counts_modulo_p():
    gf, everything = field(7), np.arange(7)
    assert np.array_equal(gf.multiply(everything[:, None], everything), np.outer(everything, everything) % 7)
    assert np.array_equal(gf.add(everything[:, None], everything), np.add.outer(everything, everything) % 7)


def test_prime_powers():
    assert [q for q in range(65) if prime_power(q)] == PRIME_POWERS
    assert prime_power(343) == (7, 3)


@pytest.mark.parametrize(("q", "nearest"), [(6, [5, 7]), (24, [23, 25]), (1, [2]), (100, [97, 101])])
def test_the_nearest_prime_powers(q, nearest):
    assert nearest_prime_powers(q) == nearest
