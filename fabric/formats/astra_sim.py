"""Reads and writes ASTRA-sim's analytical network file: dimensions from the inside out. It knows no system and no workload.

A dimension is a switch of so many NPUs: the scale-up domain, then every tier of groups; ragged groups cannot be said. Read:
every NPU has links in every dimension, to a Switch, round a Ring, or to all others (FullyConnected), and passes on between.
Layout checked against astra-sim's inputs/network/analytical/*.yml. Its analytical backend takes a GB for 2^30 bytes
(NetworkFunction, bw_GBps_to_Bpns), so that 50e9 B/s are written as 46.57.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import yaml

from fabric.formats.faults import Numbers, fault, load_yaml, number, shortened
from fabric.formats.named import Cable, Named, Vertex, Written
from fabric.formats.observe import observed
from fabric.formats.tree import groups
from topologies.base import SCALE_UP, check_size
from topologies.errors import InputError

GB = 2**30
"""Bytes in what the analytical backend calls a GB."""
KINDS = ("Switch", "Ring", "FullyConnected")
MOST = 1_000_000
"""NPUs that are read."""


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


def read(text: str, where: str) -> Named:
    """Return the fabric of a network file: NPUs that pass on, and a switch per group of a Switch dimension.

    Raises:
        InputError: not one kind and count per dimension, more cables than fit, or a kind that is none of the three.
    """
    content = load_yaml(text, where)
    kinds, counts = (_list(content, key, where) for key in ("topology", "npus_count"))
    sizes = [_whole(count, where) for count in counts]
    if len(kinds) != len(sizes) or not 1 <= math.prod(sizes) <= MOST:
        raise fault(where, 1, f"a kind and a count per dimension, at most {MOST:,} NPUs together", counts)
    speeds = [number(b, where, 1, "bandwidth") * GB for b in _list(content, "bandwidth", where)]
    if len(speeds) not in (0, len(sizes)):
        raise fault(where, 1, "a bandwidth per dimension", speeds)
    total = math.prod(sizes)
    vertices = [Vertex(f"npu{i}", is_host=True, tier="host", forwards=True) for i in range(total)]
    cables: list[Cable] = []
    for dimension, (kind, size) in enumerate(zip(map(str, kinds), sizes, strict=True)):
        speed = speeds[dimension] if speeds else None
        if kind not in KINDS:
            raise fault(where, 1, f"topology: {', '.join(KINDS)}", kind)
        check_size("astra-sim", total * (size if kind == "FullyConnected" else 1))
        step, level = math.prod(sizes[:dimension]), f"dim{dimension + 1}"
        for index, group in enumerate(_groups(total, step, size)):
            hub = f"{level}-switch{index}"
            vertices += [Vertex(hub, is_host=False, tier=f"{level}-switch")] * (kind == "Switch")
            cables += [Cable(f"npu{a}", b, speed=speed, level=level) for a, b in _wires(kind, group, hub)]
    losses = [f"{shortened(key)} is left out" for key in content if key not in ("topology", "npus_count", "bandwidth")]
    return observed(vertices, cables, where, [*losses, "a bandwidth is taken as that of every link of its dimension"])


def _list(content: Any, key: str, where: str) -> list[Any]:  # any YAML
    found = content.get(key, [] if key == "bandwidth" else None) if isinstance(content, Numbers) else None
    if not isinstance(found, list):
        raise fault(where, getattr(content, "line", 1), f"{key}: a list with one value per dimension", found)
    return found


def _whole(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST:
        raise fault(where, 1, f"npus_count: whole numbers from 1 to {MOST:,}", value)
    return value


def _groups(total: int, step: int, size: int) -> Iterator[list[int]]:
    """Yield the NPUs that differ in one dimension only."""
    for start in range(0, total, step * size):
        for offset in range(step):
            yield [start + offset + step * i for i in range(size)]


def _wires(kind: str, group: list[int], hub: str) -> list[tuple[int, str]]:
    """Return the cables of a group as (NPU, the other end's name)."""
    if len(group) < 2:
        return [(group[0], hub)] if kind == "Switch" else []
    if kind == "Switch":
        return [(npu, hub) for npu in group]
    if kind == "FullyConnected":
        return [(a, f"npu{b}") for a, b in combinations(group, 2)]
    after = group[1:] + group[:1] if len(group) > 2 else group[1:]
    return [(a, f"npu{b}") for a, b in zip(group, after, strict=False)]


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
