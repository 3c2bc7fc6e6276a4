"""Verdicts against closed forms, a plain second implementation, and machines that drift, cluster and switch states."""

from itertools import product
from math import inf, log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, wilcoxon

from fabric.gate.verdict import (
    MOST,
    cell_alpha,
    condensed,
    critical,
    fewest,
    judge,
    look_alpha,
    shift_interval,
)
from topologies.errors import InputError


def machine(kind, rng, quads):
    """Return the log contrast of the outer against the inner blocks of identical code, as a bad machine makes it."""
    noise = rng.standard_t(2, quads) * 0.02
    if kind == "ar1":
        for i in range(1, quads):
            noise[i] = 0.9 * noise[i - 1] + noise[i] * 0.44
    if kind == "drift":
        noise += np.linspace(0, 0.1, quads)
    if kind == "states":
        noise += np.where(rng.random(quads) < 0.3, np.log(0.55 / 0.21), 0.0) * rng.choice((-1, 1), quads)
    if kind == "place":
        noise += 0.03  # the outer blocks are always slower
    return noise


def quads_of(kind, rng, quads, slower=0.0):
    """Return log(B / A): a fair coin says whether B is the outer side; B is slower by a factor."""
    return machine(kind, rng, quads) * rng.choice((-1.0, 1.0), quads) + log1p(slower)


@pytest.mark.parametrize("count", [1, 2, 5, 9, 12])
def test_the_critical_value_is_that_of_all_sign_patterns(count):
    sums = sorted(sum(rank for rank, sign in enumerate(signs, 1) if sign) for signs in product((0, 1), repeat=count))
    for alpha in (0.5, 0.1, 0.01, 0.001):
        below = [k for k in range(max(sums) + 1) if sum(s <= k for s in sums) / len(sums) <= alpha / 2]
        assert critical(count, alpha) == (max(below) if below else None)


def test_the_normal_limit_takes_over_on_the_cautious_side():
    for alpha in (5e-4, 1e-4, 1e-5):
        exact, normal = critical(300, alpha), critical(301, alpha)
        assert 0 < (exact / (300 * 301) - normal / (301 * 302)) / (exact / (300 * 301)) < 0.01


@given(st.lists(st.floats(-1, 1), min_size=8, max_size=40, unique=True), st.sampled_from([0.2, 0.05, 0.01]))
@settings(max_examples=60)
def test_the_interval_leaves_out_a_shift_exactly_where_the_signed_rank_test_rejects_it(values, alpha):
    low, middle, high = shift_interval(values, alpha)
    assert low <= middle <= high
    centred = np.array(values) - 1e-9
    if len(set(np.abs(centred))) < len(values) or not centred.all():
        return  # ties: another distribution
    p = wilcoxon(centred, method="exact").pvalue
    if not low - 1e-12 <= 1e-9 <= high + 1e-12:
        assert p <= alpha * (1 + 1e-9)
    elif low + 1e-12 < 1e-9 < high - 1e-12:
        assert p > alpha * (1 - 1e-9)


def test_too_few_units_have_no_interval_and_say_how_many_they_need():
    least = fewest(look_alpha(cell_alpha(1), 1))
    assert 2.0**-least <= 1.25e-4 < 2.0 ** -(least - 1)
    verdict = judge([1.0] * (least - 1))
    assert (verdict.kind, verdict.low, verdict.high) == ("inconclusive", 0.0, inf)
    assert verdict.units + verdict.more >= least
    assert judge([]).kind == "inconclusive"
    assert judge([1.0] * least).kind == "regressed"


def test_looks_and_cells_share_the_family():
    assert sum(look_alpha(0.01, look) for look in range(1, 10000)) == pytest.approx(0.01, rel=1e-3)
    assert cell_alpha(1) == cell_alpha(20) == 5e-4
    assert 100 * cell_alpha(100) == pytest.approx(0.01)


