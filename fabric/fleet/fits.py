"""Which of every tenant's jobs fit, by size: what starts at once, how long others wait, what never can. It sets no limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fabric.fleet.figures import SECOND, SIZES, class_name, p95
from fabric.fleet.job import Jobs
from fabric.fleet.outcome import Outcome


@dataclass(frozen=True)
class Fit:
    """Jobs of one tenant and one size class that were submitted within the window.

    jobs: those that the fleet can hold; at_once: of them that started as they came. wait_p95: seconds, None without jobs.
    never: jobs that were left out, since no node, no group or no kind of device can ever hold them.
    """

    tenant: str
    devices: str
    jobs: int
    at_once: int
    wait_p95: float | None
    never: int


def fits(outcome: Outcome, asked: Jobs) -> list[Fit]:
    """Return every tenant's jobs by size class, tenants in the jobs' order. asked: all jobs, those left out among them."""
    waits = outcome.waits / SECOND
    never = {} if not outcome.left_out else _counted(_left(outcome, asked), asked, outcome.window)
    here = _counted(np.arange(len(outcome.jobs)), outcome.jobs, outcome.window)
    order = {name: number for number, name in enumerate(asked.tenants)}
    found = []
    for tenant, size in sorted({*here, *never}, key=lambda key: (order.get(key[0], 0), key[1])):
        own = here.get((tenant, size), np.zeros(0, np.int64))
        at_once = int((waits[own] == 0).sum())
        left = len(never.get((tenant, size), ()))
        found.append(Fit(tenant, class_name(*SIZES[size]), len(own), at_once, p95(waits[own]), left))
    return found


def _left(outcome: Outcome, asked: Jobs) -> np.ndarray:
    """Return the numbers of the jobs that were left out."""
    return np.array([number for number in range(len(asked)) if asked.name(number) in outcome.left_out], np.int64)


def _counted(numbers: np.ndarray, jobs: Jobs, window: tuple[int, int]) -> dict[tuple[str, int], np.ndarray]:
    """Return the jobs of these numbers that were submitted within the window, by tenant and number of the size class."""
    submit = jobs.submit[numbers]
    kept = numbers[(submit >= window[0]) & (submit < window[1])]
    size = np.searchsorted([high for _, high in SIZES], jobs.devices[kept])
    key = jobs.columns()["tenant"][kept].astype(np.int64) * len(SIZES) + size
    return {(jobs.tenants[int(one) // len(SIZES)], int(one) % len(SIZES)): kept[key == one] for one in np.unique(key)}


def over_seeds(runs: Sequence[Sequence[Mapping[str, Any]]]) -> list[Fit]:
    """Return the fits of several seeds together: jobs added up, P95 waits as their mean over the seeds that have such jobs."""
    rows: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for run in runs:
        for row in run:
            rows.setdefault((row["tenant"], row["devices"]), []).append(row)
    found = []
    for (tenant, devices), own in rows.items():
        waits = [row["wait_p95"] for row in own if row["wait_p95"] is not None]
        jobs, at_once, never = (sum(row[key] for row in own) for key in ("jobs", "at_once", "never"))
        found.append(Fit(tenant, devices, jobs, at_once, sum(waits) / len(waits) if waits else None, never))
    return found
