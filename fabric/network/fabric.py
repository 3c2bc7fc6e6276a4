"""The noun of this wing: a topology with a speed and a latency per level. It holds no placement, no job and no algorithm."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric.hardware.node import NodeType
from fabric.network.names import given_names
from fabric.network.uses import assumptions as uses_said
from fabric.network.working_sets import WorkingSets
from fabric.units import show_duration, show_rate
from topologies.base import NIC, SCALE_UP, Topology
from topologies.scale_up import device_lanes, directions, sharing

SAME = 1e-9
"""Relative difference up to which two speeds are one."""


@dataclass(frozen=True)
class Level:
    """One level's links: bytes per second in one direction, seconds to cross a link, and where both come from.

    speed: of one lane; on the scale-up level of one device, all its lanes inside the node together. part: the part of the
    catalogue whose speed it is, None where a speed was given. count, spread (low, high of the speed) and date are there
    where the speed was measured.
    """

    speed: float
    latency: float
    source: str
    count: int | None = None
    spread: tuple[float, float] | None = None
    date: str | None = None
    part: str | None = None


@dataclass(frozen=True, eq=False)
class Fabric:
    """A topology with its levels' speeds and latencies.

    degraded: cable index -> bytes per second of that cable, both directions. carriers: backend -> the one level that
    carries it, for machines in which a level stands for a way of moving bytes (`build local`); empty elsewhere. node: the kind
    of server that it is built of, where one was named; what of it speeds and wiring do not hold (library, power) is there.
    uses: what is said to be on or off of its switches and library (uses.py); the fingerprint does not hold it.
    working_sets: how fast its cores copy and reduce by what they touch, where that was measured (`build local`).
    Links are numbered 2 cable (from the lower end up) and 2 cable + 1 (down).
    """

    topology: Topology
    levels: Mapping[str, Level]
    name: str = ""
    degraded: Mapping[int, float] = field(default_factory=dict)
    carriers: Mapping[str, str] = field(default_factory=dict)
    node: NodeType | None = None
    uses: Mapping[str, bool] = field(default_factory=dict)
    working_sets: WorkingSets | None = None

    @cached_property
    def link_speed(self) -> NDArray[np.float64]:
        """Bytes per second of every link: its lanes times one lane's speed; inside nodes its lanes' part of a device's."""
        topology = self.topology
        by_level = np.array([self.levels[level].speed for level in topology.levels])
        inside = topology.scale_up_level >= 0
        lanes = topology.lanes / sharing(topology) if inside else topology.lanes
        cables = by_level[topology.level] * lanes
        for cable, speed in self.degraded.items():
            cables[cable] = speed
        return np.repeat(cables, 2)

    @cached_property
    def level_latency(self) -> NDArray[np.float64]:
        """Seconds per link crossing, by level."""
        return np.array([self.levels[level].latency for level in self.topology.levels])

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that differ where wiring, speeds or latencies differ; the name does not count.

        It is made of a lane's speed on every level, inside nodes too, and of the cables that run at another.
        """
        lane = {name: level.speed / self._shared.get(name, 1) for name, level in self.levels.items()}
        levels = [(name, f"{lane[name]:.9g}", f"{v.latency:.9g}") for name, v in sorted(self.levels.items())]
        unusual = [(cable, f"{speed:.9g}") for cable, speed in sorted(self._unusual(lane).items())]
        memory = [] if self.working_sets is None else [self.working_sets.digits]
        text = json.dumps([self.topology.name, levels, unusual, sorted(self.carriers.items()), *memory])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @cached_property
    def _shared(self) -> dict[str, int]:
        """The lanes that share what a device has, of the one with the most, under the scale-up level's name; else nothing."""
        inside = self.topology.scale_up_level >= 0
        lanes = int(device_lanes(self.topology).max(initial=1)) * directions(self.topology)
        return {SCALE_UP: lanes} if inside else {}

    def _unusual(self, lane: Mapping[str, float]) -> dict[int, float]:
        """Return the cables that are degraded, and those inside nodes whose lanes run at another speed than their level's."""
        topology, inside = self.topology, self.topology.scale_up_level
        if inside < 0:
            return dict(self.degraded)
        found = {cable: speed for cable, speed in self.degraded.items() if topology.level[cable] != inside}
        cables = np.flatnonzero(topology.level == inside)
        speed = self.link_speed[2 * cables]
        off = np.abs(speed / (lane[SCALE_UP] * topology.lanes[cables]) - 1) > SAME
        return found | dict(zip(cables[off].tolist(), speed[off].tolist(), strict=True))

    @cached_property
    def nic_speed(self) -> float:
        """Bytes per second of the slowest device's fastest way into the scale-out network: its NIC's rate."""
        cables = self.topology
        best = np.zeros(cables.vertices)
        network = cables.level != cables.scale_up_level
        np.maximum.at(best, cables.ends[network], self.link_speed[::2][network, None])
        return float(best[: cables.devices].min())

    def carrying(self, backend: str | None) -> Fabric:
        """Return the part of the fabric that carries a backend's bytes: the whole, or one level where carriers name it."""
        level = self.carriers.get((backend or "").partition(":")[0])
        if level is None:
            return self if not self.carriers else self.carrying(next(iter(self.carriers)))
        return _only(self, self.topology.levels.index(level))

    def assumptions(self) -> list[str]:
        """Return a line per level: speed and what it is the speed of, latency, source; then of its memory and its node."""
        levels = [
            f"{name}: {show_rate(level.speed)} one way{_of_what(self.topology, name)}, "
            f"{show_duration(level.latency)} a link ({level.source})"
            for name, level in self.levels.items()
        ]
        memory = [] if self.working_sets is None else [self.working_sets.said()]
        said = [*levels, *memory, *uses_said(self.uses)]
        return said if self.node is None else [*said, *_shared(self.topology, self.node), *self.node.assumptions()]


