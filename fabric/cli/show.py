"""`show TOPO`: counts and proofs of a wiring. It does not know speeds; `predict` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import console_of, emit, formats

if TYPE_CHECKING:
    from topologies.base import Topology
    from topologies.proofs import Proof

Row = dict[str, Any]


@click.command("show", epilog="Example: fabricbench show rail_optimized:nodes=127,rails=8,radix=64 --json")
@click.argument("topo")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with a drawing of the wiring.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Write the drawing as a picture.")
@formats
def command(topo: str, *, html: Path | None, png: Path | None, as_json: bool, as_csv: bool) -> None:
    """Counts and proofs of a topology.

    TOPO is a short form such as fat_tree:k=8 or the YAML file of a fabric; every family also takes devices_per_node=N and
    scale_up=KIND: none, nvswitch, nvswitch_chips, nvl72, full_mesh, ring, pcie_tree or cloudmatrix.
    """
    from fabric.cli.answers import load

    topology = load(topo).topology
    row = describe(topology)
    if html is not None or png is not None:
        from fabric.report.wiring.drawing import write

        write(topology, dict(_lines(row)), html=html, png=png)
    if not emit("show", [row], as_json=as_json, as_csv=as_csv):
        _print(row)


def describe(topology: Topology) -> Row:
    """Return the row of one topology: scale-out counts, what is inside nodes, and the proof; unknown keys are absent."""
    from topologies.proofs import proof

    found = proof(topology)
    row = _counts(topology) | {
        "switch_diameter": found.switch_diameter,
        "endpoint_diameter": found.endpoint_diameter,
        "paths_between_pods": found.paths_between_pods,
        "bisection_cables": found.bisection_cables,
        "bisection_bracket": None if found.bisection_bracket is None else list(found.bisection_bracket),
        "scale_up": _scale_up(topology),
        "proof": _proof_row(found),
    }
    return _known(row)


def _counts(topology: Topology) -> Row:
    """Return what is counted in the scale-out network; an endpoint cable ends at a device that does not forward."""
    from topologies.hops import scale_out_ends

    low = scale_out_ends(topology)[:, 0]
    to_devices = (low < topology.devices) & ~topology.forwards[low]
    return {
        "name": topology.name,
        "family": topology.family,
        "params": dict(topology.params),
        "endpoints": topology.devices,
        "nodes": topology.nodes,
        "devices_per_node": topology.devices_per_node,
        "switches": sum(topology.switches_by_tier.values()),
        "cables": len(low),
        "switch_cables": int((~to_devices).sum()),
        "endpoint_cables": int(to_devices.sum()),
        "switches_by_tier": topology.switches_by_tier,
        "cables_by_level": topology.cables_by_level,
    }


def _scale_up(topology: Topology) -> Row:
    """Return how many switches and cables stand inside nodes."""
    from topologies.base import SCALE_UP

    if SCALE_UP not in topology.levels:
        return {"switches": 0, "cables": 0}
    cables = topology.level == topology.scale_up_level
    return {"switches": int((topology.tier == topology.scale_up_tier).sum()), "cables": int(cables.sum())}


def _proof_row(found: Proof) -> Row:
    """Return the proof as plain values; path counts are [fewest, most] per distance in hops between leaves."""
    row: Row = {
        "connected": found.connected,
        "connected_through_nodes": found.through_nodes,
        "tiers_monotonic": found.monotonic,
        "ports_used": dict(found.ports),
        "ports_unused": None if found.ports_unused is None else dict(found.ports_unused),
        "radix": found.radix,
        "within_ports": found.within_ports,
        "skipped": found.skipped,
    }
    if found.paths is not None:
        row |= {
            "path_counts": {str(hops): list(counts) for hops, counts in found.paths.counts.items()},
            "paths_uniform": found.paths.uniform,
            "paths_break": found.paths.breaks,
            "paths_sampled_sources": found.paths.sources,
        }
    if found.sampled is not None:
        row |= {
            "sampled": True,
            "sampled_sources": found.sampled.sources,
            "sampled_of": found.sampled.of,
            "switch_diameter_at_least": found.sampled.switch_diameter_at_least,
            "endpoint_diameter_at_least": found.sampled.endpoint_diameter_at_least,
        }
    return _known(row | {"problems": list(found.problems)})


def _known(row: Row) -> Row:
    """Return the row without the keys that were not computed."""
    return {key: value for key, value in row.items() if value is not None}


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
