"""How `measure` shows its results: tables or rows, the bounds beside them, what is wrong said aloud. It measures nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.bounds import bounds_of
from fabric.cli.nccl_table import row_of, tables
from fabric.cli.output import emit, warn
from fabric.collectives.catalog import COLLECTIVES
from fabric.measure.cells.refine import curves, switches
from fabric.records.pool import pooled
from fabric.records.result import Result

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric


def show(results: Sequence[Result], topo: str | None, fabric: Fabric | None, *, as_json: bool, as_csv: bool) -> int:
    """Print the results in the form that was asked for; return the exit code, 1 where any element is wrong."""
    bounds, notes = bounds_of(results, topo, fabric)
    ordered = sorted(pooled(results), key=_place)
    rows = [row_of(result, bounds) for result in ordered]
    found = switch_rows(results)
    wrong = sum(bool(result.wrong) for result in ordered)
    if not emit("measure", rows, as_json=as_json, as_csv=as_csv, wrong_cases=wrong, switches=found, notes=notes):
        click.echo(tables(ordered, bounds))
        for line in [*map(_words, found), *notes]:
            click.echo(f"# {line}")
    sys.stdout.flush()
    if wrong:
        elements = sum(result.wrong or 0 for result in ordered)
        warn(f"WRONG RESULTS in {wrong} of {len(ordered)} cases: {elements} elements differ from the exact result")
    return int(wrong > 0)


def _place(result: Result) -> tuple[Any, ...]:
    case = result.case
    name = list(COLLECTIVES).index(case.collective)
    return (result.source, name, case.world_size, case.order, case.nbytes, case.in_place)


def switch_rows(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return where time jumps, of every curve to which sizes were added."""
    names = ("source", "collective", "world_size", "in_place", "order")
    looked_at = curves([result for result in results if result.context.get("refined")])
    return [
        dict(zip(names, curve, strict=True))
        | {"low_nbytes": one.low, "high_nbytes": one.high, "factor": round(one.factor, 3), "text": one.text()}
        for curve, points in curves(results).items()
        if curve in looked_at
        for one in switches(points)
    ]


def _words(row: dict[str, Any]) -> str:
    form = "in place" if row["in_place"] else "out of place"
    ranks = f"{row['world_size']} rank{'s' if row['world_size'] > 1 else ''}"
    return f"{row['collective']} of {row['source']} on {ranks}, {row['order']}, {form}: {row['text']}"
