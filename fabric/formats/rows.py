"""A fabric as rows of attributes and back, for formats that can carry any (node-link, GraphML, CSV). It knows no syntax.

Graph: schema, name, topology (short form), tiers, levels (speed, latency, source), carriers. Vertex: id, host, tier, node,
rail, plane, forwards. Cable: source, target, level, lanes, bytes_per_second, source_port, target_port. A level's speed is one
lane's, inside nodes one device's. On the way back, a short form whose wiring is that of the rows gives the very topology; any
other wiring has the family `observed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from fabric.formats.faults import fault, number
from fabric.formats.named import Cable, Named, Vertex
from fabric.formats.observe import FAMILY, observed, unlike
from fabric.network.fabric import Fabric, Level
from fabric.network.lane_speeds import from_lane_speeds
from topologies import catalog
from topologies.base import SCALE_UP, Topology
from topologies.errors import InputError

SCHEMA, OF_LANES = "fabricbench.cables/2", "fabricbench.cables/1"
"""Of what is written; and of files of before, in which a level's speed inside nodes is that of one lane."""
MOST_LANES = 32_767
HOSTS = {"host", "server", "device", "gpu", "npu", "node", "hca", "ca", "endpoint"}
"""What a foreign file's tier or type may call a host."""
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


def from_rows(rows: Rows, where: str) -> Named:
    """Return the fabric of rows; a foreign file without any sign of hosts has its degree-1 vertices taken for them.

    Raises:
        InputError: a value of the wrong kind, a count that differs from what the graph row says, a vertex not there.
    """
    for kind, found in (("vertices", rows.vertices), ("cables", rows.cables)):
        stated = rows.graph.get(kind, len(found))
        if str(stated) != str(len(found)):
            raise fault(where, 1, f"{stated} {kind}, as the file says of itself (it may be cut)", len(found))
    hosts, losses = _hosts(rows)
    vertices = [_vertex(row, row["id"] in hosts, where) for row in rows.vertices]
    read = observed(vertices, [_cable(row, where) for row in rows.cables], where, losses)
    return _as_designed(read, rows.graph, where) if rows.graph.get("schema") in (SCHEMA, OF_LANES) else read


def _hosts(rows: Rows) -> tuple[set[str], list[str]]:
    """Return the ids of hosts, and what had to be assumed."""
    told = {row["id"] for row in rows.vertices if _true(row.get("host", False)) or _kind(row) in HOSTS}
    if told:
        return told, []
    degree = Counter(str(row[end]) for row in rows.cables for end in ("source", "target"))
    ends = {row["id"] for row in rows.vertices if degree[row["id"]] == 1}
    return ends, [f"no vertex says host; the {len(ends)} with one cable are taken for hosts"]


def _kind(row: Row) -> str:
    return str(row.get("tier", row.get("type", row.get("kind", "")))).lower()


def _true(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes")


def _vertex(row: Row, is_host: bool, where: str) -> Vertex:  # noqa: FBT001  # decided beforehand
    forwards = _true(row["forwards"]) if "forwards" in row else None
    usual = -1 if row.get("tier") == SCALE_UP else 0
    rail, plane = (_whole(row, key, default, where, -1, MOST_LANES) for key, default in (("rail", -1), ("plane", usual)))
    return Vertex(
        str(row["id"]), is_host, str(row.get("node", "") or ""), str(row.get("tier", "") or ""), rail, plane, forwards
    )


def _cable(row: Row, where: str) -> Cable:
    speed = row.get("bytes_per_second")
    return Cable(
        str(row["source"]),
        str(row["target"]),
        _whole(row, "lanes", 1, where, 1, MOST_LANES),
        None if speed in (None, "") else number(speed, where, row.get("line", 1), "bytes_per_second"),
        str(row.get("source_port", "") or ""),
        str(row.get("target_port", "") or ""),
        str(row.get("level", "") or ""),
    )


def _whole(row: Row, key: str, default: int, where: str, least: int, most: int) -> int:
    value = row.get(key, default)
    try:
        found = int(str(default if value in (None, "") else value))
    except ValueError:
        found = least - 1
    if not least <= found <= most:
        raise fault(where, row.get("line", 1), f"{key}: a whole number from {least} to {most}", value)
    return found


def _as_designed(read: Named, graph: Row, where: str) -> Named:
    """Return what was read with the levels the graph row gives, and the family where the wiring is truly that family's."""
    design = _design(str(graph.get("topology", "")))
    topology, losses = read.topology, list(read.losses)
    if design is not None and same_wiring(design, topology):
        topology = design
    elif not str(graph.get("topology", FAMILY)).startswith(FAMILY):
        losses.append(f"the file names {graph['topology']}, its cables are another wiring; read as {FAMILY}")
    levels = {name: _level(read, name, graph.get("levels", {}), where) for name in topology.levels}
    losses = [loss for loss in losses if "is assumed" not in loss or loss.split()[2] not in graph.get("levels", {})]
    fabric = Fabric(topology, levels, str(graph.get("name", "")), carriers=dict(graph.get("carriers", {})))
    states_lanes = graph["schema"] == OF_LANES and SCALE_UP in graph.get("levels", {})
    fabric = from_lane_speeds(fabric, OF_LANES) if states_lanes else fabric
    fabric = replace(fabric, degraded={**fabric.degraded, **unlike(fabric, read.stated)})
    return replace(read, fabric=fabric, losses=tuple(losses))


def _level(read: Named, name: str, levels: object, where: str) -> Level:
    row = levels.get(name) if isinstance(levels, Mapping) else None
    if row is None:
        return read.fabric.levels[name]
    if not isinstance(row, Mapping) or "speed" not in row or "latency" not in row:
        raise fault(where, 1, f"levels.{name}: speed, latency, source", row)
    speed, spread = number(row["speed"], where, 1, f"levels.{name}.speed"), row.get("spread")
    try:
        latency = float(row["latency"])
        bounds = (float(spread[0]), float(spread[1])) if spread else None
        count = int(row["count"]) if "count" in row else None
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
