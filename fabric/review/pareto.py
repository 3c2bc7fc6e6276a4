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
