"""`fleet trace`: what is in a trace of jobs, and what was left out of it, with reasons. It simulates nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fabric.answers.answer import LIST, NUMBER, TEXT, TEXTS, WHOLE, Answer, Column, Part, View
from fabric.answers.fleet_tables import clock, rows

if TYPE_CHECKING:
    from fabric.fleet.figures import Floats
    from fabric.fleet.job import Jobs
    from fabric.fleet.traces.trace import Trace

TENANTS = 20
"""Tenants that the table shows, the most device-hours first."""


@dataclass(frozen=True)
class Group:
    """Jobs of one size class: how many, their device-hours, run times in seconds."""

    devices: str
    jobs: int
    hours: float
    share: float
    median: float
    p95: float


VIEW = View(
    "fleet-trace",
    (
        Column("devices", TEXT, "size class in devices, `all` first", head="devices"),
        Column("jobs", WHOLE, "jobs kept", head="jobs"),
        Column("device_hours", NUMBER, "that they ask for", lambda f: f.hours, head="device-hours",
               cell=lambda f: f"{f.hours:,.0f}"),
        Column("share", NUMBER, "of all device-hours", head="of all", cell=lambda f: f"{100 * f.share:.1f} %"),
        Column("run_median_seconds", NUMBER, "run time, median", lambda f: f.median, head="run, median",
               cell=lambda f: clock(f.median)),
        Column("run_p95_seconds", NUMBER, "run time, 95th percentile", lambda f: f.p95, head="run, P95",
               cell=lambda f: clock(f.p95)),
    ),
    beside={
        "kind": TEXT, "source": TEXT, "origin": TEXT, "days": NUMBER, "rows_read": WHOLE, "left_out": LIST, "tenants": LIST,
        "pools": LIST, "notes": TEXTS, "devices_for_load": LIST,
    },
)  # fmt: skip
LOADS = (0.6, 0.8, 0.95)


def fleet_trace(file: Path, kind: str | None = None) -> Answer[Group]:
    """Return what is in a trace: jobs and device-hours by size, tenants, the fleet that it would load, what was left out.

    kind: philly, openb, csv, swf, sacct or kubectl; None: told by its content.

    Raises:
        InputError: a file that cannot be read, or holds no job.
    """
    from fabric.fleet.traces.catalog import read_trace

    found = read_trace(file, kind)
    groups = _groups(found.jobs)
    days = _days(found.jobs)
    sized = [{"load": load, "devices": max(round(groups[0].hours / (days * 24 * load)), 1)} for load in LOADS] if days else []
    tenants = _tenants(found.jobs)
    parts = tuple(_parts(file, found, groups, days, tenants, sized))
    return Answer(VIEW, groups, groups, parts, {
        "kind": found.kind, "source": found.source, "origin": found.origin, "days": days, "rows_read": found.rows,
        "left_out": [{"reason": o.reason, "count": o.count, "first_line": o.line, "value": o.value} for o in found.left],
        "tenants": [{"tenant": name, "jobs": jobs, "device_hours": hours} for name, jobs, hours in tenants],
        "pools": [{"name": p.name, "nodes": p.nodes, "devices": p.devices, "kind": p.kind} for p in found.pools],
        "notes": [note.text for note in found.notes], "devices_for_load": sized,
    })  # fmt: skip


def _hours(jobs: Jobs) -> Floats:
    """Return the device-hours that every job asks for."""
    found: Floats = jobs.work * 1.0 * jobs.devices * jobs.columns()["share"].astype("float64") / 3.6e12
    return found


def _days(jobs: Jobs) -> float:
    """Return the days from the first submit to the last."""
    return float(jobs.submit[-1] - jobs.submit[0]) / 86.4e9


def _groups(jobs: Jobs) -> tuple[Group, ...]:
    import numpy as np

    from fabric.fleet.figures import SIZES, class_name, middle, p95

    hours, total = _hours(jobs), float(_hours(jobs).sum())
    found = []
    for name, low, high in [("all", 1, 2**31), *((class_name(a, b), a, b) for a, b in SIZES)]:
        own = (jobs.devices >= low) & (jobs.devices <= high)
        if own.any():
            runs = jobs.work[own].astype(np.float64) / 1e6
            part = float(hours[own].sum())
            share = part / total if total else 0.0
            found.append(Group(name, int(own.sum()), part, share, middle(runs) or 0.0, p95(runs) or 0.0))
    return tuple(found)


def _tenants(jobs: Jobs) -> list[tuple[str, int, float]]:
    import numpy as np

    own = jobs.columns()["tenant"].astype(np.int64)
    hours = np.bincount(own, weights=_hours(jobs), minlength=len(jobs.tenants))
    counts = np.bincount(own, minlength=len(jobs.tenants))
    found = [(name or "-", int(counts[n]), float(hours[n])) for n, name in enumerate(jobs.tenants)]
    return sorted(found, key=lambda one: (-one[2], one[0]))


def _parts(
    file: Path,
    found: Trace,
    groups: tuple[Group, ...],
    days: float,
    tenants: Sequence[tuple[str, int, float]],
    sized: Sequence[Mapping[str, float]],
) -> list[Part]:
    """Return the tables: sizes, what was left out, tenants."""
    began = f", from {found.origin}" if found.origin else ""
    title = f"{file.name}: {found.kind}, {len(found.jobs):,} jobs of {found.rows:,} rows, {days:.1f} days{began}"
    notes = [f"load {one['load']:g} on {one['devices']:,} devices" for one in sized]
    said = ["; ".join(notes), *(note.text for note in found.notes), *[f"source: {found.source}"] * bool(found.source)]
    parts = [Part(title, groups, None, tuple(said))]
    if found.left:
        body = [(f"{one.count:,}", one.reason, str(one.line), one.value) for one in found.left]
        parts.append(rows("Left out", ("rows", "because", "first in line", "there"), body))
    if len(tenants) > 1:
        cells = [(name, f"{jobs:,}", f"{hours:,.0f}") for name, jobs, hours in tenants[:TENANTS]]
        more = [f"and {len(tenants) - TENANTS:,} more tenants"] if len(tenants) > TENANTS else []
        parts.append(rows("Tenants", ("tenant", "jobs", "device-hours"), cells, more))
    return parts
