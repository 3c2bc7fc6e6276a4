"""`stress`: how much longer collectives take as cables, switches or planes fail."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.answers import load, model_options
from fabric.cli.output import Progress, emit, formats, table

if TYPE_CHECKING:
    from fabric.predict.stress import Point

EXAMPLE = "Example: fabricbench stress --topo fat_tree:k=8 --fail links --counts 1,2,5,10 --seeds 5 --routing ecmp:1"
SUITE = ("all_reduce:ring", "all_to_all:direct")


@click.command("stress", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.option("--topo", required=True, help="Short form or YAML file of a fabric.")
@click.option(
    "--fail", "what", default="links", show_default=True, help="links, host_links, switches, switches:TIER or planes."
)
@click.option("--counts", default="1,2,5,10", show_default=True, help="How many fail; none is always shown.")
@click.option("--seeds", default=5, show_default=True, help="Draws per count; each adds to its own failures.")
@click.option("--run", "runs", multiple=True, help=f"COLLECTIVE[:ALGORITHM], repeatable; default: {', '.join(SUITE)}.")
@click.option("--size", default="64MiB", show_default=True, help="Bytes (nccl-tests' S).")
@click.option("--ranks", type=int, help="World size; by default all devices.")
@click.option("--fidelity", default="loaded", show_default=True, help="closed, loaded, flows or auto.")
@model_options
@formats
def command(*, topo: str, what: str, counts: str, seeds: int, as_json: bool, as_csv: bool, **asked: Any) -> None:
    """Show the curve of collectives' times against failures: seeded draws, median and worst."""
    from fabric import units
    from fabric.predict.cases import cases
    from fabric.predict.of_node import constants_on
    from fabric.predict.stress import curve
    from topologies.errors import InputError

    if seeds < 1:
        raise InputError(f"seeds: must be >= 1, got {seeds}")
    fabric = load(topo)
    collectives = {run.partition(":")[0] for run in asked["runs"] or SUITE}
    constants = constants_on(fabric, asked["constants"], asked["backend"], collectives)
    chosen = []
    for run in asked["runs"] or SUITE:
        collective, _, algorithm = run.partition(":")
        ranks = [asked["ranks"]] if asked["ranks"] else None
        (case,) = cases(fabric, collective, sizes=units.sizes(asked["size"])[:1], ranks=ranks, order=asked["order"])
        chosen.append((case, algorithm or None))
    numbers = [0, *units.counts(counts, "counts")]
    options = {"routing": asked["routing"], "fidelity": asked["fidelity"]}
    progress, draws = Progress("stress", "draws"), len(numbers) * seeds
    watch = partial(progress, total=draws)
    points = list(curve(chosen, fabric, what, numbers, range(seeds), constants, watch=watch, **options))
    rows = [_row(point) for point in points]
    if not emit("stress", rows, as_json=as_json, as_csv=as_csv):
        _print(points, f"{fabric.name}: {what} failing, {seeds} draws, {asked['routing']} routing, {asked['fidelity']}")


def _row(point: Point) -> dict[str, Any]:
    case = point.case
    return {
        "collective": case.collective,
        "algorithm": point.algorithm,
        "nbytes": case.nbytes,
        "world_size": case.world_size,
        "what": point.what,
        "failed": point.failed,
        "seed": point.seed,
        "seconds": point.result.time if point.result else None,
        "ratio": point.ratio,
        "bottleneck_link": point.result.model.link if point.result else None,
        "why": point.why or None,
    }


def _print(points: list[Point], title: str) -> None:
    columns = ["failed", "collective", "ranks", "median", "x healthy", "worst", "x healthy", "draws", "cut off"]
    groups: dict[tuple[int, str, str], list[Point]] = {}
    for point in points:
        groups.setdefault((point.failed, point.case.collective, point.algorithm), []).append(point)
    body = [_line(own) for own in groups.values()]
    whys = dict.fromkeys(p.why for p in points if p.why)
    table(title, columns, body, notes=[f"cut off: {why}" for why in list(whys)[:3]])


def _line(own: list[Point]) -> tuple[str, ...]:
    """Return the table's line of all draws of one case with so many failures."""
    from fabric.statistics import median
    from fabric.units import show_duration

    first = own[0]
    times = sorted(p.result.time for p in own if p.result)
    cells = []
    for value in (median(times), times[-1]) if times else ():
        cells += [show_duration(value), f"{value / first.healthy:.2f}"]
    return (
        f"{first.failed:,}",
        f"{first.case.collective}:{first.algorithm}",
        f"{first.case.world_size:,}",
        *(cells or ["-"] * 4),
        str(len(own)),
        str(sum(p.result is None for p in own)),
    )
