"""From named vertices and cables to a Fabric: tiers by distance from hosts, levels, speeds. It does not know any format.

Tiers: hosts, then switches by their distance from hosts: leaf, spine, core. A switch with few hosts among switches with
four times as many (a management node on a spine) is no leaf. A network without anything above its leaves, whose
switches are cabled to each other, has one tier `switch`. What a file says about tiers is kept instead.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fabric.formats.defects import LOOPBACK, MISSING, NOISE, REPEATED, Defect
from fabric.formats.faults import shortened
from fabric.formats.named import Cable, Floats, Named, Observed, Vertex
from fabric.network.fabric import SAME, Fabric, Level
from fabric.network.names import Given, give_names
from fabric.network.parts import part
from topologies.base import MOST_PER_NODE, SCALE_UP, Topology, check_size
from topologies.errors import InputError
from topologies.scale_up import device_lanes

FAMILY = "observed"
TIERS = ("host", "leaf", "spine", "core")
ASSUMED = "400g-ndr"
"""The part whose latency, and where needed speed, stands for what no cabling file says."""
HOW_TO_MARK = "mark hosts with type=host or host=true at the vertex (node-link, graphml), or source_tier=host (csv)"
MOST_NAMES = 100
"""Tiers and levels that a file may name; both are kept in eight bits."""
FEW = 4
"""A switch whose neighbours have at least so many times its hosts is no leaf."""


def observed(
    vertices: Iterable[Vertex],
    cables: Sequence[Cable],
    where: str,
    losses: Iterable[str] = (),
    defects: Iterable[Defect] = (),
    *,
    apart: str = "",
) -> Named:
    """Return the fabric of the vertices and cables; hosts come first, node by node, else the order given is kept.

    A vertex described twice is taken as first described, one that only cables name as a switch; a cable to its own vertex is
    left out: each is a defect beside those given. apart: why a file of this kind may leave parts without anything between.

    Raises:
        InputError: no host.
    """
    found, told = list(defects), tuple(losses)
    known = _by_name(vertices, found)
    cables = _joining(known, cables, found)
    check_hosts(known.values(), found, where)
    ends = _ends(known, cables)
    check_size(FAMILY, len(cables))
    order = list(known.values())
    tiers, tier = _tiers(order, ends)
    nodes, node = _nodes(order)
    rank = sorted(range(len(order)), key=lambda v: (not order[v].is_host, node[v] if order[v].is_host else tier[v]))
    place = np.empty(len(order), dtype=np.int32)
    place[rank] = np.arange(len(order), dtype=np.int32)
    order, tier, node = [order[v] for v in rank], tier[rank], node[rank]
    ends, turned = _upwards(place[ends], tier)
    levels, level = _levels(tiers, tier, ends, cables)
    topology = _topology(order, tiers, tier, node, ends, levels, level, cables)
    known_speeds, stated, assumed = _speeds(topology, cables)
    fabric = Fabric(topology, known_speeds, f"{FAMILY}: {where}")
    fabric = replace(fabric, degraded=unlike(fabric, stated))
    ports = {c: _ports(cables[c], bool(turned[c])) for c in range(len(cables)) if cables[c].port_a or cables[c].port_b}
    names = tuple(v.name for v in order)
    give_names(topology, Given(names, nodes, apart))
    source = Observed(tuple(known.values()), tuple(cables), where, told, apart)
    defects = tuple(sorted(found, key=lambda d: d.line))
    return Named(fabric, names, nodes, stated, ports, (*told, *assumed), defects, source)


def _by_name(vertices: Iterable[Vertex], defects: list[Defect]) -> dict[str, Vertex]:
    known: dict[str, Vertex] = {}
    for vertex in vertices:
        if known.setdefault(vertex.name, vertex) is not vertex:
            told = f"{shortened(vertex.name)!r} is described twice, first in line {known[vertex.name].line}; the first is kept"
            defects.append(Defect(REPEATED, vertex.line, told))
    return known


def _joining(known: dict[str, Vertex], cables: Sequence[Cable], defects: list[Defect]) -> list[Cable]:
    """Return the cables that join two vertices; a vertex that only they name is added."""
    found, tiers = [], "switch" if all(v.tier for v in known.values()) else ""
    for cable in cables:
        if cable.a == cable.b:
            ports = f" from port {cable.port_a} to port {cable.port_b}" if cable.port_a and cable.port_b else ""
            told = f"{shortened(cable.a)!r} is cabled to itself{ports}; the cable is left out"
            defects.append(Defect(LOOPBACK, cable.line, told))
            continue
        for name in (name for name in (cable.a, cable.b) if name not in known):
            known[name] = Vertex(name, is_host=False, tier=tiers, line=cable.line)
            told = f"a cable ends at {shortened(name)!r}, which the file does not describe; it is read as a switch"
            defects.append(Defect(MISSING, cable.line, told))
        found.append(cable)
    return found


def check_hosts(vertices: Iterable[Vertex], defects: Sequence[Defect], where: str) -> None:
    """Return nothing where there is a host; else raise what is wrong with the file, or how hosts are marked."""
    found = list(vertices)
    if any(v.is_host for v in found):
        return
    first = min(defects, key=lambda d: (d.kind != NOISE, d.line), default=None)
    if first is not None and first.line:
        raise InputError(first.at(where))
    raise InputError(f"{where}: expected at least one host, got {len(found)} vertices without any; {HOW_TO_MARK}")


def _ends(known: Mapping[str, Vertex], cables: Sequence[Cable]) -> NDArray[np.int32]:
    """Return the cables as pairs of vertex numbers in the order given."""
    number = {name: i for i, name in enumerate(known)}
    return np.array([(number[c.a], number[c.b]) for c in cables], dtype=np.int32).reshape(-1, 2)


def _tiers(order: Sequence[Vertex], ends: NDArray[np.int32]) -> tuple[tuple[str, ...], NDArray[np.int8]]:
    """Return tier names and the tier of every vertex: the file's own where it has them, else by distance from hosts."""
    if all(v.tier for v in order):
        present = dict.fromkeys(v.tier for v in order)
        names = (*[t for t in TIERS if t in present], *[t for t in present if t not in (*TIERS, SCALE_UP)])
        names = (*names, SCALE_UP) if SCALE_UP in present else names
        if len(names) > MOST_NAMES:
            raise InputError(f"{FAMILY}: a file may name at most {MOST_NAMES} tiers, got {len(names)}")
        return names, np.array([names.index(v.tier) for v in order], dtype=np.int8)
    inside = np.array([v.tier == SCALE_UP for v in order])
    distance = np.minimum(_distance(np.array([v.is_host for v in order]), inside, ends), 100)
    tops = sorted({int(d) for d in distance[~inside]} | {0})
    among = ~np.isin(ends, np.flatnonzero(inside)).all(axis=1) & (distance[ends] == 1).all(axis=1)
    names = ("host", "switch") if tops == [0, 1] and among.any() else tuple(_tier_name(d) for d in tops)
    tier = np.searchsorted(tops, distance)
    return (
        ((*names, SCALE_UP), np.where(inside, len(names), tier).astype(np.int8))
        if inside.any()
        else (names, tier.astype(np.int8))
    )


