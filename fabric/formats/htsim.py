"""Writes htsim's .topo of a fat-tree of two or three tiers: sizes, speeds and latencies per tier. It knows no flows."""

from __future__ import annotations

import numpy as np

from fabric.formats.named import Named, Written, scale_out
from topologies.errors import InputError


def write(named: Named) -> Written:
    """Return Nodes, Tiers, Podsize and per tier speed, radix and latency.

    Raises:
        InputError: other than two or three tiers of switches, or switches of one tier with different ports.
    """
    topology = named.topology
    tiers = list(topology.switches_by_tier)
    if len(tiers) not in (2, 3) or "switch" in tiers:
        raise InputError(
            f"htsim: expected two or three tiers of switches, got {topology.name} with {', '.join(tiers) or 'none'}"
        )
    pods = topology.devices if len(tiers) == 2 else topology.devices // _pods(named)
    rows = [f"Nodes {topology.devices}", f"Tiers {len(tiers)}", f"Podsize {pods}"]
    levels = [level for name, level in named.fabric.levels.items() if name in topology.cables_by_level]
    for number, (tier, level) in enumerate(zip(tiers, levels, strict=True)):
        down, up = _ports(named, topology.tiers.index(tier), tier)
        rows += ["", f"Tier {number}", f"Downlink_speed_Gbps {level.speed * 8 / 1e9:g}", f"Radix_Down {down}"]
        rows += [f"Radix_Up {up}"] * (number < len(tiers) - 1) + [f"Downlink_Latency_ns {level.latency * 1e9:g}"]
    return Written("\n".join(rows) + "\n", ("names, nodes, and which cable goes where are left out: htsim wires it itself",))


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
