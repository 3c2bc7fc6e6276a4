"""Synthetic demand by name: stated mixes of sizes, run times and communication, drawn by a seed. It knows no trace.

The shapes are stated, not fitted: sizes are powers of two, run times log-normal by size, arrivals Poisson with a daily swing.
What is kept of traces: most jobs are small and most device-hours are in few large ones (Philly, Helios, Acme).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabric.fleet.job import Ints, Jobs, Longs
from topologies.errors import InputError

HOUR_US = 3_600_000_000
TENANTS = 8
MOST_JOBS = 5_000_000


@dataclass(frozen=True)
class Mix:
    """One mix.

    weights: jobs of 1, 2, 4 ... devices. hours: median run time of the smallest and of the largest job. spread: of its
    logarithm. swing: how much arrivals follow the day, 0 to 1. communication: share of a step, low and high, drawn evenly for
    jobs of more than 8 devices.
    """

    weights: tuple[float, ...]
    hours: tuple[float, float]
    spread: float
    swing: float
    communication: tuple[float, float]


MIXES = {
    "training-heavy": Mix((20, 8, 8, 26, 12, 10, 8, 5, 2, 1), (0.7, 9.0), 1.4, 0.3, (0.1, 0.4)),
    "inference-heavy": Mix((45, 20, 20, 14, 1), (6.0, 48.0), 1.0, 0.7, (0.05, 0.2)),
    "half-idle": Mix((45, 15, 12, 20, 5, 2, 1), (0.5, 5.0), 1.5, 0.8, (0.1, 0.3)),
}
"""Name -> mix. training-heavy reaches jobs of 512 devices; inference-heavy is of long small services; half-idle is of a centre
whose tenants come by day."""


def mix(name: str, devices: int, load: float, days: float, seed: int, largest: int | None = None) -> Jobs:
    """Return jobs of a mix that ask for `load` of so many devices over so many days, on the mean.

    largest: devices of the largest job, by default half of all; larger ones of the mix are cut to it.

    Raises:
        InputError: an unknown mix, or more jobs than are drawn at most.
    """
    if name not in MIXES:
        raise InputError(f"jobs.synthetic: must be {', '.join(MIXES)}, got {name!r}")
    own, random = MIXES[name], np.random.default_rng([seed, len(name)])
    most = largest or max(1, devices // 2)
    sizes = np.minimum(1 << np.arange(len(own.weights)), most)
    share = np.array(own.weights) / sum(own.weights)
    middle = np.array(own.hours[0]) * (own.hours[1] / own.hours[0]) ** (np.arange(len(sizes)) / (len(sizes) - 1))
    mean_hours = float((share * sizes * middle).sum() * np.exp(own.spread**2 / 2))
    wanted = load * devices * days * 24 / mean_hours
    if wanted > MOST_JOBS:
        raise InputError(f"jobs: the mix would draw {wanted:,.0f} jobs, at most {MOST_JOBS:,}; ask for fewer days")
    count = max(1, int(random.poisson(wanted)))
    kind = random.choice(len(sizes), count, p=share)
    hours = middle[kind] * np.exp(own.spread * random.standard_normal(count))
    hours *= wanted * mean_hours / float((hours * sizes[kind]).sum())  # the load asked for, whatever was drawn
    talks = random.uniform(*own.communication, count) * 1000 * (sizes[kind] > 8)
    order = np.argsort(submit := _arrivals(random, count, days, own.swing), kind="stable")
    return Jobs(
        submit=submit[order],
        work=np.maximum(hours * HOUR_US, 1_000_000).astype(np.int64)[order],
        devices=sizes[kind].astype(np.int32)[order],
        tenants=tuple(f"tenant{number}" for number in range(TENANTS)),
        tenant=_tenants(random, count),
        communication=talks.astype(np.int32)[order],
    )


def _arrivals(random: np.random.Generator, count: int, days: float, swing: float) -> Longs:
    """Return arrival times in microseconds: as many as asked, denser by day (a sine of one day) where the mix swings."""
    found = np.zeros(0)
    while len(found) < count:
        at = random.uniform(0, days, 2 * count)
        kept = random.uniform(0, 1 + swing, 2 * count) < 1 + swing * np.sin(2 * np.pi * (at - 0.25))
        found = np.concatenate([found, at[kept]])
    return (found[:count] * 24 * HOUR_US).astype(np.int64)


def _tenants(random: np.random.Generator, count: int) -> Ints:
    """Return a tenant per job: each half as busy as the one before."""
    weights = 0.5 ** np.arange(TENANTS)
    return random.choice(TENANTS, count, p=weights / weights.sum()).astype(np.int32)
