"""The nouns of a route: the links of every message, and what these links carry. They know no policy, size or time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Paths:
    """The links of every flow: those of flow f are links[first[f]:first[f + 1]]; a link named twice counts twice."""

    first: Ints
    links: Ints

    @cached_property
    def hops(self) -> Ints:
        """Links per flow."""
        return np.diff(self.first)

    @cached_property
    def flow(self) -> Ints:
        """The flow of every entry of links."""
        return np.repeat(np.arange(len(self.hops)), self.hops)

    def of(self, flows: Ints) -> Paths:
        """Return the paths of some flows, in their order."""
        hops = self.hops[flows]
        first = np.concatenate(([0], np.cumsum(hops)))
        entries = np.arange(first[-1]) + np.repeat(self.first[flows] - first[:-1], hops)
        return Paths(first, self.links[entries])

    def turned(self, count: int) -> Paths:
        """Return for every link of `count` links the flows that cross it."""
        first = np.concatenate(([0], np.cumsum(np.bincount(self.links, minlength=count))))
        return Paths(first, self.flow[np.argsort(self.links, kind="stable")])

    def any(self, flags: Flags) -> Flags:
        """Return for every flow whether one of its links is flagged; every flow must have links."""
        return np.logical_or.reduceat(flags[self.links], self.first[:-1]) if len(self.hops) else np.zeros(0, bool)


@dataclass(frozen=True, eq=False)
class Ways:
    """Messages routed, each over its links: what a simulation of flows needs, whatever the policy.

    paths: entries index the arrays below; one entry is a link, or a bundle of links over which a policy spreads every
    message evenly. capacity: bytes per second of every link or bundle. link: one physical link of it, 2 cable (from the
    lower end up) or 2 cable + 1 (down), to name it by. share: what part of the message an entry carries, None: all of it.
    latency: seconds of the whole way, per message.
    """

    paths: Paths
    capacity: Floats
    link: Ints
    latency: Floats
    share: Floats | None = None

    def trimmed(self) -> Ways:
        """Return the same ways without the links and bundles that no message crosses."""
        used = np.bincount(self.paths.links, minlength=len(self.capacity)) > 0
        number = np.cumsum(used) - 1
        paths = Paths(self.paths.first, number[self.paths.links])
        return Ways(paths, self.capacity[used], self.link[used], self.latency, self.share)
