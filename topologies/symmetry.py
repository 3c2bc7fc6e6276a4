"""Which vertices of a wiring look alike, so that one speaks for all. It does not know distances, paths or speeds.

A family declares shifts: rotations of its tiers by one step along an axis of their numbering. A declaration is only a
candidate: it counts where every cable is carried to a cable of the very wiring at hand, which takes linear time. A wiring
with a missing cable, or a line in SHIFTS that is wrong, loses the shortcut and never the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from topologies.base import SCALE_UP, Topology
from topologies.hops import Indices, scale_out_ends

Shift = Mapping[str, tuple[tuple[int, ...], int]]
"""Tier name -> (shape, axis): the tier's vertices, numbered row by row in this shape, move one step along the axis."""


def orbits(topology: Topology) -> Indices:
    """Return a label per vertex; vertices with the same label are carried to each other by symmetries of the wiring."""
    every = np.arange(topology.vertices)
    held = [image for image in _images(topology) if _is_symmetry(topology, image)]
    if not held:
        return every
    here, there = np.tile(every, len(held)), np.concatenate(held)
    moves = sparse.coo_array((np.ones(len(here), dtype=np.int8), (here, there)), shape=(len(every),) * 2)
    labels: Indices = connected_components(moves, directed=False)[1].astype(np.intp)
    return labels


def _images(topology: Topology) -> list[Indices]:
    """Return where each declared shift carries every vertex."""
    declared = SHIFTS.get(topology.family)
    shifts = [] if declared is None else declared(topology)
    return [image for image in (_image(topology, shift) for shift in shifts) if image is not None]


def _image(topology: Topology, shift: Shift) -> Indices | None:
    """Return where the shift carries every vertex, None where a shape does not fit its tier."""
    image = np.arange(topology.vertices)
    for tier, (shape, axis) in shift.items():
        members = np.flatnonzero(topology.tier == topology.tiers.index(tier)) if tier in topology.tiers else image[:0]
        if len(members) != prod(shape):
            return None
        image[members] = np.roll(members.reshape(shape), -1, axis=axis).ravel()
    return image


def _is_symmetry(topology: Topology, image: Indices) -> bool:
    """Return whether the image keeps what forwards, the planes, and the cables of the scale-out network."""
    kept = (topology.forwards, topology.plane)
    if not all(np.array_equal(values[image], values) for values in kept):
        return False
    low, high = scale_out_ends(topology).T
    return np.array_equal(_keys(low, high, topology.vertices), _keys(image[low], image[high], topology.vertices))


def _keys(one: NDArray[np.integer], other: NDArray[np.integer], vertices: int) -> NDArray[np.int64]:
    """Return one sorted number per cable, whichever end is named first."""
    keys: NDArray[np.int64] = np.minimum(one, other).astype(np.int64) * vertices + np.maximum(one, other)
    keys.sort()
    return keys


def _fat_tree(topology: Topology) -> list[Shift]:
    """Pods, leaves of a pod with their hosts, spines of a pod with their cores, cores of a group, hosts of a leaf."""
    k = _whole(topology, "k")
    half = k // 2
    hosts, pods, cores = (k, half, half), (k, half), (half, half)
    return [
        {"host": (hosts, 0), "leaf": (pods, 0), "spine": (pods, 0)},
        {"host": (hosts, 1), "leaf": (pods, 1)},
        {"host": (hosts, 2)},
        {"spine": (pods, 1), "core": (cores, 0)},
        {"core": (cores, 1)},
    ]


def _grid(topology: Topology) -> list[Shift]:
    """Every dimension of a grid, numbered first or last dimension first; devices of a switch move with it."""
    text = str(topology.params.get("dims", ""))
    dims = tuple(int(d) for d in text.split("x")) if text.replace("x", "").isdigit() and "xx" not in text else ()
    return _shifts_of(topology, dims) if dims else []


def _cycle(topology: Topology) -> list[Shift]:
    """One round of all switches, or of all devices where these forward."""
    return _shifts_of(topology, (_places(topology),))


def _binary(topology: Topology) -> list[Shift]:
    """Every bit of the number of a switch, or of a device where these forward."""
    bits = _places(topology).bit_length() - 1
    return _shifts_of(topology, (2,) * bits) if bits else []


def _groups(topology: Topology) -> list[Shift]:
    """All groups of `a` switches by one group; holds where cables between groups depend on their difference only."""
    a = _whole(topology, "a")
    return _shifts_of(topology, (_places(topology) // a, a))[:1] if a else []


def _shifts_of(topology: Topology, dims: tuple[int, ...]) -> list[Shift]:
    """Return the shifts along every axis of dims, and of dims read backwards, for all tiers of whole multiples."""
    sizes = {tier: int((topology.tier == number).sum()) for number, tier in enumerate(topology.tiers) if tier != SCALE_UP}
    orders = dict.fromkeys([dims, dims[::-1]])
    return [
        {tier: ((*order, size // prod(order)), axis) for tier, size in sizes.items() if size}
        for order in orders
        for axis in range(len(order))
    ]


def _places(topology: Topology) -> int:
    """Return how many vertices forward."""
    return int((topology.forwards & (topology.tier != topology.scale_up_tier)).sum())


def _whole(topology: Topology, key: str) -> int:
    """Return a whole parameter of the family, 0 where it is none."""
    value = topology.params.get(key)
    return value if isinstance(value, int) else 0


SHIFTS: Mapping[str, Callable[[Topology], list[Shift]]] = {
    "dragonfly": _groups,
    "fat_tree": _fat_tree,
    "full_mesh": _grid,
    "hypercube": _binary,
    "hyperx": _grid,
    "ring": _cycle,
    "torus": _grid,
}
"""Family -> its shifts. A wrong line costs time and no truth, because every shift is checked on the wiring."""
