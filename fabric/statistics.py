"""Medians and quantiles with distribution-free intervals, in numpy; knows nothing of what the samples are.

`interval` takes samples as independent and, at CONFIDENCE, their count as fixed beforehand. Samples of one visit to a machine
are not independent: `series_interval` is wider where neighbours are alike, and holds whatever ended the sampling.
`pooled_interval` takes launches of visits of samples and is the one to use where there are several.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, comb, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from topologies.errors import InputError

CONFIDENCE = 0.95
MEDIAN = 0.5
AT_ANY_STOP, LAST_STOP = 0.995, 300
"""With intervals at this confidence after every count up to LAST_STOP, all of them hold at once with CONFIDENCE.

So the last one does whatever ended the sampling: its own width, a time budget, a person. Exact for independent samples of any
distribution, by the random walk of how many samples are below the quantile: benchmarks/coverage.py, held_at_every_count().
"""
MOST_ALIKE = 0.95
"""Neighbours: the most that an interval is widened for."""
AT_ONCE = 500_000
"""Samples of resamples that are in memory at a time."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@lru_cache(maxsize=4096)
def order_ranks(count: int, confidence: float = CONFIDENCE, quantile: float = MEDIAN) -> tuple[int, int] | None:
    """Return the (low, high) indices into the sorted samples that bracket the quantile, or None where no pair does.

    The number of samples below the quantile is Binomial(count, quantile), whatever the distribution. For the median the
    pair is the narrowest symmetric one whose coverage is at least `confidence`, for other quantiles the narrowest of all
    (of equal ones that which covers most); needed() says from how many samples there is one. Source: order statistics,
    Hoefler and Belli, SC15, rule 5; David and Nagaraja, Order Statistics, section 7.1.
    """
    if quantile != MEDIAN:
        return _narrowest(count, confidence, quantile)
    tail, low = 0.0, -1
    while low + 1 < count // 2:
        tail += comb(count, low + 1) * 0.5**count if count < 1000 else _log_tail(count, low + 1)
        if 2 * tail > 1 - confidence:
            break
        low += 1
    return (low, count - 1 - low) if low >= 0 else None


def _log_tail(count: int, k: int) -> float:
    """Return P(Binomial(count, 1/2) = k) where 2^count overflows a float."""
    from math import exp, lgamma  # noqa: PLC0415

    return exp(lgamma(count + 1) - lgamma(k + 1) - lgamma(count - k + 1) - count * log(2))


def _narrowest(count: int, confidence: float, quantile: float) -> tuple[int, int] | None:
    """Return the pair with the smallest high - low and P(low < B <= high) >= confidence, B = Binomial(count, quantile)."""
    if count < needed(quantile, confidence):
        return None
    below = _binomial(count, quantile)  # below[k] = P(B <= k)
    lows = np.flatnonzero(below[count - 1] - below[:count] >= confidence)
    highs = np.searchsorted(below[:count], confidence + below[lows], side="left")
    fits = highs < count
    lows, highs = lows[fits], highs[fits]
    covered = below[highs] - below[lows]
    best = min(range(len(lows)), key=lambda i: (highs[i] - lows[i], -covered[i]))
    return int(lows[best]), int(highs[best])


def _binomial(count: int, quantile: float) -> Floats:
    """Return P(Binomial(count, quantile) <= k) for k = 0 ... count."""
    ways = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1)))])
    k = np.arange(count + 1)
    total: Floats = np.cumsum(np.exp(ways[-1] - ways - ways[::-1] + k * log(quantile) + (count - k) * log(1 - quantile)))
    return total


@lru_cache(maxsize=256)
def needed(quantile: float = MEDIAN, confidence: float = CONFIDENCE) -> int:
    """Return the fewest samples that have an interval for the quantile: smallest n with 1 - q^n - (1-q)^n >= confidence.

    At 95 %: 6 for the median, 29 for p10 and p90, 299 for p1 and p99.

    Raises:
        InputError: quantile or confidence not between 0 and 1.
    """
    for name, value in (("quantile", quantile), ("confidence", confidence)):
        if not 0 < value < 1:
            raise InputError(f"{name}: must be above 0 and below 1, got {value!r}")
    rare = max(quantile, 1 - quantile)
    count = max(1, ceil(log(1 - confidence) / log(rare)) - 1)
    while 1 - quantile**count - (1 - quantile) ** count < confidence:
        count += 1
    return count


