"""`show TOPO`: counts and proofs of a wiring. It does not know speeds; `predict` does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import emit, formats

if TYPE_CHECKING:
    from topologies.base import Topology
    from topologies.proofs import Proof

Row = dict[str, Any]


@click.command("show", epilog="Example: fabricbench show rail_optimized:nodes=127,rails=8,radix=64 --json")
@click.argument("topo")
@formats
def command(topo: str, *, as_json: bool, as_csv: bool) -> None:
    """Counts and proofs of a topology.

    TOPO is a short form such as fat_tree:k=8 or the YAML file of a fabric; every family also takes devices_per_node=N and
    scale_up=none|nvswitch.
    """
    from fabric.network.spec import load

    row = describe(load(topo).topology)
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
        "scale_up": _scale_up(topology),
        "proof": _proof_row(found),
    }
    return _known(row)


def _counts(topology: Topology) -> Row:
    """Return what is counted in the scale-out network; an endpoint cable ends at a device that does not forward."""
    outside = topology.tier[topology.ends[:, 1]] != topology.scale_up_tier
    low = topology.ends[:, 0]
    to_devices = (low < topology.devices) & ~topology.forwards[low]
    return {
        "name": topology.name,
        "family": topology.family,
        "params": dict(topology.params),
        "endpoints": topology.devices,
        "nodes": topology.nodes,
        "devices_per_node": topology.devices_per_node,
        "switches": sum(topology.switches_by_tier.values()),
        "cables": int(outside.sum()),
        "switch_cables": int((outside & ~to_devices).sum()),
        "endpoint_cables": int((outside & to_devices).sum()),
        "switches_by_tier": topology.switches_by_tier,
        "cables_by_level": topology.cables_by_level,
    }


def _scale_up(topology: Topology) -> Row:
    """Return how many switches and cables stand inside nodes."""
    from topologies.base import SCALE_UP

    if SCALE_UP not in topology.tiers:
        return {"switches": 0, "cables": 0}
    inside = topology.tier == topology.scale_up_tier
    return {"switches": int(inside.sum()), "cables": int(inside[topology.ends[:, 1]].sum())}


def _proof_row(found: Proof) -> Row:
    """Return the proof as plain values; path counts are [fewest, most] per distance in hops between leaves."""
    row: Row = {
        "connected": found.connected,
        "tiers_monotonic": found.monotonic,
        "ports_used": dict(found.ports),
        "radix": found.radix,
        "within_ports": found.within_ports,
        "skipped": found.skipped,
    }
    if found.paths is not None:
        row |= {
            "path_counts": {str(hops): list(counts) for hops, counts in found.paths.counts.items()},
            "paths_uniform": found.paths.uniform,
            "paths_break": found.paths.breaks,
        }
    return _known(row | {"problems": list(found.problems)})


def _known(row: Row) -> Row:
    """Return the row without the keys that were not computed."""
    return {key: value for key, value in row.items() if value is not None}


def _print(row: Row) -> None:
    """Print the row for a reader: what it is made of, then what was proved."""
    from rich.console import Console
    from rich.table import Table

    grid = Table.grid(padding=(0, 3))
    for line in _lines(row):
        grid.add_row(*line)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(str(row["name"]), style="bold", markup=False)
    console.print(grid)


def _lines(row: Row) -> list[tuple[str, str]]:
    """Return what is printed: a name and a text per line."""
    proved = row["proof"]
    lines = [
        ("endpoints", f"{row['endpoints']:,} in {_many(row['nodes'], 'node')} of {row['devices_per_node']}"),
        ("switches", f"{row['switches']:,}  ({_listed(row['switches_by_tier'])})"),
        ("cables", f"{row['cables']:,}  ({_listed(row['cables_by_level'])})"),
        ("scale-up", _inside(row["scale_up"])),
        ("ports in use", f"{_listed(proved['ports_used'])}{_of_radix(proved)}"),
        (
            "diameter",
            f"{row.get('switch_diameter', '-')} between switches, {row.get('endpoint_diameter', '-')} end to end",
        ),
        ("equal-cost paths", _paths(proved)),
        ("bisection", _many(row["bisection_cables"], "cable") if "bisection_cables" in row else "-"),
    ]
    lines += [("not computed", proved["skipped"])] if "skipped" in proved else []
    return lines + [("problem", problem) for problem in proved["problems"]]


def _many(count: int, noun: str) -> str:
    """Return `1 node`, `2 nodes`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _listed(counts: dict[str, int]) -> str:
    """Return `leaf 32, spine 16`."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _inside(scale_up: dict[str, int]) -> str:
    """Return what is inside nodes."""
    if not scale_up["switches"]:
        return "none"
    return f"{_many(scale_up['switches'], 'switch domain')}, {_many(scale_up['cables'], 'cable')}"


def _of_radix(proved: Row) -> str:
    """Return the ports a switch has, where the family says so."""
    return f"  of {proved['radix']} each" if "radix" in proved else ""


def _paths(proved: Row) -> str:
    """Return the shortest paths between leaves per distance, and where they are not equally many."""
    if not proved.get("path_counts"):
        return "-"
    shown = [
        f"{least:,}{'' if least == most else f' to {most:,}'} at {_many(int(hops), 'hop')}"
        for hops, (least, most) in proved["path_counts"].items()
    ]
    return f"{', '.join(shown)} between leaves{'' if proved['paths_uniform'] else ', not uniform: ' + proved['paths_break']}"
