"""Writes htsim's .topo of a fat-tree of two or three tiers: sizes, speeds and latencies per tier. It knows no flows.

Layout checked against Broadcom/csg-htsim, sim/datacenter/fat_tree_topology.cpp and topologies/*.topo: all numbers are
whole; Oversubscribed is a tier's downlinks per uplink, Bundle how many cables join two switches; htsim counts the
switches itself, and what it would count differently is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fabric.formats.named import Named, Written, scale_out
from topologies.errors import InputError


@dataclass(frozen=True)
class _Tier:
    """One tier of switches: its name, how many, lanes down and up of each, lanes between it and one below, Gb/s, ns."""

    name: str
    count: int
    down: int
    up: int
    bundle: int
    speed: int
    latency: int


def write(named: Named) -> Written:
    """Return Nodes, Tiers, Podsize and per tier speed, radix, oversubscription, bundle and latency.

    Raises:
        InputError: other than two or three tiers of equal switches, or a fabric that htsim would wire differently.
    """
    topology = named.topology
    names = list(topology.switches_by_tier)
    if len(names) not in (2, 3) or "switch" in names:
        raise InputError(
            f"htsim: expected two or three tiers of switches, got {topology.name} with {', '.join(names) or 'none'}"
        )
    levels = [name for name in named.fabric.levels if name in topology.cables_by_level]
    tiers = [_tier(named, name, level) for name, level in zip(names, levels, strict=False)]
    if len(tiers) < len(names):
        raise InputError(f"htsim: expected cables below every tier, got {', '.join(levels) or 'none'}")
    pods = 1 if len(tiers) == 2 else _pods(named)
    over = _oversubscribed(topology.devices, pods, tiers)
    rows = [f"Nodes {topology.devices}", f"Tiers {len(tiers)}", f"Podsize {topology.devices // pods}"]
    for number, tier in enumerate(tiers):
        top = number == len(tiers) - 1
        rows += ["", f"Tier {number}", f"Downlink_speed_Gbps {tier.speed}", f"Radix_Down {tier.down}"]
        rows += [] if top else [f"Radix_Up {tier.up}", f"Oversubscribed {over[number]}"]
        rows += [f"Bundle {tier.bundle}"] * (number > 0) + [f"Downlink_Latency_ns {tier.latency}"]
    told = "names, nodes, and which cable goes where are left out: htsim wires it itself"
    rounded = "speeds are rounded to Gb/s and latencies to ns, of which htsim reads whole ones"
    return Written("\n".join(rows) + "\n", (told, rounded))


def _tier(named: Named, name: str, level: str) -> _Tier:
    topology = named.topology
    down, up = _ports(named, topology.tiers.index(name), name)
    found = named.fabric.levels[level]
    speed, latency = round(found.speed * 8 / 1e9), max(1, round(found.latency * 1e9))
    if speed < 1:
        raise InputError(f"htsim: expected at least 1 Gb/s, {level} has {found.speed * 8 / 1e9:g}")
    return _Tier(name, topology.switches_by_tier[name], down, up, _bundle(named, level), speed, latency)


def _oversubscribed(nodes: int, pods: int, tiers: list[_Tier]) -> list[int]:
    """Return what htsim takes for each tier's oversubscription, after counting the switches as it does.

    Raises:
        InputError: it would count others than there are.
    """
    found = []
    for low, high in pairwise(tiers):
        over, rest = divmod(low.down * low.speed, max(1, low.up * high.speed))
        if rest or over < 1:
            ratio = f"{low.down} x {low.speed} down, {low.up} x {high.speed} Gb/s up"
            raise InputError(f"htsim: a tier's downlinks must be a whole multiple of its uplinks, {low.name} has {ratio}")
        found.append(over)
    leaf, second = tiers[0], tiers[1]
    ways = leaf.up // second.bundle
    counted = [nodes // leaf.down, pods * ways, *([ways * second.up // tiers[2].bundle] if len(tiers) == 3 else [])]
    right = nodes % (leaf.down * pods) == 0 and leaf.bundle == 1 and leaf.down // leaf.up == found[0]
    if not right or counted != [tier.count for tier in tiers]:
        told = ", ".join(f"{tier.count} {tier.name}" for tier in tiers)
        raise InputError(f"htsim: it would wire {' + '.join(map(str, counted))} switches with one cable per host, not {told}")
    return found


def _bundle(named: Named, level: str) -> int:
    """Return the lanes between two vertices of a level, which must be the same everywhere."""
    topology = named.topology
    mine = topology.level == topology.levels.index(level)
    pairs, place = np.unique(topology.ends[mine], axis=0, return_inverse=True)
    lanes = np.unique(np.bincount(place.reshape(-1), weights=topology.lanes[mine], minlength=len(pairs)).astype(int))
    if len(lanes) > 1:
        raise InputError(f"htsim: as many cables must join any two switches, {level} has {lanes[0]} to {lanes[-1]}")
    return int(lanes[0])


def _pods(named: Named) -> int:
    from fabric.formats.tree import groups  # noqa: PLC0415  # scipy is paid only by three tiers

    second = list(named.topology.switches_by_tier)[1]
    return sum(group.tier == second for group in groups(named))


def _ports(named: Named, tier: int, name: str) -> tuple[int, int]:
    """Return the lanes down and up of a switch of the tier, which must all be alike."""
    topology = named.topology
    kept = scale_out(topology)
    low, high = topology.ends[kept].T
    lanes = topology.lanes[kept].astype(np.int64)
    mine = np.flatnonzero((topology.tier == tier) & (np.arange(topology.vertices) >= topology.devices))
    found = [np.bincount(ends, weights=lanes, minlength=topology.vertices)[mine].astype(int) for ends in (high, low)]
    if any(len(np.unique(ports)) > 1 for ports in found):
        raise InputError(f"htsim: switches of a tier must be alike, {name} has {found[0].min()} to {found[0].max()} ports down")
    return int(found[0][0]), int(found[1][0])
