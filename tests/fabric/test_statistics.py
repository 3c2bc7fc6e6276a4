from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, lognorm

from fabric.statistics import (
    AT_ANY_STOP,
    CONFIDENCE,
    half_width,
    interval,
    median,
    needed,
    order_ranks,
    percentile,
    pooled_interval,
    series_interval,
)
from topologies.errors import InputError


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


@pytest.mark.parametrize("quantile", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_there_is_an_interval_from_needed_on_and_it_covers_95_percent_at_every_count(quantile):
    fewest = needed(quantile)
    assert order_ranks(fewest - 1, quantile=quantile) is None
    for count in [*range(fewest, fewest + 200), *range(fewest + 200, 6000, 97)]:
        low, high = order_ranks(count, quantile=quantile)
        exact = binom(count, quantile)
        assert exact.cdf(high) - exact.cdf(low) >= CONFIDENCE - 1e-12, (count, low, high)


def test_the_counts_needed_are_those_of_the_closed_form():
    assert [needed(q) for q in (0.5, 0.1, 0.9, 0.01, 0.99)] == [6, 29, 29, 299, 299]
    assert 1 - 0.99**299 - 0.01**299 >= 0.95 > 1 - 0.99**298 - 0.01**298


@given(st.integers(29, 400), st.sampled_from([0.1, 0.9]))
def test_no_pair_is_narrower(count, quantile):
    low, high = order_ranks(count, quantile=quantile)
    below = binom.cdf(np.arange(count), count, quantile)
    wide = high - low - 1
    assert (below[wide:] - below[: count - wide] < CONFIDENCE + 1e-9).all()


@pytest.mark.parametrize(
    ("quantile", "count"), [(0.5, 6), (0.5, 9), (0.5, 40), (0.1, 29), (0.1, 100), (0.99, 299), (0.99, 500)]
)
def test_simulated_coverage_at_every_quantile(quantile, count):
    runs = 4000
    samples = np.sort(np.random.default_rng(count).lognormal(size=(runs, count)), axis=1)
    low, high = order_ranks(count, quantile=quantile)
    true = lognorm(1.0).ppf(quantile)
    covered = np.mean((samples[:, low] <= true) & (true <= samples[:, high]))
    assert covered > 0.95 - 3 * (0.05 * 0.95 / runs) ** 0.5


@given(st.lists(st.floats(-1e6, 1e6), min_size=29, max_size=300), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_percentile_is_a_sample_inside_its_interval(samples, quantile):
    value = percentile(samples, quantile)
    low, high = interval(samples, quantile=quantile)
    assert value in samples
    assert low <= value <= high
    assert value == np.quantile(samples, quantile, method="inverted_cdf")


def test_bad_parameters_are_named():
    with pytest.raises(InputError, match=r"quantile: must be above 0 and below 1, got 1.5"):
        needed(1.5)
    with pytest.raises(InputError, match=r"confidence: must be above 0 and below 1, got 1"):
        interval([1.0] * 9, confidence=1, quantile=0.1)
    with pytest.raises(InputError, match=r"resamples: must be >= 100, got 5"):
        pooled_interval([[[1.0]]], resamples=5)


def visits(rng, launches, count, samples, spread, between=0.05, within=0.02, held=0.8):
    """Times around 1: launches and visits differ, samples of a visit hang together (first-order autoregression)."""
    noise = rng.standard_normal((launches, count, samples))
    for i in range(1, samples):
        noise[..., i] = held * noise[..., i - 1] + (1 - held**2) ** 0.5 * noise[..., i]
    shift = spread * rng.standard_normal((launches, 1, 1)) + between * rng.standard_normal((launches, count, 1))
    return np.exp(shift + within * noise)


@pytest.mark.parametrize(("launches", "count", "spread"), [(4, 3, 0.1), (1, 8, 0.0)])
def test_pooling_without_launches_and_visits_undercovers_and_the_hierarchy_does_not(launches, count, spread):
    rng, runs, flat, hierarchy = np.random.default_rng(launches), 120, 0, 0
    for _ in range(runs):
        groups = visits(rng, launches, count, 20, spread)
        low, high = interval(groups.ravel())
        flat += low <= 1 <= high
        low, high = pooled_interval(groups, resamples=150)
        hierarchy += low <= 1 <= high
    assert flat / runs < 0.7
    assert hierarchy / runs > 0.945


def test_a_hierarchical_interval_is_repeatable_and_keeps_what_it_should():
    groups = visits(np.random.default_rng(1), 9, 2, 30, 0.05)
    bracket = pooled_interval(groups)
    assert bracket == pooled_interval(groups)
    assert bracket != pooled_interval(groups, seed=1)
    assert bracket[0] > 0
    assert np.allclose(pooled_interval(1e-6 * groups), 1e-6 * np.array(bracket))
    ragged = [[groups[0, 0], groups[0, 1][:7]], [], [groups[1, 0], []], [groups[2, 0]]]
    low, high = pooled_interval(ragged)
    assert low < 1.2
    assert high > 0.8


def test_one_visit_is_an_ordinary_interval_and_nothing_is_none():
    samples = np.random.default_rng(2).exponential(size=40)
    assert pooled_interval([[samples]]) == series_interval(samples)
    assert np.isclose(series_interval(samples), interval(samples, AT_ANY_STOP)).sum() <= 2
    assert pooled_interval([]) is None
    assert pooled_interval([[[1.0, 2.0]], [[3.0]]]) is None
    assert pooled_interval([[samples], [samples]], quantile=0.99) is None


@given(st.lists(st.integers(0, 30), min_size=9, max_size=200), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_series_has_an_interval_when_independent_samples_have_and_it_is_never_narrower(samples, quantile):
    plain, found = interval(samples, AT_ANY_STOP, quantile), series_interval(samples, quantile)
    assert (plain is None) == (found is None)
    if found is not None:
        assert found[0] <= plain[0]
        assert plain[1] <= found[1]


def test_alternating_samples_are_not_widened_and_long_runs_are():
    fair = [1.0, 2.0] * 50
    assert series_interval(fair) == interval(fair, AT_ANY_STOP)
    spread = np.random.default_rng(0).permutation(100) + 1.0
    in_runs = np.sort(spread[:50]).tolist() + np.sort(spread[50:])[::-1].tolist()
    assert np.ptp(series_interval(in_runs)) > 2 * np.ptp(interval(in_runs, AT_ANY_STOP))


def test_a_median_of_zero_is_never_precise():
    assert half_width([0.0] * 20) == float("inf")
    assert half_width([1.0] * 20) == 0


def test_the_portions_of_a_bootstrap_make_no_difference_to_its_spread(monkeypatch):
    groups = visits(np.random.default_rng(3), 5, 2, 20, 0.1)
    whole = pooled_interval(groups)
    monkeypatch.setattr("fabric.statistics.AT_ONCE", 700)
    assert np.allclose(np.log(whole), np.log(pooled_interval(groups)), atol=0.15)
