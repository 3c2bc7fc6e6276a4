"""Writes ASTRA-sim's analytical network file: dimensions from the inside out. It knows no system and no workload.

A dimension is a switch of so many NPUs: the scale-up domain, then every tier of groups; ragged groups cannot be said.
Layout checked against astra-sim's inputs/network/analytical/*.yml. Its analytical backend takes a GB for 2^30 bytes
(NetworkFunction, bw_GBps_to_Bpns), so that 50e9 B/s are written as 46.57.
"""

from __future__ import annotations

import yaml

from fabric.formats.named import Named, Written
from fabric.formats.tree import groups
from topologies.base import SCALE_UP
from topologies.errors import InputError

GB = 2**30
"""Bytes in what the analytical backend calls a GB."""


def write(named: Named) -> Written:
    """Return topology, npus_count, bandwidth (2^30 bytes per second) and latency (ns) per dimension.

    Raises:
        InputError: groups of one tier of different sizes, or a single device.
    """
    topology, fabric = named.topology, named.fabric
    sizes = [*([topology.devices_per_node] if topology.devices_per_node > 1 else []), *_sizes(named)]
    outer = [level for name, level in fabric.levels.items() if name != SCALE_UP]
    inner = [fabric.levels[SCALE_UP]] if SCALE_UP in fabric.levels and topology.devices_per_node > 1 else []
    levels = (inner or outer[:1] * (topology.devices_per_node > 1)) + outer
    counts, speeds, latencies, reached = [], [], [], 1
    for size, level in zip(sizes, [*levels, *[levels[-1]] * len(sizes)], strict=False):
        if size // reached > 1:
            counts.append(size // reached)
            speeds.append(round(level.speed / GB, 6))
            latencies.append(round(level.latency * 1e9, 3))
        reached = size
    if not counts:
        raise InputError("astra-sim: expected at least two devices, got one")
    content = {"topology": ["Switch"] * len(counts), "npus_count": counts, "bandwidth": speeds, "latency": latencies}
    text = yaml.safe_dump(content, default_flow_style=None)
    return Written(text, ("paths, oversubscription, names and cables are left out: every dimension is one ideal switch",))


def _sizes(named: Named) -> list[int]:
    """Return the devices of a group, lowest tier first."""
    sizes: dict[str, set[int]] = {}
    for group in reversed(groups(named)):
        sizes.setdefault(group.tier, set()).add(len(group.members))
    for tier, found in sizes.items():
        if len(found) > 1:
            raise InputError(
                f"astra-sim: groups of a tier must be equally large, {tier} has {min(found)} to {max(found)} nodes"
            )
    return [found.pop() * named.topology.devices_per_node for found in sizes.values()]
