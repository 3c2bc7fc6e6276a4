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


def tenants_fair(cell: Cell) -> list[dict[str, Any]]:
    """Return a row per tenant over all seeds, the most device-hours first: what it held a seed, its jobs, how it was treated.

    wait_mean_seconds, slowdown_mean: over its jobs (those that ended); the slowdown is None where none did.
    """
    by: dict[str, list[Mapping[str, Any]]] = {}
    for run in cell.runs:
        for one in run.figures["tenants"]:
            by.setdefault(one["name"], []).append(one)
    held = sum(one["hours"] for rows_of in by.values() for one in rows_of)
    found = [
        {
            "tenant": name,
            "device_hours": sum(one["hours"] for one in own) / len(cell.runs),
            "share": sum(one["hours"] for one in own) / held if held else 0.0,
            "jobs": sum(one["jobs"] for one in own),
            "wait_mean_seconds": _mean([(one["wait_mean"], one["jobs"]) for one in own]) or 0.0,
            "slowdown_mean": _mean([(one["slowdown_mean"], one["jobs"]) for one in own if one["slowdown_mean"] is not None]),
        }
        for name, own in by.items()
    ]
    return sorted(found, key=lambda one: (-one["device_hours"], one["tenant"]))


def _mean(pairs: Sequence[tuple[float, int]]) -> float | None:
    """Return the mean of values by weight, None without any weight."""
    weight = sum(jobs for _, jobs in pairs)
    return sum(value * jobs for value, jobs in pairs) / weight if weight else None


def fairness(policy: str, found: Sequence[Mapping[str, Any]], jain: float | None) -> Part:
    """Return the table of those rows, with Jain's index (of the first seed) beneath."""
    from fabric.report.words.fleet import fair_cells, texts

    own = texts("en")
    notes = [] if jain is None else [own["fairness"].format(value=jain)]
    notes += [f"{len(found) - TENANTS:,} tenants with fewer hours are left out here (--json has all)"] * (len(found) > TENANTS)
    cells = [fair_cells(row, "en") for row in found[:TENANTS]]
    return rows(f"How tenants fare, {policy}", own["heads_fair"].split("|"), cells, notes)


def table(policy: str, found: Sequence[Mapping[str, Any]], *, asked: bool) -> Part:
    """Return the table of those rows. asked: whether the wait was asked for."""
    from fabric.report.words.fleet import clock, tenant_cells, texts

    own, limit = texts("en"), clock(found[0]["wait_seconds"] if found else WAIT, "en")
    notes = [own["fits_note"].format(wait=limit)]
    notes += [] if asked else ["--wait SECONDS asks for another wait"]
    notes += [f"{len(found) - TENANTS:,} tenants with fewer jobs are left out here (--json has all)"] * (len(found) > TENANTS)
    heads = own["heads_fits"].format(wait=limit).split("|")
    return rows(f"Which tenants' jobs fit, {policy}", heads, [tenant_cells(row, "en") for row in found[:TENANTS]], notes)
