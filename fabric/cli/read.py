"""`read FILE`: a foreign file as a fabric: its counts, and what it does not say. It does not know any format."""

from __future__ import annotations

from pathlib import Path

import click

from fabric.cli.output import formats, give, tell, warn

only_option = click.option(
    "--only",
    multiple=True,
    metavar="KIND:PATTERNS",
    help="What of the file counts, e.g. ports:mlx5_[0-7] or switches:leaf*,spine*, !stor* for all but these; repeatable.",
)


@click.command(
    "read", epilog="Example: fabricbench read ibnetdiscover.out -o observed.json", context_settings={"max_content_width": 110}
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "kind", metavar="FORMAT", help="The file's format; by default it is told by its content.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it as node-link JSON, nothing lost."
)
@only_option
@formats
def command(file: Path, kind: str | None, output: Path | None, *, only: tuple[str, ...], as_json: bool, as_csv: bool) -> None:
    """Read a file of another tool and count what it holds.

    Formats: ibnetdiscover, slurm-conf, slurm-yaml, graphml, node-link, csv and more (docs/formats.md). What is wrong inside
    the file, what it holds and a fabric cannot, and what had to be assumed, goes to standard error, one line each.
    """
    from fabric.answers.read import read

    answer = read(file, kind, output, only)
    if as_json or as_csv:
        give(answer, as_json=as_json, as_csv=as_csv)
        return
    for line in answer.warnings:
        warn(line)
    (row,), (found,) = answer.rows(), answer
    tell(f"{row['name']}" + (f"  written to {output}" if output else ""))
    for key in ("endpoints", "nodes", "switches", "switches_by_tier", "cables", "cables_by_level", "cables_between_pairs"):
        tell(f"  {key.replace('_', ' '):22} {_shown(row[key])}")
    for line in found.fabric.assumptions():
        tell(f"  {line}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {count:,}" for name, count in value.items()) or "-"
    return f"{value:,}"
