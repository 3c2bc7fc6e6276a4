"""The bill of materials of a fabric: which part, how many, for what money and power. It knows no workload and no time.

Counts come from the wiring, link parts from every cable's speed and length, switch parts from the ports that are used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from fabric.review.parts import Part
from fabric.review.quote import Quote, Range, total
from fabric.review.racks import Layout
from fabric.units import show_rate
from topologies.base import NIC, Topology
from topologies.errors import InputError

EDGES = (0, 3, 10, 30, 100, 500)
"""Metres: classes of cable length; above the last one stands alone."""
TOLERANCE = 1 + 1e-9


class NoPart(InputError):
    """Nothing listed does what a wiring asks. kind: `switch` or `link`; why: the one line that a user reads."""

    def __init__(self, kind: Literal["switch", "link"], why: str) -> None:
        super().__init__(kind, why)
        self.kind, self.why = kind, why

    def __str__(self) -> str:
        """Return the line."""
        return self.why


@dataclass(frozen=True, order=True)
class Length:
    """A class of cable length in metres: above `over`, at most `up_to`, None where the class has no upper end."""

    over: int
    up_to: int | None


@dataclass(frozen=True)
class Line:
    """One row of a bill. part: what is bought; count: pieces; spare: unused ports.

    tier: of switches; level, length: of links; None of other parts.
    """

    part: Part
    count: int
    spare: int = 0
    tier: str | None = None
    level: str | None = None
    length: Length | None = None

    @property
    def price(self) -> Range:
        """USD of all pieces; InputError where the part has no price."""
        return needed(self.part, self.part.price, "price").range * self.count

    @property
    def watts(self) -> Range:
        """Watts of all pieces; InputError where the part's draw is unknown."""
        return needed(self.part, self.part.watts, "watts").range * self.count


@dataclass(frozen=True)
class Bill:
    """All lines of one fabric. endpoints: devices. network: lines without the nodes themselves."""

    endpoints: int
    network: tuple[Line, ...]
    nodes: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line, the network's first."""
        return self.network + self.nodes

    @property
    def network_price(self) -> Range:
        """USD of switches, cables, optics and separate NICs."""
        return total(line.price for line in self.network)

    @property
    def price(self) -> Range:
        """USD of everything on the bill."""
        return total(line.price for line in self.lines)

    @property
    def network_watts(self) -> Range:
        """Watts of switches, optics and separate NICs, before PUE."""
        return total(line.watts for line in self.network)

    @property
    def switches(self) -> int:
        """Switches of all tiers."""
        return sum(line.count for line in self.network if line.part.kind == "switch")


def needed(part: Part, found: Quote | None, what: str) -> Quote:
    """Return the quote; InputError where nobody gave one."""
    if found is None:
        raise InputError(f"parts.{part.name}: {what} is not known; give low, mid, high, source and date under parts")
    return found


def bill(fabric: Fabric, layout: Layout, parts: Mapping[str, Part], nodes: str | None = None, nic: str | None = None) -> Bill:
    """Return the bill of a fabric that stands as laid out.

    parts: name -> part, to choose from: the smallest switch, and the link of the shortest sufficient reach, that carry what
    the wiring asks. nodes: the part that a node is, left out where None; nic: one per device's cable where the node has none.

    Raises:
        InputError: no part is large, fast or long enough.
    """
    topology = fabric.topology
    lines = [*_switches(fabric, parts), *_links(fabric, layout, parts)]
    if nic is not None:
        lines.append(Line(parts[nic], int(_network_ends(topology, devices=True).sum())))
    own = (Line(parts[nodes], topology.nodes),) if nodes is not None else ()
    return Bill(topology.devices, tuple(lines), own)


def _network_ends(topology: Topology, *, devices: bool) -> NDArray[np.int64]:
    """Return lanes of the scale-out network at every device (or NIC that devices share), or at every vertex."""
    outside = topology.is_cable
    ends = topology.ends[outside]
    lanes = np.bincount(ends.ravel(), np.repeat(topology.lanes[outside], 2), minlength=topology.vertices).astype(np.int64)
    ports = topology.vertices if not devices else topology.devices if NIC not in topology.tiers else _nics(topology)
    return lanes[:ports]


