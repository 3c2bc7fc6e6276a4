"""`flows FILE`: when each of given flows ends. It knows neither how the file is written nor how links are shared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import Progress, emit, formats, table

if TYPE_CHECKING:
    from fabric.network.routing.ways import Floats
    from fabric.predict.flows.given import FlowCase

LARGE = 20_000_000
"""Bytes of a file from which reading it alone may take over a second."""
Row = dict[str, Any]


@click.command("flows", epilog="Example: fabricbench flows cases.json --json", context_settings={"max_content_width": 110})
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--eps", type=float, default=0.0, help="Solve ends so close to each other, relative, as one (0: exact; 0.01: fast)."
)
@formats
def command(file: Path, *, eps: float, as_json: bool, as_csv: bool) -> None:
    """Simulate explicit flows that share links max-min fairly, and give every finish time.

    FILE holds cases: links (capacity, latency) and flows (links, size, start, after). --csv has one line per flow.
    """
    from fabric.predict.flows.file import read
    from fabric.predict.flows.given import finish_times

    if file.is_file() and file.stat().st_size > LARGE:
        click.echo(f"# flows: reading {file}, {file.stat().st_size / 1e6:,.0f} MB", err=True)
    cases = read(file)
    answers = [(case, finish_times(case, _watch(case), eps)) for case in cases]
    rows = _by_flow(answers) if as_csv and not as_json else [_row(case, finish) for case, finish in answers]
    if not emit("flows", rows, as_json=as_json, as_csv=as_csv):
        _print(answers)


def _watch(case: FlowCase) -> Callable[[float, int], None]:
    """Return what tells how many flows of a case have ended."""
    progress = Progress(f"flows: {case.name}", "flows ended")
    return lambda _seconds, done: progress(done, len(case.size))


def _row(case: FlowCase, finish: Floats) -> Row:
    return {"name": case.name, "makespan_s": float(finish.max(initial=0.0)), "finish_s": finish.tolist()}


def _by_flow(answers: list[tuple[FlowCase, Floats]]) -> list[Row]:
    """Return one row per flow, flows numbered from 0 in the file's order."""
    return [
        {"name": case.name, "flow": flow, "finish_s": seconds}
        for case, finish in answers
        for flow, seconds in enumerate(finish.tolist())
    ]


def _print(answers: list[tuple[FlowCase, Floats]]) -> None:
    from fabric.units import show_duration

    body = [
        (
            case.name,
            f"{len(case.capacity):,}",
            f"{len(finish):,}",
            show_duration(float(finish.min())) if len(finish) else "-",
            show_duration(float(finish.max())) if len(finish) else "-",
        )
        for case, finish in answers
    ]
    columns = ["case", "links", "flows", "first flow ends", "makespan"]
    table("Explicit flows at max-min fair rates", columns, body, notes=["every finish time: --json or --csv"])
