"""A fabric as rows of attributes and back, for formats that can carry any (node-link, GraphML, CSV). It knows no syntax.

Graph: schema, name, topology (short form), tiers, levels (speed, latency, source), carriers, working_sets. Vertex: id, host,
tier, node, rail, plane, forwards. Cable: source, target, level, lanes, bytes_per_second, source_port, target_port. A level's
speed is one lane's, inside nodes one device's. On the way back, a short form whose wiring is that of the rows gives the very
topology; any other wiring has the family `observed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from fabric.formats.defects import NOISE, Defect
from fabric.formats.faults import fault, number, shortened
from fabric.formats.named import Cable, Named, Vertex
from fabric.formats.observe import FAMILY, HOW_TO_MARK, observed, unlike
from fabric.formats.stated_speed import FIXED, NAMES, stated
from fabric.network import working_sets_file
from fabric.network.fabric import Fabric, Level
from fabric.network.lane_speeds import from_lane_speeds
from fabric.network.names import keep_names
from fabric.network.working_sets import WorkingSets
from fabric.text.numbers import maybe_whole, real, whole
from topologies import catalog
from topologies.base import SCALE_UP, Topology
from topologies.errors import InputError

SCHEMA, OF_LANES = "fabricbench.cables/2", "fabricbench.cables/1"
"""Of what is written; and of files of before, in which a level's speed inside nodes is that of one lane."""
MOST_LANES = 32_767
HOSTS = {"host", "server", "device", "gpu", "npu", "node", "hca", "ca", "endpoint"}
"""What a foreign file's tier or type may call a host."""
VERTEX_KEYS = {"id", "host", "tier", "type", "kind", "node", "rail", "plane", "forwards", "line"}
CABLE_KEYS = {"source", "target", "level", "lanes", "source_port", "target_port", "key", "line"}
CABLE_KEYS |= {f"{end}_{what}" for end in ("source", "target") for what in ("tier", "node")}
"""Attributes that a fabric is made of; others are told, save those that are speeds."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rows:
    """The three kinds of rows; every vertex and cable row has `line`, where it stands in its file."""

    graph: Row
    vertices: Sequence[Row]
    cables: Sequence[Row]


def to_rows(named: Named) -> Rows:
    """Return the fabric as rows; nothing is lost."""
    fabric, topology = named.fabric, named.topology
    graph = {
        "schema": SCHEMA,
        "name": fabric.name,
        "topology": topology.name,
        "tiers": list(topology.tiers),
        "levels": {name: {k: v for k, v in asdict(level).items() if v is not None} for name, level in fabric.levels.items()},
        "carriers": dict(fabric.carriers),
        "vertices": topology.vertices,
        "cables": len(topology.ends),
        **({working_sets_file.NAME: working_sets_file.as_text(fabric.working_sets)} if fabric.working_sets else {}),
    }
    return Rows(graph, [_vertex_row(named, v) for v in range(topology.vertices)], _cable_rows(named))


def _vertex_row(named: Named, v: int) -> Row:
    topology = named.topology
    node = int(topology.node[v])
    return {
        "id": named.names[v],
        "host": v < topology.devices,
        "tier": topology.tiers[topology.tier[v]],
        "node": named.nodes[node] if node >= 0 else "",
        "rail": int(topology.rail[v]),
        "plane": int(topology.plane[v]),
        "forwards": bool(topology.forwards[v]),
    }


def _cable_rows(named: Named) -> list[Row]:
    topology = named.topology
    rows: list[Row] = []
    for c, ((a, b), level, lanes) in enumerate(zip(topology.ends.tolist(), topology.level, topology.lanes, strict=True)):
        row = {"source": named.names[a], "target": named.names[b], "level": topology.levels[level], "lanes": int(lanes)}
        if not np.isnan(named.stated[c]):
            row["bytes_per_second"] = float(named.stated[c])
        if c in named.ports:
            row["source_port"], row["target_port"] = named.ports[c]
        rows.append(row)
    return rows


def from_rows(rows: Rows, where: str, losses: Sequence[str] = (), defects: Sequence[Defect] = ()) -> Named:
    """Return the fabric of rows; a foreign file without any sign of hosts has its degree-1 vertices taken for them.

    Raises:
        InputError: no host, or a count that differs from what the graph row says.
    """
    for kind, counted in (("vertices", rows.vertices), ("cables", rows.cables)):
        stated = rows.graph.get(kind, len(counted))
        if str(stated) != str(len(counted)):
            raise fault(where, 1, f"{shortened(stated)} {kind}, as the file says of itself (it may be cut)", len(counted))
    hosts, assumed = _hosts(rows)
    found = list(defects)
    vertices = [_vertex(row, row["id"] in hosts, found) for row in rows.vertices]
    cables, silent = _cables(rows.cables, found)
    told = [*losses, *assumed, *silent, *_not_read(rows)]
    read = observed(vertices, cables, where, told, found)
    return _as_designed(read, rows.graph, where) if rows.graph.get("schema") in (SCHEMA, OF_LANES) else read


def _hosts(rows: Rows) -> tuple[set[str], list[str]]:
    """Return the ids of hosts, and what had to be assumed."""
    told = {row["id"] for row in rows.vertices if _true(row.get("host", False)) or _kind(row) in HOSTS}
    if told:
        return told, []
    degree = Counter(str(row[end]) for row in rows.cables for end in ("source", "target"))
    ends = {row["id"] for row in rows.vertices if degree[row["id"]] == 1}
    return ends, [f"no vertex says host; the {len(ends)} with one cable are taken for hosts ({HOW_TO_MARK})"] * bool(ends)


def _kind(row: Row) -> str:
    return str(row.get("tier", row.get("type", row.get("kind", "")))).lower()


def _true(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes")


def _not_read(rows: Rows) -> list[str]:
    """Return one line per attribute that nothing is made of."""
    found = []
    for what, known, mine in (("vertex", VERTEX_KEYS, rows.vertices), ("cable", CABLE_KEYS, rows.cables)):
        names = dict.fromkeys(str(key) for row in mine for key in row if str(key) not in known)
        found += [f"{what} attribute {shortened(name)!r} is left out" for name in names if not _is_speed(what, name)]
    return found


def _is_speed(what: str, name: str) -> bool:
    return what == "cable" and name.lower().replace("-", "_") in (*NAMES, *FIXED)


def _vertex(row: Row, is_host: bool, defects: list[Defect]) -> Vertex:  # noqa: FBT001  # decided beforehand
    forwards = _true(row["forwards"]) if "forwards" in row else None
    usual = -1 if row.get("tier") == SCALE_UP else 0
    rail, plane = (_whole(row, key, default, defects, -1, MOST_LANES) for key, default in (("rail", -1), ("plane", usual)))
    node, tier = str(row.get("node", "") or ""), str(row.get("tier", "") or "")
    return Vertex(str(row["id"]), is_host, node, tier, rail, plane, forwards, row.get("line", 0))


def _cables(rows: Sequence[Row], defects: list[Defect]) -> tuple[list[Cable], list[str]]:
    """Return the cables, and one line per attribute whose values are no speeds with a unit."""
    found = []
    silent: Counter[str] = Counter()
    example: dict[str, object] = {}
    for row in rows:
        speed, left_out = stated(row)
        silent.update(left_out)
        example |= {key: row[key] for key in left_out if key not in example}
        found.append(_cable(row, speed, defects))
    lines = [
        f"cable attribute {shortened(key)!r} is left out in {count:,} of {len(rows):,} rows: {shortened(example[key])!r} is no "
        "speed with a unit such as 400Gb/s or 50GB/s"
        for key, count in silent.items()
    ]
    return found, lines


def _cable(row: Row, speed: float | None, defects: list[Defect]) -> Cable:
    lanes = _whole(row, "lanes", 1, defects, 1, MOST_LANES)
    ports = [str(row.get(f"{end}_port", "") or "") for end in ("source", "target")]
    level = str(row.get("level", "") or "")
    return Cable(str(row["source"]), str(row["target"]), lanes, speed, ports[0], ports[1], level, row.get("line", 0))


def _whole(row: Row, key: str, default: int, defects: list[Defect], least: int, most: int) -> int:
    value = row.get(key, default)
    found = maybe_whole(default if value in (None, "") else value)
    if found is not None and least <= found <= most:
        return found
    told = f"{key} was expected to be a whole number from {least} to {most}, got {shortened(value)!r}; {default} is taken"
    defects.append(Defect(NOISE, row.get("line", 0), told))
    return default


def _as_designed(read: Named, graph: Row, where: str) -> Named:
    """Return what was read with the levels the graph row gives, and the family where the wiring is truly that family's."""
    design = _design(str(graph.get("topology", "")))
    topology, losses = read.topology, list(read.losses)
    if design is not None and same_wiring(design, topology):
        topology = replace(design)  # a copy, so that the file's names do not become those of the short form
        keep_names(read.topology, topology)
    elif not str(graph.get("topology", FAMILY)).startswith(FAMILY):
        losses.append(f"the file names {graph['topology']}, its cables are another wiring; read as {FAMILY}")
    levels = {name: _level(read, name, graph.get("levels", {}), where) for name in topology.levels}
    losses = [loss for loss in losses if "is assumed" not in loss or loss.split()[2] not in graph.get("levels", {})]
    memory = _working_sets(graph, where)
    fabric = Fabric(topology, levels, str(graph.get("name", "")), carriers=_carriers(graph, topology), working_sets=memory)
    states_lanes = graph["schema"] == OF_LANES and SCALE_UP in graph.get("levels", {})
    fabric = from_lane_speeds(fabric, OF_LANES) if states_lanes else fabric
    fabric = replace(fabric, degraded={**fabric.degraded, **unlike(fabric, read.stated)})
    return replace(read, fabric=fabric, losses=tuple(losses))


