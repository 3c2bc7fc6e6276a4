"""The table of `fleet run` that says which tenants' jobs fit: by size, at once, within a wait, never. It runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fabric.answers.answer import Part
from fabric.answers.fleet_tables import clock, rows

if TYPE_CHECKING:
    from fabric.fleet.fits import Fit
    from fabric.fleet.study import Cell

WAIT = 3600.0
"""Seconds of P95 wait up to which jobs are said to fit, where none is asked for."""
TENANTS = 20
"""Tenants that the table shows, those with most jobs."""


def fitting(cell: Cell) -> list[Fit]:
    """Return every tenant's jobs by size over all seeds of a setting."""
    from fabric.fleet.fits import over_seeds

    return over_seeds([one.figures["fits"] for one in cell.runs])


def table(cell: Cell, wait: float | None) -> Part:
    """Return a row per tenant: jobs that start at once, sizes whose P95 wait is at most `wait`, that wait longer, never fit."""
    most = WAIT if wait is None else wait
    limit = clock(most).replace(".0 ", " ")
    by: dict[str, list[Fit]] = {}
    for one in fitting(cell):
        by.setdefault(one.tenant, []).append(one)
    ordered = sorted(by.items(), key=lambda item: -sum(one.jobs + one.never for one in item[1]))
    shown = ordered[:TENANTS]
    body = [_row(name, own, most) for name, own in shown]
    notes = [f"sizes in devices of a job; a size fits within {limit} where the P95 wait of its jobs is at most that"]
    notes += ["--wait SECONDS asks for another wait"] if wait is None else []
    notes += [f"{len(ordered) - len(shown):,} tenants with fewer jobs are left out here (--json has all)"] * (
        len(shown) < len(ordered)
    )
    heads = ("tenant", "jobs", "start at once", f"fit within {limit}", "wait longer (P95)", "never fit (jobs)")
    return rows(f"Which tenants' jobs fit, {cell.setting.policy}", heads, body, notes)


def _row(name: str, own: Sequence[Fit], most: float) -> tuple[str, ...]:
    jobs = sum(one.jobs for one in own)
    at_once = f"{100 * sum(one.at_once for one in own) / jobs:.0f} %" if jobs else "-"
    waits = [(one.devices, one.wait_p95) for one in own if one.wait_p95 is not None]
    soon = [devices for devices, wait in waits if wait <= most]
    late = [f"{devices} ({clock(wait)})" for devices, wait in waits if wait > most]
    never = [f"{one.devices} ({one.never:,})" for one in own if one.never]
    return (name or "(none named)", f"{jobs:,}", at_once, *(", ".join(part) or "-" for part in (soon, late, never)))
