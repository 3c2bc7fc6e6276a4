"""Medians and distribution-free intervals of samples, in pure numpy; knows nothing of what the samples are."""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import ArrayLike

CONFIDENCE = 0.95


@lru_cache(maxsize=4096)
def order_ranks(count: int, confidence: float = CONFIDENCE) -> tuple[int, int] | None:
    """Return the (low, high) indices into the sorted samples that bracket the median, or None where no pair does.

    The number of samples below the median is Binomial(count, 1/2), whatever the distribution. The pair is the narrowest
    symmetric one whose coverage is at least `confidence`; 6 samples are the fewest for 95 %. Source: order statistics,
    Hoefler and Belli, SC15, rule 5; David and Nagaraja, Order Statistics, section 7.1.
    """
    tail, low = 0.0, -1
    while low + 1 < count // 2:
        tail += comb(count, low + 1) * 0.5**count if count < 1000 else _log_tail(count, low + 1)
        if 2 * tail > 1 - confidence:
            break
        low += 1
    return (low, count - 1 - low) if low >= 0 else None


def _log_tail(count: int, k: int) -> float:
    """Return P(Binomial(count, 1/2) = k) where 2^count overflows a float."""
    from math import exp, lgamma, log  # noqa: PLC0415

    return exp(lgamma(count + 1) - lgamma(k + 1) - lgamma(count - k + 1) - count * log(2))


def median(samples: ArrayLike) -> float:
    """Return the median of the samples; NaN where there are none."""
    values = np.asarray(samples, dtype=float)
    return float(np.median(values)) if values.size else float("nan")


def interval(samples: ArrayLike, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Return (low, high) around the median at the confidence, or None where the samples are too few for one."""
    values = np.sort(np.asarray(samples, dtype=float))
    ranks = order_ranks(len(values), confidence)
    return None if ranks is None else (float(values[ranks[0]]), float(values[ranks[1]]))


def half_width(samples: ArrayLike) -> float:
    """Return half the interval's width over the median; infinite where there is no interval."""
    bracket = interval(samples)
    return float("inf") if bracket is None else (bracket[1] - bracket[0]) / 2 / median(samples)
