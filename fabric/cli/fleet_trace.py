"""`fleet trace FILE`: what is in a trace of jobs, and what was left out. It reads options and prints."""

from __future__ import annotations

from pathlib import Path

import click

from fabric.cli.output import formats, give

EXAMPLE = "Example: fabricbench fleet trace jobs.csv"


@click.command("trace", epilog=EXAMPLE, context_settings={"max_content_width": 110})
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "kind", help="Format of the trace; by default told by its content (docs/fleet.md).")
@formats
def command(file: Path, *, kind: str | None, as_json: bool, as_csv: bool) -> None:
    """Say what is in FILE: jobs by size, tenants, device-hours, the load it would be; and what was left out, with reasons."""
    from fabric.answers.fleet_trace import fleet_trace

    give(fleet_trace(file, kind), as_json=as_json, as_csv=as_csv)
