"""`read` and `write`: a foreign file as a fabric with its counts, and a fabric as a foreign file. It knows no format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fabric.answers.answer import OBJECT, TEXT, TEXTS, WHOLE, Answer, Column, Kind, Row, View, maybe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fabric.formats.named import Named, Written

DEFECT: Kind = {
    "type": "object",
    "properties": {"kind": TEXT, "line": WHOLE, "told": TEXT},
    "required": ["kind", "line", "told"],
    "additionalProperties": False,
}
READ = View(
    "read",
    (
        Column("name", TEXT, "of the topology"),
        Column("endpoints", WHOLE, "devices"),
        Column("nodes", WHOLE, "servers"),
        Column("devices_per_node", WHOLE, "devices of a server"),
        Column("switches", WHOLE, "of the network between nodes"),
        Column("cables", WHOLE, "of the network between nodes"),
        Column("switch_cables", WHOLE, "of them, between switches"),
        Column("endpoint_cables", WHOLE, "of them, to devices"),
        Column("switches_by_tier", OBJECT, "tier -> switches"),
        Column("cables_by_level", OBJECT, "level -> cables"),
        Column("cables_between_pairs", OBJECT, "parallel cables -> pairs of switches that have so many"),
        Column("scale_up", OBJECT, "switches and cables inside nodes"),
        Column("fingerprint", TEXT, "of the fabric"),
        Column("file", TEXT, "what was read"),
        Column("written", maybe(TEXT), "the node-link file that was written"),
        Column("losses", TEXTS, "what the file says and a fabric cannot, and what was assumed"),
        Column("defects", {"type": "array", "items": DEFECT}, "flaws that were read around; line 0: of the file as a whole"),
    ),
)
WRITE = View(
    "write",
    (
        Column("topology", TEXT, "name"),
        Column("format", TEXT, "of the text"),
        Column("file", maybe(TEXT), "what was written"),
        Column("losses", TEXTS, "what the format cannot hold"),
        Column("text", TEXT, "the text itself, where no file was written", absent=True),
    ),
)
VIEWS = (READ, WRITE)


def read(file: Path, kind: str | None = None, keep: Path | None = None, only: Sequence[str] = ()) -> Answer[Named]:
    """Return the fabric of a file in a foreign format, and its counts.

    kind: guessed where None; keep: node-link file to write; only: texts such as ports:mlx5_*, what of the file counts.

    Raises:
        InputError: whatever is wrong with the file, by name and line; nothing left of it; a file that cannot be written.
    """
    from dataclasses import asdict

    from fabric.formats import catalog, files
    from fabric.formats.defects import shown
    from fabric.formats.only import select

    found = select(files.read(file, kind), only)
    if keep is not None:
        files.write(catalog.write(found, "node-link").text, keep)
    row = counts(found) | {"file": str(file), "written": str(keep) if keep else None, "losses": list(found.losses)}
    row["defects"] = [asdict(defect) for defect in found.defects]
    said = (*shown(found.defects, str(file)), *(f"{file}: {loss}" for loss in found.losses))
    return Answer(READ, (found,), (row,), warnings=said)


def counts(named: Named) -> Row:
    """Return the counts of a fabric under the keys of `show --json`, and how many pairs of switches have how many cables."""
    import numpy as np

    topology = named.topology
    outside = topology.is_cable
    low = topology.ends[:, 0]
    to_devices = outside & ~topology.is_switch[low] & (~topology.forwards[low] | (low >= topology.devices))
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
        "scale_up": {"switches": int(inside.sum()), "cables": int((topology.level == topology.scale_up_level).sum())},
        "fingerprint": named.fabric.fingerprint,
    }


def write(named: Named, kind: str, file: Path | None = None) -> Answer[Written]:
    """Return a named fabric as the text of a format, written to a file where one is named.

    Raises:
        InputError: no such format, what it cannot hold at all, or a file that cannot be written.
    """
    from fabric.formats import catalog, files
    from fabric.formats.defects import shown

    done = catalog.write(named, kind)
    losses = [*named.losses, *done.losses]
    if file is not None:
        files.write(done.text, file)
    row = {"topology": named.topology.name, "format": kind, "file": str(file) if file else None, "losses": losses}
    text = {} if file else {"text": done.text}
    flaws = shown(named.defects, named.observed_from.where if named.observed_from else named.topology.name)
    return Answer(WRITE, (done,), (row | text,), warnings=(*flaws, *(f"{kind}: {loss}" for loss in losses)))
