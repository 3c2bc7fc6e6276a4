"""Parts that links are made of: speed one way and latency per link, from the catalogue's links. No prices, no power.

A part inside nodes (NVLink, UB, PCIe) has the speed of all links of one device together. A user's or a measured value overrides
a part (docs/hardware.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from fabric.hardware.catalog import exists, find, names
from fabric.hardware.facts import Fact
from topologies.errors import InputError
from topologies.guess import did_you_mean


@dataclass(frozen=True)
class Part:
    """One kind of link: bytes per second in one direction, seconds to cross it and enter what is behind it.

    speed: of a cable's lane; of a part inside nodes, of one device. of_speed, of_latency: the facts that count.
    """

    name: str
    speed: float
    latency: float
    of_speed: Fact
    of_latency: Fact


def part(name: str, parameter: str = "link") -> Part:
    """Return the part of this name.

    Raises:
        InputError: no such link (what exists is named), or one whose speed or latency a user's file leaves out.
    """
    if not exists("links", name):
        known = names("links")
        hint = did_you_mean(name, known, likeness=0.4)
        raise InputError(f"{parameter}: must be a part of the catalogue ({', '.join(known)}), got {name!r}{hint}")
    entry = find("links", name)
    speed, latency = entry.fact("speed"), entry.fact("latency")
    if speed is None or latency is None:
        raise InputError(f"{parameter}: {name} must have a speed and a latency in the catalogue")
    return Part(name, entry.number("speed") or 0.0, entry.number("latency") or 0.0, speed, latency)
