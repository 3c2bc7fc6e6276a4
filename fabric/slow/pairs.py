"""Who meets whom in pairs, and what each one adds to the time of its pairs. It does not measure, nor know what a pair does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topologies.errors import InputError

Pair = tuple[int, int]
Floats = NDArray[np.float64]
FEWEST = 3
"""Of two that meet, nobody can say which is slow."""
SWEEPS = 100
"""Of the polish at most; a few are enough from 5 units on."""


@dataclass(frozen=True)
class Meeting:
    """One measurement of a pair: seconds of one call."""

    pair: Pair
    seconds: float


def tournament(units: int) -> list[list[Pair]]:
    """Return rounds of disjoint pairs in which every pair of 0 ... units - 1 meets exactly once.

    units - 1 rounds of units / 2 pairs; an odd number has as many rounds as units, and each unit rests once. Circle method
    (Kirkman, 1847): the first stays, the others move one seat on.

    Raises:
        InputError: fewer than two units.
    """
    if units < 2:
        raise InputError(f"ranks: pairs need 2 or more, got {units}")
    seats = [*range(units), *([-1] if units % 2 else [])]
    rounds = []
    for _ in range(len(seats) - 1):
        facing = zip(seats[: len(seats) // 2], reversed(seats), strict=False)
        rounds.append([(min(a, b), max(a, b)) for a, b in facing if -1 not in (a, b)])
        seats = [seats[0], seats[-1], *seats[1:-1]]
    return rounds


def batched(rounds: Sequence[Sequence[Pair]], size: int | None) -> list[list[Pair]]:
    """Return the rounds cut so that at most `size` pairs run at once; whole rounds where size is None.

    Raises:
        InputError: a size below 1.
    """
    if size is None:
        return [list(pairs) for pairs in rounds]
    if size < 1:
        raise InputError(f"batch: must be a whole number of pairs >= 1, got {size}")
    return [list(pairs[at : at + size]) for pairs in rounds for at in range(0, len(pairs), size)]


def polish(logs: Floats) -> tuple[float, Floats]:
    """Return (common, own (n,)) of a symmetric matrix: logs[i, j] ~ common + own[i] + own[j], the median of own being 0.

    Two-way median polish with one effect for rows and columns (Tukey, Exploratory Data Analysis, 1977, chapter 11), each
    in turn. It can stop halfway, so it starts twice, from zero and from least squares, and what leaves the smaller sum of
    absolute residuals is taken. logs: (n, n), NaN where a pair never met, so also on the diagonal.
    """
    starts = [(float(np.nanmedian(logs)), np.zeros(len(logs))), _least_squares(logs)]
    return min((_polished(logs, *start) for start in starts), key=lambda fit: float(np.nansum(np.abs(_left(logs, *fit)))))


def _left(logs: Floats, common: float, own: Floats) -> Floats:
    """Return what is left of the matrix (n, n)."""
    return logs - common - own[:, None] - own[None, :]


def _polished(logs: Floats, common: float, own: Floats) -> tuple[float, Floats]:
    own = own.copy()
    for _ in range(SWEEPS):
        before = own.copy()
        for i in range(len(own)):
            own[i] = np.nanmedian(logs[i] - common - own)
        own -= np.median(own)
        common = float(np.nanmedian(_left(logs, 0.0, own)))
        if np.abs(own - before).max() < 1e-9:
            break
    return common, own


def _least_squares(logs: Floats) -> tuple[float, Floats]:
    """Return (common, own) with the smallest squares of what is left, the median of own being 0."""
    first, second = np.nonzero(np.triu(~np.isnan(logs), 1))
    design = np.zeros((len(first), len(logs)))
    design[np.arange(len(first)), first] = design[np.arange(len(first)), second] = 1.0
    each = np.asarray(np.linalg.lstsq(design, logs[first, second], rcond=None)[0], dtype=np.float64)
    centre = float(np.median(each))
    return 2 * centre, each - centre


def check_units(units: int) -> None:
    """Raise InputError where there are too few units for anyone to stand out."""
    if units < FEWEST:
        raise InputError(f"ranks: pairs need {FEWEST} or more to say which one is slow, got {units}")


def shares(units: int, meetings: Sequence[Meeting]) -> list[Floats]:
    """Return per unit what it added to each of its meetings: log of the time over that of a typical pair with its partner.

    Raises:
        InputError: fewer than three units.
    """
    check_units(units)
    common, own = polish(_matrix(units, meetings))
    found: list[list[float]] = [[] for _ in range(units)]
    for meeting in meetings:
        for unit, other in (meeting.pair, meeting.pair[::-1]):
            found[unit].append(float(np.log(meeting.seconds)) - common - float(own[other]))
    return [np.array(values) for values in found]


def _matrix(units: int, meetings: Sequence[Meeting]) -> Floats:
    """Return the median log of the seconds of every pair (units, units)."""
    times: dict[Pair, list[float]] = {}
    for meeting in meetings:
        times.setdefault(meeting.pair, []).append(float(np.log(meeting.seconds)))
    logs = np.full((units, units), np.nan)
    for (a, b), values in times.items():
        logs[a, b] = logs[b, a] = float(np.median(values))
    return logs
