"""Reads and writes InfraGraph (YAML; JSON is read): devices, instances, links, edges. It knows no device's inside.

Written with the name last, so that a cut file is found: one device per kind of vertex (by ports used), one instance per
vertex, an edge per cable. Read: edges between instances, one2one and many2many with plain indices; an instance is a host
where its device has an xpu or a nic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import yaml

from fabric.formats.defects import MISSING, NOISE, Defect, left_out
from fabric.formats.faults import Numbers, fault, load_yaml, number, shortened
from fabric.formats.named import Cable, Named, Vertex, Written, scale_out
from fabric.formats.observe import observed
from fabric.formats.tree import plain_names
from fabric.text.numbers import whole
from topologies.base import check_size
from topologies.errors import InputError

ENDPOINT = re.compile(r"([^\[\]]+)(?:\[(\d{1,9})(?::(\d{1,9}))?\])?", re.ASCII)
HOST_PARTS = {"xpu", "nic"}
SCALE = {"gigabits_per_second": 125e6, "gigabytes_per_second": 1e9, "gigatransfers_per_second": None}
MOST = 1_000_000


def read(text: str, where: str) -> Named:
    """Return the fabric of an infrastructure.

    Raises:
        InputError: no InfraGraph, cut, an edge to an instance that is not there, a scheme other than one2one and many2many.
    """
    content = load_yaml(text, where)
    if not isinstance(content, Numbers) or "name" not in content:
        raise fault(where, 1, "a mapping with devices, edges, instances, links and name (the file may be cut)", content)
    defects: list[Defect] = []
    devices = {str(d.get("name")): d for d in _rows(content, "devices", where, defects)}
    counts: dict[str, int] = {}
    vertices: list[Vertex] = []
    for row in _rows(content, "instances", where, defects):
        try:
            vertices += _vertices(row, devices, counts, where, defects)
        except InputError as error:
            defects.append(left_out(MISSING, error, where, row.line, "the instance is left out"))
        if len(vertices) > MOST:
            raise fault(where, row.line, f"at most {MOST:,} instances", len(vertices))
    speeds: dict[str, float | None] = {}
    for link in _rows(content, "links", where, defects):
        try:
            speeds[str(link.get("name"))] = _speed(link, where)
        except InputError as error:
            speeds[str(link.get("name"))] = None
            defects.append(left_out(NOISE, error, where, link.line, "its speed is taken as not stated"))
    cables: list[Cable] = []
    for edge in _rows(content, "edges", where, defects):
        try:
            cables += _edge(edge, counts, speeds, where)
        except InputError as error:
            defects.append(left_out(MISSING, error, where, edge.line, "the edge is left out"))
        check_size("infragraph", len(cables))
    return observed(vertices, cables, where, ["what is inside devices, and latencies, are left out"], defects)


def _vertices(
    row: Numbers, devices: Mapping[str, Numbers], counts: dict[str, int], where: str, defects: list[Defect]
) -> list[Vertex]:
    """Return the vertices of an instance, and note how many of it there are."""
    name, device = str(row.get("name")), str(row.get("device"))
    if device not in devices:
        raise fault(where, row.line, f"a device that the file describes ({', '.join(devices)})", device)
    parts = {str(part.get("choice")) for part in _rows(devices[device], "components", where, defects)}
    counts[name] = _whole(row, "count", where)
    return [Vertex(_name(name, i, counts), is_host=bool(parts & HOST_PARTS), line=row.line) for i in range(counts[name])]


def _rows(content: Mapping[str, Any], key: str, where: str, defects: list[Defect]) -> list[Numbers]:
    """Return the mappings of a list; an entry that is none is a defect, told once."""
    found, line = content.get(key), getattr(content, "line", 1)
    rows = [row for row in found if isinstance(row, Numbers)] if isinstance(found, list) else []
    if not rows:
        raise fault(where, line, f"{key}: a list of mappings (the file may be cut)", found)
    if len(rows) < len(found):  # type: ignore[arg-type]  # a list, it has rows
        odd = next(row for row in found if not isinstance(row, Numbers))  # type: ignore[union-attr]
        told = f"{key}: a mapping was expected, got {shortened(odd)!r}; the entry is left out"
        defects += [flaw for flaw in [Defect(NOISE, line, told)] if flaw not in defects]
    return rows


def _whole(row: Numbers, key: str, where: str) -> int:
    value = row.get(key, 1)
    if not isinstance(value, int) or not 1 <= value <= MOST:
        raise fault(where, row.line, f"{key}: a whole number from 1 to {MOST:,}", value)
    return value


def _speed(link: Numbers, where: str) -> float | None:
    """Return a link's bytes per second, None where it does not say."""
    physical = link.get("physical") or {}
    bandwidth = physical.get("bandwidth") if isinstance(physical, Mapping) else None
    for unit, scale in SCALE.items():
        if isinstance(bandwidth, Mapping) and unit in bandwidth and scale:
            return number(bandwidth[unit], where, link.line, unit) * scale
    return None


