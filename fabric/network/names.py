"""Vertices by text: a file's own name, `leaf3`, or the vertex's number; and back. It knows no file and no policy."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from fabric.text.escape import shown
from fabric.text.numbers import natural
from topologies.base import Topology
from topologies.errors import InputError

NAMED = re.compile(r"([a-z][a-z0-9]*?)-?([0-9]+)", re.ASCII)


@dataclass(frozen=True)
class Given:
    """The names that a file gives to the vertices and nodes of a wiring.

    apart: why parts of it may have nothing between them, where the file's kind says nothing of that; else empty.
    """

    vertices: tuple[str, ...]
    nodes: tuple[str, ...]
    apart: str = ""
    number: dict[str, int] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        """Number the names, so that a vertex is found by its own."""
        self.number.update({name: vertex for vertex, name in enumerate(self.vertices)})


_GIVEN: WeakKeyDictionary[Topology, Given] = WeakKeyDictionary()
"""An entry goes with its wiring. A Topology has no room for names, and nothing that is computed depends on them."""


def give_names(topology: Topology, given: Given) -> None:
    """Let messages about the wiring use these names, and find vertices by them."""
    _GIVEN[topology] = given


def keep_names(before: Topology, after: Topology) -> None:
    """Give a wiring the names of the one that it was cut from: its vertices are the same."""
    if before in _GIVEN:
        _GIVEN[after] = _GIVEN[before]


def given_names(topology: Topology) -> Given | None:
    """Return the names that a file gave to the wiring, None where it was built from a short form."""
    return _GIVEN.get(topology)


def vertex_name(topology: Topology, vertex: int) -> str:
    """Return the file's name, `gpu35 on node4` for a device of many; else `leaf3` for the fourth leaf, `device 7`."""
    given = _GIVEN.get(topology)
    if given is not None:
        name, node = given.vertices[vertex], int(topology.node[vertex])
        told = vertex < topology.devices and given.nodes[node] not in name
        return f"{name} on {given.nodes[node]}" if told else name
    if vertex < topology.devices:
        return f"device {vertex}"
    tier = int(topology.tier[vertex])
    before = int((topology.tier[topology.devices : vertex] == tier).sum())
    return f"{topology.tiers[tier]}{before}"


def vertex_of(topology: Topology, text: str, parameter: str) -> int:
    """Return the vertex of a text such as `leaf3`, `host5` or `37`; a name that a file gives comes before these.

    Raises:
        InputError: no such vertex; the message says what exists.
    """
    text = text.strip()
    given = _GIVEN.get(topology)
    if given is not None and text in given.number:
        return given.number[text]
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
    if given is not None:
        near = difflib.get_close_matches(text, given.number, 3, 0.5) or list(given.vertices[topology.devices :][:3])
        hint = f" (as {', '.join(near)})" if near else ""
        raise InputError(
            f"{parameter}: must be a name of the file{hint} or a number below {topology.vertices}, got {shown(text)}"
        )
    tiers = ", ".join(f"{tier}0 ... {tier}{count - 1}" for tier, count in topology.switches_by_tier.items() if count)
    raise InputError(
        f"{parameter}: {topology.name} has vertices 0 ... {topology.vertices - 1}"
        f"{f' and {tiers}' if tiers else ''}, got {shown(text)}"
    )
