"""What one step of a schedule costs on a fabric, free of bytes: crossings of the fullest links, ways, fan-in.

It knows neither which library runs the step nor how steps follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Schedule, Step
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices
from fabric.network.routing.route import Routed, route, route_all
from fabric.network.routing.routed import distinct
from fabric.predict.constants import Constants, Line
from fabric.predict.in_network import switched
from topologies.base import Topology

Floats = NDArray[np.float64]
Place = slice | NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cost:
    """A step's cost per byte of its largest message.

    seconds_per_byte, crossings: by level, the most of any link. own: seconds_per_byte counting only links that end at a
    device, which no fabric can take away. fullest: by level, the link with the most. hops: the distinct ways, links per
    level (ways, levels). fan_in: the most bytes that one rank receives.
    """

    levels: tuple[str, ...]
    crossings: Floats
    seconds_per_byte: Floats
    own: Floats
    fullest: NDArray[np.int64]
    hops: Floats
    latency: Floats
    fan_in: float

    @property
    def slowest_way(self) -> float:
        """Seconds of the slowest way, without any library's alpha."""
        return float(self.latency.max(initial=0.0))


@dataclass(frozen=True)
class StepTime:
    """One repeat of a step: seconds before its bytes, of its bytes, of the reduction; the level and link that decide."""

    fixed: float
    moving: float
    uncongested: float
    reducing: float
    level: str
    link: int


def cost_of(fabric: Fabric, schedule: Schedule, step: Step, devices: Devices, routing: str) -> Cost:
    """Return what a step of a schedule costs when rank r sits on devices[r]."""
    routed = _routed(fabric, schedule, step, devices, routing)
    return _cost(fabric, routed, _fan_in(schedule, step))


def load_of(fabric: Fabric, schedule: Schedule, step: Step, devices: Devices, routing: str) -> Floats:
    """Return seconds per byte of a step's largest message, on every link."""
    load: Floats = _routed(fabric, schedule, step, devices, routing).per_link / fabric.link_speed
    return load


def step_cost(fabric: Fabric, source: Devices, target: Devices, routing: str) -> Cost:
    """Return what equal messages from source to target devices cost."""
    routed = route(fabric.topology, source, target, routing, each=False, speed=fabric.link_speed)
    return _cost(fabric, routed, int(np.bincount(target).max(initial=0)))


def _routed(fabric: Fabric, schedule: Schedule, step: Step, devices: Devices, routing: str) -> Routed:
    if schedule.switches and max(step.source.max(initial=0), step.target.max(initial=0)) >= schedule.world_size:
        return switched(fabric.topology, devices, step.source, step.target, step.scale)
    if step.complete and np.array_equal(step.source, step.target):
        return route_all(fabric.topology, devices[step.source], routing, speed=fabric.link_speed)
    source, target = step.pairs()
    ends = devices[source], devices[target]
    return route(fabric.topology, *ends, routing, step.scale, each=False, speed=fabric.link_speed)


def _fan_in(schedule: Schedule, step: Step) -> float:
    """Return the most that one rank receives, in largest messages; what a switch adds costs no rank anything."""
    if step.complete:
        return float(len(step.source) - 1)
    to_ranks = step.target < schedule.world_size
    weight = None if step.scale is None else step.scale[to_ranks]
    return float(np.bincount(step.target[to_ranks], weight).max(initial=0))


def _cost(fabric: Fabric, routed: Routed, fan_in: float) -> Cost:
    topology, per_link = fabric.topology, routed.per_link
    load = per_link / fabric.link_speed
    ranges = _links_by_level(topology)
    hops = distinct(routed.hops)
    seconds = [float(load[links].max(initial=0.0)) for links, _ in ranges]
    return Cost(
        levels=topology.levels,
        crossings=np.array([per_link[links].max(initial=0.0) for links, _ in ranges]),
        seconds_per_byte=np.array(seconds),
        own=np.array([load[at_device].max(initial=0.0) for _, at_device in ranges]),
        fullest=np.array([_first(load, links, most) for (links, _), most in zip(ranges, seconds, strict=True)]),
        hops=hops,
        latency=np.asarray(hops @ fabric.level_latency),
        fan_in=fan_in,
    )


@lru_cache(maxsize=8)
def _links_by_level(topology: Topology) -> list[tuple[Place, Place]]:
    """Return per level its links, and those of them that end at a device."""
    at_device = np.repeat(topology.ends.min(axis=1) < topology.devices, 2)
    level = np.repeat(topology.level, 2)
    found = []
    for index in range(len(topology.levels)):
        links = np.flatnonzero(level == index)
        found.append((_place(links), _place(links[at_device[links]])))
    return found


def most_by_level(topology: Topology, of_link: Floats) -> Floats:
    """Return the largest value of any link of every level (levels,), 0 where a level has none."""
    return np.array([of_link[links].max(initial=0.0) for links, _ in _links_by_level(topology)])


def _place(links: NDArray[np.int64]) -> Place:
    """Return the same numbers as a slice where they follow each other: reading a slice copies nothing."""
    whole = len(links) > 0 and links[-1] - links[0] == len(links) - 1
    return slice(int(links[0]), int(links[-1]) + 1) if whole else links


def _first(load: Floats, links: Place, most: float) -> int:
    """Return the first of some links with the most load, -1 where none has any."""
    if not most > 0:
        return -1
    first = int(np.argmax(load[links]))
    return links.start + first if isinstance(links, slice) else int(links[first])


def fixed_seconds(hops: Floats, latency: Floats, levels: tuple[str, ...], message: float, constants: Constants) -> Floats:
    """Return per way (rows of hops) the seconds before its bytes: its latency and the largest alpha of its levels."""
    return _fixed(hops, latency, [constants.line(level, message) for level in levels])


def _fixed(hops: Floats, latency: Floats, lines: list[Line]) -> Floats:
    if not any(line.alpha for line in lines):
        return latency
    crossed: Floats = np.where(hops > 0, [line.alpha for line in lines], -np.inf).max(axis=1, initial=-np.inf)
    return np.where(np.isneginf(crossed), 0.0, crossed) + latency


def step_time(cost: Cost, message: float, constants: Constants, *, reduces: bool) -> StepTime:
    """Return the seconds of one repeat whose largest message has so many bytes."""
    lines = [constants.line(level, message) for level in cost.levels]
    betas = [line.beta for line in lines]
    per_byte = [
        full if beta is None else n * beta for full, n, beta in zip(cost.seconds_per_byte, cost.crossings, betas, strict=True)
    ]
    own = [low if beta is None else per for low, per, beta in zip(cost.own, per_byte, betas, strict=True)]
    deciding = int(np.argmax(per_byte))
    fixed = float(_fixed(cost.hops, cost.latency, lines).max()) if len(cost.hops) else 0.0
    less = min(fixed, 0.0)  # a line that starts below zero is right where it was fitted: its bytes take that much less
    return StepTime(
        fixed=max(fixed, 0.0),
        moving=max(message * float(per_byte[deciding]) + less, 0.0),
        uncongested=max(message * float(max(own)) + less, 0.0),
        reducing=constants.gamma * message * cost.fan_in if reduces else 0.0,
        level=cost.levels[deciding],
        link=int(cost.fullest[deciding]),
    )
