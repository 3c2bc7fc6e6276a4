"""Groups: one slow of 64 in at most 12 comparisons, by simulation; nobody and two slow ones; a plain posterior beside ours.

A test's time is that of its slowest member with lognormal noise of its own; a comparison is two such times.
"""

from math import exp, log, pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.slow.group_tests import (
    FACTORS,
    NOBODY,
    NOISES,
    SEVERAL,
    Comparison,
    answer,
    belief,
    check_units,
    halves,
    next_halves,
)
from topologies.errors import InputError

MOST = 12


def search(units, slow, noise, seed):
    """Return (the answer, the slow units) of one simulated search."""
    rng = np.random.default_rng(seed)
    bad = dict(zip(rng.choice(units, len(slow), replace=False).tolist(), slow, strict=True))
    seen = []
    while (found := answer(units, seen, MOST)) is None:
        first, second = next_halves(units, seen, seed)
        one, two = (max(bad.get(unit, 1.0) for unit in half) * exp(noise * rng.standard_normal()) for half in (first, second))
        seen.append(Comparison(first, second, log(one / two)))
    return found, set(bad)


def shares(units, slow, noise, draws):
    """Return (right, wrong, none, mean comparisons) over so many searches."""
    found = [search(units, slow, noise, seed) for seed in range(draws)]
    right = sum(a.kind == "slow" and a.unit in bad for a, bad in found)
    wrong = sum(a.kind == "slow" and a.unit not in bad for a, bad in found)
    none = sum(a.kind == "none" for a, _ in found)
    assert max(a.comparisons for a, _ in found) <= MOST
    return right / draws, wrong / draws, none / draws, np.mean([a.comparisons for a, _ in found])


@pytest.mark.parametrize(("factor", "noise"), [(1.3, 0.05), (1.5, 0.05), (3.0, 0.05), (1.5, 0.1), (2.0, 0.1), (3.0, 0.1)])
def test_one_slow_of_64_is_found_in_12_comparisons(factor, noise):
    right, wrong, _, _ = shares(64, [factor], noise, 200)
    assert right >= 0.99
    assert wrong <= 0.005


def test_at_the_edge_it_says_so_instead_of_naming_another():
    """1.3 times under 10 % noise: 12 comparisons are too few to be sure; it is inconclusive then, not wrong."""
    right, wrong, _, _ = shares(64, [1.3], 0.1, 100)
    assert right >= 0.7
    assert wrong <= 0.01


@pytest.mark.parametrize("noise", [0.05, 0.1])
def test_nobody_slow_is_a_false_alarm_in_one_of_50_at_most(noise):
    right, wrong, none, _ = shares(64, [], noise, 100)
    assert right + wrong <= 0.02
    assert none >= (0.95 if noise <= 0.05 else 0.5)


@pytest.mark.parametrize("slow", [[1.5, 1.5], [2.0, 1.4], [3.0, 3.0]])
def test_two_slow_ones_find_one_or_no_answer(slow):
    _, wrong, none, _ = shares(64, slow, 0.05, 100)
    assert wrong + none <= 0.03


def plain(units, seen):
    """Return the posteriors (units, nobody, several), hypothesis by hypothesis, in plain Python."""

    def density(x, centre, noise):
        return exp(-((x - centre) ** 2) / (2 * noise**2)) / (noise * sqrt(2 * pi))

    def likelihood(centres):
        total = 0.0
        for factor in FACTORS:
            for noise in NOISES:
                product = 1.0
                for comparison in seen:
                    ways = centres(comparison, log(factor))
                    product *= sum(weight * density(comparison.x, centre, noise) for weight, centre in ways)
                total += product
        return total

    def one(unit):
        def centres(comparison, shift):
            sign = (unit in comparison.first) - (unit in comparison.second)
            return [(1.0, sign * shift)]

        return centres

    each = (1 - NOBODY - SEVERAL) / units
    found = [each * likelihood(one(unit)) for unit in range(units)]
    found += [NOBODY * likelihood(lambda *_: [(1.0, 0.0)])]
    found += [SEVERAL * likelihood(lambda _, shift: [(0.5, 0.0), (0.25, shift), (0.25, -shift)])]
    return np.array(found) / sum(found)


@settings(max_examples=15)
@given(st.integers(4, 7), st.lists(st.floats(-0.8, 0.8), max_size=4), st.integers(0, 99))
def test_the_posterior_is_bayes_rule(units, xs, seed):
    rng, seen = np.random.default_rng(seed), []
    for x in xs:
        order = rng.permutation(units).tolist()
        seen.append(Comparison(tuple(order[: units // 2]), tuple(order[units // 2 : units // 2 * 2]), x))
    found = belief(units, seen)
    assert np.append(found.units, [found.nobody, found.several]) == pytest.approx(plain(units, seen), rel=1e-6, abs=1e-12)


@given(st.integers(4, 70), st.integers(0, 99))
def test_halves_are_equal_disjoint_and_share_the_suspicion(units, seed):
    rng = np.random.default_rng(seed)
    suspicion = rng.dirichlet(np.full(units, 0.5))
    first, second = halves(suspicion, rng)
    assert len(first) == len(second) == units // 2
    assert not {*first} & {*second}
    if units % 2:
        (left,) = {*range(units)} - {*first, *second}
        assert suspicion[left] == suspicion.min()
    assert abs(suspicion[list(first)].sum() - suspicion[list(second)].sum()) <= suspicion.max() + 1e-12


def test_the_same_comparisons_give_the_same_halves_and_more_give_others():
    first = next_halves(64, [], 5)
    assert first == next_halves(64, [], 5)
    assert first != next_halves(64, [], 6)
    assert first != next_halves(64, [Comparison(*first, 0.3)], 5)


def test_groups_of_three_are_refused():
    check_units(4)
    with pytest.raises(InputError, match="ranks: groups need 4 or more, got 3; use --method pairs"):
        check_units(3)
