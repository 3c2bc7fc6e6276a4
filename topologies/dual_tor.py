"""Dual-ToR, as in Alibaba HPN: every device has a port on two leaves, one per plane. It does not know speeds or failover.

Counts are in lanes: a host port is 1 lane (200G), a cable between switches 2 lanes (400G), a switch has `radix` lanes.
    segments = ceil(nodes / down); leaves per plane and segment = rails; leaf: down * 1 + up * 2 lanes;
    a pod holds as many segments as the lanes of a spine carry: floor((radix / 2 - core_up) / rails);
    spines per plane and pod = up, one cable from every leaf of the pod to each; spine: leaves of the pod + core_up ports.
Several pods: spine s of every pod of a plane stripes its core_up cables evenly over core group s, of the smallest size
c >= pods * core_up / (radix / 2) that divides core_up. One pod has no cores, and its spines keep core_up ports free.
Defaults give HPN 7.0: 15 segments of 1,024 GPUs, 240 leaves (128 x 200G down, 60 x 400G up), 120 spines (120 down, 8 up).
The striping of the cores is ours, since it is not published. Device index = node * rails + rail.
Source: Qian et al., "Alibaba HPN: a data center network for large language model training", SIGCOMM 2024.
"""

from __future__ import annotations

import numpy as np

from topologies.base import MOST_PER_NODE, Topology, assemble, check_size, check_whole, copies, uplinks
from topologies.errors import InputError
from topologies.pgft import Tree

FAMILY = "dual_tor"
PLANES = 2
LANES = {"host-leaf": 1, "leaf-spine": 2, "spine-core": 2}


def dual_tor(nodes: int, rails: int = 8, down: int = 128, up: int = 60, core_up: int = 8, radix: int = 256) -> Topology:
    """Return `nodes` nodes of `rails` devices, each device on the two leaves of its segment and rail.

    down: nodes of a segment, which is what a leaf has of host ports. up: uplinks of a leaf, which is the spines of a pod
    per plane. core_up: a spine's ports towards the cores. radix: lanes of every switch.

    Raises:
        InputError: a count below 1, lanes that do not suffice, or more pods than cores can join (nearest sizes named).
    """
    check_whole(FAMILY, nodes=nodes, down=down, up=up, core_up=core_up)
    check_whole(FAMILY, most=MOST_PER_NODE, rails=rails)
    _check_lanes(rails, down, up, core_up, radix)
    check_size(FAMILY, PLANES * nodes * rails)
    segments = -(-nodes // down)
    above = _above_leaves(rails, segments, up, core_up, radix)
    if above.height == 2 and above.children[1] > radix // 2:
        most = radix // 2 * above.children[0] // rails * down
        raise InputError(f"{FAMILY}: nodes must be at most {most} (cores of {radix} lanes join {radix // 2} pods), got {nodes}")
    check_size(FAMILY, PLANES * (nodes * rails + above.cable_count))
    params = {"nodes": nodes, "rails": rails, "down": down, "up": up, "core_up": core_up, "radix": radix}
    one = _plane(nodes, rails, down, above)
    device = np.arange(nodes * rails)
    sizes, cables, plane = copies(one, np.tile(device, (PLANES, 1)))
    return assemble(
        FAMILY,
        params,
        sizes,
        cables,
        node=(device // rails).astype(np.int32),
        rail=(device % rails).astype(np.int16),
        plane=plane,
        lanes=LANES,
    )


def _plane(nodes: int, rails: int, down: int, above: Tree) -> Topology:
    """Return the network of one plane."""
    device = np.arange(nodes * rails)
    leaf = len(device) + device // rails // down * rails + device % rails
    tiers = ["leaf", "spine", "core"][: above.height + 1]
    sizes = {"host": len(device)} | {tier: above.size(t) for t, tier in enumerate(tiers)}
    levels = dict(zip(["leaf-spine", "spine-core"], above.cables(first=len(device)), strict=False))
    return assemble(FAMILY, {}, sizes, {"host-leaf": uplinks(device, leaf[:, None]), **levels})


def _above_leaves(rails: int, segments: int, up: int, core_up: int, radix: int) -> Tree:
    """Return the tree over the leaves of a plane: spines, and cores where there are several pods."""
    per_pod = (radix // 2 - core_up) // rails * rails
    leaves = segments * rails
    pods = -(-leaves // per_pod)
    if pods == 1:
        return Tree(leaves, (per_pod,), (up,), (1,))
    group = next((c for c in range(-(-pods * core_up // (radix // 2)), core_up + 1) if core_up % c == 0), core_up)
    return Tree(leaves, (per_pod, pods), (up, group), (1, core_up // group))


def _check_lanes(rails: int, down: int, up: int, core_up: int, radix: int) -> None:
    """Refuse a leaf or a spine that needs more lanes than it has.

    Raises:
        InputError: with what would suffice.
    """
    if down + 2 * up > radix:
        raise InputError(
            f"{FAMILY}: a leaf with down={down} of 1 lane and up={up} of 2 needs {down + 2 * up} lanes; "
            f"radix must be at least that, got {radix}"
        )
    if 2 * (rails + core_up) > radix:
        raise InputError(
            f"{FAMILY}: a spine with rails={rails} leaves of one segment and core_up={core_up}, 2 lanes each, needs "
            f"{2 * (rails + core_up)} lanes; radix must be at least that, got {radix}"
        )
