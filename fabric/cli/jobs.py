"""`jobs`: several jobs at once on one fabric, and what they cost each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fabric.cli.answers import constants_option, flat, load
from fabric.cli.output import Progress, emit, formats, table

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.records.case import Case
    from fabric.records.result import Result

EXAMPLE = (
    "Example: fabricbench jobs --topo leaf_spine:leaves=4,spines=2,hosts_per_leaf=8 "
    "--job all_reduce:64MiB:16:ring --job all_to_all:64MiB:16:direct --order interleaved --routing ecmp:1"
)
FORM = "COLLECTIVE:SIZE:RANKS[:ALGORITHM]"


@click.command("jobs", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option("--topo", required=True, help="Short form or YAML file of a fabric.")
@click.option("--job", "jobs", multiple=True, required=True, help=f"{FORM}; give it once per job.")
@click.option("--order", default="contiguous", show_default=True, help="Order of all devices; each job takes the next ones.")
@click.option("--routing", default="ideal", show_default=True, help="Policy (docs/routing.md).")
@click.option("--backend", help="Library whose constants and default algorithms are meant.")
@constants_option
@formats
def command(*, topo: str, jobs: tuple[str, ...], order: str, as_json: bool, as_csv: bool, **model: Any) -> None:
    """Predict several jobs that run at once: each beside the others, alone, and the slowdown between."""
    from fabric.predict.jobs import placed, predict_together
    from fabric.predict.of_node import constants_on

    fabric = load(topo)
    read = [_read(text, fabric) for text in jobs]
    constants = constants_on(fabric, model["constants"], model["backend"], {case.collective for case, _ in read})
    ready = placed([case for case, _ in read], fabric, order, [algorithm for _, algorithm in read])
    results = predict_together(ready, fabric, constants, routing=model["routing"], watch=Progress("jobs", "messages"))
    rows = [_row(number, result) for number, result in enumerate(results)]
    if not emit("jobs", rows, as_json=as_json, as_csv=as_csv):
        _print(fabric, rows, order, model["routing"])


def _read(text: str, fabric: Fabric) -> tuple[Case, str | None]:
    """Return the case and the algorithm of COLLECTIVE:SIZE:RANKS[:ALGORITHM]."""
    from fabric import units
    from fabric.collectives.catalog import collective
    from fabric.predict.cases import cases
    from topologies.errors import InputError

    parts = text.split(":", 3)
    if len(parts) < 3:
        raise InputError(f"job: must be {FORM}, such as all_reduce:64MiB:16:ring, got {text!r}")
    name = collective(parts[0]).name
    sizes, ranks = units.sizes(parts[1]), units.counts(parts[2])
    if len(sizes) != 1 or len(ranks) != 1:
        raise InputError(f"job: must have one size and one number of ranks, got {text!r}")
    (case,) = cases(fabric, name, sizes=sizes, ranks=ranks)
    return case, parts[3] if len(parts) > 3 else None


def _row(number: int, result: Result) -> dict[str, Any]:
    said = result.model
    more = {"alone_seconds": said.alone_seconds, "slowdown_by_others": said.slowdown_by_others, "bottleneck_link": said.link}
    return {"job": number, **flat(result), **more}


def _print(fabric: Fabric, rows: list[dict[str, Any]], order: str, routing: str) -> None:
    from fabric.units import show_duration, show_size

    columns = ["job", "collective", "size", "ranks", "nodes", "algorithm", "alone", "with the others", "slowdown"]
    body = [
        (
            str(row["job"]),
            row["collective"],
            show_size(row["nbytes"]),
            f"{row['world_size']:,}",
            f"{row['nodes']:,}",
            row["algorithm"],
            show_duration(row["alone_seconds"]),
            show_duration(row["seconds"]),
            f"{row['slowdown_by_others']:.2f}" if row["slowdown_by_others"] else "-",
        )
        for row in rows
    ]
    notes = [f"fullest longest: {rows[0]['bottleneck_link']}"] if rows[0]["bottleneck_link"] else []
    table(f"{len(rows)} jobs at once on {fabric.name} ({routing} routing, {order}), flows", columns, body, notes=notes)
