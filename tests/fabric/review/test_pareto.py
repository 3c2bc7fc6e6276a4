"""The Pareto front against its definition, written out pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.review.pareto import BLOCK, dominators, front, nearest, ranks
from topologies.errors import InputError

SMALL = st.integers(1, 4).flatmap(
    lambda axes: st.lists(st.tuples(*[st.integers(0, 4)] * axes), min_size=1, max_size=40)
)  # few values: many ties


def dominates(a, b):
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(x < y for x, y in zip(a, b, strict=True))


def plain_front(points):
    return [not any(dominates(other, one) for other in points) for one in points]


@given(SMALL)
def test_the_front_is_what_no_other_point_dominates(points):
    assert front(points).tolist() == plain_front(points)


@given(SMALL)
def test_ranks_peel_one_front_after_the_other(points):
    left, number, expected = list(range(len(points))), 0, [None] * len(points)
    while left:
        first = [i for i, on in zip(left, plain_front([points[i] for i in left]), strict=True) if on]
        for i in first:
            expected[i] = number
        left, number = [i for i in left if i not in first], number + 1
    assert ranks(points).tolist() == expected


@given(SMALL)
def test_dominators_are_all_that_dominate(points):
    for which, one in enumerate(points):
        assert dominators(points, which).tolist() == [i for i, other in enumerate(points) if dominates(other, one)]


@given(SMALL, st.randoms())
def test_the_front_does_not_depend_on_the_order(points, random):
    order = list(range(len(points)))
    random.shuffle(order)
    assert front([points[i] for i in order]).tolist() == front(points)[order].tolist()


def test_more_points_than_a_block_are_compared_across_blocks():
    points = np.random.default_rng(1).integers(0, 30, (3 * BLOCK + 5, 3))
    assert front(points).tolist() == plain_front(points.tolist())


def test_equal_points_all_stay():
    assert front([(1, 2), (1, 2), (2, 1), (2, 2)]).tolist() == [True, True, True, False]


def test_no_points_have_no_front():
    assert front(np.empty((0, 3))).tolist() == []


def test_the_nearest_is_by_ratios_not_by_differences():
    points = [(1.0, 100.0), (2.0, 100.0), (1.0, 130.0)]
    assert nearest(points, 0, [0, 1, 2]) == 2
    assert nearest(points, 0, [0]) is None


def test_the_first_of_equally_near_ones_is_taken():
    assert nearest([(1.0,), (2.0,), (0.5,)], 0, [2, 1]) == 2


@pytest.mark.parametrize("points", [[1.0, 2.0], [[1.0, float("nan")]]])
def test_what_is_no_matrix_of_numbers_is_refused(points):
    with pytest.raises(InputError, match="must be a matrix of numbers"):
        front(points)
