"""What `twin what-if` runs and shows: every scenario on one live twin, beside the whole fabric. It makes no scenario up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import emit, table
from fabric.cli.twin_rows import predictions, row_of

if TYPE_CHECKING:
    from fabric.twin.experiment import Ask, Session
    from fabric.twin.plan import TwinPlan
    from fabric.twin.what_if import Scenario


def rows_of(
    plan: TwinPlan, ask: Ask, degraded: Mapping[str, Mapping[int, float]], given: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return a row per scenario: times, and their ratios to the whole fabric (of jobs: to the first job alone).

    Raises:
        InputError: what cannot be a scenario, before anything starts.
        EnvironmentFault: the twin or a rank failed.
    """
    from fabric import units
    from fabric.twin.experiment import check_ask, session
    from fabric.twin.what_if import changed, scenarios

    every = scenarios(
        plan,
        ask.orders[0],
        fail=given["fail"],
        fail_seed=given["fail_seed"],
        degraded=degraded,
        oversubscribe=[float(n) for n in units.counts(given["oversubscribe"])] if given["oversubscribe"] else (),
        orders=given["against"].split(",") if given["against"] else (),
        seeds=units.counts(given["seeds"]) if given["seeds"] else (),
        jobs=given["jobs"],
    )
    plans = [changed(plan, one) for one in every]
    for one, own in zip(every, plans, strict=True):
        check_ask(own, replace(ask, orders=(one.order,), jobs=one.jobs))
    rows: list[dict[str, Any]] = []
    with session(plan, ask, _tell) as live:
        before = plan
        for one, own in zip(every, plans, strict=True):
            live.change(before, own)
            row = _slowest(live, own, ask, one)
            base = _slowest(live, own, ask, one, alone=True) if one.jobs > 1 else (rows or [row])[0]
            rows.append(_with_ratios(row, base))
            _tell(f"{one.name}: done")
            before = own
    return rows


def _tell(line: str) -> None:
    click.echo(f"# twin: {line}", err=True)


def _slowest(live: Session, plan: TwinPlan, ask: Ask, one: Scenario, *, alone: bool = False) -> dict[str, Any]:
    """Return the row of the slowest job; failures as the scenario's name for the record."""
    own = replace(ask, orders=(one.order,), jobs=one.jobs, failures="" if one.name == "whole" else one.name)
    found = live.measure(plan, own, one.order, alone=alone)
    rows = [row_of(r, p, plan, one.order, 0) for r, p in zip(found.results, predictions(plan, found), strict=True)]
    return {"scenario": one.name} | max(rows, key=lambda row: float(row["seconds"]))


def _with_ratios(row: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    was, said = row["seconds"] / base["seconds"], row["predicted_seconds"] / base["predicted_seconds"]
    return row | {"measured_ratio": was, "predicted_ratio": said, "ratio_error": was / said - 1}


def show(rows: Sequence[dict[str, Any]], plan: TwinPlan, *, as_json: bool, as_csv: bool) -> None:
    """Print the rows in the form that was asked for."""
    from fabric.units import show_duration, show_size

    if emit("twin-what-if", rows, as_json=as_json, as_csv=as_csv):
        return
    columns = ["what if", "order", "measured", "predicted", "error", "ratio measured", "ratio predicted", "error", "regime"]
    body = [
        (
            row["scenario"],
            row["order"],
            show_duration(row["seconds"]),
            show_duration(row["predicted_seconds"]),
            f"{100 * row['error']:+.1f} %",
            f"{row['measured_ratio']:.2f}",
            f"{row['predicted_ratio']:.2f}",
            f"{100 * row['ratio_error']:+.1f} %",
            row["regime"],
        )
        for row in rows
    ]
    first = rows[0]
    title = f"{show_size(first['nbytes'])} on {first['world_size']} hosts of {first['fabric']}, {plan.routing}: what if"
    notes = ["ratios: over the whole fabric, of several jobs over the first one alone; the slowest job is shown"]
    table(title, columns, body, notes=notes)
