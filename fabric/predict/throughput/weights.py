"""Multiplicative weights for the maximum concurrent flow: a feasible routing and a bound, phase by phase, until they are near.

Every phase sends all demand over shortest trees; an arc becomes exponentially longer as it fills, by exp(theta / sqrt(n))
where phase n fills it as far as the optimum would. Bound: sum(length x
capacity) / sum(demand x distance). Achieved: phases / the fullest arc's load, over all phases or the latest half of them.
Both hold whenever one stops.
Sources: Garg, Koenemann, FOCS 1998; Fleischer, SIAM J. Discrete Math. 13(4), 2000. It does not know what the arcs are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fabric.predict.throughput.core import Core
from fabric.predict.throughput.demand import Demand

LOOK = 4
"""After so many phases the bound is worked out anew, at the price of one."""


@dataclass(frozen=True)
class Concurrent:
    """Achieved theta, bound, and the phases it took."""

    lower: float
    upper: float
    phases: int

    @property
    def gap(self) -> float:
        """1 - lower / upper."""
        return 1 - self.lower / self.upper if self.upper > 0 else 0.0


def concurrent_flow(
    core: Core, demand: Demand, guess: float, eps: float, most: int, progress: Callable[[str], None] | None = None
) -> Concurrent:
    """Return theta between two numbers, their gap at most eps unless `most` phases were too few.

    guess: about what theta is (a bound will do); it only sets the pace.
    """
    from fabric.predict.throughput.kernels import phase  # noqa: PLC0415  # numba costs 0.3 s and is paid only here

    order = np.argsort(core.tail, kind="stable")
    tail, head, capacity = core.tail[order], core.head[order], core.capacity[order]
    first = np.searchsorted(tail, np.arange(core.vertices + 1))
    sources = demand.sources
    rows = demand.rows(sources)
    length, load, recent = 1 / capacity, np.zeros(len(tail)), np.zeros(len(tail))
    lower, upper, number, begun = 0.0, np.inf, 0, 0
    while number < most and (number == 0 or 1 - lower / upper > eps):
        number += 1
        own = np.zeros(len(tail))
        phase(first, tail, head, capacity, length, own, sources, rows, min(guess, upper) / np.sqrt(number))
        length = np.maximum(length / length.max(), 1e-200)
        load, recent = load + own, recent + own
        lower = max(lower, number / (load / capacity).max(), (number - begun) / (recent / capacity).max())
        if number % LOOK == 0 or number == most:
            work = phase(first, tail, head, capacity, length.copy(), own, sources, rows, 0.0)
            upper = min(upper, float((length * capacity).sum() / work))
        if number & (number - 1) == 0:
            recent, begun = np.zeros(len(tail)), number
        if progress:
            progress(f"multiplicative weights: phase {number} of at most {most}, gap {100 * (1 - lower / upper):.1f} %")
    return Concurrent(float(lower), upper, number)
