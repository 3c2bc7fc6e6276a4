"""A ring by its pairs where ranks outnumber cores: who takes part, how often a pair is visited, and what its time is."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.slow.rings import FEW_PAIRS, MOST_VISITS, SHARED_NOISE, by_pairs, enough, noise_of, pairs_in


@given(st.integers(2, 40))
def test_every_rank_of_a_ring_meets_a_neighbour(ranks):
    pairs = pairs_in(range(ranks))
    assert {rank for pair in pairs for rank in pair} == {*range(ranks)}
    assert all(b - a == 1 for a, b in pairs)
    assert len(pairs) == (ranks + 1) // 2


@pytest.mark.parametrize(
    ("visits", "quickest", "is_enough"),
    [
        ([1.0], 1.0, False),
        ([1.0, 1.1], 1.0, True),
        ([5.0, 1.0, 1.1], 1.0, True),
        ([1.0, 2.0], 1.0, False),
        ([3.0, 3.0], 1.0, False),  # both may have shared a core
        ([3.0] * MOST_VISITS, 1.0, True),
    ],
)
def test_two_short_visits_that_agree_are_enough(visits, quickest, is_enough):
    assert enough(visits, quickest) is is_enough


def test_a_ring_takes_as_long_as_its_slowest_pair_and_a_disturbed_visit_counts_for_nothing():
    """Rank 3 takes five times as long; every first visit of a pair is disturbed."""
    seen = []

    def run(groups):
        (pair,) = groups
        disturbed = 10.0 if list(pair) not in seen else 1.0
        seen.append(list(pair))
        return [[(5.0 if 3 in pair else 1.0) * disturbed, 200.0]]

    assert by_pairs([[0, 1, 2], [3, 4]], run, inf) == [1.0, 5.0]
    assert seen.count([3, 4]) == MOST_VISITS
    assert seen.count([0, 1]) == 3


def test_the_noise_of_pairs_is_assumed_until_enough_of_them_were_visited_twice():
    assert noise_of([0.02] * (FEW_PAIRS - 1)) == SHARED_NOISE
    assert noise_of([0.02] * FEW_PAIRS) == pytest.approx(0.02)
    spreads = []
    by_pairs([[0, 1], [2, 3]], lambda groups: [[1.0 + 0.01 * groups[0][0]]], inf, spreads)
    assert spreads == [0.0, 0.0], "one a pair"
    by_pairs([[0, 1], [2, 3]], lambda groups: [[1.0 + 2 * groups[0][0]]], inf, spreads)
    assert len(spreads) == 3, "none of a pair that is slow: its visits differ more than healthy ones' do"
