"""Reads and writes CSV of cables, one row per cable, as cabling plans are kept. It does not know latencies or planes.

Columns: source, target (required), source_tier, target_tier, source_node, target_node, source_port, target_port, level,
lanes, speed (text with a unit; also called bandwidth, capacity or rate); commas, semicolons or tabs. A file of ours starts
with `# fabricbench.cables/2 topology=... cables=N`, so that a cut one is found; a foreign file that is cut between two rows
looks whole.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

import numpy as np

from fabric.formats.defects import NOISE, REPEATED, Defect, unfinished
from fabric.formats.faults import fault, lines, shortened
from fabric.formats.named import Named, Written, speeds
from fabric.formats.rows import HOSTS, OF_LANES, SCHEMA, Row, Rows, from_rows, to_rows

DELIMITERS = ",;\t"
COLUMNS = ("source", "target", "level", "lanes", "speed", "source_port", "target_port")
ENDS = ("tier", "node")
ALIASES = {"from": "source", "to": "target", "a": "source", "b": "target", "src": "source", "dst": "target"}
ALIASES |= {f"{old}_{what}": f"{new}_{what}" for old, new in ALIASES.items() for what in (*ENDS, "port")}
STAMP = re.compile(rf"# ({re.escape(SCHEMA)}|{re.escape(OF_LANES)}) topology=(\S+) cables=(\d+)")


def read(text: str, where: str) -> Named:
    """Return the fabric of a list of cables; a row that is none is left out, and so is a last one without its line end.

    Raises:
        InputError: a missing column, no host, fewer rows than the file says.
    """
    numbered, defects = lines(text, where), unfinished(text, "it may be cut, and is left out; end it if it is whole")
    stamp = STAMP.fullmatch(numbered[0][1].rstrip())
    rows = _table(numbered[:-1] if defects else numbered, where, defects)
    if stamp and stamp[3] != str(len(rows)):
        raise fault(where, 1, f"{shortened(stamp[3])} cables, as the file says of itself (it may be cut)", len(rows))
    graph = {"schema": stamp[1], "topology": stamp[2]} if stamp else {}
    return from_rows(Rows(graph, _vertices(rows, defects), rows), where, (), defects)


def _table(numbered: Sequence[tuple[int, str]], where: str, defects: list[Defect]) -> list[Row]:
    """Return the rows as mappings by column, with their lines; a row of another length or without a name is a defect."""
    content = [(number, line) for number, line in numbered if line.strip() and not line.startswith("#")]
    if not content:
        raise fault(where, 1, "a header with the columns source,target, and a line end behind it")
    delimiter = max(DELIMITERS, key=content[0][1].count)
    header = [ALIASES.get(name.strip().lower(), name.strip().lower()) for name in _cells(content[0][1], delimiter)]
    if not {"source", "target"} <= set(header) or len(set(header)) < len(header):
        raise fault(where, content[0][0], "a header with the columns source,target, each column once", content[0][1])
    rows: list[Row] = []
    for number, line in content[1:]:
        cells = _cells(line, delimiter)
        row: Row = dict(zip(header, cells, strict=False)) | {"line": number}
        if len(cells) != len(header):
            told = f"{len(header)} columns as in the header were expected, got {len(cells)}; the row is left out"
            defects.append(Defect(NOISE, number, told))
        elif not (row["source"] and row["target"]):
            defects.append(Defect(NOISE, number, "a name in source and in target was expected; the row is left out"))
        else:
            rows.append(row)
    return rows


def _cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line, without the spaces around them; one that csv cannot read is a single cell."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return [line]


def _vertices(rows: Iterable[Row], defects: list[Defect]) -> list[Row]:
    """Return the vertices in order of appearance with the tier and node their rows give, the first where they differ."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        for end in ("source", "target"):
            vertex = found.setdefault(row[end], {"id": row[end], "line": row["line"]})
            for what in ENDS:
                value = row.get(f"{end}_{what}", "")
                if value and vertex.setdefault(what, value) != value:
                    told = f"{shortened(row[end])!r} is in {what} {shortened(vertex[what])!r} further up, here in "
                    defects.append(Defect(REPEATED, row["line"], f"{told}{shortened(value)!r}; the first is kept"))
    tiers = all("tier" in vertex for vertex in found.values())
    return [v if tiers or v.get("tier", "").lower() in HOSTS else {k: v[k] for k in v if k != "tier"} for v in found.values()]


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
    found += ["how fast the nodes' memory is is left out"] * bool(named.fabric.working_sets)
    found += ["speeds of levels that the source did not state are left out"] * bool(np.isnan(named.stated).any())
    found += [] if named.fabric.levels and len(speeds(named.fabric)) else ["levels without cables are left out"]
    return [*found, "latencies and sources of levels are left out; the numbering of vertices may change"]
