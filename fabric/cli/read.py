"""`read FILE`: a foreign file as a fabric: its counts, and what it does not say. It does not know any format."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.output import emit, formats, warn

if TYPE_CHECKING:
    from fabric.formats.named import Named

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
    from fabric.formats import catalog, files
    from fabric.formats.defects import shown
    from fabric.formats.only import select

    found = select(files.read(file, kind), only)
    if output is not None:
        files.write(catalog.write(found, "node-link").text, output)
    row = counts(found) | {"file": str(file), "written": str(output) if output else None, "losses": list(found.losses)}
    row["defects"] = [asdict(defect) for defect in found.defects]
    for line in [*shown(found.defects, str(file)), *(f"{file}: {loss}" for loss in found.losses)]:
        warn(line)
    if emit("read", [row], as_json=as_json, as_csv=as_csv):
        return
    click.echo(f"{row['name']}" + (f"  written to {output}" if output else ""))
    for key in ("endpoints", "nodes", "switches", "switches_by_tier", "cables", "cables_by_level", "cables_between_pairs"):
        click.echo(f"  {key.replace('_', ' '):22} {_shown(row[key])}")
    for line in found.fabric.assumptions():
        click.echo(f"  {line}")


def counts(named: Named) -> dict[str, Any]:
    """Return the counts of a fabric under the keys of `show --json`, and how many pairs of switches have how many cables."""
    import numpy as np

    from fabric.formats.named import scale_out

    topology = named.topology
    outside = scale_out(topology)
    low = topology.ends[:, 0]
    to_devices = outside & (low < topology.devices) & ~topology.forwards[low]
    pairs = np.unique(np.sort(topology.ends[outside & ~to_devices], axis=1), axis=0, return_counts=True)[1]
    inside = topology.tier == topology.scale_up_tier
    return {
        "name": topology.name,
        "endpoints": topology.devices,
        "nodes": topology.nodes,
        "devices_per_node": topology.devices_per_node,
        "switches": sum(topology.switches_by_tier.values()),
        "cables": int(outside.sum()),
        "switch_cables": int((outside & ~to_devices).sum()),
        "endpoint_cables": int(to_devices.sum()),
        "switches_by_tier": topology.switches_by_tier,
        "cables_by_level": topology.cables_by_level,
        "cables_between_pairs": {str(k): int((pairs == k).sum()) for k in np.unique(pairs)},
        "scale_up": {"switches": int(inside.sum()), "cables": int((~outside).sum())},
        "fingerprint": named.fabric.fingerprint,
    }


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {count:,}" for name, count in value.items()) or "-"
    return f"{value:,}"