def median(samples: ArrayLike) -> float:
    """Return the median of the samples; NaN where there are none."""
    values = np.asarray(samples, dtype=float)
    return float(np.median(values)) if values.size else float("nan")


def percentile(samples: ArrayLike, quantile: float) -> float:
    """Return the smallest sample with at least the part `quantile` of all at or below it; NaN where there are none.

    It is a sample, so that it lies inside interval(samples, quantile=quantile); the median has median().
    """
    values = np.asarray(samples, dtype=float)
    return _order_statistic(values, quantile) if values.size else float("nan")


def _order_statistic(values: Floats, quantile: float) -> float:
    rank = max(ceil(quantile * values.size - 1e-9) - 1, 0)  # 0.1 * 30 is a little above 3
    return float(np.partition(values, rank)[rank])


def interval(samples: ArrayLike, confidence: float = CONFIDENCE, quantile: float = MEDIAN) -> tuple[float, float] | None:
    """Return (low, high) around the quantile at the confidence, or None where the samples are too few: see needed()."""
    values = np.sort(np.asarray(samples, dtype=float))
    ranks = order_ranks(len(values), confidence, quantile)
    return None if ranks is None else (float(values[ranks[0]]), float(values[ranks[1]]))


def series_interval(
    samples: ArrayLike, quantile: float = MEDIAN, confidence: float = AT_ANY_STOP
) -> tuple[float, float] | None:
    """Return (low, high) around the quantile from samples in order of time: interval() widened by stretch(), or None."""
    values = np.asarray(samples, dtype=float)
    ranks = order_ranks(len(values), confidence, quantile)
    if ranks is None:
        return None
    low, high = stretched(ranks, len(values), quantile, stretch(values, quantile))
    ordered = np.sort(values)
    return float(ordered[int(low)]), float(ordered[int(high)])


def stretch(values: Floats, quantile: float) -> NDArray[np.float64]:
    """Return how much farther apart an interval's ends must be, along the last axis: sqrt((1 + r) / (1 - r)), 1 or more.

    r is the correlation of neighbours' being at or below the quantile, 0 where it is below. A first-order chain of so alike
    neighbours says as much as (1 - r) / (1 + r) times as many independent ones.
    """
    rank = max(ceil(quantile * values.shape[-1] - 1e-9) - 1, 0)
    at_most = values <= np.partition(values, rank, axis=-1)[..., rank : rank + 1]
    centred = at_most - at_most.mean(axis=-1, keepdims=True)
    power = (centred**2).sum(axis=-1)
    alike = (centred[..., 1:] * centred[..., :-1]).sum(axis=-1) / np.where(power > 0, power, 1)
    r = np.clip(alike, 0, MOST_ALIKE)
    return np.asarray(np.sqrt((1 + r) / (1 - r)))


def stretched(ranks: tuple[int, int], count: int, quantile: float, by: Floats) -> tuple[Ints, Ints]:
    """Return (low, high) indices so many times as far from the quantile's place, within 0 ... count - 1, never closer."""
    place = quantile * (count - 1)
    low = np.minimum(ranks[0], np.floor(place - by * (place - ranks[0]))).astype(int)
    high = np.maximum(ranks[1], np.ceil(place + by * (ranks[1] - place))).astype(int)
    return np.maximum(low, 0), np.minimum(high, count - 1)


def half_width(samples: ArrayLike) -> float:
    """Return half of series_interval's width over the median; infinite where there is none or the median is not above 0."""
    bracket, centre = series_interval(samples), median(samples)
    return float("inf") if bracket is None or centre <= 0 else (bracket[1] - bracket[0]) / 2 / centre


