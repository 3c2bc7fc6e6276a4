"""What an 8-byte canary in every launch says about pairs of launches: host states and noise in common. It judges no cell.

Identical launches fall into host states that last for minutes (8 bytes: 0.21 or 0.55 us), so that a pair may have a launch in
each. Which side has the slow one is a coin's choice, unless the canary itself differs between the sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fabric.gate.verdict import judge

STATES_APART = 1.5
"""Ratio of two canaries from which on their launches were in different host states."""
ONE_SIDED = 1e-3
"""Crossed pairs that all point one way with less than this chance are no host states: the canary differs between the sides."""
MOST_CROSSED = 0.5
"""Share of crossed pairs from which on the host is too unsteady to compare anything."""
FEWEST_PAIRS = 4
"""Before so many, crossed pairs are left out and say nothing of the host: any one may be chance."""
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Canary:
    """kept: the pairs that may be compared. crossed: those that are not, their launches were in different host states.

    own_change: the canary itself differs between the sides, so nothing is normalised by it. slowest, fastest: seconds.
    """

    kept: Bools
    crossed: int
    own_change: bool
    fastest: float
    slowest: float

    @property
    def unsteady(self) -> bool:
        """Whether too many pairs crossed host states for a verdict."""
        return len(self.kept) >= FEWEST_PAIRS and self.crossed > MOST_CROSSED * len(self.kept)


def look_at(a_seconds: Sequence[float], b_seconds: Sequence[float]) -> Canary:
    """Return what the canaries of paired launches say."""
    ratios = np.log(np.asarray(b_seconds, dtype=float)) - np.log(np.asarray(a_seconds, dtype=float))
    apart = np.abs(ratios) > log(STATES_APART)
    one_way = _chance(int((ratios[apart] > 0).sum()), int(apart.sum())) < ONE_SIDED
    kept = np.ones(len(ratios), dtype=bool) if one_way else ~apart
    changed = one_way or judge([float(ratio) for ratio in ratios[kept]]).kind in ("regressed", "improved")
    both = [*a_seconds, *b_seconds]
    return Canary(kept, int((~kept).sum()), changed, min(both, default=0.0), max(both, default=0.0))


def _chance(up: int, count: int) -> float:
    """Return the chance that fair signs are at least as one-sided."""
    from scipy.stats import binomtest  # scipy is paid for only here

    return float(binomtest(up, count).pvalue) if count else 1.0


def normalised(log_ratios: ArrayLike, canary_log_ratios: ArrayLike) -> tuple[NDArray[np.float64], float]:
    """Return (log ratios less share x the canary's, share): the share, 0 ... 1, is the least squares one through 0.

    It does not change when both sides of a pair are swapped, so that the sign of what is left is still the pair's coin.
    """
    own, canary = np.asarray(log_ratios, dtype=float), np.asarray(canary_log_ratios, dtype=float)
    power = float(canary @ canary)
    share = min(max(float(own @ canary) / power, 0.0), 1.0) if power > 0 else 0.0
    return own - share * canary, share


def say(canary: Canary) -> str:
    """Return one line on the canary."""
    spread = f"8-byte canary {canary.fastest * 1e6:.2f} ... {canary.slowest * 1e6:.2f} us"
    if canary.own_change:
        return f"{spread}; it differs between the sides: not normalised by it"
    return f"{spread}; {canary.crossed} of {len(canary.kept)} pairs crossed host states and were left out"
