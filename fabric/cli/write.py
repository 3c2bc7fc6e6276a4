"""`write TOPO --format F`: a fabric in the format of another tool. It does not know any format."""

from __future__ import annotations

from pathlib import Path

import click

from fabric.cli.output import give, tell, warn
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
    from fabric.answers.read import write
    from fabric.formats import files
    from fabric.formats.only import select

    found = select(files.load(topo), only)
    answer = write(found, kind, output)
    if as_json:
        give(answer, as_json=True)
        return
    for line in answer.warnings:
        warn(line)
    if output is None:
        click.echo(answer[0].text, nl=False)
    else:
        tell(f"{found.topology.name} written to {output} as {kind}")
