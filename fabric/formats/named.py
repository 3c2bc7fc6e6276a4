"""A fabric whose vertices have names, and what a format could not hold. It does not know any format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from topologies.base import SCALE_UP, Topology

if TYPE_CHECKING:
    from fabric.formats.defects import Defect

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Vertex:
    """A host (device) or a switch as a file names it; tier where the file says so, node = the server's name."""

    name: str
    is_host: bool
    node: str = ""
    tier: str = ""
    rail: int = -1
    plane: int = 0
    forwards: bool | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Cable:
    """A cable between two named vertices; speed in bytes per second of the whole cable, None where the file is silent."""

    a: str
    b: str
    lanes: int = 1
    speed: float | None = None
    port_a: str = ""
    port_b: str = ""
    level: str = ""
    line: int = 0


@dataclass(frozen=True, eq=False)
class Observed:
    """What a fabric was made of as its file has it, so that a part of it can be chosen; losses: those of the file itself."""

    vertices: tuple[Vertex, ...]
    cables: tuple[Cable, ...]
    where: str
    losses: tuple[str, ...] = ()
    apart: str = ""


@dataclass(frozen=True, eq=False)
class Named:
    """A fabric with a name per vertex and per node, as it stands in a foreign file.

    stated: bytes per second per cable where the file says so, NaN where the level's speed was assumed. ports: cable ->
    the port names at its two ends, where the file has them. losses: what the file says and this cannot hold, and what
    was assumed, one line each. defects: what is wrong inside the file, which was read around. observed_from: the vertices
    and cables of the file, None where the fabric is one of our own.
    """

    fabric: Fabric
    names: tuple[str, ...]
    nodes: tuple[str, ...]
    stated: Floats
    ports: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    losses: tuple[str, ...] = ()
    defects: tuple[Defect, ...] = ()
    observed_from: Observed | None = None

    @property
    def topology(self) -> Topology:
        """The wiring."""
        return self.fabric.topology


@dataclass(frozen=True)
class Written:
    """The text of a foreign file, and what of the fabric it cannot hold, one line each."""

    text: str
    losses: tuple[str, ...] = ()


def named(fabric: Fabric) -> Named:
    """Return a fabric of our own with plain names: `host0`, `leaf3`, `spine1`; inside node 2 `node2-scale-up0`."""
    topology = fabric.topology
    return Named(fabric, tuple(_vertex_names(topology)), tuple(f"node{n}" for n in range(topology.nodes)), speeds(fabric))


def speeds(fabric: Fabric) -> Floats:
    """Return bytes per second per cable, one direction."""
    return fabric.link_speed[::2].copy()


def scale_out(topology: Topology) -> NDArray[np.bool_]:
    """Return which cables belong to the network between nodes."""
    inside = topology.scale_up_level
    return np.asarray(topology.level != inside)


def _vertex_names(topology: Topology) -> list[str]:
    counts = dict.fromkeys(topology.tiers, 0)
    found = []
    for vertex, tier in enumerate(topology.tier):
        tier_name = topology.tiers[tier] if vertex >= topology.devices or topology.tiers[tier] != SCALE_UP else "host"
        prefix = f"node{topology.node[vertex]}-" if tier_name == SCALE_UP else ""
        found.append(f"{prefix}{tier_name}{counts[tier_name]}")
        counts[tier_name] += 1
    return found