def _shared(topology: Topology, node: NodeType) -> list[str]:
    """Return how devices that share a NIC are taken, nothing where none do."""
    each = node.devices_per_nic
    if each == 1:
        return []
    if NIC in topology.tiers:
        return [f"node {node.name}: {each} devices share a NIC: each has all of it while the others are silent"]
    return [
        f"node {node.name}: {each} devices share a NIC: each is given 1/{each} of it, also while the others are silent, so "
        f"messages of one device alone (a ring between nodes) may come out up to {each} times too slow"
    ]


def _of_what(topology: Topology, level: str) -> str:
    """Return whose speed a level's is, where it is not one cable's: a device's over its lanes, or one lane's of several."""
    if level == SCALE_UP:
        lanes = _counts(device_lanes(topology))
        shared = ", both directions together" if directions(topology) > 1 else ""
        return (" a device" if lanes in ("", "1") else f" a device over {lanes} lanes") + shared
    lanes = _counts(topology.lanes[topology.level == topology.levels.index(level)])
    return "" if lanes in ("", "1") else f" a lane, {lanes} lanes a cable"


def _counts(lanes: NDArray[np.integer]) -> str:
    """Return how many lanes there are where there are any: `18`, or `2 to 7` where they differ."""
    found = np.unique(lanes[lanes > 0]).tolist()
    return " to ".join(dict.fromkeys(str(count) for count in (found[0], found[-1]))) if found else ""


def link_name(topology: Topology, link: int) -> str:
    """Return the two ends of a link in the direction of its bytes, such as `leaf3 -> spine1`, by a file's names if any."""
    given = given_names(topology)
    ends = [int(vertex) for vertex in topology.ends[link // 2]]
    lower, upper = (given.vertices[vertex] if given else topology.vertex_name(vertex) for vertex in ends)
    return f"{lower} -> {upper}" if link % 2 == 0 else f"{upper} -> {lower}"


def _only(fabric: Fabric, level: int) -> Fabric:
    """Return the fabric without the cables of any other level."""
    topology = fabric.topology
    keep = topology.level == level
    kept = replace(topology, ends=topology.ends[keep], level=topology.level[keep], lanes=topology.lanes[keep])
    return replace(fabric, topology=kept, degraded={}, carriers={})
