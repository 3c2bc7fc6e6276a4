"""Which designs nothing beats: the non-dominated set of points, all axes to be made small. It does not know what an axis is.

A point dominates another where it is no worse on every axis and better on one. Equal points do not dominate each other, so
all of them stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from topologies.errors import InputError

BLOCK = 256
"""Points compared with all others at once: bounds memory."""
Floats = NDArray[np.float64]


def front(points: ArrayLike) -> NDArray[np.bool_]:
    """Return which points (n, axes) no other point dominates.

    Raises:
        InputError: no matrix, or a value that is no number.
    """
    values = _matrix(points)
    kept = np.ones(len(values), dtype=bool)
    for start in range(0, len(values), BLOCK):
        kept[start : start + BLOCK] = ~_dominated(values[start : start + BLOCK], values).any(axis=1)
    return kept


def representatives(points: ArrayLike, resolution: float) -> NDArray[np.int64]:
    """Return for every point the one that stands for it: at most `resolution` (a share) above it on every axis.

    Few points stand for all: those that are least on some axis, then, time and again, the one that can stand for most of
    those left over; of equals the least by the axes in their order, of equal points the first. Resolution 0: every point
    stands for itself, equal ones too. Source: the epsilon-approximate Pareto set of Laumanns, Thiele, Deb, Zitzler,
    "Combining convergence and diversity in evolutionary multiobjective optimization", Evolutionary Computation 10(3), 2002.

    Raises:
        InputError: no matrix of numbers, a number below zero, or a resolution that is none.
    """
    values = _matrix(points)
    if not 0 <= resolution < np.inf or (values < 0).any():
        raise InputError(f"pareto: resolution and points must be numbers >= 0, got resolution {resolution:g}")
    found = np.arange(len(values))
    if resolution == 0 or not len(values):
        return found
    order = np.lexsort(values.T[::-1])  # by the first axis, then the next
    ranked = values[order]
    covers = np.asarray((ranked[:, None] <= ranked[None] * (1 + resolution)).all(axis=2))
    left, place = np.ones(len(ranked), dtype=bool), np.empty(len(ranked), dtype=np.int64)
    firsts = dict.fromkeys(ranked.argmin(axis=0).tolist())
    place[list(firsts)], left[list(firsts)] = list(firsts), False
    for chosen in firsts:
        place[left & covers[chosen]] = chosen
        left &= ~covers[chosen]
    while left.any():
        chosen = int(np.argmax((covers & left).sum(axis=1)))
        place[left & covers[chosen]] = place[chosen] = chosen
        left &= ~covers[chosen]
    found[order] = order[place]
    return found


def ranks(points: ArrayLike) -> NDArray[np.int64]:
    """Return the number of fronts to peel off before each point is on one: 0 for the Pareto front itself."""
    values = _matrix(points)
    rank = np.full(len(values), -1, dtype=np.int64)
    left, number = np.arange(len(values)), 0
    while len(left):
        first = front(values[left])
        rank[left[first]] = number
        left, number = left[~first], number + 1
    return rank


def dominators(points: ArrayLike, which: int) -> NDArray[np.int64]:
    """Return the indices of the points that dominate one."""
    values = _matrix(points)
    return np.flatnonzero(_dominated(values[which : which + 1], values)[0])


def nearest(points: ArrayLike, which: int, among: ArrayLike) -> int | None:
    """Return the nearest of some other points by the sum of |ln(ratio)| over the axes, the first of equals; None for none.

    An axis where either is 0 counts as the difference itself.
    """
    values, others = _matrix(points), np.asarray(among, dtype=np.int64)
    others = others[others != which]
    if not len(others):
        return None
    here, there = np.broadcast_arrays(values[which], values[others])
    positive = (here > 0) & (there > 0)
    ratio = np.divide(there, here, out=np.ones(there.shape), where=positive)
    apart = np.where(positive, np.abs(np.log(ratio)), np.abs(there - here))
    return int(others[np.argmin(apart.sum(axis=1))])


def _dominated(some: Floats, all_points: Floats) -> NDArray[np.bool_]:
    """Return (some, all): whether the second dominates the first."""
    worse = np.zeros((len(some), len(all_points)), dtype=bool)
    better = np.zeros_like(worse)
    for axis in range(all_points.shape[1]):
        here, there = some[:, axis, None], all_points[None, :, axis]
        worse |= there > here
        better |= there < here
    return better & ~worse


def _matrix(points: ArrayLike) -> Floats:
    values = np.asarray(points, dtype=np.float64)
    if values.ndim != 2 or np.isnan(values).any():
        raise InputError(f"pareto: points must be a matrix of numbers, points x axes, got shape {values.shape} or a NaN")
    return values
