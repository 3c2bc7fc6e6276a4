"""`predict`: what the cost model says of collectives on a fabric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fabric.cli.answers import cases_on, constants_for, flat, model_options
from fabric.cli.output import emit, formats, table

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.records.result import Result

EXAMPLE = "Example: fabricbench predict --topo fat_tree:k=8 --collective all_reduce --sizes 1MiB,64MiB --ranks 8,128"


@click.command("predict", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option("--topo", required=True, help="Short form or YAML file of a fabric.")
@click.option("--collective", default="all_reduce", show_default=True, help="What is asked for.")
@click.option("--sizes", default="1MiB,64MiB", show_default=True, help="Bytes per rank, with units.")
@click.option("--ranks", help="World sizes, e.g. 8,16; by default all devices.")
@click.option("--algorithm", help="Name with parameters, e.g. ring:channels=8; default: the backend's choice, else ring.")
@click.option("--fidelity", default="auto", show_default=True, help="auto or loaded.")
@model_options
@formats
def command(*, topo: str, collective: str, sizes: str, ranks: str | None, as_json: bool, as_csv: bool, **model: Any) -> None:
    """Predict how long collectives take on a fabric, and which level holds them up."""
    from fabric import units
    from fabric.cli.answers import load
    from fabric.predict.loaded import predict

    fabric = load(topo)
    world_sizes = units.counts(ranks) if ranks else [fabric.topology.devices]
    cases = cases_on(fabric, collective, units.sizes(sizes), world_sizes, model["order"])
    constants = constants_for(model["constants"], model["backend"])
    results = predict(
        cases,
        fabric,
        constants,
        algorithm=model["algorithm"] or ("default" if constants.backend else "ring"),
        routing=model["routing"],
        fidelity=model["fidelity"],
    )
    rows = [_row(result, fabric, constants.backend) for result in results]
    if not emit("predict", rows, as_json=as_json, as_csv=as_csv, assumptions=[*fabric.assumptions(), constants.source]):
        _print(rows, [*fabric.assumptions(), f"constants: {constants.name} ({constants.source})"])


def _row(result: Result, fabric: Fabric, backend: str | None) -> dict[str, Any]:
    from fabric.predict.bounds import bound

    limit = bound(result.case, fabric, backend)
    return flat(
        result,
        bound_busbw_bytes_per_second=limit.busbw if limit else None,
        bound_level=limit.level if limit else None,
        efficiency=result.busbw / limit.busbw if limit else None,
        latency_seconds=result.context["latency_seconds"],
        bandwidth_seconds=result.context["bandwidth_seconds"],
    )


def _print(rows: list[dict[str, Any]], assumptions: list[str]) -> None:
    from fabric.units import show_duration, show_size

    columns = ["size", "ranks", "nodes", "algorithm", "time", "algbw GB/s", "busbw GB/s", "% of bound", "bottleneck"]
    body = [
        (
            show_size(row["nbytes"]),
            f"{row['world_size']:,}",
            f"{row['nodes']:,}",
            row["algorithm"],
            show_duration(row["seconds"]),
            f"{row['algbw_bytes_per_second'] / 1e9:.2f}",
            f"{row['busbw_bytes_per_second'] / 1e9:.2f}" if row["world_size"] > 1 else "-",
            f"{100 * row['efficiency']:.1f}" if row["efficiency"] is not None else "-",
            str(row["bottleneck"]) if row["world_size"] > 1 else "-",
        )
        for row in rows
    ]
    title = f"{rows[0]['collective']} on {rows[0]['fabric']}, predicted ({rows[0]['routing']} routing, {rows[0]['order']})"
    table(title, columns, body, notes=["assumed: " + line for line in assumptions])
