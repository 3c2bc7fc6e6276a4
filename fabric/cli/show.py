"""`show TOPO`: counts and proofs of a wiring. It does not know speeds; `predict` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fabric.cli.output import PAGE, PICTURE, check_writable, console_of, formats, give

Row = dict[str, Any]


@click.command("show", epilog="Example: fabricbench show rail_optimized:nodes=127,rails=8,radix=64 --json")
@click.argument("topo")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with a drawing of the wiring.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Write the drawing as a picture.")
@formats
def command(topo: str, *, html: Path | None, png: Path | None, as_json: bool, as_csv: bool) -> None:
    """Counts and proofs of a topology.

    TOPO is a short form such as fat_tree:k=8 or the YAML file of a fabric; every family also takes devices_per_node=N and
    scale_up=KIND: none, nvswitch, nvswitch_chips, nvl72, full_mesh, ring, pcie_tree, host_memory or cloudmatrix.
    """
    from fabric.answers.show import show
    from fabric.cli.topo import load

    check_writable("html", html, *PAGE)
    check_writable("png", png, *PICTURE)
    topology = load(topo).topology
    found = show(topology)
    (row,) = found.rows()
    if html is not None or png is not None:
        from fabric.report.wiring.drawing import write

        write(topology, dict(_lines(row)), html=html, png=png)
    if as_json or as_csv:
        give(found, as_json=as_json, as_csv=as_csv)
    else:
        _print(row)


def _print(row: Row) -> None:
    """Print the row for a reader: what it is made of, then what was proved."""
    from rich.table import Table
    from rich.text import Text

    from fabric.text.escape import terminal

    grid = Table.grid(padding=(0, 3))
    for line in _lines(row):
        grid.add_row(*(Text(terminal(cell)) for cell in line))
    console = console_of()
    console.print(terminal(row["name"]), style="bold", markup=False)
    console.print(grid)


def _lines(row: Row) -> list[tuple[str, str]]:
    """Return what is printed: a name and a text per line."""
    proved = row["proof"]
    through_nodes = bool(proved.get("connected_through_nodes"))
    lines = [
        ("endpoints", f"{row['endpoints']:,} in {_many(row['nodes'], 'node')} of {row['devices_per_node']}"),
        ("switches", f"{row['switches']:,}  ({_listed(row['switches_by_tier']) or 'devices pass on'})"),
        ("cables", f"{row['cables']:,}  ({_listed(row['cables_by_level'])})"),
        ("scale-up", _inside(row["scale_up"])),
        ("ports in use", f"{_listed(proved['ports_used'])}{_of_radix(proved)}" or "-"),
        (
            "diameter",
            f"{row.get('switch_diameter', '-')} between switches, {row.get('endpoint_diameter', '-')} end to end",
        ),
        ("equal-cost paths", _paths(proved)),
        ("bisection", _bisection(row)),
    ]
    lines += [("a sample only", proved["skipped"])] if "skipped" in proved else []
    lines += [("note", "devices reach all others only through other devices of their node")] * through_nodes
    return lines + [("problem", problem) for problem in proved["problems"]]


def _many(count: int, noun: str) -> str:
    """Return `1 node`, `2 nodes`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _listed(counts: dict[str, int]) -> str:
    """Return `leaf 32, spine 16`."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _inside(scale_up: dict[str, int]) -> str:
    """Return what is inside nodes."""
    if not scale_up["cables"]:
        return "none"
    switches = f"{scale_up['switches']:,} {'switch' if scale_up['switches'] == 1 else 'switches'}"
    return f"{switches}, {_many(scale_up['cables'], 'cable')}"


def _bisection(row: Row) -> str:
    """Return the exact bisection, or between which numbers it is."""
    if "bisection_cables" in row:
        return _many(row["bisection_cables"], "cable")
    if "bisection_bracket" not in row:
        return "-"
    low, high = row["bisection_bracket"]
    return f"{low:,} to {high:,} cables"


def _of_radix(proved: Row) -> str:
    """Return the ports a switch has, where the family says so."""
    if "radix" not in proved:
        return ""
    return f"  of {proved['radix']} each; unused in all: {_listed(proved['ports_unused'])}"


def _paths(proved: Row) -> str:
    """Return the shortest paths between leaves per distance, and where they are not equally many."""
    if not proved.get("path_counts"):
        return "-"
    shown = [
        f"{least:,}{'' if least == most else f' to {most:,}'} at {_many(int(hops), 'hop')}"
        for hops, (least, most) in proved["path_counts"].items()
    ]
    whole = f"{', '.join(shown)} between leaves"
    if "paths_break" in proved:
        whole += f", not uniform: {proved['paths_break']}"
    sources = proved.get("paths_sampled_sources")
    return whole if sources is None else f"{whole} (counted from {sources:,} of them)"
