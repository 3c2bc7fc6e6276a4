"""`audit DUMP --design TOPO`: what is built against what was designed. It does not know how wirings are matched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import formats, give, tell, warn
from fabric.cli.read import only_option

if TYPE_CHECKING:
    from fabric.answers.answer import Row

SHOWN = 60
"""Findings printed for a reader; --json and --csv have them all."""
WORDS = {
    "missing": "missing cable",
    "extra": "extra cable",
    "swapped": "swapped cables",
    "moved": "host on another leaf",
    "swapped_hosts": "swapped hosts",
    "width": "width",
    "missing_switch": "missing switch",
    "extra_switch": "extra switch",
    "missing_host": "missing host",
    "extra_host": "extra host",
    "wrong_port": "wrong port",
    "speed": "speed",
    "in_dump": "in the dump",
}


@click.command(
    "audit",
    epilog="Example: fabricbench audit ibnetdiscover.out --design leaf_spine:leaves=32,spines=9,hosts_per_leaf=18,uplinks=18",
    context_settings={"max_content_width": 110},
)
@click.argument("dump", type=click.Path(path_type=Path))
@click.option("--design", required=True, metavar="TOPO", help="Short form, YAML of a fabric, or a file that `read` reads.")
@click.option("--format", "kind", metavar="FORMAT", help="The dump's format; by default it is told by its content.")
@click.option(
    "--trust",
    type=click.Choice(["nothing", "names", "ports"]),
    default="nothing",
    help="What identifies a vertex: its cables alone, its name, or its name and ports.",
)
@only_option
@formats
def command(
    dump: Path, design: str, kind: str | None, trust: str, *, only: tuple[str, ...], as_json: bool, as_csv: bool
) -> int:
    """List where a built fabric differs from its design: exit code 1 where it does.

    What is wrong inside the dump itself (a cable to its own switch, ends that state two widths, a described switch without
    its block) is listed with its line; lines of the text that are none of the format's are told on standard error.

    Without trusted names the wiring alone decides which switch is which: what a relabelling explains is no fault, and
    what fits several switches equally well is listed as ambiguous. Hosts of one leaf are alike until names are trusted.
    """
    from fabric.answers.audit import audit
    from fabric.formats import files
    from fabric.formats.only import select

    answer = audit(select(files.read(dump, kind), only), files.load(design), trust, str(dump))
    if as_json or as_csv:
        give(answer, as_json=as_json, as_csv=as_csv)
    else:
        _print(answer.rows(), answer.beside)
        for line in answer.warnings:
            warn(line)
    return 1 if answer else 0


def _print(rows: list[Row], about: Mapping[str, Any]) -> None:
    tell(f"{about['dump']} against {about['design']}: {about['cables_matched']:.2%} of the designed cables are there")
    counts = Counter(row["kind"] for row in rows)
    tell("  " + (", ".join(f"{WORDS[kind]}: {count:,}" for kind, count in counts.items()) or "no differences"))
    for row in rows[:SHOWN]:
        tell(f"  {WORDS[row['kind']]:20} {_told(row)}")
    if len(rows) > SHOWN:
        tell(f"  ... and {len(rows) - SHOWN:,} more; --json and --csv list them all")


def _told(row: Row) -> str:
    """Return what a row says behind its kind."""
    if row["kind"] == "in_dump":
        return f"line {row['line']}: {row['told']}" if row["line"] else str(row["told"])
    text = " - ".join([*row.get("designed", []), *row["vertices"]]) or f"level {row.get('level')}"
    text += f"  x{row['count']}" if row["count"] > 1 else ""
    if "lanes" in row:
        text += f"  {row['lanes']['observed']:g} lanes of {row['lanes']['designed']:g}"
    if row["kind"] == "speed":
        text += f"  {row['observed_bytes_per_s'] / 1e9:.4g} GB/s instead of {row['designed_bytes_per_s'] / 1e9:.4g} GB/s"
    if row["kind"] == "wrong_port":
        text = f"{' to '.join(row['observed'])}, designed {' to '.join(row['designed'])}"
    return text + (f"  (ambiguous: or {', '.join(row['or_equally'][:4])})" if row["ambiguous"] else "")
