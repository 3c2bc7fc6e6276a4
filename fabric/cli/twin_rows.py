"""What `twin run` shows: a prediction for every result, both as one row, the rows as a table. It runs nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fabric.cli.answers import flat
from fabric.cli.output import emit, table
from fabric.network.placement import given_order
from fabric.predict.answer import predict
from fabric.predict.bounds import bound
from fabric.predict.constants import constants_of
from fabric.predict.jobs import Job, predict_together
from fabric.twin.paths import table as forwarding
from fabric.twin.plan import payload_fabric
from fabric.twin.regime import BANDWIDTH
from fabric.units import show_duration, show_size

if TYPE_CHECKING:
    from fabric.records.result import Result
    from fabric.report.twin.charts import Point
    from fabric.twin.experiment import Order
    from fabric.twin.plan import TwinPlan


def predictions(plan: TwinPlan, order: Order) -> list[Result]:
    """Return a prediction for every result: alpha = gamma = 0, the links' goodput, the same routes.

    Routes that were looked up go by the plan's policy: the table of them is a file that is gone afterwards.
    """
    if not order.paths:
        return [_predicted(plan, order, result, plan.routing) for result in order.results]
    with tempfile.TemporaryDirectory(prefix="fabricbench-") as folder:
        file = Path(folder) / "table.json"
        file.write_text(json.dumps(forwarding(plan, order.paths)))
        found = [_predicted(plan, order, result, f"table:{file}") for result in order.results]
    return [replace(one, routing=plan.routing) for one in found]


def _predicted(plan: TwinPlan, order: Order, result: Result, routing: str) -> Result:
    """Return the prediction for one result; process groups that ran at once are predicted at once."""
    fabric, constants = payload_fabric(plan), constants_of("none", result.source.removeprefix("twin:"))
    if len(order.devices) == 1 and result.case.order == order.name:
        return predict([result.case], fabric, constants, routing=routing, algorithm=result.algorithm)[0]
    groups = [np.array(group) for group in order.devices]
    jobs = [Job(replace(result.case, order=given_order(group)), group, result.algorithm) for group in groups]
    together = predict_together(jobs, fabric, constants, routing=routing)
    return next(one for one in together if one.case.order == result.case.order)


def row_of(result: Result, predicted: Result, plan: TwinPlan, order: str, number: int) -> dict[str, Any]:
    """Return a result and its prediction as one flat row; error = measured / predicted seconds - 1."""
    return flat(
        result,
        order=order,
        devices=result.case.order,
        algorithm=predicted.model.runs,
        predicted_seconds=predicted.time,
        error=result.time / predicted.time - 1,
        regime=result.context["regime"],
        quotient=result.context["quotient"],
        predicted_by=predicted.source,
        slowdown=predicted.model.slowdown,
        counted_slowdown=result.context["counted_slowdown"],
        bottleneck_link=predicted.model.link,
        routing=plan.routing,
        host_bits_per_second=result.context["host_bits_per_second"],
        fabric=result.fabric,
        fingerprint=result.fingerprint,
        failures=result.context.get("failures"),
        fidelity=result.fidelity,
        bring_up=number,
    )


def write_page(path: Path, pairs: Sequence[tuple[Result, Result]], plan: TwinPlan, command: str) -> None:
    """Write the page of results and their predictions.

    Raises:
        InputError: the file cannot be written.
    """
    from fabric.report.twin.page import write  # it imports a chart library

    write(path, points(pairs, plan), max(result.made_at for result, _ in pairs), [command])


def points(pairs: Sequence[tuple[Result, Result]], plan: TwinPlan) -> list[Point]:
    """Return results of one plan and their predictions as points of a page, with the bound of the scaled fabric."""
    from fabric.report.twin.charts import Point

    fabric, found = payload_fabric(plan), []
    for result, predicted in pairs:
        named = not result.case.order.startswith("given")
        limit = bound(result.case, fabric, result.source.removeprefix("twin:")) if named else None
        found.append(Point(result, predicted, limit.busbw if limit else None))
    return found


COLUMNS: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "size": lambda row: show_size(row["nbytes"]),
    "ranks": lambda row: str(row["world_size"]),
    "order": lambda row: row["devices"],
    "in place": lambda row: "yes" if row["in_place"] else "no",
    "measured": lambda row: show_duration(row["seconds"]),
    "predicted": lambda row: show_duration(row["predicted_seconds"]),
    "error": lambda row: f"{100 * row['error']:+.1f} %",
    "regime": lambda row: row["regime"],
    "q": lambda row: f"{row['quotient']:.1f}",
    "samples": lambda row: str(row["samples"]),
    "idle": lambda row: f"{100 * row['fidelity']['idle']:.0f} %",
    "resent": lambda row: str(row["fidelity"]["retransmitted_segments"]),
    "bottleneck": lambda row: row["bottleneck_link"] or "-",
}
SHOWN_BY = ("order", "world_size", "nbytes", "devices", "in_place")


def show(rows: Sequence[dict[str, Any]], plan: TwinPlan, *, as_json: bool, as_csv: bool) -> None:
    """Print the rows in the form that was asked for."""
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in SHOWN_BY))
    if emit("twin", ordered, as_json=as_json, as_csv=as_csv):
        return
    rate = ordered[0]["host_bits_per_second"] / 1e6
    notes = [
        f"hosts' links {rate:g} Mbit/s, {plan.scale:.3g} of the fabric's; predicted with alpha = gamma = 0, no fitted constant",
        f"error = measured / predicted - 1; scored in the bandwidth regime only (q >= {BANDWIDTH:g})",
    ]
    if ordered[0]["source"].startswith("twin:mpi"):
        notes.append("fidelity: MPI's ranks ask for messages all the time, so that idle says nothing")
    elif not all(row["fidelity"]["quiet"] for row in ordered):
        notes.append("fidelity: less than 35 % idle in some rows: other work runs beside, or the links are too fast")
    cells = [[cell(row) for cell in COLUMNS.values()] for row in ordered]
    table(named(ordered[0], plan), list(COLUMNS), cells, notes=notes)


def named(row: dict[str, Any], plan: TwinPlan) -> str:
    """Return what a row's run was, for a title: collective, library, algorithm, fabric, routing."""
    return f"{row['collective']} ({row['source']}, {row['algorithm']}) on the twin of {row['fabric']}, {plan.routing}"
