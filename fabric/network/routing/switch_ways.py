"""Loads of any network whose messages go by shortest ways or by way of other switches, in shares.

It is told shares and prices of links; it chooses none, and knows no size and no speed.

Minimal: all shortest ways alike. Detour: to every other switch with devices, each as often as it has devices, then on to the
target, both by shortest ways (L. G. Valiant, "A scheme for fast parallel communication", SIAM J. Computing 1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from fabric.network.routing.general import General
from fabric.network.routing.policies import Policy
from fabric.network.routing.ways import Flags, Floats, Ints
from topologies.errors import InputError

MOST = 1 << 23
"""Links of one shortest way between all pairs of switches, up to which all their ways are held at once."""


@dataclass(frozen=True, eq=False)
class SwitchWays:
    """The shortest ways between all switches with devices: linear in what goes from switch to switch."""

    general: General

    @cached_property
    def spot(self) -> Ints:
        """The switch of every device, counted among those with devices.

        Raises:
            InputError: a device on several switches, or on a cable to another device.
        """
        graph = self.general.graph
        if (np.diff(graph.groups.indptr) > 1).any() or len(graph.direct[0]):
            raise InputError(
                f"routing: ugal must be where every device hangs on one switch, got {graph.topology.name}; "
                "ideal, spray and ecmp:SEED take any"
            )
        return graph.kind

    def spots(self, devices: Ints) -> Ints:
        """Return the switch of every device, counted among those with devices."""
        return self.spot[devices]

    @property
    def count(self) -> int:
        """How many spots there are."""
        return int(self.general.graph.groups.shape[0])

    @cached_property
    def weight(self) -> Floats:
        """Devices of every spot."""
        return np.bincount(self.spot, minlength=self.count).astype(np.float64)

    @cached_property
    def together(self) -> Flags:
        """Which spots hang together (n, n), but for a spot with itself."""
        part = self.general.graph.component[self._first]
        return np.asarray((part[:, None] == part) & ~np.eye(self.count, dtype=bool))

    @cached_property
    def _first(self) -> Ints:
        return np.unique(self.spot, return_index=True)[1]

    @cached_property
    def _shares(self) -> sparse.csr_array:
        """Per pair of spots (n n) the links of its shortest ways, with the share of a message on each."""
        graph = self.general.graph
        source, target = np.nonzero(self.together)
        total = int(graph.distance[:, graph.groups.indices].clip(0).astype(np.int64).sum()) if len(source) else 0
        if total > MOST:
            raise InputError(
                f"routing: ugal must hold the links of shortest ways between all switches, at most {MOST:,}, got {total:,} at "
                f"least on {graph.topology.name}; dragonfly and dragonfly_plus have no such limit, spray takes shortest ways"
            )
        found = self.general.split_entries(self._first[source], self._first[target], Policy("ideal"))
        ends = graph.topology.ends[found.paths.links // 2]
        between = graph.entry[ends].min(axis=1, initial=0) >= 0 if len(ends) else np.zeros(0, dtype=bool)
        share = np.ones(len(ends)) if found.share is None else found.share
        pair = source[found.paths.flow] * self.count + target[found.paths.flow]
        shape = (self.count**2, 2 * len(graph.topology.ends))
        return sparse.csr_array((share[between], (pair[between], found.paths.links[between])), shape=shape)

    @cached_property
    def _turned(self) -> sparse.csr_array:
        return self._shares.T.tocsr()

    @cached_property
    def through(self) -> Floats:
        """Devices of all spots that a detour between two can go by (n, n)."""
        whole = (self.together | np.eye(self.count, dtype=bool)) @ self.weight
        found = np.where(self.together, whole[:, None] - self.weight[:, None] - self.weight, 0.0)
        return np.asarray(np.maximum(found, 0.0))

    def listed(self, here: Ints, there: Ints, weight: Floats) -> SwitchDemand:
        """Return messages between switches, by their spots."""
        n = self.count
        return SwitchDemand(self, np.bincount(here * n + there, weight, minlength=n * n).reshape(n, n).astype(np.float64))

    def every(self, count: Floats, less: tuple[Ints, Ints]) -> SwitchDemand:
        """Return a message from every device to every other; count: devices of every spot; less: pairs that send none."""
        return SwitchDemand(self, np.outer(count, count) - self.listed(*less, np.ones(len(less[0]))).whole)

    def loads(self, sent: Floats) -> Floats:
        """Return the crossings of every link by what goes minimally from spot to spot."""
        return np.asarray(self._turned @ sent.ravel())

    def prices(self, price: Floats) -> tuple[Floats, Floats]:
        """Return what a message costs from spot to spot (n, n) at these prices, minimally and by detour."""
        near = np.asarray(self._shares @ price).reshape(self.count, self.count)
        away, home = near @ self.weight, self.weight @ near
        far = away[:, None] - near * self.weight + home - near * self.weight[:, None]
        return near, np.divide(far, self.through, out=np.zeros_like(near), where=self.through > 0)


@dataclass(frozen=True, eq=False)
class SwitchDemand:
    """Messages on such a network. Commodities: all from spot to spot."""

    ways: SwitchWays
    whole: Floats

    @property
    def amount(self) -> Floats:
        """Messages of every commodity."""
        return (self.whole * self.ways.together).ravel()

    @property
    def low(self) -> Floats:
        """The least share that must take a detour: none."""
        return np.zeros(self.whole.size)

    @property
    def high(self) -> Floats:
        """The most that can: nothing where there is no detour, or no message."""
        return ((self.ways.through > 0) & (self.whole > 0)).ravel().astype(np.float64)

    def loads(self, share: Floats) -> Floats:
        """Return the crossings of every link under these shares of detours."""
        ways, n = self.ways, self.ways.count
        whole = self.whole * ways.together
        far = whole * share.reshape(n, n)
        aside = np.divide(far, ways.through, out=np.zeros_like(far), where=ways.through > 0)
        away = (aside.sum(axis=1)[:, None] - aside) * ways.weight
        home = (aside.sum(axis=0) - aside) * ways.weight[:, None]
        return ways.loads(whole - far + (away + home) * ways.together)

    def costs(self, price: Floats) -> tuple[Floats, Floats]:
        """Return what all messages of every commodity cost at these prices, minimally and by detour."""
        near, far = self.ways.prices(price)
        whole = self.whole * self.ways.together
        return (whole * near).ravel(), (whole * far).ravel()

    def each(self, price: Floats, share: Floats, here: Ints, there: Ints) -> Floats:
        """Return what every message costs on average over its ways, by its spots, at these prices."""
        near, far = self.ways.prices(price)
        part = share.reshape(near.shape)
        return np.asarray(((1 - part) * near + part * far)[here, there])
