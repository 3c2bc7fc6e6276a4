"""Belief propagation against all subsets of suspects where tests make a tree; the scale of healthy tests; the bound."""

from itertools import combinations, product
from math import comb, exp, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.slow.belief import LOW, bins, entropy_bits, likelihood, log_odds, marginals, ratio, reach, scale_of

NOISE, LEAST = 0.03, 0.1


def by_enumeration(fill, cover, x, prior):
    """Return the marginals by all combinations of bins of all suspects' factors."""
    edges = bins(LEAST)
    width = np.diff(edges)[LOW - 1 :]
    density = likelihood(np.asarray(x), NOISE, edges)
    states = [0, *range(LOW, len(edges))]
    total, each = 0.0, np.zeros(len(prior))
    reached = {(f, c): reach(f, c, edges) for f, c in {*zip(fill[fill > 0], cover[fill > 0], strict=True)}}
    for state in product(states, repeat=len(prior)):
        weight = np.prod([1 - p if s == 0 else p * width[s - LOW] / width.sum() for s, p in zip(state, prior, strict=True)])
        for t, row in enumerate(fill):
            below = np.ones(len(edges))
            for u in np.flatnonzero(row):
                below = below * np.cumsum(reached[row[u], cover[t, u]][state[u]])
            weight *= np.diff(below, prepend=0.0) @ density[t]
        total += weight
        each += weight * (np.array(state) > 0)
    return each / total


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_marginals_are_exact_where_tests_make_a_tree(data):
    """Two tests share one suspect at most, and there is no ring of tests."""
    count = data.draw(st.integers(2, 3))
    cut = data.draw(st.integers(0, count - 1))
    fill, cover = np.zeros((2, count)), np.ones((2, count))
    for test, own in ((0, range(cut + 1)), (1, range(cut, count))):
        for suspect in own:
            fill[test, suspect] = data.draw(st.sampled_from([0.5, 0.875, 1.0]))
            cover[test, suspect] = data.draw(st.sampled_from([0.5, 1.0]))
    x = [data.draw(st.floats(-0.05, 2.0)) for _ in range(2)]
    prior = np.array([data.draw(st.floats(0.01, 0.4)) for _ in range(count)])
    found = marginals(fill, cover, np.array(x), NOISE, LEAST, prior)
    assert found == pytest.approx(by_enumeration(fill, cover, x, prior), abs=2e-3)


def test_a_slow_node_hides_a_boundary_that_is_slow_by_less_and_not_one_that_is_slow_by_more():
    """Node 0 alone takes 1.5; with it a ring that fills the boundary (suspect 2) takes 1.5 too, or 3."""
    fill, prior = np.array([[1.0, 0, 0], [1.0, 1.0, 1.0]]), np.full(3, 0.05)
    hidden, seen = (marginals(fill, np.ones((2, 3)), np.log([1.5, time]), NOISE, LEAST, prior) for time in (1.5, 3.0))
    assert hidden[0] > 0.95
    assert seen[0] > 0.8
    assert hidden[2] < 0.05
    assert seen[1:].sum() > 0.8


def test_a_ring_that_fills_seven_eighths_leaves_little_doubt_and_is_not_two_when_asked_twice():
    prior = np.array([0.05])
    left = [float(marginals(np.full((n, 1), 0.5), np.ones((n, 1)), np.zeros(n), NOISE, LEAST, prior)[0]) for n in (1, 2, 3)]
    assert left[2] > 0.2 * prior[0], "what half a fill cannot show stays open, however often it is asked"
    assert float(marginals(np.full((1, 1), 0.875), np.ones((1, 1)), np.zeros(1), NOISE, LEAST, prior)[0]) < 0.1 * prior[0]


def test_the_same_nodes_without_a_rail_are_another_test():
    """Two rings on all rails are slow, two of the same nodes without the slow rail are well: the switch (last) is why."""
    fill, prior = np.array([[1.0, 1.0, 1.0]] * 4), np.full(3, 0.05)
    cover = np.array([[1.0, 1.0, 1.0]] * 2 + [[1.0, 1.0, 0.0]] * 2)
    found = marginals(fill, cover, np.log([1.5, 1.5, 1.0, 1.0]), NOISE, LEAST, prior)
    assert found[2] > 0.95
    assert found[:2].max() < 0.05


def test_without_tests_nothing_is_known():
    none = np.zeros((0, 3))
    assert marginals(none, none, np.zeros(0), NOISE, LEAST, np.full(3, 0.02)).tolist() == [0.02] * 3


def test_a_half_filled_boundary_is_accused_by_half_of_its_factor():
    assert log_odds(np.log(1.5 * 0.875), 0.02, LEAST, 0.875) > 3
    assert log_odds(np.log(1.25 * 0.875), 0.02, LEAST, 0.875) > log_odds(np.log(1.25 * 0.875), 0.02, LEAST, 1.0)
    assert log_odds(0.0, 0.02, LEAST, 0.875) < -2


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
