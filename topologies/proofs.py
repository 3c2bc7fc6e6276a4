"""What is true of a wiring: ports, tiers, diameters, equal-cost paths, bisection. It knows no speeds and no load.

Everything here counts the scale-out network; scale-up switches inside nodes are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topologies.hops import SwitchNetwork, distinct_rows, hops_until_all_meet, shortest_paths, switch_network

if TYPE_CHECKING:
    from topologies.base import Topology

MOST_SWITCHES = 6_000
"""Above this, what takes a search over the whole network is left out, with the reason."""
RADIX_PARAMETER = {"fat_tree": "k", "rail_optimized": "radix"}
"""The parameter that says how many ports a switch of the family has."""
PathCounts = Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class PathProof:
    """Equal-cost paths between leaves: hops -> (fewest, most) shortest paths; breaks: where they are not uniform."""

    counts: PathCounts = field(default_factory=dict)
    breaks: str | None = None

    @property
    def uniform(self) -> bool:
        """True where all leaves at the same distance have equally many shortest paths."""
        return self.breaks is None


@dataclass(frozen=True)
class Proof:
    """What holds for one wiring; None where it was not computed (skipped says why) or has no meaning.

    ports: the most ports in use on a switch of every tier, in lanes. radix: the ports it has, where the family says so.
    monotonic: every cable joins two neighbouring tiers. connected: every device reaches every other. paths: between
    switches that bear devices. Diameters in hops. bisection_cables: exact, from the family's closed form.
    """

    ports: Mapping[str, int]
    radix: int | None
    monotonic: bool
    connected: bool | None
    paths: PathProof | None
    switch_diameter: int | None
    endpoint_diameter: int | None
    paths_between_pods: int | None
    bisection_cables: int | None
    skipped: str | None

    @property
    def within_ports(self) -> bool | None:
        """True where no switch uses more ports than it has, None where the family sets no limit."""
        return None if self.radix is None else max(self.ports.values()) <= self.radix

    @property
    def problems(self) -> tuple[str, ...]:
        """What cannot be built or does not work, one line each; empty for a sound wiring."""
        over = [f"a {tier} switch uses {used} ports of {self.radix}" for tier, used in self._over_budget()]
        return (*over, *(["some devices cannot reach each other"] if self.connected is False else []))

    def _over_budget(self) -> list[tuple[str, int]]:
        """Return (tier, ports used) of the tiers that use more ports than a switch has."""
        return [] if self.radix is None else [(tier, n) for tier, n in self.ports.items() if n > self.radix]


def proof(topology: Topology) -> Proof:
    """Return what holds for the wiring. Exact; above MOST_SWITCHES switches without paths and diameters."""
    switches = sum(topology.switches_by_tier.values())
    searched = _Searched(skipped=f"more than {MOST_SWITCHES:,} switches: {switches:,}")
    if switches <= MOST_SWITCHES:
        searched = _search(topology)
    return Proof(
        ports=_ports(topology),
        radix=_radix(topology),
        monotonic=_monotonic(topology),
        connected=searched.connected,
        paths=searched.paths,
        switch_diameter=searched.switch_diameter,
        endpoint_diameter=searched.endpoint_diameter,
        paths_between_pods=_paths_between_pods(topology, searched.paths),
        bisection_cables=bisection_cables(topology),
        skipped=searched.skipped,
    )


def bisection_cables(topology: Topology) -> int | None:
    """Return the fewest cables between two halves of the devices, equal or one apart; None if unknown.

    star, fat_tree, rail_optimized: floor(devices / 2). Cutting one half's own cables reaches it, and no cut is smaller,
    because these are rearrangeably non-blocking (as many uplinks as hosts on every switch): any pairing of the halves
    has edge-disjoint paths. For fat_tree that is k^3/8.
    leaf_spine: floor(leaves / 2) * min(uplinks, hosts) + floor(hosts / 2) for an odd leaf. A leaf's share of the cut is
    a concave function of how many of its hosts stand on one side, so that at most one leaf is split.
    """
    formula = _BISECTION.get(topology.family)
    return None if formula is None else formula(topology)


def _half_of_devices(topology: Topology) -> int:
    """Return floor(devices / 2)."""
    return topology.devices // 2


def _leaf_spine_bisection(topology: Topology) -> int:
    """Return the closed form of leaf_spine, from its counts."""
    leaves = topology.switches_by_tier["leaf"]
    hosts = topology.devices // leaves
    uplinks = topology.cables_by_level["leaf-spine"] // leaves
    return leaves // 2 * min(uplinks, hosts) + leaves % 2 * (hosts // 2)


_BISECTION: Mapping[str, Callable[[Topology], int]] = {
    "fat_tree": _half_of_devices,
    "leaf_spine": _leaf_spine_bisection,
    "rail_optimized": _half_of_devices,
    "star": _half_of_devices,
}


def _ports(topology: Topology) -> dict[str, int]:
    """Return the most lanes in use on one switch, per tier."""
    outside = np.isin(topology.level, [topology.levels.index(level) for level in topology.cables_by_level])
    ends, lanes = topology.ends[outside], topology.lanes[outside]
    used = np.bincount(ends.ravel(), weights=np.repeat(lanes, 2), minlength=topology.vertices).astype(int)
    switch = np.arange(topology.vertices) >= topology.devices
    return {tier: int(used[switch & (topology.tier == topology.tiers.index(tier))].max()) for tier in topology.switches_by_tier}


def _radix(topology: Topology) -> int | None:
    """Return the ports of a switch where the family has that parameter."""
    radix = topology.params.get(RADIX_PARAMETER.get(topology.family, ""))
    return radix if isinstance(radix, int) else None


def _monotonic(topology: Topology) -> bool:
    """Return whether every cable of the scale-out network goes up by exactly one tier."""
    low, high = topology.tier[topology.ends].T
    outside = high != topology.scale_up_tier
    return bool(np.all(high[outside] - low[outside] == 1))


@dataclass(frozen=True)
class _Searched:
    """The part of a proof that takes a search over the network."""

    connected: bool | None = None
    paths: PathProof | None = None
    switch_diameter: int | None = None
    endpoint_diameter: int | None = None
    skipped: str | None = None


def _search(topology: Topology) -> _Searched:
    """Return the diameters and path counts."""
    network = switch_network(topology)
    endpoint_diameter = _endpoint_diameter(topology, network)
    return _Searched(
        connected=endpoint_diameter is not None,
        paths=_path_proof(network),
        switch_diameter=_switch_diameter(topology, network),
        endpoint_diameter=endpoint_diameter,
    )


def _endpoint_diameter(topology: Topology, network: SwitchNetwork) -> int | None:
    """Return the hops between the two devices that are farthest apart; devices with the same switches count once."""
    if topology.devices == 1:
        return 0
    between = hops_until_all_meet(network, network.homes[distinct_rows(network.homes)])
    own_hops = 0 if topology.forwards[0] else 2
    return None if between is None else between + own_hops


def _switch_diameter(topology: Topology, network: SwitchNetwork) -> int | None:
    """Return the largest distance of two switches of the same plane, None where one does not reach the other."""
    plane = topology.plane[network.vertices]
    own = sparse.eye_array(len(plane), format="csr", dtype=np.float64)
    hops = [hops_until_all_meet(network, own[np.flatnonzero(plane == p)]) for p in np.unique(plane)]
    known = [h for h in hops if h is not None]
    return max(known) if len(known) == len(hops) else None


def _path_proof(network: SwitchNetwork) -> PathProof:
    """Return the path counts per distance between leaves; of leaves with equal cables one stands for all."""
    leaves = network.leaves
    speakers = leaves[distinct_rows(network.cables[leaves])]
    least: dict[int, tuple[int, int, int]] = {}
    most: dict[int, int] = {}
    for sources, all_distances, all_paths in shortest_paths(network, speakers):
        distance, paths = all_distances[:, leaves], all_paths[:, leaves]
        for hops in (int(d) for d in np.unique(distance) if d > 0):
            row, column, fewest, largest = _extremes(paths, distance == hops)
            pair = fewest, int(sources[row]), int(leaves[column])
            least[hops] = min(least.get(hops, pair), pair)
            most[hops] = max(most.get(hops, 0), largest)
    counts = {hops: (least[hops][0], most[hops]) for hops in sorted(least)}
    uneven = [hops for hops, (fewest, largest) in counts.items() if fewest != largest]
    return PathProof(counts, _break(network.vertices, uneven[0], least, most) if uneven else None)


def _extremes(paths: NDArray[np.float64], chosen: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return row and column of the fewest paths among the chosen, the fewest, the most."""
    row, column = np.unravel_index(np.argmin(np.where(chosen, paths, np.inf)), paths.shape)
    return int(row), int(column), int(paths[row, column]), int(paths[chosen].max())


def _break(vertices: NDArray[np.intp], hops: int, least: Mapping[int, tuple[int, int, int]], most: Mapping[int, int]) -> str:
    """Return one line that names where path counts differ first."""
    fewest, here, there = least[hops]
    pair = f"vertices {vertices[here]} and {vertices[there]}"
    return f"shortest paths at {hops} hops: {fewest} between {pair}, up to {most[hops]} elsewhere"


def _paths_between_pods(topology: Topology, paths: PathProof | None) -> int | None:
    """Return the shortest paths between leaves of two pods in a network with cores, where they are equally many.

    Pods are what hangs together without the cores, so that two pods are four hops apart, leaf to leaf.
    """
    if paths is None or "core" not in topology.tiers or 4 not in paths.counts:
        return None
    fewest, most = paths.counts[4]
    return fewest if fewest == most else None