@given(st.floats(0.03, 0.5), st.integers(0, 99))
@settings(max_examples=30)
def test_swapping_the_sides_swaps_the_verdict(slower, seed):
    units = list(quads_of("ar1", np.random.default_rng(seed), 80, slower))
    one, other = judge(units), judge([-unit for unit in units])
    swapped = {"regressed": "improved", "improved": "regressed"}
    assert other.kind == swapped.get(one.kind, one.kind)
    assert other.ratio == pytest.approx(1 / one.ratio)
    assert other.low == pytest.approx(1 / one.high)


def test_ties_and_constant_times_are_the_same():
    verdict = judge([0.0] * 40)
    assert (verdict.kind, verdict.ratio, verdict.low, verdict.high) == ("same", 1.0, 1.0, 1.0)
    rounded = np.round(np.random.default_rng(0).normal(0, 0.004, 200), 2)
    assert judge(list(rounded)).kind == "same"


def test_a_change_below_the_tolerance_is_no_verdict_however_sure_it_is():
    units = list(np.random.default_rng(1).normal(log1p(0.01), 0.002, 200))
    verdict = judge(units, tolerance=0.02)
    assert verdict.kind == "same"
    assert verdict.low > 1
    assert judge(units, tolerance=0.005).kind == "regressed"


@pytest.mark.parametrize("kind", ["plain", "ar1", "drift", "states", "place"])
def test_identical_code_is_not_called_different(kind):
    rng, runs, wrong = np.random.default_rng(7), 400, 0
    for _ in range(runs):
        units = quads_of(kind, rng, 120)
        kinds = [judge(list(units[:count]), look=look, tolerance=1e-9).kind for look, count in enumerate((30, 60, 120), 1)]
        wrong += any(k in ("regressed", "improved") for k in kinds)
    assert wrong <= binom.ppf(0.9999, runs, 5e-4), "the stated rate is 0.05 %, here without any tolerance to hide behind"


def test_without_the_coins_the_same_machine_would_be_called_a_regression():
    rng = np.random.default_rng(3)
    assert judge(list(machine("place", rng, 120))).kind == "regressed"
    assert judge(list(quads_of("place", rng, 120))).kind != "regressed"


@pytest.mark.parametrize(("kind", "slower"), [("plain", 0.05), ("ar1", 0.05), ("states", 0.1), ("place", 0.1)])
def test_slowdowns_are_found(kind, slower):
    rng = np.random.default_rng(5)
    found = [judge(list(quads_of(kind, rng, 240, slower)), look=3).kind == "regressed" for _ in range(60)]
    assert np.mean(found) >= 0.95


def test_the_interval_covers_the_true_ratio_under_autocorrelation():
    rng, runs, hits = np.random.default_rng(11), 400, 0
    for _ in range(runs):
        low, _, high = shift_interval(quads_of("ar1", rng, 60, 0.05), 0.05)
        hits += low <= log1p(0.05) <= high
    assert hits >= binom.ppf(1e-4, runs, 0.95)


def test_the_units_said_to_be_needed_are_about_enough():
    rng = np.random.default_rng(13)
    decided = 0
    for _ in range(40):
        units = list(quads_of("plain", rng, 40, 0.03))
        verdict = judge(units)
        more = verdict.more
        units += list(quads_of("plain", rng, 2 * more, 0.03))
        decided += verdict.kind != "inconclusive" or judge(units, look=2).kind != "inconclusive"
    assert decided >= 30


def test_many_units_are_put_together_without_losing_their_symmetry():
    values = np.random.default_rng(2).normal(0, 1, 5 * MOST)
    few = condensed(values)
    assert len(few) <= MOST
    assert np.array_equal(condensed(-values), -few)
    assert np.array_equal(condensed(values[:MOST]), values[:MOST])


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: judge([0.0], tolerance=0), "tolerance: must be above 0, got 0"),
        (lambda: judge([0.0, float("nan")]), "every time must be above 0 seconds"),
        (lambda: cell_alpha(0), "cells: must be >= 1, got 0"),
        (lambda: look_alpha(0.1, 0), "look: must be >= 1, got 0"),
    ],
)
def test_bad_input_is_one_clear_line(call, line):
    with pytest.raises(InputError, match=line):
        call()
