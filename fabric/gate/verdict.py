"""Verdicts on paired times: regressed, improved, same within x % or inconclusive. It does not know how the pairs were measured.

A unit is one ratio B / A of times taken close together, and an independent fair coin decided which side went first. If both
sides are the same code, the sign of every log ratio is that coin, whatever the times do: autocorrelation, drifts and host
states change how large ratios are, not their signs. So a signed-rank test of the units is exact: it is a randomisation test,
and its inversion is the interval of a ratio that is the same in all units. Source: Fisher, The Design of Experiments, section
21; Lehmann, Nonparametrics, sections 3.1 and 4.3 (Hodges and Lehmann's estimate and interval).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, exp, inf, log1p
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from topologies.errors import InputError

Kind = Literal["regressed", "improved", "same", "inconclusive"]
Floats = NDArray[np.float64]
FAMILY, FAMILY_CELLS = 0.01, 20
"""False verdicts of a whole suite, and the cells up to which each gets the same part: 0.05 %."""
TOLERANCE = 0.02
"""A smaller change is no verdict: `same within 2 %`."""
MOST = 1000
"""Units that are looked at one by one; more are put together by medians of odd groups, which keeps their symmetry."""
EXACT = 300
"""Units up to which the signed-rank distribution is counted, beyond which it is normal."""


@dataclass(frozen=True)
class Verdict:
    """One cell's answer. ratio: B's time / A's; low, high: its interval at `confidence`; 0 and infinite where there is none.

    more: units still needed as far as can be told, 0 where decided.
    """

    kind: Kind
    ratio: float
    low: float
    high: float
    confidence: float
    units: int
    more: int = 0


def cell_alpha(cells: int) -> float:
    """Return the false verdicts that one of so many cells may have: 0.05 %, or 1 % over all where there are more than 20.

    Bonferroni: whatever depends on what, a suite has a false verdict with at most FAMILY.
    """
    if cells < 1:
        raise InputError(f"cells: must be >= 1, got {cells}")
    return FAMILY / max(cells, FAMILY_CELLS)


def look_alpha(alpha: float, look: int) -> float:
    """Return look 1, 2, ...'s part of alpha: alpha / (look (look + 1)), which sum to alpha over any number of looks."""
    if look < 1:
        raise InputError(f"look: must be >= 1, got {look}")
    return alpha / (look * (look + 1))


@lru_cache(maxsize=512)
def critical(count: int, alpha: float) -> int | None:
    """Return the largest k with P(W <= k) <= alpha / 2, W the sum of ranks with a plus of `count` fair signs; None where no k.

    Counted exactly up to EXACT units; beyond, the normal limit, less its continuity correction: its tail is the heavier one.
    """
    if count <= EXACT:
        below = np.cumsum(_signed_ranks(count))
        k = int(np.searchsorted(below, alpha / 2, side="right")) - 1
        return k if k >= 0 else None
    from scipy.special import ndtri  # scipy is paid for only here

    spread = (count * (count + 1) * (2 * count + 1) / 24) ** 0.5
    return int(count * (count + 1) / 4 + float(ndtri(alpha / 2)) * spread - 0.5)


@lru_cache(maxsize=512)
def _signed_ranks(count: int) -> Floats:
    """Return P(W = 0), P(W = 1), ...: rank r is in the sum or not, with probability 1/2."""
    found = np.zeros(count * (count + 1) // 2 + 1)
    found[0] = 1.0
    for rank in range(1, count + 1):
        found[rank:] = (found[rank:] + found[: len(found) - rank]) / 2
        found[:rank] /= 2
    return found


@lru_cache(maxsize=64)
def fewest(alpha: float) -> int:
    """Return the fewest units that have an interval: 2^-n <= alpha / 2."""
    count = 1
    while 2.0**-count > alpha / 2:
        count += 1
    return count


def shift_interval(log_ratios: ArrayLike, alpha: float) -> tuple[float, float, float]:
    """Return (low, estimate, high) of the shift of the log ratios: order statistics and median of all pairs' means.

    Infinite bounds where the units are too few for alpha; NaN in the middle where there are none.
    """
    values = condensed(log_ratios)
    if not values.size:
        return -inf, float("nan"), inf
    first, second = np.triu_indices(values.size)
    means = np.sort((values[first] + values[second]) / 2)
    estimate, k = float(np.median(means)), critical(values.size, alpha)
    if k is None:
        return -inf, estimate, inf
    return float(means[k]), estimate, float(means[means.size - 1 - k])


def condensed(log_ratios: ArrayLike) -> Floats:
    """Return the values, or medians of odd groups of neighbours where there are more than MOST; a rest is left out."""
    values = np.asarray(log_ratios, dtype=float)
    group = ceil(values.size / MOST) // 2 * 2 + 1 if values.size > MOST else 1
    kept = values[: values.size // group * group].reshape(-1, group)
    return np.asarray(np.median(kept, axis=1), dtype=float)


def judge(log_ratios: Sequence[float], *, look: int = 1, cells: int = 1, tolerance: float = TOLERANCE) -> Verdict:
    """Return the verdict on one cell at its look-th look.

    log_ratios: log(B's time / A's) of every unit so far. regressed: the interval is above 1 and the estimate at least
    1 + tolerance; improved: the same the other way round; same: the whole interval is within the tolerance.

    Raises:
        InputError: a tolerance that is not above 0, a value that is not finite.
    """
    if not tolerance > 0:
        raise InputError(f"tolerance: must be above 0, got {tolerance:g}")
    if not np.isfinite(log_ratios).all():
        raise InputError("gate: every time must be above 0 seconds, got one that is not; use larger sizes or `barrier: before`")
    alpha, edge = look_alpha(cell_alpha(cells), look), log1p(tolerance)
    low, middle, high = shift_interval(log_ratios, alpha)
    kind = _kind(low, middle, high, edge)
    more = 0
    if kind == "inconclusive":
        following = look_alpha(cell_alpha(cells), look + 1)
        more = _more(len(log_ratios), low, middle, high, edge, following)
    return Verdict(kind, exp(middle), exp(low), exp(high), 1 - alpha, len(log_ratios), more)


def _kind(low: float, middle: float, high: float, edge: float) -> Kind:
    if low > 0 and middle >= edge:
        return "regressed"
    if high < 0 and middle <= -edge:
        return "improved"
    return "same" if -edge < low and high < edge else "inconclusive"


def _more(count: int, low: float, middle: float, high: float, edge: float, alpha: float) -> int:
    """Return the units that are missing if the interval narrows with the root of their count; at least one."""
    least = fewest(alpha)
    if not np.isfinite(high - low):
        return max(1, least - count)
    aim = abs(middle) if abs(middle) >= edge else max(edge - abs(middle), edge / 4)
    goal = ceil(count * ((high - low) / 2 / aim) ** 2 * 1.1)
    return max(1, goal - count, least - count)
