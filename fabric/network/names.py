"""Vertices by text: `leaf3`, or the vertex's number. It knows no file and no policy."""

from __future__ import annotations

import re

import numpy as np

from fabric.text.escape import shown
from fabric.text.numbers import natural
from topologies.base import Topology
from topologies.errors import InputError

NAMED = re.compile(r"([a-z][a-z0-9]*?)-?([0-9]+)", re.ASCII)


def vertex_name(topology: Topology, vertex: int) -> str:
    """Return `leaf3` for the fourth leaf; `device 7` for a device."""
    if vertex < topology.devices:
        return f"device {vertex}"
    tier = int(topology.tier[vertex])
    before = int((topology.tier[topology.devices : vertex] == tier).sum())
    return f"{topology.tiers[tier]}{before}"


def vertex_of(topology: Topology, text: str, parameter: str) -> int:
    """Return the vertex of a text such as `leaf3`, `host5` or `37`.

    Raises:
        InputError: no such vertex; the message says what exists.
    """
    text = text.strip()
    number = natural(text)
    if number is not None and number < topology.vertices:
        return number
    found = NAMED.fullmatch(text)
    if found and found[1] in (*topology.tiers, "host"):
        tier = topology.tiers.index(found[1]) if found[1] in topology.tiers else 0
        vertices = np.flatnonzero(topology.tier == tier)
        vertices = vertices[vertices < topology.devices] if found[1] == "host" else vertices[vertices >= topology.devices]
        place = natural(found[2])
        if place is not None and place < len(vertices):
            return int(vertices[place])
    tiers = ", ".join(f"{tier}0 ... {tier}{count - 1}" for tier, count in topology.switches_by_tier.items() if count)
    raise InputError(
        f"{parameter}: {topology.name} has vertices 0 ... {topology.vertices - 1}"
        f"{f' and {tiers}' if tiers else ''}, got {shown(text)}"
    )
