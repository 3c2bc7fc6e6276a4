"""`write TOPO --format F`: a fabric in the format of another tool. It does not know any format."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fabric.cli.output import warn
from fabric.cli.read import only_option


@click.command("write", epilog="Example: fabricbench write fat_tree:k=8 --format slurm-conf -o topology.conf")
@click.argument("topo")
@click.option("--format", "kind", required=True, metavar="FORMAT", help="slurm-conf, slurm-yaml, graphml, node-link, csv ...")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="The file to write; else standard output."
)
@only_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the file, its text and what it cannot hold.")
def command(topo: str, kind: str, output: Path | None, *, only: tuple[str, ...], as_json: bool) -> None:
    """Write a fabric in the format of another tool.

    TOPO is a short form such as fat_tree:k=8, the YAML file of a fabric, or a file that `read` reads. What the format
    cannot hold goes to standard error, one line each. All formats: docs/formats.md.
    """
    from fabric.formats import catalog, files
    from fabric.formats.defects import shown
    from fabric.formats.only import select

    found = select(files.load(topo), only)
    done = catalog.write(found, kind)
    losses = [*found.losses, *done.losses]
    if output is not None:
        files.write(done.text, output)
    for line in [*shown(found.defects, topo), *(f"{kind}: {loss}" for loss in losses)]:
        warn(line)
    if as_json:
        row = {"topology": found.topology.name, "format": kind, "file": str(output) if output else None, "losses": losses}
        text = {} if output else {"text": done.text}
        click.echo(json.dumps({"schema": "fabricbench.write/1", "rows": [row | text]}))
    elif output is None:
        click.echo(done.text, nl=False)
    else:
        click.echo(f"{found.topology.name} written to {output} as {kind}")
