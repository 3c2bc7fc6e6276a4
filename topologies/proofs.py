"""What is true of a wiring: ports, tiers, diameters, equal-cost paths, bisection. It knows no speeds and no load.

Everything here counts the scale-out network; scale-up switches inside nodes are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topologies.bisection import bisection, bisection_cables
from topologies.hops import scale_out_ends
from topologies.nics import nics_alone
from topologies.searches import MOST_SWITCHES, PathProof, Sample, search

if TYPE_CHECKING:
    from topologies.base import Topology

__all__ = ["MOST_SWITCHES", "PathProof", "Proof", "Sample", "bisection_cables", "proof"]
RADIX_PARAMETER = {"fat_tree": "k"} | dict.fromkeys(("clos", "dual_tor", "multi_plane", "rail_only", "rail_optimized"), "radix")
"""The parameter that says how many ports a switch of the family has."""


@dataclass(frozen=True)
class Proof:
    """What holds for one wiring; None where it was not computed (skipped says why) or has no meaning.

    ports: the most ports in use on a switch of every tier, in lanes. radix: the ports it has, where the family says so.
    ports_unused: ports that nothing is plugged into, in lanes over all switches of a tier; where the radix is known.
    monotonic: every cable joins two neighbouring tiers. connected: every device reaches every other. through_nodes: they
    do when devices of a node may pass on to each other; computed where connected is False. paths: between switches that
    bear devices, or between devices that forward. Diameters in hops. bisection_cables: exact; bisection_bracket: (at
    least, at most) where the exact number is not known. sampled: how much of the wiring was searched, None for all of it.
    """

    ports: Mapping[str, int]
    ports_unused: Mapping[str, int] | None
    radix: int | None
    monotonic: bool
    connected: bool | None
    through_nodes: bool | None
    paths: PathProof | None
    switch_diameter: int | None
    endpoint_diameter: int | None
    paths_between_pods: int | None
    bisection_cables: int | None
    bisection_bracket: tuple[int, int] | None
    sampled: Sample | None

    @property
    def skipped(self) -> str | None:
        """Return what was searched only in part, as one line."""
        return None if self.sampled is None else self.sampled.line

    @property
    def within_ports(self) -> bool | None:
        """True where no switch uses more ports than it has, None where the family sets no limit."""
        return None if self.radix is None else max(self.ports.values()) <= self.radix

    @property
    def problems(self) -> tuple[str, ...]:
        """What cannot be built or does not work, one line each; empty for a sound wiring."""
        over = [f"a {tier} switch uses {used} ports of {self.radix}" for tier, used in self._over_budget()]
        apart = self.connected is False and not self.through_nodes
        return (*over, *(["some devices cannot reach each other"] if apart else []))

    def _over_budget(self) -> list[tuple[str, int]]:
        """Return (tier, ports used) of the tiers that use more ports than a switch has."""
        return [] if self.radix is None else [(tier, n) for tier, n in self.ports.items() if n > self.radix]


def proof(topology: Topology) -> Proof:
    """Return what holds for the wiring: exact, except what `sampled` and `bisection_bracket` say otherwise of.

    Of a wiring whose devices share NICs, what holds between the NICs.
    """
    topology = nics_alone(topology)
    found = search(topology)
    low, high = bisection(topology) or (None, None)
    used, radix = _ports(topology), _radix(topology)
    return Proof(
        ports={tier: int(ports.max()) for tier, ports in used.items()},
        ports_unused=None if radix is None else {tier: int((radix - ports).sum()) for tier, ports in used.items()},
        radix=radix,
        monotonic=_monotonic(topology),
        connected=found.connected,
        through_nodes=found.through_nodes,
        paths=found.paths,
        switch_diameter=found.switch_diameter,
        endpoint_diameter=found.endpoint_diameter,
        paths_between_pods=_paths_between_pods(topology, found.paths),
        bisection_cables=low if low == high else None,
        bisection_bracket=(low, high) if low is not None and high is not None and low != high else None,
        sampled=found.sampled,
    )


def _ports(topology: Topology) -> dict[str, NDArray[np.int64]]:
    """Return the lanes in use on every switch, per tier."""
    outside = np.isin(topology.level, [topology.levels.index(level) for level in topology.cables_by_level])
    ends, lanes = topology.ends[outside], topology.lanes[outside]
    used = np.bincount(ends.ravel(), weights=np.repeat(lanes, 2), minlength=topology.vertices).astype(int)
    switch = np.arange(topology.vertices) >= topology.devices
    return {tier: used[switch & (topology.tier == topology.tiers.index(tier))] for tier in topology.switches_by_tier}


def _radix(topology: Topology) -> int | None:
    """Return the ports of a switch where the family has that parameter."""
    radix = topology.params.get(RADIX_PARAMETER.get(topology.family, ""))
    return radix if isinstance(radix, int) and topology.switches_by_tier else None


def _monotonic(topology: Topology) -> bool:
    """Return whether every cable of the scale-out network goes up by exactly one tier."""
    low, high = topology.tier[scale_out_ends(topology)].T
    return bool(np.all(high - low == 1))


def _paths_between_pods(topology: Topology, paths: PathProof | None) -> int | None:
    """Return the shortest paths between leaves of two pods in a network with cores, where they are equally many.

    Pods are what hangs together without the cores, so that two pods are four hops apart, leaf to leaf.
    """
    if paths is None or "core" not in topology.tiers or 4 not in paths.counts or not paths.uniform:
        return None
    return paths.counts[4][0]
