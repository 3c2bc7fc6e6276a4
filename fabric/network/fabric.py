"""The noun of this wing: a topology with a speed and a latency per level. It holds no placement, no job and no algorithm."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric.units import show_duration, show_rate
from topologies.base import Topology


@dataclass(frozen=True)
class Level:
    """One level's links: bytes per second of one lane in one direction, seconds to cross a link, and where both come from.

    part: the part of the catalogue whose speed it is, None where a speed was given. count, spread (low, high of the speed)
    and date are there where the speed was measured.
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
    carries it, for machines in which a level stands for a way of moving bytes (`build local`); empty elsewhere.
    Links are numbered 2 cable (from the lower end up) and 2 cable + 1 (down).
    """

    topology: Topology
    levels: Mapping[str, Level]
    name: str = ""
    degraded: Mapping[int, float] = field(default_factory=dict)
    carriers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def link_speed(self) -> NDArray[np.float64]:
        """Bytes per second of every link."""
        by_level = np.array([self.levels[level].speed for level in self.topology.levels])
        cables = by_level[self.topology.level] * self.topology.lanes
        for cable, speed in self.degraded.items():
            cables[cable] = speed
        return np.repeat(cables, 2)

    @cached_property
    def level_latency(self) -> NDArray[np.float64]:
        """Seconds per link crossing, by level."""
        return np.array([self.levels[level].latency for level in self.topology.levels])

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that differ where wiring, speeds or latencies differ; the name does not count."""
        levels = [(name, f"{v.speed:.9g}", f"{v.latency:.9g}") for name, v in sorted(self.levels.items())]
        degraded = [(cable, f"{speed:.9g}") for cable, speed in sorted(self.degraded.items())]
        text = json.dumps([self.topology.name, levels, degraded, sorted(self.carriers.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

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
        """Return one line per level: speed, latency, source."""
        return [
            f"{name}: {show_rate(level.speed)} one way, {show_duration(level.latency)} a link ({level.source})"
            for name, level in self.levels.items()
        ]


def link_name(topology: Topology, link: int) -> str:
    """Return the two ends of a link in the direction of its bytes, such as `leaf3 -> spine1`."""
    lower, upper = (topology.vertex_name(int(vertex)) for vertex in topology.ends[link // 2])
    return f"{lower} -> {upper}" if link % 2 == 0 else f"{upper} -> {lower}"


def _only(fabric: Fabric, level: int) -> Fabric:
    """Return the fabric without the cables of any other level."""
    topology = fabric.topology
    keep = topology.level == level
    kept = replace(topology, ends=topology.ends[keep], level=topology.level[keep], lanes=topology.lanes[keep])
    return replace(fabric, topology=kept, degraded={}, carriers={})
