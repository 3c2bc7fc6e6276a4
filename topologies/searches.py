"""Searches over a whole wiring: who reaches whom, how far, over how many equal ways. It knows no speeds and no load.

Vertices that look alike (topologies/symmetry.py, and switches with the same neighbours) are searched from once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from topologies.base import SCALE_UP, Topology
from topologies.hops import Indices, SwitchNetwork, hops_until_all_meet, row_labels, shortest_paths, switch_network
from topologies.symmetry import orbits

MOST_SWITCHES = 20_000
"""Networks of more forwarding vertices are searched from a sample, unless so few of them differ that all can be."""
SOURCES = 512
"""Sources of a sample."""
PATH_WORK = 400_000_000
"""Sources times cable ends that paths are counted over; beyond it they are counted from a sample."""
EXACT_FLOAT = 2**53
"""Up to here floating point holds every whole number."""
HOP_WORK = 10_000_000_000
"""Sources times cable ends that distances are searched over."""
PathCounts = Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class PathProof:
    """Equal-cost paths between leaves: hops -> (fewest, most) shortest paths; breaks: where they are not uniform.

    sources: from how many leaves they were counted where that is not all of them; fewest and most are then of these.
    """

    counts: PathCounts = field(default_factory=dict)
    breaks: str | None = None
    sources: int | None = None

    @property
    def uniform(self) -> bool | None:
        """True where all leaves at the same distance have equally many paths; None: in the sample, not proved for all."""
        return False if self.breaks is not None else None if self.sources is not None else True


@dataclass(frozen=True)
class Sample:
    """How much of a wiring was searched for distances, and what is known from it: diameters of at least so many hops."""

    sources: int
    of: int
    switch_diameter_at_least: int | None
    endpoint_diameter_at_least: int | None

    @property
    def line(self) -> str:
        """The sample in words."""
        return (
            f"{self.of:,} forwarding vertices, searched from {self.sources:,} of them: diameters are at least "
            f"{self.switch_diameter_at_least} between switches, {self.endpoint_diameter_at_least} end to end"
        )


@dataclass(frozen=True)
class Searched:
    """The part of a proof that takes a search over the network; fields as in Proof."""

    connected: bool
    through_nodes: bool | None
    paths: PathProof
    switch_diameter: int | None
    endpoint_diameter: int | None
    sampled: Sample | None = None


@dataclass(frozen=True, eq=False)
class _Alike:
    """A network, and which of its vertices look alike: a label per switch, and per device that stands for its kind."""

    topology: Topology
    network: SwitchNetwork
    switch: Indices
    device: Indices

    @property
    def width(self) -> int:
        """How many forwarding vertices there are."""
        return len(self.network.vertices)

    def affordable(self, sources: int) -> bool:
        """Return whether a search of distances from so many sources is worth its time."""
        return self.width <= MOST_SWITCHES or sources * int(self.network.cables.nnz) <= HOP_WORK


def search(topology: Topology) -> Searched:
    """Return who reaches whom, the diameters and the path counts."""
    alike = _alike(topology, switch_network(topology))
    connected = _connected(alike.network)
    between_switches, switch_sources = _switch_diameter(alike)
    between_devices, device_sources = _endpoint_diameter(alike)
    least = [s for s in (switch_sources, device_sources) if s is not None]
    return Searched(
        connected=connected,
        through_nodes=None if connected else _through_nodes(topology),
        paths=_path_proof(alike),
        switch_diameter=between_switches if switch_sources is None else None,
        endpoint_diameter=between_devices if device_sources is None and connected else None,
        sampled=Sample(min(least), alike.width, between_switches, between_devices) if least else None,
    )


def _alike(topology: Topology, network: SwitchNetwork) -> _Alike:
    """Return which vertices look alike: images, or switches of one plane with equal cables that both bear devices or not."""
    labels = orbits(topology)
    bears = np.zeros(len(network.vertices), dtype=bool)
    bears[network.leaves] = True
    plane = topology.plane[network.vertices].astype(np.intp)
    twins = _joint(_joint(row_labels(network.cables), plane), bears.astype(np.intp))
    switch = _merged(labels[network.vertices], twins)
    single = np.diff(network.homes.indptr) == 1
    device = switch[network.homes.indices] if single.all() else labels[: topology.devices]
    return _Alike(topology, network, switch, device)


def _joint(one: Indices, other: Indices) -> Indices:
    """Return a label per pair of labels."""
    return np.unique(np.stack([one, other]), axis=1, return_inverse=True)[1].reshape(-1).astype(np.intp)


def _merged(one: Indices, other: Indices) -> Indices:
    """Return the labels of what hangs together by equal labels in one or in the other."""
    every = np.arange(len(one))
    rows = np.tile(every, 2)
    columns = len(every) + np.concatenate([_dense(one), len(every) + _dense(other)])
    size = 3 * len(every)
    joined = sparse.coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(size, size))
    labels: Indices = connected_components(joined, directed=False)[1][: len(every)].astype(np.intp)
    return labels


def _dense(labels: Indices) -> Indices:
    """Return the labels renumbered 0, 1, 2, ..."""
    return np.unique(labels, return_inverse=True)[1].astype(np.intp)


def _firsts(labels: Indices) -> Indices:
    """Return the first place of every label, in order."""
    return np.sort(np.unique(labels, return_index=True)[1])


def _sample(count: int) -> Indices:
    """Return up to SOURCES of `count` places: the same draw every time."""
    return np.sort(np.random.default_rng(1).permutation(count)[:SOURCES])


def _connected(network: SwitchNetwork) -> bool:
    """Return whether every device reaches every other: any two share a connected part of the network."""
    devices = network.homes.shape[0]
    if devices == 1:
        return True
    part = connected_components(network.cables, directed=False)[1].astype(np.intp)
    homes = network.homes
    device = np.repeat(np.arange(devices), np.diff(homes.indptr))
    shape = devices, int(part.max(initial=-1)) + 1
    member = sparse.coo_array((np.ones(len(device)), (device, part[homes.indices])), shape=shape).tocsr()
    if (member.count_nonzero(axis=0) == devices).any():
        return True
    kinds = member[_firsts(row_labels(member))]
    return bool(((kinds @ kinds.T).toarray() > 0).all()) if kinds.shape[0] <= SOURCES else False


def _through_nodes(topology: Topology) -> bool:
    """Return whether everything hangs together where devices of a node pass on what they get inside it."""
    if SCALE_UP not in topology.levels:
        return False
    low, high = topology.ends.T
    cables = sparse.coo_array((np.ones(len(low), dtype=np.int8), (low, high)), shape=(topology.vertices,) * 2)
    part = connected_components(cables, directed=False)[1]
    return bool((part[: topology.devices] == part[0]).all())


def _endpoint_diameter(alike: _Alike) -> tuple[int | None, int | None]:
    """Return the hops between the two devices that are farthest apart, and how many were searched from if not all."""
    topology, network = alike.topology, alike.network
    if topology.devices == 1:
        return 0, None
    groups = row_labels(network.homes)
    first = _firsts(groups)
    sources = _firsts(alike.device[first])
    sampled = None if alike.affordable(len(sources)) else SOURCES
    chosen = sources if sampled is None else _sample(len(first))
    between = hops_until_all_meet(network, network.homes[first], chosen)
    own_hops = 0 if topology.forwards[0] else 2
    return (None if between is None else between + own_hops), sampled


def _switch_diameter(alike: _Alike) -> tuple[int | None, int | None]:
    """Return the largest distance of two switches of the same plane, None where one does not reach the other.

    And how many were searched from if not all.
    """
    vertices = alike.network.vertices
    switches = np.flatnonzero(vertices >= alike.topology.devices)
    plane = alike.topology.plane[vertices]
    if len(switches) == 0:
        return None, None
    sources = switches[_firsts(alike.switch[switches])]
    sampled = None if alike.affordable(len(sources)) else SOURCES
    chosen = sources if sampled is None else switches[_sample(len(switches))]
    hops = [
        _farthest(alike.network, switches[plane[switches] == p], chosen[plane[chosen] == p]) for p in np.unique(plane[switches])
    ]
    known = [h for h in hops if h is not None]
    return (max(known) if len(known) == len(hops) else None), sampled


def _farthest(network: SwitchNetwork, members: Indices, sources: Indices) -> int | None:
    """Return the largest distance from a source to a member, None where one is not reached."""
    own = sparse.eye_array(len(network.vertices), format="csr", dtype=np.float64)[members]
    return hops_until_all_meet(network, own, np.searchsorted(members, sources))


def _path_proof(alike: _Alike) -> PathProof:
    """Return the path counts per distance between leaves; of leaves that look alike one stands for all."""
    network, leaves = alike.network, alike.network.leaves
    if alike.topology.forwards[0]:
        leaves = leaves[network.vertices[leaves] < alike.topology.devices]
    speakers = leaves[_firsts(alike.switch[leaves])]
    most = max(1, PATH_WORK // max(1, int(network.cables.nnz)))
    sampled = None if len(speakers) <= most else max(1, min(most // 8, SOURCES))
    chosen = speakers if sampled is None else leaves[_sample(len(leaves))[:sampled]]
    counts, breaks = _counted(network, leaves, chosen)
    return PathProof(counts, breaks, sampled)


def _counted(network: SwitchNetwork, leaves: Indices, sources: Indices) -> tuple[PathCounts, str | None]:
    """Return fewest and most paths per distance from the sources to the leaves, and where they differ first."""
    least: dict[int, tuple[int, int, int]] = {}
    most: dict[int, int] = {}
    for chosen, all_distances, all_paths in shortest_paths(network, sources):
        distance, paths = all_distances[:, leaves], all_paths[:, leaves]
        for hops in (int(d) for d in np.unique(distance) if d > 0):
            row, column, fewest, largest = _extremes(paths, distance == hops)
            pair = fewest, int(chosen[row]), int(leaves[column])
            least[hops] = min(least.get(hops, pair), pair)
            most[hops] = max(most.get(hops, 0), largest)
    counts = {hops: (least[hops][0], most[hops]) for hops in sorted(least)}
    uneven = [hops for hops, (fewest, largest) in counts.items() if largest - fewest > _rounding(largest)]
    return counts, _break(network.vertices, uneven[0], least, most) if uneven else None


def _rounding(count: int) -> float:
    """Return by how much two equal counts of paths may differ: not at all while floats hold whole numbers."""
    return 0 if count < EXACT_FLOAT else 1e-9 * count


def _extremes(paths: NDArray[np.float64], chosen: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return row and column of the fewest paths among the chosen, the fewest, the most."""
    row, column = np.unravel_index(np.argmin(np.where(chosen, paths, np.inf)), paths.shape)
    return int(row), int(column), int(paths[row, column]), int(paths[chosen].max())


def _break(vertices: NDArray[np.intp], hops: int, least: Mapping[int, tuple[int, int, int]], most: Mapping[int, int]) -> str:
    """Return one line that names where path counts differ first."""
    fewest, here, there = least[hops]
    pair = f"vertices {vertices[here]} and {vertices[there]}"
    return f"shortest paths at {hops} hops: {fewest} between {pair}, up to {most[hops]} elsewhere"