def _tier_name(distance: int) -> str:
    if distance == 100:
        return "unreached"
    return TIERS[distance] if distance < len(TIERS) else f"tier{distance}"


def _distance(host: NDArray[np.bool_], inside: NDArray[np.bool_], ends: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the hops from the nearest host, with switches of few hosts no nearer than their neighbours allow."""
    ends = ends[~inside[ends].any(axis=1)]
    both = np.concatenate([ends, ends[:, ::-1]])
    hosts_on = np.bincount(both[host[both[:, 0]], 1], minlength=len(host)) * ~host
    between = both[~host[both].any(axis=1) & (hosts_on[both[:, 1]] > 0)]
    heard = between[np.lexsort((hosts_on[between[:, 1]], between[:, 0]))]
    starts = np.searchsorted(heard[:, 0], np.arange(len(host) + 1))
    middle = (starts[:-1] + starts[1:]) // 2
    median = np.where(starts[1:] > starts[:-1], hosts_on[heard[np.minimum(middle, len(heard) - 1), 1]], 0) if len(heard) else 0
    leaf = (hosts_on > 0) & (hosts_on * FEW > median)
    distance = np.where(host, 0, np.where(leaf, 1, 1_000))
    hops = 1
    while True:
        reached = both[distance[both[:, 0]] == hops, 1]
        fresh = reached[distance[reached] > hops + 1]
        if not len(fresh):
            return np.asarray(distance)
        distance[fresh] = hops + 1
        hops += 1


def _nodes(order: Sequence[Vertex]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Return node names in order of appearance and the node of every vertex; -1 for switches outside nodes."""
    number: dict[str, int] = {}
    found = [number.setdefault(v.node or v.name, len(number)) if v.is_host else -1 for v in order]
    found = [number.get(v.node, -1) if v.tier == SCALE_UP else n for v, n in zip(order, found, strict=True)]
    most = max(Counter(n for n in found if n >= 0).values())
    if most > MOST_PER_NODE:
        raise InputError(f"{FAMILY}: a node holds at most {MOST_PER_NODE} devices, got {most}")
    return tuple(number), np.array(found, dtype=np.int32)


def _upwards(ends: NDArray[np.int32], tier: NDArray[np.int8]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return the cables with the lower tier first, and which of them were turned."""
    low, high = tier[ends].T
    turned = low > high
    return np.where(turned[:, None], ends[:, ::-1], ends), turned


def _ports(cable: Cable, turned: bool) -> tuple[str, str]:  # noqa: FBT001  # one of two orders
    return (cable.port_b, cable.port_a) if turned else (cable.port_a, cable.port_b)


def _levels(
    tiers: tuple[str, ...], tier: NDArray[np.int8], ends: NDArray[np.int32], cables: Sequence[Cable]
) -> tuple[tuple[str, ...], NDArray[np.int8]]:
    """Return level names, lowest first, and the level of every cable: `leaf-spine`, or the name the file gives."""
    pairs = [(int(a), int(b)) for a, b in tier[ends]]
    names = [cable.level or _level_name(tiers, pair) for cable, pair in zip(cables, pairs, strict=True)]
    lowest = dict(sorted(zip(names, pairs, strict=True), key=lambda item: item[1], reverse=True))
    levels = sorted(lowest, key=lambda name: (name == SCALE_UP, lowest[name]))
    if len(levels) > MOST_NAMES:
        raise InputError(f"{FAMILY}: a file may name at most {MOST_NAMES} levels, got {len(levels)}")
    number = {name: i for i, name in enumerate(levels)}
    return tuple(levels), np.array([number[name] for name in names], dtype=np.int8)


def _level_name(tiers: tuple[str, ...], pair: tuple[int, int]) -> str:
    low, high = tiers[pair[0]], tiers[pair[1]]
    return SCALE_UP if SCALE_UP in (low, high) else f"{low}-{high}"


def _topology(  # the arrays of one Topology
    order: Sequence[Vertex],
    tiers: tuple[str, ...],
    tier: NDArray[np.int8],
    node: NDArray[np.int32],
    ends: NDArray[np.int32],
    levels: tuple[str, ...],
    level: NDArray[np.int8],
    cables: Sequence[Cable],
) -> Topology:
    """Return the Topology; its name carries a digest of the wiring, so that no two of them look the same."""
    devices = sum(v.is_host for v in order)
    lanes = np.array([c.lanes for c in cables], dtype=np.int16)
    digest = hashlib.sha256(b"".join(a.tobytes() for a in (tier, node, ends, level, lanes))).hexdigest()[:12]
    return Topology(
        family=FAMILY,
        params={"endpoints": devices, "wiring": digest},
        tiers=tiers,
        levels=levels,
        devices=devices,
        tier=tier,
        node=node,
        rail=_rails(order, node, devices),
        plane=np.array([v.plane for v in order], dtype=np.int16),
        forwards=np.array([not v.is_host if v.forwards is None else v.forwards for v in order]),
        ends=ends,
        level=level,
        lanes=lanes,
    )


def _rails(order: Sequence[Vertex], node: NDArray[np.int32], devices: int) -> NDArray[np.int16]:
    """Return the rails: the file's own, else a device's index inside its node where nodes hold several."""
    rail = np.array([v.rail for v in order], dtype=np.int16)
    first = np.searchsorted(node[:devices], node[:devices])
    if len(np.unique(first)) < devices:
        rail[:devices] = np.where(rail[:devices] < 0, np.arange(devices) - first, rail[:devices])
    return rail


def _speeds(topology: Topology, cables: Sequence[Cable]) -> tuple[dict[str, Level], Floats, list[str]]:
    """Return the levels, the stated speed per cable, and what was assumed."""
    stated = np.array([math.nan if c.speed is None else c.speed for c in cables])
    made_of, found, assumed = part(ASSUMED), {}, []
    for index, name in enumerate(topology.levels):
        mine = (topology.level == index) & ~np.isnan(stated)
        if mine.any():
            usual = _of_devices(topology, stated) if name == SCALE_UP else float(np.median(stated[mine] / topology.lanes[mine]))
            found[name] = Level(usual, made_of.latency, f"speed read; latency assumed: part {ASSUMED}")
            silent = int(((topology.level == index) & np.isnan(stated)).sum())
            told = f"speed of {silent:,} cables of {name} was not read; they are taken to be as fast as its others"
            assumed += [told] * bool(silent)
        else:
            found[name] = Level(made_of.speed, made_of.latency, f"assumed, none was read: part {ASSUMED}")
            assumed.append(f"speed of {name} was not read; part {ASSUMED} is assumed")
    return found, stated, assumed


def _of_devices(topology: Topology, stated: Floats) -> float:
    """Return the most that a device's stated links inside its node carry together; others of it are taken to be as fast.

    Where no such link ends at a device, it is that of one lane for every lane of the device with the most.
    """
    known = (topology.level == topology.scale_up_level) & ~np.isnan(stated)
    ends, lanes = topology.ends[known].ravel(), np.repeat(topology.lanes[known], 2)
    speed = np.bincount(ends, np.repeat(stated[known], 2), minlength=topology.vertices)[: topology.devices]
    told, all_lanes = np.bincount(ends, lanes, minlength=topology.vertices)[: topology.devices], device_lanes(topology)
    if told.any():
        return float((speed[told > 0] * all_lanes[told > 0] / told[told > 0]).max())
    return float(np.median(stated[known] / topology.lanes[known])) * int(all_lanes.max(initial=1))


def unlike(fabric: Fabric, stated: Floats) -> dict[int, float]:
    """Return the cables whose stated speed is not what the fabric gives them; NaN states nothing."""
    off = np.flatnonzero(np.abs(stated / fabric.link_speed[::2] - 1) > SAME)
    return {int(c): float(stated[c]) for c in off}
