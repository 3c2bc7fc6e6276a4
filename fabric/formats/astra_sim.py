"""Writes ASTRA-sim's analytical network file: dimensions from the inside out. It knows no system and no workload.

A dimension is a switch of so many NPUs: the scale-up domain, then every tier of groups; ragged groups cannot be said.
"""

from __future__ import annotations

import yaml

from fabric.formats.named import Named, Written
from fabric.formats.tree import groups
from topologies.base import SCALE_UP
from topologies.errors import InputError


def write(named: Named) -> Written:
    """Return topology, npus_count, bandwidth (GB/s) and latency (ns) per dimension.

    Raises:
        InputError: groups of one tier of different sizes.
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
            speeds.append(round(level.speed / 1e9, 6))
            latencies.append(round(level.latency * 1e9, 3))
        reached = size
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
