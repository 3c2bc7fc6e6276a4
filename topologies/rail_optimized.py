"""Rail-optimised Clos: device r of every node hangs on a leaf of rail r. It does not know speeds, jobs or parts.

With R ports a switch (radix), half of a leaf's ports go down and half up:
    scalable unit = R/2 nodes; leaves = rails * ceil(nodes / (R/2)), ordered by (scalable unit, rail).
Two tiers carry R leaves (R^2/2 endpoints), because a spine has one cable at least to each leaf:
    spines = the smallest S >= leaves / 2 that divides R/2, so that every leaf stripes its uplinks evenly.
Three tiers carry R^2/2 leaves (R^3/4 endpoints):
    pods of the next R/2 leaves with R/2 spines each (the last pod too), one cable from leaf to spine;
    spine s of every pod stripes its R/2 uplinks evenly over core group s;
    cores per group = the smallest c >= pods / 2 that divides R/2.
Device index = node * rails + rail. One leaf alone follows the same rule: it gets one spine.
Sources: NVIDIA DGX SuperPOD reference architectures H100 (Table 4) and B200, whose counts these rules reproduce.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

import numpy as np

from topologies.base import MOST_PER_NODE, Ints, Topology, assemble, check_size, check_whole, uplinks
from topologies.errors import InputError

FAMILY = "rail_optimized"


def rail_optimized(nodes: int, rails: int = 8, radix: int = 64, tiers: int = 0) -> Topology:
    """Return `nodes` nodes of `rails` devices on switches of `radix` ports.

    tiers: 2 or 3 switch tiers; 0 takes two where they suffice, else three.

    Raises:
        InputError: a count below 1, an odd radix, or a size that so many tiers cannot carry (nearest sizes named).
    """
    check_whole(FAMILY, nodes=nodes)
    check_whole(FAMILY, most=MOST_PER_NODE, rails=rails)
    if radix < 2 or radix % 2:
        raise InputError(f"{FAMILY}: radix must be an even number of ports >= 2, got {radix}")
    if tiers not in (0, 2, 3):
        raise InputError(f"{FAMILY}: tiers must be 2, 3 or 0 (as many as it takes), got {tiers}")
    params = {"nodes": nodes, "rails": rails, "radix": radix} | ({"tiers": tiers} if tiers else {})
    leaves = _leaves(nodes, rails, radix)
    depth = tiers or (2 if leaves <= most_leaves(radix, 2) else 3)
    _check_feasible(nodes, rails, radix, depth)
    pods = -(-leaves // (radix // 2))
    check_size(FAMILY, nodes * rails + leaves * radix // 2 + (pods * radix * radix // 4 if depth == 3 else 0))
    sizes = {"host": nodes * rails, "leaf": leaves} | _upper_tiers(leaves, radix, depth)
    device = np.arange(nodes * rails, dtype=np.int32)
    return assemble(
        FAMILY,
        params,
        sizes,
        _cables(device, rails, radix // 2, sizes),
        node=(device // rails).astype(np.int32),
        rail=(device % rails).astype(np.int16),
    )


def most_leaves(radix: int, tiers: int) -> int:
    """Return how many leaves two tiers (radix) or three tiers (radix^2 / 2) can carry."""
    return radix if tiers == 2 else radix * radix // 2


def _leaves(nodes: int, rails: int, radix: int) -> int:
    """Return rails * ceil(nodes / (radix / 2))."""
    return rails * -(-nodes // (radix // 2))


def _upper_tiers(leaves: int, radix: int, depth: int) -> dict[str, int]:
    """Return the switches of the tiers above the leaves."""
    half = radix // 2
    if depth == 2:
        return {"spine": _even_striping(half, leaves)}
    pods = -(-leaves // half)
    return {"spine": pods * half, "core": half * _even_striping(half, pods)}


def _even_striping(uplinks_each: int, below: int) -> int:
    """Return the smallest count >= below / 2 that divides uplinks_each.

    Half, because a switch above has twice as many ports as each switch below has uplinks.
    """
    return next(n for n in range(-(-below // 2), uplinks_each + 1) if uplinks_each % n == 0)


def _cables(device: Ints, rails: int, half: int, sizes: Mapping[str, int]) -> dict[str, Ints]:
    """Return the cables per level for the tier sizes; half = radix / 2."""
    leaf = sizes["host"] + np.arange(sizes["leaf"])
    spine = leaf[-1] + 1 + np.arange(sizes["spine"])
    home = device // rails // half * rails + device % rails
    cables = {"host-leaf": uplinks(device, leaf[home, None])}
    if "core" not in sizes:
        every = np.broadcast_to(spine, (len(leaf), len(spine)))
        return cables | {"leaf-spine": uplinks(leaf, every, half // len(spine))}
    group = sizes["core"] // half
    pod, place = np.arange(len(leaf)) // half, np.arange(len(spine)) % half
    core = spine[-1] + 1 + (place * group)[:, None] + np.arange(group)
    return cables | {
        "leaf-spine": uplinks(leaf, spine[(pod * half)[:, None] + np.arange(half)]),
        "spine-core": uplinks(spine, core, half // group),
    }


def _check_feasible(nodes: int, rails: int, radix: int, tiers: int) -> None:
    """Refuse more leaves than the tiers carry, and name the nearest sizes that can be built.

    Raises:
        InputError: too many leaves.
    """
    leaves, most = _leaves(nodes, rails, radix), most_leaves(radix, tiers)
    if leaves <= most:
        return
    half = radix // 2
    fewer = f"nodes={most // rails * half}" if most >= rails else f"nodes={min(nodes, half)},rails={most}"
    nearest = [fewer, f"radix={_smallest_radix(nodes, rails, tiers)}"]
    if tiers == 2 and leaves <= most_leaves(radix, 3):
        nearest.append("tiers=3")
    raise InputError(
        f"{FAMILY}: nodes={nodes},rails={rails},radix={radix} needs {leaves} leaves, {tiers} tiers carry {most} "
        f"({most * half} endpoints); the nearest that can be built: {' or '.join(nearest)}"
    )


def _smallest_radix(nodes: int, rails: int, tiers: int) -> int:
    """Return the smallest even radix whose tiers carry these nodes; radix = 2 (nodes + rails) always does."""
    radices = range(2, 2 * (nodes + rails) + 2, 2)
    return radices[bisect_left(radices, True, key=lambda r: _leaves(nodes, rails, r) <= most_leaves(r, tiers))]
