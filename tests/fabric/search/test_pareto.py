"""The Pareto front against its definition, written out pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.search.pareto import BLOCK, dominators, front, nearest, ranks, representatives
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


POSITIVE = st.integers(1, 4).flatmap(
    lambda axes: st.lists(st.tuples(*[st.floats(0.0, 10.0, allow_subnormal=False)] * axes), min_size=1, max_size=40)
)


@given(POSITIVE, st.sampled_from([0.0, 0.01, 0.1, 0.5]))
def test_every_point_is_stood_for_by_one_that_is_hardly_worse_on_any_axis(points, resolution):
    place = representatives(points, resolution)
    assert (place[place] == place).all()
    for own, other in zip(points, place, strict=True):
        assert all(there <= here * (1 + resolution) for here, there in zip(own, points[other], strict=True))


@given(POSITIVE, st.sampled_from([0.01, 0.1, 0.5]), st.randoms())
def test_who_stands_for_whom_does_not_depend_on_the_order(points, resolution, random):
    order = list(range(len(points)))
    random.shuffle(order)
    shuffled = representatives([points[i] for i in order], resolution)
    stood_for = {points[i]: points[order[place]] for i, place in zip(order, shuffled, strict=True)}
    assert stood_for == {own: points[place] for own, place in zip(points, representatives(points, resolution), strict=True)}


@given(POSITIVE, st.sampled_from([0.01, 0.1, 0.5]))
def test_the_least_of_every_axis_stays(points, resolution):
    kept = [points[place] for place in set(representatives(points, resolution).tolist())]
    for axis in range(len(points[0])):
        assert min(point[axis] for point in kept) == min(point[axis] for point in points)


def test_without_a_resolution_every_point_stands_for_itself():
    assert representatives([(1, 2), (1, 2), (2, 1)], 0.0).tolist() == [0, 1, 2]
    assert representatives(np.empty((0, 3)), 0.1).tolist() == []


def test_a_line_is_thinned_to_its_ends_and_what_reaches_farthest():
    points = [(1.02**i, 1.02**-i) for i in range(50)]
    kept = np.unique(representatives(points, 0.05))
    assert kept[0] == 0
    assert kept[-1] == 49
    assert 6 <= len(kept) <= 13  # a step of 5 % each way covers five points


@pytest.mark.parametrize("resolution", [-0.1, float("nan"), float("inf")])
def test_a_resolution_that_is_none_is_refused(resolution):
    with pytest.raises(InputError, match="resolution and points must be numbers >= 0"):
        representatives([(1.0, 2.0)], resolution)
