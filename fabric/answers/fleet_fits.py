"""The table of `fleet run` that says which tenants' jobs fit: by size, at once, within a wait, never. It runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import Part
from fabric.answers.fleet_tables import rows

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


def tenants_fit(cell: Cell, wait: float | None) -> list[dict[str, Any]]:
    """Return a row per tenant, those with most jobs first: which sizes of jobs fit within a wait, which wait longer, never fit.

    wait: seconds of P95 wait; None: an hour. at_once: share of the jobs that start as they come, None without any. soon: sizes
    whose P95 wait is at most the wait; late: others, with theirs; never: sizes with jobs that the fleet can never hold.
    """
    most = WAIT if wait is None else wait
    by: dict[str, list[Fit]] = {}
    for one in fitting(cell):
        by.setdefault(one.tenant, []).append(one)
    ordered = sorted(by.items(), key=lambda item: -sum(one.jobs + one.never for one in item[1]))
    return [{"tenant": name, "wait_seconds": most, **_row(own, most)} for name, own in ordered]


def _row(own: Sequence[Fit], most: float) -> dict[str, Any]:
    jobs = sum(one.jobs for one in own)
    waits = [(one.devices, one.wait_p95) for one in own if one.wait_p95 is not None]
    return {
        "jobs": jobs,
        "at_once": sum(one.at_once for one in own) / jobs if jobs else None,
        "soon": [devices for devices, wait in waits if wait <= most],
        "late": [{"devices": devices, "wait_p95": wait} for devices, wait in waits if wait > most],
        "never": [{"devices": one.devices, "jobs": one.never} for one in own if one.never],
    }


def table(policy: str, found: Sequence[Mapping[str, Any]], *, asked: bool) -> Part:
    """Return the table of those rows. asked: whether the wait was asked for."""
    from fabric.report.words.fleet import clock, tenant_cells, texts

    own, limit = texts("en"), clock(found[0]["wait_seconds"] if found else WAIT, "en")
    notes = [own["fits_note"].format(wait=limit)]
    notes += [] if asked else ["--wait SECONDS asks for another wait"]
    notes += [f"{len(found) - TENANTS:,} tenants with fewer jobs are left out here (--json has all)"] * (len(found) > TENANTS)
    heads = own["heads_fits"].format(wait=limit).split("|")
    return rows(f"Which tenants' jobs fit, {policy}", heads, [tenant_cells(row, "en") for row in found[:TENANTS]], notes)
