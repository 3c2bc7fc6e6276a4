import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, rankdata

from fabric.measure.cells.plan import MOST, Plan, next_round, warm_up
from fabric.measure.timing.warmup import FEWEST, THRESHOLD, cold_samples, mean_ranks


@pytest.mark.parametrize("count", [20, 60, 300])
def test_steady_series_raise_an_alarm_in_under_one_of_a_hundred(count):
    rng, runs = np.random.default_rng(count), 2000
    alarms = sum(cold_samples(rng.lognormal(sigma=1.0, size=count).tolist()) > 0 for _ in range(runs))
    assert alarms / runs <= 0.01 + 3 * (0.01 / runs) ** 0.5


def test_a_cold_start_is_found_and_cut_where_it_ends():
    rng, cuts = np.random.default_rng(0), []
    for _ in range(200):
        samples = np.exp(0.05 * rng.standard_normal(100))
        samples[:20] *= 1.15
        samples[rng.integers(100, size=3)] *= 50  # outliers of a busy host
        cuts.append(cold_samples(samples.tolist()))
    assert np.mean(np.array(cuts) > 0) > 0.97
    assert abs(np.median(cuts) - 20) <= 1


def test_a_start_in_two_steps_is_cut_whole_and_a_fast_start_too():
    rng = np.random.default_rng(1)
    samples = np.exp(0.01 * rng.standard_normal(200))
    samples[:20] *= 3
    samples[20:60] *= 1.2
    assert cold_samples(samples.tolist()) == 60
    assert cold_samples((1 / samples).tolist()) == 60


@given(st.lists(st.sampled_from([1.0, 1.1, 1.2, 9.0]), max_size=120))
def test_never_more_than_half_nothing_of_few_or_equal_ones_and_no_matter_the_unit(samples):
    cold = cold_samples(samples)
    assert 0 <= cold <= len(samples) // 2
    assert cold == 0 or len(samples) >= FEWEST
    assert cold_samples([1e-6 * value for value in samples]) == cold
    assert cold_samples([1.0] * len(samples)) == 0


@given(st.lists(st.integers(0, 9), min_size=1, max_size=50))
def test_ranks_are_scipys(values):
    assert mean_ranks(np.array(values, dtype=float)).tolist() == rankdata(values).tolist()


def test_the_score_is_wilcoxons():
    rng = np.random.default_rng(3)
    samples = np.concatenate([rng.normal(3, 1, 12), rng.normal(0, 1, 28)])
    cut = cold_samples(samples.tolist())
    p = mannwhitneyu(samples[:cut], samples[cut:], method="asymptotic", use_continuity=False).pvalue
    assert cut > 0
    assert p < 2 * 4.8e-4 / 2  # two-sided, beyond THRESHOLD deviations
    assert THRESHOLD == 3.5


def test_cold_samples_do_not_count_and_are_made_up_for():
    plan, cold = Plan(iters=60), [2e-3] * 20
    samples = [*cold, *([1e-3, 1.1e-3] * 20)]
    assert next_round(samples, 0.08, plan) == 20
    assert warm_up(samples, plan) == 20
    assert warm_up([1e-3] * 60, plan) == 0
    assert len(samples[warm_up(samples, plan) :]) == 40


@settings(max_examples=25)
@given(st.lists(st.sampled_from([1.0, 1.1, 5.0]), min_size=60, max_size=200), st.integers(1, 100))
def test_a_fixed_count_is_kept_exactly(pool, iters):
    plan, samples = Plan(iters=iters), []
    while count := next_round(samples, len(samples) * 0.01, plan):
        samples += [pool[i % len(pool)] for i in range(len(samples), len(samples) + count)]
    assert len(samples[warm_up(samples, plan) :]) == iters
    assert len(samples) <= 2 * iters


def test_an_adaptive_run_keeps_no_more_than_its_most():
    assert len([1.0] * (MOST + 50)) - warm_up([1.0] * (MOST + 50), Plan()) == MOST
