"""Belief propagation against all subsets of suspects where tests make a tree; the scale of healthy tests; the bound."""

from itertools import combinations, product
from math import comb, exp, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.slow.belief import entropy_bits, marginals, ratio, scale_of


def by_enumeration(shown, quiet, slow, prior):
    total, each = 0.0, np.zeros(len(prior))
    for state in product((0, 1), repeat=len(prior)):
        chosen = np.array(state)
        weight = np.prod(np.where(chosen, prior, 1 - prior))
        for t, row in enumerate(shown):
            hidden = np.prod(np.where(chosen == 1, 1 - row, 1.0))
            weight *= hidden * quiet[t] + (1 - hidden) * slow[t]
        total += weight
        each += weight * chosen
    return each / total


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_marginals_are_exact_where_tests_make_a_tree(data):
    """Two tests share one suspect at most, and there is no ring of tests."""
    count = data.draw(st.integers(3, 8))
    cut = data.draw(st.integers(1, count - 1))
    weight = st.floats(0.3, 1.0)
    shown = np.zeros((2, count))
    shown[0, : cut + 1] = [data.draw(weight) for _ in range(cut + 1)]
    shown[1, cut:] = [data.draw(weight) for _ in range(count - cut)]
    density = st.floats(0.01, 5.0)
    quiet, slow = (np.array([data.draw(density) for _ in range(2)]) for _ in range(2))
    prior = np.array([data.draw(st.floats(0.01, 0.4)) for _ in range(count)])
    assert marginals(shown, quiet, slow, prior) == pytest.approx(by_enumeration(shown, quiet, slow, prior), abs=1e-6)


def test_a_test_that_is_asked_twice_counts_as_both():
    shown, prior = np.array([[1.0, 1.0, 0.0]]), np.full(3, 0.1)
    once = marginals(shown, np.array([4.0]), np.array([1.0]), prior)
    twice = marginals(np.repeat(shown, 2, axis=0), np.array([2.0, 2.0]), np.array([1.0, 1.0]), prior)
    assert twice == pytest.approx(once)


def test_without_tests_nothing_is_known():
    assert marginals(np.zeros((0, 3)), np.zeros(0), np.zeros(0), np.full(3, 0.02)).tolist() == [0.02] * 3


@pytest.mark.parametrize("slow", [0, 3, 6])
def test_the_scale_is_that_of_healthy_tests_whatever_the_others(slow):
    rng = np.random.default_rng(slow)
    logs = np.concatenate([0.02 * rng.standard_normal(6) + 1.0, 1.0 + rng.uniform(0.3, 1.2, slow), [0.8]])
    found = scale_of(logs, 0.03)
    assert found.centre == pytest.approx(1.0, abs=0.03)
    assert 0.01 < found.noise < 0.05


def test_a_time_far_above_the_noise_speaks_for_something_slow_and_one_at_the_scale_against():
    quiet, slow = ratio(np.array([0.0, 0.6]), 0.02, 0.1)
    assert quiet[0] > 1000 * slow[0]
    assert slow[1] > 100 * quiet[1]


@given(st.integers(1, 300), st.integers(0, 6))
def test_the_bound_is_the_number_of_ways(suspects, slow):
    if slow <= suspects:
        assert entropy_bits(suspects, slow) == pytest.approx(log2(comb(suspects, slow)), abs=1e-6)
    assert len(list(combinations(range(4), 2))) == round(exp(entropy_bits(4, 2) * 0.6931471805599453))