def pooled_interval(
    groups: Sequence[Sequence[ArrayLike]],
    quantile: float = MEDIAN,
    confidence: float = CONFIDENCE,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float] | None:
    """Return (low, high) around the quantile of all samples, from launches of visits of samples: a hierarchical bootstrap.

    groups: one entry per launch, each a list of visits, each the samples of one visit; empty ones are left out. Launches
    are drawn with replacement, then visits of each launch, then samples of each visit, `resamples` times. Half the width
    is the distance of the farther percentile of the drawn quantiles from the quantile of all, times
    t(u - 1) sqrt(u / (u - 1)) / z, u the launches (the visits of a single launch): with few of them the percentiles
    alone are too narrow. Positive samples are widened as logarithms, so that no bound is below zero. One launch of one
    visit gives series_interval(); one launch of several visits says nothing of other launches. None below
    needed(quantile, AT_ANY_STOP) samples. Source: Davison and Hinkley, Bootstrap Methods, section 3.8; Hesterberg, The
    American Statistician 69 (2015), expanded percentiles.

    Raises:
        InputError: quantile or confidence not between 0 and 1, fewer than 100 resamples.
    """
    fewest = 100
    if resamples < fewest:
        raise InputError(f"resamples: must be >= {fewest}, got {resamples}")
    launches = [[v for v in (np.asarray(visit, dtype=float) for visit in launch) if v.size] for launch in groups]
    launches = [launch for launch in launches if launch]
    units = len(launches) if len(launches) > 1 else sum(map(len, launches))
    together = np.concatenate([visit for launch in launches for visit in launch]) if units else np.empty(0)
    strict = max(confidence, AT_ANY_STOP)
    if units < 2 or needed(quantile, strict) > together.size:
        return series_interval(together, quantile, strict)
    scale, back = (np.log, np.exp) if together.min() > 0 else (np.positive, np.positive)
    drawn = _bootstrap(launches, quantile, resamples, np.random.default_rng(seed))
    centre = float(scale(_order_statistic(together, quantile)))
    low, high = np.quantile(scale(drawn), [(1 - confidence) / 2, (1 + confidence) / 2])
    half = _widening(units, confidence) * max(centre - low, high - centre)
    return float(back(centre - half)), float(back(centre + half))


def _bootstrap(launches: list[list[Floats]], quantile: float, resamples: int, rng: np.random.Generator) -> Floats:
    """Return the quantile of each of so many resamples, in portions of about AT_ONCE samples."""
    portion = max(1, AT_ONCE // sum(visit.size for launch in launches for visit in launch))
    counts = [min(portion, resamples - done) for done in range(0, resamples, portion)]
    return np.concatenate([_quantiles(*_resample(launches, count, rng), count, quantile) for count in counts])


def _resample(launches: list[list[Floats]], count: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Return the samples of `count` resamples one after the other, and the resample that each belongs to."""
    visits = [visit for launch in launches for visit in launch]
    per_launch, per_visit = np.array([len(launch) for launch in launches]), np.array([visit.size for visit in visits])
    owner = np.repeat(np.arange(count), len(launches))
    launch = rng.integers(len(launches), size=owner.size)
    visit, owner = _draw(launch, owner, per_launch, rng)
    sample, owner = _draw(visit, owner, per_visit, rng)
    return np.concatenate(visits)[sample], owner


def _draw(boxes: Ints, owner: Ints, sizes: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return as many members of each box as it has, drawn with replacement, numbered through all boxes; and their owners."""
    drawn = np.repeat(boxes, sizes[boxes])
    starts = np.cumsum(sizes) - sizes
    return starts[drawn] + rng.integers(sizes[drawn]), np.repeat(owner, sizes[boxes])


def _quantiles(values: Floats, owner: Ints, count: int, quantile: float) -> Floats:
    """Return the quantile of each owner's values; owners are 0 ... count - 1 in rising order."""
    sizes = np.bincount(owner, minlength=count)
    starts = np.cumsum(sizes) - sizes
    ranks = np.maximum(np.ceil(quantile * sizes - 1e-9).astype(int) - 1, 0)
    rows = np.full((count, sizes.max()), np.inf)
    rows[owner, np.arange(owner.size) - starts[owner]] = values
    rows.sort(axis=1)
    found: Floats = rows[np.arange(count), ranks]
    return found


def _widening(units: int, confidence: float) -> float:
    """Return how much wider than a normal quantile the interval of so few units must be: t / z sqrt(u / (u - 1))."""
    from scipy.special import ndtri, stdtrit  # noqa: PLC0415  # scipy is paid for only here

    tail = (1 + confidence) / 2
    return float(stdtrit(units - 1, tail) / ndtri(tail) * (units / (units - 1)) ** 0.5)
