"""Where nodes and switches stand on a floor, and so how long every cable is. It knows no part and no price.

Nodes fill racks in their own order. A switch all of whose cables end in one rack stands there; the others fill network
racks, plane by plane so that no rack takes two of them, sorted by the middle of what they serve, and every network rack
stands in the row at that middle. Racks then fill rows, every second one backwards. A cable runs up to the tray, along the
row, across rows, and down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from topologies.base import Topology
from topologies.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Floor:
    """A hall. Metres, except the counts; every default is an assumption of ours, to be replaced by the hall's own.

    row_pitch: from the middle of a row to the next, aisle included. tray: from a rack's middle height up to the tray.
    slack: added to every cable between racks. in_rack: length of a cable inside a rack.
    """

    nodes_per_rack: int = 4
    switches_per_rack: int = 16
    racks_per_row: int = 20
    rack_width: float = 0.6
    row_pitch: float = 3.0
    tray: float = 1.5
    slack: float = 1.0
    in_rack: float = 2.0
    rack_units: int = 42

    def __post_init__(self) -> None:
        for name in ("nodes_per_rack", "switches_per_rack", "racks_per_row", "rack_units"):
            if getattr(self, name) < 1:
                raise InputError(f"floor.{name}: must be a whole number >= 1, got {getattr(self, name)}")
        for name in ("rack_width", "row_pitch", "tray", "slack", "in_rack"):
            if not getattr(self, name) >= 0:
                raise InputError(f"floor.{name}: must be >= 0 metres, got {getattr(self, name):g}")


@dataclass(frozen=True)
class Layout:
    """Where everything stands. rack: of every vertex, numbered along the rows. metres: of every cable.

    switches_in: racks that hold switches -> how many, by what kind of rack: `compute` or `network`.
    """

    floor: Floor
    rack: Ints
    metres: Floats
    racks: int
    network_racks: int
    switches_in: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of racks."""
        return -(-self.racks // self.floor.racks_per_row)


def place(topology: Topology, floor: Floor) -> Layout:
    """Return the layout of all devices and switches; switches inside nodes stand with their node."""
    node_racks = -(-topology.nodes // floor.nodes_per_rack)
    centre = np.full(topology.vertices, np.nan)
    inside = topology.node >= 0
    centre[inside] = topology.node[inside] // floor.nodes_per_rack
    spread = _centres(topology, centre)
    switches = np.flatnonzero(~inside)
    at_home = switches[spread[switches] == 0]
    away = switches[spread[switches] > 0]
    away = away[np.lexsort((centre[away], topology.plane[away]))]
    network = _filled(topology.plane[away], floor.switches_per_rack)
    middles = np.bincount(network, centre[away]) / np.maximum(np.bincount(network), 1) if len(away) else np.empty(0)
    keys = np.concatenate([np.arange(node_racks, dtype=float), middles])
    place_of = np.empty(len(keys), dtype=np.int64)
    place_of[np.argsort(keys, kind="stable")] = np.arange(len(keys))
    rack = np.empty(topology.vertices, dtype=np.int64)
    rack[inside] = place_of[topology.node[inside] // floor.nodes_per_rack]
    rack[at_home] = place_of[centre[at_home].astype(np.int64)]
    rack[away] = place_of[node_racks + network]
    return Layout(
        floor,
        rack,
        lengths(rack, topology.ends, floor),
        len(keys),
        len(middles),
        {"compute": len(at_home), "network": len(away)},
    )


def _filled(plane: NDArray[np.integer], most: int) -> Ints:
    """Return the rack of every switch in its order; a rack is full at `most`, and no plane shares one."""
    place = np.arange(len(plane))
    first = np.concatenate([[True], plane[1:] != plane[:-1]])[: len(plane)]
    in_plane = place - np.maximum.accumulate(np.where(first, place, 0))
    racks: Ints = np.cumsum(in_plane % most == 0) - 1
    return racks


def _centres(topology: Topology, centre: Floats) -> Floats:
    """Fill in the middle of what every switch serves, tier by tier upwards; return how far apart its racks lie."""
    spread = np.zeros(topology.vertices)
    known = ~np.isnan(centre)
    while not known.all():
        low, high = topology.ends.T
        sources, targets = np.concatenate([low, high]), np.concatenate([high, low])
        useful = known[sources] & ~known[targets]
        if not useful.any():  # switches that nothing known reaches stand in the middle
            centre[~known] = np.nanmean(centre)
            spread[~known] = 1.0
            break
        sources, targets = sources[useful], targets[useful]
        count = np.bincount(targets, minlength=topology.vertices)
        found = count > 0
        sums = np.bincount(targets, centre[sources], minlength=topology.vertices)
        centre[found] = sums[found] / count[found]
        lowest, highest = np.full(topology.vertices, np.inf), np.full(topology.vertices, -np.inf)
        np.minimum.at(lowest, targets, centre[sources])
        np.maximum.at(highest, targets, centre[sources])
        own = np.maximum(highest[found] - lowest[found], 0)
        above = np.zeros(topology.vertices)
        np.maximum.at(above, targets, spread[sources])
        spread[found] = np.maximum(own, above[found])
        known |= found
    return spread


def lengths(rack: Ints, ends: NDArray[np.integer], floor: Floor) -> Floats:
    """Return every cable's metres between the racks of its two ends."""
    row, column = np.divmod(rack, floor.racks_per_row)
    column = np.where(row % 2, floor.racks_per_row - 1 - column, column)
    a, b = ends.T
    along = np.abs(column[a] - column[b]) * floor.rack_width
    across = np.abs(row[a] - row[b]) * floor.row_pitch
    apart = along + across + 2 * floor.tray + floor.slack
    metres: Floats = np.where(rack[a] == rack[b], floor.in_rack, apart)
    return metres