def _carriers(graph: Row, topology: Topology) -> dict[str, str]:
    """Return which level carries which backend, as far as the levels are there."""
    told = graph.get("carriers")
    found = {str(name): str(level) for name, level in told.items()} if isinstance(told, Mapping) else {}
    return {name: level for name, level in found.items() if level in topology.levels}


def _working_sets(graph: Row, where: str) -> WorkingSets | None:
    told = graph.get(working_sets_file.NAME)
    if told is None:
        return None
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415  # 0.1 s, paid where a file has them

    try:
        return working_sets_file.from_text(where, TypeAdapter(working_sets_file.WorkingSetsText).validate_python(told))
    except ValidationError as error:
        raise fault(where, 1, f"{working_sets_file.NAME}: {' '.join(str(error).split())[:80]}", told) from None


def _level(read: Named, name: str, levels: object, where: str) -> Level:
    row = levels.get(name) if isinstance(levels, Mapping) else None
    if row is None:
        return read.fabric.levels[name]
    if not isinstance(row, Mapping) or "speed" not in row or "latency" not in row:
        raise fault(where, 1, f"levels.{name}: speed, latency, source", row)
    speed, spread = number(row["speed"], where, 1, f"levels.{name}.speed"), row.get("spread")
    try:
        latency = real(row["latency"], "latency", 0.0)
        bounds = (real(spread[0], "spread"), real(spread[1], "spread")) if spread else None
        count = whole(row["count"], "count") if "count" in row else None
    except (TypeError, ValueError, IndexError, KeyError):
        raise fault(where, 1, f"levels.{name}: numbers for latency, spread and count", row) from None
    return Level(speed, latency, str(row.get("source", "")), count, bounds, row.get("date"), row.get("part"))


def _design(name: str) -> Topology | None:
    """Return the topology of a short form, None where it is none."""
    try:
        return catalog.parse(name)
    except InputError:
        return None


def same_wiring(one: Topology, other: Topology) -> bool:
    """Return whether two topologies have equal arrays and names of tiers and levels."""
    arrays = ("tier", "node", "rail", "plane", "forwards", "ends", "level", "lanes")
    if (one.tiers, one.levels, one.devices) != (other.tiers, other.levels, other.devices):
        return False
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)
