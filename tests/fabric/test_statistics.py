from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.statistics import half_width, interval, median, order_ranks


def coverage(count: int, low: int) -> float:
    return 1 - 2 * sum(comb(count, k) for k in range(low + 1)) / 2**count


@given(st.integers(1, 900))
def test_intervals_cover_at_least_95_percent_and_are_the_narrowest(count):
    ranks = order_ranks(count)
    if ranks is None:
        assert coverage(count, 0) < 0.95
        return
    low, high = ranks
    assert high == count - 1 - low
    assert coverage(count, low) >= 0.95
    assert low + 1 >= count // 2 or coverage(count, low + 1) < 0.95


def test_six_samples_are_the_fewest():
    assert order_ranks(5) is None
    assert order_ranks(6) == (0, 5)
    assert interval([1, 2, 3]) is None
    assert half_width([1, 2, 3]) == float("inf")


def test_large_counts_agree_with_the_normal_approximation():
    low, _ = order_ranks(10_000)
    assert low == pytest.approx(5000 - 1.96 * 50, abs=2)


def test_simulated_coverage_of_a_skewed_distribution():
    rng = np.random.default_rng(0)
    hits = sum(low <= np.log(2) <= high for low, high in (interval(rng.exponential(size=21)) for _ in range(2000)))
    assert hits / 2000 > 0.945


def test_median_of_nothing_is_nan():
    assert np.isnan(median([]))
    assert median([3, 1, 2]) == 2
