"""Which links a test loads where the network sends each message one way, by the fabric's own routing. It measures no time.

Messages that are split evenly over all ways fill what leads out of a group evenly, and plan.filled() needs no routing for that.
Where every message takes one way, some of these cables carry two and others none: a healthy test is slower, and shows what is
slow only if it is among the cables that it fills.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from fabric.network.routing.route import route

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NEARLY = 0.95
"""Of the fullest cable's load: so full a cable shows what the fullest would."""
MOST_TURNS = 64
"""Rings of all nodes, each to the one that is so many further, of which a cable that carries anything is in use."""


@dataclass(frozen=True, eq=False)
class Ways:
    """A fabric with its policy. devices: of every node, rail by rail."""

    fabric: Fabric
    policy: str
    devices: tuple[tuple[int, ...], ...]

    @cached_property
    def switches(self) -> tuple[int, ...]:
        """The switch that the first device of every node hangs on."""
        topology = self.fabric.topology
        up = {int(low): int(high) for low, high in topology.ends[topology.is_cable].tolist() if low < topology.devices}
        return tuple(up.get(own[0], -1) for own in self.devices)

    def loads(
        self, tails: Sequence[int], heads: Sequence[int], rail: int | None = None, without: Collection[int] = ()
    ) -> Floats:
        """Return how full every cable is where these nodes send to those at once: of its speed over a node's own link's.

        Of both directions the fuller.
        """
        rails = [r for r in range(max(map(len, self.devices))) if r not in without] if rail is None else [rail]
        pairs = [
            (self.devices[a][r], self.devices[b][r])
            for a, b in zip(tails, heads, strict=True)
            for r in rails
            if r < min(len(self.devices[a]), len(self.devices[b]))
        ]
        source, target = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
        carried = route(self.fabric.topology, source, target, self.policy, each=False).per_link
        full = carried * self.fabric.nic_speed / self.fabric.link_speed
        return np.asarray(np.maximum(full[::2], full[1::2]))

    @cached_property
    def used(self) -> NDArray[np.bool_]:
        """Which cables any message takes."""
        nodes = np.arange(len(self.devices))
        turns = range(1, min(len(nodes), MOST_TURNS + 1))
        return np.asarray(np.any([self.loads(nodes.tolist(), np.roll(nodes, -turn).tolist()) > 0 for turn in turns], axis=0))

    def filled(self, full: Floats, leads: Ints) -> tuple[float, float]:
        """Return how full the fullest of some cables is, and the share of those in use that is as full.

        full: of every cable, as loads() gives.
        """
        most = float(full[leads].max())
        inside = leads[self.used[leads]]
        return most, float((full[inside] >= NEARLY * most).mean()) if most and len(inside) else 0.0
