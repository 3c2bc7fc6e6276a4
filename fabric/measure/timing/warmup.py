"""Where the first stretch of samples that differs from the rest ends: a change point by ranks. It knows no cause, no unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LOOKED_AT = 600
"""Samples from the start; a later change is the host's state, not a warm-up."""
FEWEST = 18
"""Samples from which on a change can be told: of fewer, no order is over THRESHOLD."""
THRESHOLD = 3.5
"""Of the largest standardised rank sum: passed by under 1 % of exchangeable series of up to 600 samples, see the test."""


def cold_samples(samples: Sequence[float]) -> int:
    """Return how many samples at the start differ from those after them: at most half of all, 0 where none stand out.

    The ranks of the first k samples, centred, are summed: S_k. Were the order a matter of chance, S_k would have the variance
    k (n - k) / (n - 1) var(ranks). The k <= n/2 with the largest |S_k| in units of its deviation is the change, if that is
    over THRESHOLD; what is left is looked at again. Ranks make single outliers harmless, and three samples or fewer
    undetectable. Samples that hang together (a slow drift) raise more alarms, which cost samples and nothing else.
    Source: Pettitt, Applied Statistics 28 (1979), standardised as Wilcoxon's rank sum.
    """
    values = np.asarray(samples[:LOOKED_AT], dtype=float)
    half, cold = len(values) // 2, 0
    while cold < half and (more := _change(values[cold:], half - cold)):
        cold += more
    return cold


def _change(values: NDArray[np.float64], latest: int) -> int:
    """Return the k <= latest after which the values differ most from the first k, 0 where that may be chance."""
    n = len(values)
    if n < FEWEST:
        return 0
    ranks = mean_ranks(values) - (n + 1) / 2
    spread = float(ranks.var())
    if spread <= 0:
        return 0
    k = np.arange(1, min(latest, n // 2) + 1)
    scores = np.abs(np.cumsum(ranks)[: len(k)]) / np.sqrt(k * (n - k) / (n - 1) * spread)
    best = int(np.argmax(scores))
    return best + 1 if scores[best] > THRESHOLD else 0


def mean_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks 1 ... n of the values; equal ones share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks
