"""`flows FILE`: when each of given flows ends. It knows neither how the file is written nor how links are shared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fabric.cli.kinds import CLOSE
from fabric.cli.options import force_option
from fabric.cli.output import Progress, formats, give, tell
from fabric.text.files import is_file

if TYPE_CHECKING:
    from fabric.predict.flows.given import FlowCase

LARGE = 20_000_000
"""Bytes of a file from which reading it alone may take over a second."""


@click.command("flows", epilog="Example: fabricbench flows cases.json --json", context_settings={"max_content_width": 110})
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--eps", type=CLOSE, default=0.0, help="Solve ends so close to each other, relative, as one (0: exact; 0.01: fast)."
)
@force_option
@formats
def command(file: Path, *, eps: float, force: bool, as_json: bool, as_csv: bool) -> None:
    """Simulate explicit flows that share links max-min fairly, and give every finish time.

    FILE holds cases: links (capacity, latency) and flows (links, size, start, after). --csv has one line per flow.
    """
    from fabric.answers.flows import by_flow, flows
    from fabric.predict.flows.file import read

    if is_file(file) and file.stat().st_size > LARGE:
        tell(f"# flows: reading {file}, {file.stat().st_size / 1e6:,.0f} MB", err=True)
    found = flows(read(file), eps=eps, watch=_watch, force=force)
    give(by_flow(found) if as_csv and not as_json else found, as_json=as_json, as_csv=as_csv)


def _watch(case: FlowCase) -> Callable[[float, int], None]:
    """Return what tells how many flows of a case have ended."""
    progress = Progress(f"flows: {case.name}", "flows ended")
    return lambda _seconds, done: progress(done, len(case.size))
