"""Where the vertices of a wiring stand in its drawing, and which are left out. It knows neither speeds nor SVG.

Tiers become layers; families without tiers become a circle, or a grid where they have dimensions. Large wirings are folded:
one pod, or one corner, is drawn, and notes count the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from topologies.base import SCALE_UP, Topology
from topologies.hops import scale_out_ends

Indices = NDArray[np.intp]
Floats = NDArray[np.float64]
WIDTH, LEFT, RIGHT, ROW = 1180.0, 190.0, 30.0, 150.0
"""Pixels: of the drawing, of the names beside it, of the other margin, between two layers."""
WHOLE = 48
"""Layers of so many vertices at most are drawn whole."""
LEAVES, ABOVE, PER_LEAF = 8, 16, 4
"""Folded layers: leaves and vertices of a higher layer that are drawn, devices drawn under each leaf."""
ROUND = 160
"""Vertices of a circle that are drawn."""
SIDES = {1: 60, 2: 10, 3: 5}
"""Dimensions -> the longest side of a grid that is drawn."""


@dataclass(frozen=True)
class Note:
    """Something that a drawing tells: kind, the end of a key `drawing.*` of its words, and what they are filled with."""

    kind: str
    values: tuple[tuple[str, int | float | str], ...] = ()


def note(kind: str, **values: float | str) -> Note:
    """Return a note."""
    return Note(kind, tuple(values.items()))


@dataclass(frozen=True, eq=False)
class Layout:
    """What is drawn. vertices: their numbers; x, y: (n,) pixels; group: (n,) the number of their colour, -1 for grey.

    legend: what a colour stands for. names: (y, note) beside the drawing. notes: lines under it. boxes: (x, y, width,
    height) around nodes. bent: cables past a neighbour are curves. centre: cables of one colour curve away from here.
    """

    vertices: Indices
    x: Floats
    y: Floats
    group: Indices
    legend: tuple[Note, ...]
    height: float
    names: list[tuple[float, Note]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    bent: bool = False
    centre: tuple[float, float] | None = None


def layout(topology: Topology) -> Layout:
    """Return the layers of a tiered wiring, the circle or grid of another."""
    low, high = topology.tier[scale_out_ends(topology)].T
    if (high > low).all():
        return _layers(topology)
    return _flat(topology)


def _layers(topology: Topology) -> Layout:
    """Return layers, devices lowest, with boxes around the devices of a node."""
    tiers = [t for t, name in enumerate(topology.tiers) if name != SCALE_UP]
    members = [np.flatnonzero(topology.tier == t) for t in tiers]
    pods = _pods(topology, tiers[-1])
    fold = any(len(tier) > WHOLE for tier in members)
    drawn = _folded(topology, members, pods) if fold else members
    group, legend = _groups(topology, pods, folded=fold)
    top = 40.0
    rows = [top + (len(tiers) - 1 - t) * ROW for t in tiers]
    places = [_spread_devices(topology, drawn[0]), *(_spread(len(tier)) for tier in drawn[1:])]
    names = [(row, _name(topology.tiers[t], len(drawn[t]), len(members[t]))) for t, row in zip(tiers, rows, strict=True)]
    vertices = np.concatenate(drawn)
    return Layout(
        vertices,
        np.concatenate(places),
        np.repeat(rows, [len(tier) for tier in drawn]),
        group[vertices],
        legend,
        rows[0] + 46,
        names + _level_names(topology, rows),
        _pod_notes(pods[: topology.devices], folded=fold and len(tiers) > 3),
        _node_boxes(topology, drawn[0], places[0], rows[0]),
    )


def _pods(topology: Topology, top: int) -> Indices:
    """Return a label per vertex: what hangs together without the highest tier; top switches have labels of their own."""
    low, high = scale_out_ends(topology).T
    kept = topology.tier[high] < top
    ends = low[kept], high[kept]
    cables = sparse.coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(topology.vertices,) * 2)
    labels: Indices = connected_components(cables, directed=False)[1].astype(np.intp)
    return labels


def _folded(topology: Topology, members: Sequence[Indices], pods: Indices) -> list[Indices]:
    """Return what is drawn of each tier: leaves of the first pod, some devices of each, what they are cabled to above."""
    low, high = scale_out_ends(topology)[np.argsort(scale_out_ends(topology)[:, 0], kind="stable")].T
    inside = (low < topology.devices) & ((pods[low] == pods[0]) | (len(members) < 4))
    leaves = _in_order(high[inside])
    planes = max(1, len(np.unique(topology.plane[leaves])))
    leaves = _some(leaves, topology.plane, LEAVES * min(planes, 2))
    devices = [low[inside & (high == leaf)][:PER_LEAF] for leaf in leaves]
    drawn = [np.unique(np.concatenate(devices)).astype(np.intp), np.sort(leaves)]
    for tier in range(2, len(members)):
        below = [_in_order(high[(low == v) & (topology.tier[high] == tier)]) for v in drawn[-1]]
        each = max(2, ABOVE // max(1, len(below)))
        near = _in_order(np.concatenate([found[:each] for found in below])) if tier > 2 else _in_order(np.concatenate(below))
        drawn.append(np.sort(_some(near, topology.plane, ABOVE * (2 if tier > 2 else 1))))
    return drawn


def _in_order(values: NDArray[np.integer]) -> Indices:
    """Return the different values in the order of their first places."""
    first: Indices = values[np.sort(np.unique(values, return_index=True)[1])].astype(np.intp)
    return first


def _some(vertices: Indices, plane: NDArray[np.int16], most: int) -> Indices:
    """Return up to `most` of the vertices, equally many of each plane."""
    planes = np.unique(plane[vertices])
    return np.concatenate([vertices[plane[vertices] == p][: max(1, most // len(planes))] for p in planes])


def _groups(topology: Topology, pods: Indices, *, folded: bool) -> tuple[Indices, tuple[Note, ...]]:
    """Return a colour number per vertex and what the colours stand for: planes, else rails, else pods, else tiers."""
    switches = np.arange(topology.vertices) >= topology.devices
    planes = np.unique(topology.plane[switches & (topology.plane >= 0)])
    rails = _rails(topology)
    of_rail = switches & (rails >= 0)
    rail_is_plane = bool(of_rail.any()) and np.array_equal(rails[of_rail], topology.plane[of_rail])
    if len(planes) > 1 and not rail_is_plane:
        return np.where(switches, topology.plane, -1).astype(np.intp), tuple(note("plane", number=int(p)) for p in planes)
    if of_rail.any():
        return rails, tuple(note("rail", number=r) for r in range(topology.devices_per_node))
    count = len(np.unique(pods[: topology.devices]))
    below_top = topology.tier < topology.tier[scale_out_ends(topology)].max()
    if not folded and 1 < count <= 12 and count < topology.devices:
        labels = np.unique(pods, return_inverse=True)[1]
        first = {label: n for n, label in enumerate(_in_order(labels[: topology.devices]))}
        coloured = [first.get(label, -1) if low else -1 for label, low in zip(labels.tolist(), below_top, strict=True)]
        kind = "pod" if len(topology.switches_by_tier) > 2 else "leaf"
        return np.array(coloured, dtype=np.intp), tuple(note(kind, number=n) for n in range(count))
    return topology.tier.astype(np.intp) - 1, tuple(note("tier", tier=name) for name in topology.switches_by_tier)


def _rails(topology: Topology) -> Indices:
    """Return the rail per vertex: of a device, of a leaf whose devices all have it, -1 elsewhere."""
    rails = np.full(topology.vertices, -1, dtype=np.intp)
    rails[: topology.devices] = topology.rail[: topology.devices]
    low, high = scale_out_ends(topology).T
    up = low < topology.devices
    least, most = np.full(topology.vertices, 2**15), np.full(topology.vertices, -1)
    np.minimum.at(least, high[up], rails[low[up]])
    np.maximum.at(most, high[up], rails[low[up]])
    return np.where(least == most, most, rails)


def _spread(count: int) -> Floats:
    """Return so many places from left to right."""
    usable = WIDTH - LEFT - RIGHT
    places: Floats = LEFT + usable * (np.arange(count) + 0.5) / max(1, count)
    return places


def _spread_devices(topology: Topology, devices: Indices) -> Floats:
    """Return places of devices with a gap between nodes."""
    jump = np.concatenate([[0], np.diff(topology.node[devices]) != 0]) * (0.9 if topology.devices_per_node > 1 else 0.0)
    at = np.arange(len(devices)) + np.cumsum(jump)
    places: Floats = LEFT + (WIDTH - LEFT - RIGHT) * (at + 0.5) / (at[-1] + 1)
    return places


def _node_boxes(topology: Topology, devices: Indices, x: Floats, y: float) -> list[tuple[float, float, float, float]]:
    """Return boxes (x, y, width, height) around the devices of each node that holds several."""
    if topology.devices_per_node < 2:
        return []
    nodes = topology.node[devices]
    spans = [(float(x[nodes == node].min()), float(x[nodes == node].max())) for node in np.unique(nodes)]
    return [(first - 9, y - 13, last - first + 18, 26) for first, last in spans]


def _name(tier: str, drawn: int, total: int) -> Note:
    """Return what stands beside a layer."""
    return note("all", tier=tier, total=total) if drawn == total else note("some", tier=tier, drawn=drawn, total=total)


def _level_names(topology: Topology, rows: Sequence[float]) -> list[tuple[float, Note]]:
    """Return what stands between layers: how many cables there are."""
    low, high = topology.tier[scale_out_ends(topology)].T
    pairs, counts = np.unique(np.stack([low, high], axis=1), axis=0, return_counts=True)
    kept = [(int(a), int(b), int(n)) for (a, b), n in zip(pairs, counts, strict=True)]
    return [((rows[a] + rows[b]) / 2, note("cable" if n == 1 else "cables", count=n)) for a, b, n in kept]


def _pod_notes(pods: Indices, *, folded: bool) -> list[Note]:
    """Return how many pods are not drawn."""
    count = len(np.unique(pods))
    if not folded or count < 2:
        return []
    return [note("pods", count=count, rest=count - 1)]


def _flat(topology: Topology) -> Layout:
    """Return a grid where the family has dimensions, else a circle."""
    places = np.flatnonzero(topology.forwards & (topology.tier != topology.scale_up_tier))
    dims = _dims(topology, len(places))
    if dims is not None and len(dims) in (2, 3):
        return _grid(topology, places, dims)
    return _circle(topology, places)


def _dims(topology: Topology, places: int) -> tuple[int, ...] | None:
    """Return the dimensions of a family that has them."""
    parts = str(topology.params.get("dims", "")).split("x")
    dims = tuple(int(part) for part in parts if part.isdigit())
    return dims if len(dims) == len(parts) and prod(dims) == places else None


def _grid(topology: Topology, places: Indices, dims: tuple[int, ...]) -> Layout:
    """Return the grid from its first corner, three dimensions slanted; a colour per row of the first dimension."""
    at = np.stack(np.unravel_index(np.arange(len(places)), dims), axis=1)
    keep = (at < SIDES[len(dims)]).all(axis=1)
    at, shown = at[keep].astype(float), tuple(min(size, SIDES[len(dims)]) for size in dims)
    flat = at if len(dims) == 2 else np.stack([at[:, 1] + 0.42 * at[:, 0], at[:, 2] - 0.33 * at[:, 0]], axis=1)
    flat = flat - flat.min(axis=0)
    reach = np.maximum(flat.max(axis=0), 1)
    step = min(170.0, 640 / float(reach[1]), (WIDTH - 160) / float(reach[0]))
    notes = [note("dimension")]
    notes += [] if keep.all() else [note("corner", part="x".join(map(str, shown)), whole="x".join(map(str, dims)))]
    return Layout(
        places[keep],
        (WIDTH - step * reach[0]) / 2 + step * flat[:, 0],
        60 + step * flat[:, 1],
        at[:, 0].astype(np.intp),
        (),
        step * float(reach[1]) + 120,
        notes=notes + _host_note(topology, len(places)),
        bent=True,
    )


def _circle(topology: Topology, places: Indices) -> Layout:
    """Return a circle in the order of the numbers, groups apart where the family has them, switches between servers inside."""
    shown, size = places[:ROUND], _group_size(topology)
    device, radius = shown < topology.devices, 330.0
    outer = device if device.any() and not device.all() else np.ones(len(shown), dtype=bool)
    turn = np.zeros(len(shown))
    number = np.arange(int(outer.sum()))
    gaps = number // size * 1.2 if size else 0 * number
    turn[outer] = (number + gaps) / max(1.0, float((number + gaps).max(initial=0)) + (2.2 if size else 1))
    inner = int((~outer).sum())
    turn[~outer] = (np.arange(inner) + 0.5) / max(1, inner) - 0.5 / len(number)
    angle = 2 * np.pi * turn - np.pi / 2
    away = np.where(outer, radius, 0.72 * radius)
    group = np.arange(len(shown)) // size if size else np.where(outer, 0, 1)
    notes = [] if len(shown) == len(places) else [note("first", drawn=len(shown), total=len(places))]
    return Layout(
        shown,
        WIDTH / 2 + away * np.cos(angle),
        radius + 50 + away * np.sin(angle),
        group.astype(np.intp),
        () if outer.all() else (note("forwards"), note("tier", tier="switch")),
        2 * radius + 100,
        notes=notes + ([note("group")] if size else []) + _host_note(topology, len(places)),
        centre=(WIDTH / 2, radius + 50) if size else None,
    )


def _group_size(topology: Topology) -> int:
    """Return the switches of a group of a dragonfly, 0 for a family without groups."""
    value = topology.params.get("a") if topology.family.startswith("dragonfly") else None
    return value if isinstance(value, int) else 0


def _host_note(topology: Topology, places: int) -> list[Note]:
    """Return how many devices hang on the switches, which are not drawn."""
    if topology.forwards[0]:
        return []
    return [note("hosts", devices=topology.devices, each=topology.devices / places)]