def _nics(topology: Topology) -> int:
    """Return where the NICs that devices share end: they follow the devices."""
    return topology.devices + int((topology.tier == topology.tiers.index(NIC)).sum())


def _switches(fabric: Fabric, parts: Mapping[str, Part]) -> list[Line]:
    topology = fabric.topology
    rates = np.repeat(_cable_rates(fabric), 2)
    used = np.bincount(topology.ends.ravel(), rates, minlength=topology.vertices)
    fastest = np.zeros(topology.vertices)
    np.maximum.at(fastest, topology.ends.ravel(), np.repeat(_lane_rates(fabric), 2))
    lanes = _network_ends(topology, devices=False)
    switch = topology.is_switch
    lines = []
    for number, tier in enumerate(topology.tiers):
        own = np.flatnonzero(switch & (topology.tier == number))
        if not len(own):
            continue
        part = _switch_for(f"{topology.family}: {tier}", parts, float(fastest[own].max()), float(used[own].max()))
        ports = part.ports * max(1, round(part.speed / fastest[own].max()))
        lines.append(Line(part, len(own), int(ports * len(own) - lanes[own].sum()), tier=tier))
    return lines


def _lane_rates(fabric: Fabric) -> NDArray[np.float64]:
    by_level = np.array([fabric.levels[level].speed for level in fabric.topology.levels])
    rates: NDArray[np.float64] = by_level[fabric.topology.level]
    return np.where(fabric.topology.is_cable, rates, 0.0)


def _cable_rates(fabric: Fabric) -> NDArray[np.float64]:
    return _lane_rates(fabric) * fabric.topology.lanes


def _switch_for(where: str, parts: Mapping[str, Part], lane: float, needed_rate: float) -> Part:
    """Return the smallest switch with ports as fast as a lane and room for all; ports may be split."""
    fits = [
        part
        for part in parts.values()
        if part.kind == "switch" and part.speed * TOLERANCE >= lane and part.speed * part.ports * TOLERANCE >= needed_rate
    ]
    if not fits:
        have = ", ".join(part.name for part in parts.values() if part.kind == "switch") or "none"
        raise NoPart(
            "switch",
            f"{where}: needs a switch with ports of {show_rate(lane)}, {show_rate(needed_rate)} in all each way; "
            f"there are {have}; list one under parts",
        )
    return min(fits, key=lambda part: (part.speed * part.ports, part.speed, part.price is None))


def _links(fabric: Fabric, layout: Layout, parts: Mapping[str, Part]) -> list[Line]:
    topology, rates = fabric.topology, _cable_rates(fabric)
    lines = []
    for number, level in enumerate(topology.levels):
        own = (topology.level == number) & topology.is_cable
        for rate in np.unique(rates[own]):
            same = own & (rates == rate)
            lines += _by_length(level, float(rate), layout.metres[same], parts)
    return lines


def _by_length(level: str, rate: float, metres: NDArray[np.float64], parts: Mapping[str, Part]) -> list[Line]:
    """Return a line per length class of cables of one level and speed."""
    links = sorted((p for p in parts.values() if p.kind == "link" and p.speed * TOLERANCE >= rate), key=_cheapest_first)
    classes = np.searchsorted(EDGES[1:], metres, side="left")
    lines = []
    for number, count in zip(*np.unique(classes, return_counts=True), strict=True):
        longest = float(metres[classes == number].max())
        fits = [part for part in links if part.reach * TOLERANCE >= longest]
        if not fits:
            have = ", ".join(part.name for part in links) or "none"
            raise NoPart(
                "link", f"{level}: needs a link of {show_rate(rate)} over {longest:.0f} m, got {have}; list one under parts"
            )
        lines.append(Line(fits[0], int(count), level=level, length=_length(int(number))))
    return lines


def _cheapest_first(part: Part) -> tuple[float, float, float]:
    return part.speed, part.reach, part.price.range.mid if part.price else float("inf")


def _length(number: int) -> Length:
    """Return a class of length by its number."""
    return Length(EDGES[number], EDGES[number + 1] if number + 1 < len(EDGES) else None)


def without_figures(lines: Sequence[Line], what: str) -> list[str]:
    """Return the names of parts on the bill that lack a price or watts."""
    return sorted({line.part.name for line in lines if getattr(line.part, what) is None})
