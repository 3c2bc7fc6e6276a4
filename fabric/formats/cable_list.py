"""Reads and writes CSV of cables, one row per cable, as cabling plans are kept. It does not know latencies or planes.

Columns: source, target (required), source_tier, target_tier, source_node, target_node, source_port, target_port, level,
lanes, speed (text with a unit). A file of ours starts with `# fabricbench.cables/2 topology=... cables=N`, so that a cut
one is found; a foreign file that is cut between two rows looks whole.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

import numpy as np

from fabric.formats.faults import fault, lines
from fabric.formats.named import Named, Written, speeds
from fabric.formats.rows import HOSTS, OF_LANES, SCHEMA, Row, Rows, from_rows, to_rows
from fabric.text.numbers import maybe_whole
from fabric.units import rate
from topologies.errors import InputError

COLUMNS = ("source", "target", "level", "lanes", "speed", "source_port", "target_port")
ENDS = ("tier", "node")
ALIASES = {"from": "source", "to": "target", "a": "source", "b": "target", "src": "source", "dst": "target"}
ALIASES |= {f"{old}_{what}": f"{new}_{what}" for old, new in ALIASES.items() for what in (*ENDS, "port")}
STAMP = re.compile(rf"# ({re.escape(SCHEMA)}|{re.escape(OF_LANES)}) topology=(\S+) cables=(\d+)")


def read(text: str, where: str) -> Named:
    """Return the fabric of a list of cables.

    Raises:
        InputError: a missing column, a row of another length, a vertex with two tiers, fewer rows than the file says.
    """
    numbered = lines(text, where)
    stamp = STAMP.fullmatch(numbered[0][1].rstrip())
    rows = _table(text, where)
    if stamp and maybe_whole(stamp[3]) != len(rows):
        raise fault(where, 1, f"{stamp[3]} cables, as the file says of itself (it may be cut)", len(rows))
    graph = {"schema": stamp[1], "topology": stamp[2]} if stamp else {}
    return from_rows(Rows(graph, _vertices(rows, where), [_cable(row, where) for row in rows]), where)


def _table(text: str, where: str) -> list[Row]:
    """Return the rows as mappings by column, with their lines."""
    content = [(number, line) for number, line in lines(text, where) if line.strip() and not line.startswith("#")]
    if not content:
        raise fault(where, 1, "a header with the columns source,target")
    parsed = [(number, next(csv.reader([line]))) for number, line in content]
    header = [ALIASES.get(name.strip().lower(), name.strip().lower()) for name in parsed[0][1]]
    if not {"source", "target"} <= set(header) or len(set(header)) < len(header):
        raise fault(where, parsed[0][0], "a header with the columns source,target, each column once", content[0][1])
    for number, cells in parsed[1:]:
        if len(cells) != len(header):
            raise fault(where, number, f"{len(header)} columns as in the header, got {len(cells)}", ",".join(cells))
    rows: list[Row] = [dict(zip(header, cells, strict=True)) | {"line": number} for number, cells in parsed[1:]]
    for row in rows:
        if not (row["source"] and row["target"]):
            raise fault(where, row["line"], "a name in source and in target", row)
    return rows


def _vertices(rows: Iterable[Row], where: str) -> list[Row]:
    """Return the vertices in order of appearance with the tier and node their rows give."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        for end in ("source", "target"):
            vertex = found.setdefault(row[end], {"id": row[end]})
            for what in ENDS:
                value = row.get(f"{end}_{what}", "")
                if value and vertex.setdefault(what, value) != value:
                    raise fault(where, row["line"], f"{row[end]} in {what} {vertex[what]}, as further up", value)
    tiers = all("tier" in vertex for vertex in found.values())
    return [v if tiers or v.get("tier", "").lower() in HOSTS else {k: v[k] for k in v if k != "tier"} for v in found.values()]


def _cable(row: Row, where: str) -> Row:
    """Return the row with its speed in bytes per second."""
    if not row.get("speed"):
        return row
    try:
        return {**row, "bytes_per_second": rate(row["speed"])}
    except InputError as error:
        raise InputError(f"{where}:{row['line']}: {error}") from None


def write(named: Named) -> Written:
    """Return the list of cables; vertices without cables, latencies, rails, planes are lost and the vertices' order may be."""
    rows = to_rows(named)
    tiers = {v["id"]: v for v in rows.vertices}
    out = io.StringIO()
    out.write(f"# {SCHEMA} topology={named.topology.name} cables={len(rows.cables)}\n")
    columns = [c for c in COLUMNS if "port" not in c or named.ports] + [
        f"{end}_{w}" for w in ENDS for end in ("source", "target")
    ]
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows.cables:
        extra = {f"{end}_{what}": tiers[row[end]][what] for what in ENDS for end in ("source", "target")}
        speed = {"speed": f"{row['bytes_per_second']!r}B/s"} if "bytes_per_second" in row else {}
        writer.writerow({**row, **extra, **speed})
    return Written(out.getvalue(), tuple(_losses(named)))


def _losses(named: Named) -> list[str]:
    topology = named.topology
    alone = topology.vertices - len(np.unique(topology.ends))
    found = [f"{alone} vertices without a cable are left out"] * bool(alone)
    found += ["planes are left out"] * bool((topology.plane > 0).any())
    found += ["which backend a level carries is left out"] * bool(named.fabric.carriers)
    found += ["speeds of levels that the source did not state are left out"] * bool(np.isnan(named.stated).any())
    found += [] if named.fabric.levels and len(speeds(named.fabric)) else ["levels without cables are left out"]
    return [*found, "latencies and sources of levels are left out; the numbering of vertices may change"]
