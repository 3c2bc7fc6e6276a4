"""Seeded mixes of jobs for a fleet of some size at some load: stated, not measured. It knows no fabric.

Sizes follow the shares in MIXES, run times are log-normal, arrivals Poisson with a day's rhythm. Work offered = load x
devices x time, to what drawing leaves. What the shares rest on: that a few large jobs hold most of the device-time while most
jobs are small (Hu et al., SC'21, Helios; Hu et al., NSDI'24, Acme: single-device jobs are the most, those of 256 and more
hold over half).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabric.fleet.job import LONGEST_US, WHOLE, Jobs
from fabric.fleet.traces.trace import SECOND_US, Trace
from fabric.text.escape import shown
from topologies.errors import InputError

DAY_US = 86_400 * SECOND_US
HOUR_US = 3_600 * SECOND_US


@dataclass(frozen=True)
class Kind:
    """Jobs of one kind in a mix: their share of all jobs, sizes and shares of these, hours (median, P90), and what they do.

    communication: thousandths of a step, of jobs over several nodes. use: thousandths of their devices' time that they use.
    checkpoint_hours: between checkpoints, 0 for none.
    """

    name: str
    share: float
    sizes: tuple[int, ...]
    weights: tuple[float, ...]
    median_hours: float
    p90_hours: float
    communication: int
    use: int
    checkpoint_hours: float = 0.0
    priority: int = 0
    preemptible: bool = False


TRIALS = Kind("trials", 0.70, (1, 2, 4, 8), (0.55, 0.15, 0.12, 0.18), 0.25, 4.0, 0, 600, preemptible=True)
TUNING = Kind("tuning", 0.22, (8, 16, 32, 64), (0.40, 0.30, 0.20, 0.10), 2.0, 14.0, 150, 900, 1.0)
TRAINING = Kind("training", 0.08, (64, 128, 256, 512), (0.40, 0.30, 0.20, 0.10), 10.0, 60.0, 250, 970, 0.5)
SERVING = Kind("serving", 0.60, (1, 2, 4, 8), (0.40, 0.25, 0.20, 0.15), 20.0, 160.0, 0, 150, priority=1)
MIXES: dict[str, tuple[Kind, ...]] = {
    "training": (TRIALS, TUNING, TRAINING),
    "inference": (SERVING, Kind("trials", 0.30, (1, 2, 4, 8), (0.55, 0.15, 0.12, 0.18), 0.25, 4.0, 0, 600, preemptible=True),
                  Kind("tuning", 0.10, (8, 16, 32), (0.50, 0.30, 0.20), 2.0, 14.0, 150, 900, 1.0)),
    "half_idle": (Kind("serving", 0.30, (1, 2, 4, 8), (0.40, 0.25, 0.20, 0.15), 20.0, 160.0, 0, 100, priority=1), TRIALS),
}  # fmt: skip
"""Mix -> its kinds of jobs."""
USUAL_LOAD = {"training": 0.9, "inference": 0.7, "half_idle": 0.3}
"""What a mix offers of what is installed where nothing else is said."""


def mix(name: str, devices: int, days: float, *, load: float | None = None, seed: int = 0, largest: int | None = None) -> Trace:
    """Return a mix for so many devices over so many days. largest: no job asks for more, by default an eighth of the devices.

    Raises:
        InputError: an unknown mix, or a number that is not above 0.
    """
    if name not in MIXES:
        raise InputError(f"mix: must be {', '.join(MIXES)}, got {shown(name)}")
    offered = USUAL_LOAD[name] if load is None else load
    for what, value in (("devices", devices), ("days", days), ("load", offered)):
        if value <= 0:
            raise InputError(f"mix: {what} must be above 0, got {value:g}")
    most = largest or max(devices // 8, 1)
    random, kinds = np.random.default_rng(seed), MIXES[name]
    mean = sum(k.share * _mean_work(k, most) for k in kinds) / sum(k.share for k in kinds)
    count = max(int(offered * devices * days * 24 / mean), 1)
    submit = _arrivals(random, count, days)
    parts = random.choice(len(kinds), count, p=np.array([k.share for k in kinds]) / sum(k.share for k in kinds))
    jobs = _drawn(random, kinds, parts, submit, most)
    return Trace(jobs, f"mix:{name}", rows=count, source="synthetic")


def _sizes(kind: Kind, most: int) -> np.ndarray:
    """Return how many devices a kind's jobs take, none above `most`."""
    sizes: np.ndarray = np.minimum(np.array(kind.sizes), most)
    return sizes


def _mean_work(kind: Kind, most: int) -> float:
    """Return mean device-hours of a job: mean size times the log-normal's mean."""
    spread = np.log(kind.p90_hours / kind.median_hours) / 1.2815515655446004
    return float(_sizes(kind, most) @ np.array(kind.weights)) * kind.median_hours * float(np.exp(spread**2 / 2))


def _arrivals(random: np.random.Generator, count: int, days: float) -> np.ndarray:
    """Return sorted submit times: Poisson, with half as many again at the day's height and half as many at night."""
    at = random.random(3 * count) * days
    kept = at[random.random(3 * count) < (1 + 0.5 * np.sin(2 * np.pi * at)) / 1.5][:count]
    missing = random.random(count - len(kept)) * days
    return np.sort((np.concatenate([kept, missing]) * DAY_US).astype(np.int64))


def _drawn(random: np.random.Generator, kinds: tuple[Kind, ...], parts: np.ndarray, submit: np.ndarray, most: int) -> Jobs:
    count = len(parts)
    devices, hours = np.zeros(count, np.int32), np.zeros(count)
    for number, kind in enumerate(kinds):
        own = np.flatnonzero(parts == number)
        spread = np.log(kind.p90_hours / kind.median_hours) / 1.2815515655446004
        devices[own] = random.choice(_sizes(kind, most), len(own), p=np.array(kind.weights))
        hours[own] = random.lognormal(np.log(kind.median_hours), spread, len(own))

    def of(values: list[float]) -> np.ndarray:
        each: np.ndarray = np.array(values)[parts]
        return each

    work = np.clip((hours * HOUR_US).astype(np.int64), SECOND_US, LONGEST_US)
    return Jobs(
        submit=submit,
        work=work,
        devices=devices,
        tenants=tuple(kind.name for kind in kinds),
        tenant=parts.astype(np.int32),
        priority=of([kind.priority for kind in kinds]).astype(np.int32),
        preemptible=of([kind.preemptible for kind in kinds]).astype(np.bool_),
        communication=of([kind.communication for kind in kinds]).astype(np.int32),
        checkpoint=(of([kind.checkpoint_hours for kind in kinds]) * HOUR_US).astype(np.int64),
        use=np.minimum(of([kind.use for kind in kinds]), WHOLE).astype(np.int32),
    )
