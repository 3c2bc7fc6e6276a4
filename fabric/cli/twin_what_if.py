"""What `twin what-if` runs and shows: every scenario on one live twin, beside the whole fabric. It makes no scenario up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fabric import units
from fabric.cli.output import emit, table
from fabric.cli.twin_options import degraded
from fabric.cli.twin_rows import named, predictions, row_of
from fabric.twin.experiment import check_ask, session
from fabric.twin.what_if import WHOLE, changed, scenarios

if TYPE_CHECKING:
    from fabric.twin.experiment import Ask, Session
    from fabric.twin.plan import TwinPlan
    from fabric.twin.what_if import Scenario

Point = tuple[int, int, bool]
"""Ranks, bytes, and whether in place."""


def read_scenarios(plan: TwinPlan, order: str, given: dict[str, Any]) -> list[Scenario]:
    """Return the whole fabric and every what-if of the options.

    Raises:
        InputError: what cannot be a scenario.
    """
    return scenarios(
        plan,
        order,
        fail=given["fail"],
        fail_seed=given["fail_seed"],
        degraded={text: degraded(plan.fabric, [text]) for text in given["degrade"]},
        oversubscribe=units.counts(given["oversubscribe"], "oversubscribe") if given["oversubscribe"] else (),
        orders=given["against"].split(",") if given["against"] else (),
        seeds=units.counts(given["seeds"], "seeds") if given["seeds"] else (),
        jobs=given["jobs"],
    )


def rows_of(plan: TwinPlan, ask: Ask, every: Sequence[Scenario]) -> list[dict[str, Any]]:
    """Return a row per scenario, ranks, size and form: times, their ratios to the whole fabric (of jobs: to the first alone).

    Raises:
        InputError: a scenario that cannot be measured, before anything starts.
        EnvironmentFault: the twin or a rank failed.
    """
    plans = [changed(plan, one) for one in every]
    for one, own in zip(every, plans, strict=True):
        check_ask(own, replace(ask, orders=(one.order,), jobs=one.jobs))
    whole: dict[Point, dict[str, Any]] = {}
    rows: list[dict[str, Any]] = []
    with session(plan, ask, _tell) as live:
        before = plan
        for number, (one, own) in enumerate(zip(every, plans, strict=True), start=1):
            live.change(before, own)
            found = _slowest(live, own, ask, one)
            whole = whole or found
            base = _slowest(live, own, ask, one, alone=True) if one.jobs > 1 else whole
            rows += [_with_ratios(row, base[point]) for point, row in sorted(found.items())]
            _tell(f"{number} of {len(every)} done: {one.name}")
            before = own
    return rows


def _tell(line: str) -> None:
    click.echo(f"# twin: {line}", err=True)


def _slowest(live: Session, plan: TwinPlan, ask: Ask, one: Scenario, *, alone: bool = False) -> dict[Point, dict[str, Any]]:
    """Return the row of the slowest job at every point; failures as the scenario's name for the record."""
    own = replace(ask, orders=(one.order,), jobs=one.jobs, failures="" if one.name == WHOLE else one.name)
    found = live.measure(plan, own, one.order, alone=alone)
    slowest: dict[Point, dict[str, Any]] = {}
    for result, predicted in zip(found.results, predictions(plan, found), strict=True):
        row = {"scenario": one.name, **row_of(result, predicted, plan, one.order, 1)}
        point = (result.case.world_size, result.case.nbytes, result.case.in_place)
        slowest[point] = max(slowest.get(point, row), row, key=lambda row: float(row["seconds"]))
    return slowest


def _with_ratios(row: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    was, said = row["seconds"] / base["seconds"], row["predicted_seconds"] / base["predicted_seconds"]
    return row | {"measured_ratio": was, "predicted_ratio": said, "ratio_error": was / said - 1}


COLUMNS: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "what if": lambda row: row["scenario"],
    "size": lambda row: units.show_size(row["nbytes"]),
    "ranks": lambda row: str(row["world_size"]),
    "in place": lambda row: "yes" if row["in_place"] else "no",
    "order": lambda row: row["order"],
    "measured": lambda row: units.show_duration(row["seconds"]),
    "predicted": lambda row: units.show_duration(row["predicted_seconds"]),
    "error": lambda row: f"{100 * row['error']:+.1f} %",
    "ratio measured": lambda row: f"{row['measured_ratio']:.2f}",
    "ratio predicted": lambda row: f"{row['predicted_ratio']:.2f}",
    "apart": lambda row: f"{100 * row['ratio_error']:+.1f} %",
    "regime": lambda row: row["regime"],
}


def show(rows: Sequence[dict[str, Any]], plan: TwinPlan, *, as_json: bool, as_csv: bool) -> None:
    """Print the rows in the form that was asked for."""
    if emit("twin-what-if", rows, as_json=as_json, as_csv=as_csv):
        return
    first = rows[0]
    title = f"{named(first, plan)}: what if"
    notes = ["ratios: over the whole fabric, of several jobs over the first one alone; the slowest job is shown"]
    table(title, list(COLUMNS), [[cell(row) for cell in COLUMNS.values()] for row in rows], notes=notes)