def _edge(edge: Numbers, counts: dict[str, int], speeds: dict[str, float | None], where: str) -> list[Cable]:
    """Return the cables of an edge between instances."""
    ends, link = [_instances(edge, key, counts, where) for key in ("ep1", "ep2")], str(edge.get("link"))
    if link not in speeds:
        raise fault(where, edge.line, f"a link that the file describes ({', '.join(speeds)})", link)
    if len(ends[0]) * len(ends[1]) > MOST and edge.get("scheme") != "one2one":
        raise fault(where, edge.line, f"at most {MOST:,} cables in an edge", f"{len(ends[0])} x {len(ends[1])}")
    pairs = [(a, b) for a in ends[0] for b in ends[1]] if edge.get("scheme") != "one2one" else []
    if edge.get("scheme") == "one2one":
        if len(ends[0]) != len(ends[1]):
            raise fault(where, edge.line, "as many instances at both ends of one2one", f"{len(ends[0])} and {len(ends[1])}")
        pairs = list(zip(*ends, strict=True))
    elif edge.get("scheme") != "many2many":
        raise fault(where, edge.line, "scheme: one2one or many2many", edge.get("scheme"))
    near, far = (str(edge[key].get("component", "")) for key in ("ep1", "ep2"))
    return [Cable(a, b, 1, speeds[link], near, far, line=edge.line) for a, b in pairs]


def _instances(edge: Numbers, key: str, counts: dict[str, int], where: str) -> list[str]:
    row = edge.get(key)
    match = ENDPOINT.fullmatch(str(row.get("instance", ""))) if isinstance(row, Mapping) else None
    if match is None or match[1] not in counts:
        raise fault(where, edge.line, f"{key}: an instance that the file describes ({', '.join(list(counts)[:8])})", row)
    first = whole(match[2] or 0, f"{where}:{edge.line}: {key}")
    last = whole(match[3], f"{where}:{edge.line}: {key}") if match[3] else first + 1 if match[2] else counts[match[1]]
    if not 0 <= first < last <= counts[match[1]]:
        raise fault(where, edge.line, f"{key}: an index below {counts[match[1]]}", row)
    return [_name(match[1], i, counts) for i in range(first, last)]


def _name(instance: str, index: int, counts: dict[str, int]) -> str:
    """Return a vertex's name: the instance's own where there is one of it."""
    return instance if counts[instance] == 1 else f"{instance}.{index}"


def write(named: Named) -> Written:
    """Return the infrastructure of the scale-out network; what is inside nodes is left out."""
    topology = named.topology
    kept = np.flatnonzero(scale_out(topology))
    ports = np.bincount(topology.ends[kept].ravel(), minlength=topology.vertices)
    shown = [v for v in range(topology.vertices) if topology.tier[v] != topology.scale_up_tier or v < topology.devices]
    plain, changed = plain_names([named.names[v] for v in shown])
    names = dict(zip(shown, (name.replace(".", "-") for name in plain), strict=True))
    kinds = {v: f"{'host' if v < topology.devices else 'switch'}-{max(1, int(ports[v]))}" for v in shown}
    used = dict.fromkeys(range(topology.vertices), 0)
    edges = []
    for cable in kept.tolist():
        ends = []
        for v in topology.ends[cable].tolist():
            part = "nic" if v < topology.devices else "port"
            ends.append({"instance": f"{names[v]}[0]", "component": f"{part}[{used[v]}]"})
            used[v] += 1
        edges.append({"ep1": ends[0], "ep2": ends[1], "link": _link(named, cable), "scheme": "one2one"})
    content = {
        "name": "fabric",
        "description": named.topology.name,
        "devices": [_device(kind) for kind in dict.fromkeys(kinds.values())],
        "instances": [{"name": names[v], "device": kinds[v], "count": 1} for v in shown],
        "links": _links(named, kept.tolist()),
        "edges": edges,
    }
    losses = [f"{changed:,} names are changed to letters, digits and dashes"] * bool(changed)
    losses += ["what is inside nodes is left out"] * (len(kept) < len(topology.ends))
    return Written(yaml.safe_dump(content), (*losses, "nodes, rails, planes, tiers and latencies are left out"))


def _device(kind: str) -> dict[str, Any]:
    """Return the description of a host or switch with so many ports, all on one part in its middle."""
    what, _, ports = kind.partition("-")
    middle, port = ("xpu", "nic") if what == "host" else ("asic", "port")
    parts = [
        {"name": middle, "choice": "xpu" if what == "host" else "cpu", "count": 1},
        {"name": port, "choice": port, "count": int(ports)},
    ]
    edge = {"ep1": {"component": middle}, "ep2": {"component": port}, "link": "inside", "scheme": "many2many"}
    return {"name": kind, "components": parts, "links": [{"name": "inside"}], "edges": [edge]}


def _gigabits(named: Named, cable: int) -> float:
    return float(named.fabric.link_speed[2 * cable] * 8 / 1e9)


def _link(named: Named, cable: int) -> str:
    return f"{named.topology.levels[named.topology.level[cable]]}-{_gigabits(named, cable):g}"


def _links(named: Named, cables: list[int]) -> list[dict[str, Any]]:
    speeds = {_link(named, c): _gigabits(named, c) for c in cables}
    bandwidth = "gigabits_per_second"
    return [
        {"name": name, "physical": {"bandwidth": {"choice": bandwidth, bandwidth: speed}}} for name, speed in speeds.items()
    ]
