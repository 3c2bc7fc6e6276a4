"""Regimes by q = S / (p^2 * 45 us * B), and the rate that is chosen from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.twin.regime import FASTEST, SLOWEST, check, choose_rate, goodput, regime
from topologies.errors import InputError

MIB = 1 << 20


def test_goodput_is_the_payload_of_a_frame():
    assert goodput(50e6) == pytest.approx(5.9775e6, rel=1e-4)


@pytest.mark.parametrize(
    ("nbytes", "ranks", "rate", "name"),
    [(256 << 10, 8, 50e6, "bandwidth"), (MIB, 32, 25e6, "mixed"), (256 << 10, 64, 10e6, "processor")],
)
def test_published_points_fall_where_they_were_seen(nbytes, ranks, rate, name):
    assert regime(nbytes, ranks, rate).name == name


@given(st.integers(2, 64), st.integers(1 << 12, 1 << 26))
def test_the_chosen_rate_makes_the_smallest_size_bandwidth_bound_unless_it_is_the_slowest(ranks, nbytes):
    rate = choose_rate([nbytes, 2 * nbytes], ranks)
    assert SLOWEST <= rate <= FASTEST
    assert rate == SLOWEST or regime(nbytes, ranks, rate).name == "bandwidth"
    assert rate == FASTEST or regime(nbytes, ranks, 1.2 * rate).name != "bandwidth"


def test_points_that_the_processor_decides_are_refused():
    with pytest.raises(
        InputError, match=r"65536 bytes on 32 ranks at 25 Mbit/s are CPU-bound \(q = 0.5, below 2\), not evidence"
    ):
        check(65536, 32, 25e6)
