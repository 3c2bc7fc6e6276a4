"""Made-up series of times with a known quantile function, and how often a warm-up is seen in them. It knows no intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr, ndtri

from fabric.measure.timing.warmup import cold_samples

SEED = 20261122
Floats = NDArray[np.float64]
Inverse = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Source:
    """Samples with the quantile function `inverse`, of uniforms that are independent or, by `held`, hang together.

    held: lag-1 correlation of the normal first-order autoregression under them.
    """

    inverse: Inverse
    held: float = 0.0

    def draw(self, runs: int, count: int, rng: np.random.Generator) -> Floats:
        """Return runs x count samples."""
        noise = rng.standard_normal((runs, count))
        if self.held:
            noise[:, 1:] *= (1 - self.held**2) ** 0.5
            noise = lfilter([1], [1, -self.held], noise, axis=1)
        return self.inverse(ndtr(noise))


def lognormal(sigma: float) -> Inverse:
    """Return the quantile function of exp(sigma x normal)."""
    return lambda u: np.exp(sigma * ndtri(u))


def heavy(u: Floats) -> Floats:
    """Return quantiles of 1 + 0.05 x Pareto(1.5): no variance."""
    return 1 + 0.05 * (1 - u) ** (-1 / 1.5)


def tied(u: Floats) -> Floats:
    """Return quantiles of a lognormal of 5 % on a clock that ticks in 2 % of the median."""
    return np.round(np.exp(0.05 * ndtri(u)) / 0.02) * 0.02


SOURCES: Mapping[str, Source] = {
    "lognormal 3 %": Source(lognormal(0.03)),
    "lognormal 10 %": Source(lognormal(0.1)),
    "heavy tail": Source(heavy),
    "tied": Source(tied),
    "autocorrelated 0.1": Source(lognormal(0.05), 0.1),
    "autocorrelated 0.3": Source(lognormal(0.05), 0.3),
    "autocorrelated 0.5": Source(lognormal(0.05), 0.5),
    "autocorrelated 0.7": Source(lognormal(0.05), 0.7),
}
"""The first four are independent."""
KEPT = tuple(name for name, source in SOURCES.items() if source.held <= 0.5)
"""Those for which the promise is made."""


@dataclass(frozen=True)
class Alarms:
    """Shares of simulated series with a warm-up found. false: in steady ones; found: in those with a cold start."""

    count: int
    false: float
    false_autocorrelated: float
    found: float
    cut_off_by: float


def alarms(count: int, runs: int = 2000, seed: int = SEED) -> Alarms:
    """Return the warm-up's rates: noise of 5 %; autocorrelation 0.3; a cold start is a fifth of the series, 15 % slower.

    cut_off_by: mean distance of the cut from the true one, in samples, where one was found.
    """
    rng, cold = np.random.default_rng(seed + count), count // 5
    steady = [cold_samples(row.tolist()) for row in Source(lognormal(0.05)).draw(runs, count, rng)]
    linked = [cold_samples(row.tolist()) for row in Source(lognormal(0.05), 0.3).draw(runs, count, rng)]
    series = Source(lognormal(0.05)).draw(runs, count, rng)
    series[:, :cold] *= 1.15
    cut = np.array([cold_samples(row.tolist()) for row in series])
    off = float(np.abs(cut[cut > 0] - cold).mean()) if cut.any() else float("nan")
    return Alarms(
        count, float(np.mean(np.array(steady) > 0)), float(np.mean(np.array(linked) > 0)), float((cut > 0).mean()), off
    )
