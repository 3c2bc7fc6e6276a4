"""Which nodes have room for a part of a job, or when, and how it would fragment them, kept from one question to the next.

Only nodes that changed since the last question about a part are looked at again: with processors, memory and shares most
nodes differ, and a queue asks for the same few parts over and over. It decides nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import add
from typing import TYPE_CHECKING

from fabric.fleet.fragments import Part, covers
from fabric.fleet.job import WHOLE

if TYPE_CHECKING:
    from fabric.fleet.plain_state import State

NOT = (-1, -1)
"""A node that has room already, or has none even when all that runs there is over."""


class Kept:
    """What is known of one part in one pool: the nodes that have room for it in order, growth and release where asked for."""

    __slots__ = ("growth", "nodes", "release", "seen")

    def __init__(self, nodes: list[int], seen: int) -> None:
        """Start with the nodes that have room after `seen` changes of the pool."""
        self.nodes, self.seen = nodes, seen
        self.growth: dict[int, int] = {}
        self.release: dict[int, tuple[int, int]] = {}


class Rooms:
    """Per pool the nodes that changed, in order, and per part what is known up to which change."""

    def __init__(self, state: State) -> None:
        """Know nothing yet."""
        self.state = state
        self.pool = state.ready.fleet.node_pool.tolist()
        self.first = state.ready.pool_first.tolist()
        self.changes: list[list[int]] = [[] for _ in self.first[1:]]
        self.known: list[dict[Part, Kept]] = [{} for _ in self.first[1:]]

    def changed(self, node: int) -> None:
        """Note that something of a node was taken or given back."""
        self.changes[self.pool[node]].append(node)

    def fitting(self, pool: int, part: Part) -> list[int]:
        """Return the nodes of a pool that have room for a part of a job, in order; the caller leaves the list as it is."""
        return self._now(pool, part).nodes

    def growth(self, pool: int, part: Part) -> list[tuple[int, int]]:
        """Return (how much more fragmented it would be, node) for the nodes that have room for a part of a job."""
        kept, of = self._now(pool, part), self.state.fragments.growth
        known = kept.growth
        for node in kept.nodes:
            if node not in known:
                known[node] = of(node, part)
        return [(known[node], node) for node in kept.nodes]

    def releases(self, pool: int, part: Part) -> list[tuple[int, int]]:
        """Return (end, job) of the runs after which one node each comes to have room for a part of a job, the first first."""
        known = self._now(pool, part).release
        for node in range(self.first[pool], self.first[pool + 1]):
            if node not in known:
                known[node] = self._release(node, part)
        return sorted(end for end in known.values() if end != NOT)

    def _release(self, node: int, part: Part) -> tuple[int, int]:
        """Return (end, job) of the run of a node after which it has room for a part of a job: in sum, whatever its shares."""
        each, share, asks = part
        state = self.state
        room, left = state.room(node), () if state.beside is None else tuple(state.beside[node])
        if room >= each * share and covers(left, asks):
            return NOT
        for run in sorted(state.on[node].values(), key=lambda run: (run.end, run.job)):
            room += run.each * state.share[run.job]
            left = tuple(map(add, left, state.asks(run.pool, run.job)))
            if room >= each * share and covers(left, asks):
                return run.end, run.job
        return NOT

    def _now(self, pool: int, part: Part) -> Kept:
        changes, kept = self.changes[pool], self.known[pool].get(part)
        if kept is None:
            nodes = [node for node in range(self.first[pool], self.first[pool + 1]) if self._has(node, part)]
            kept = self.known[pool][part] = Kept(nodes, len(changes))
        elif kept.seen < len(changes):
            for node in set(changes[kept.seen :]):
                self._again(kept, node, part)
            kept.seen = len(changes)
        return kept

    def _again(self, kept: Kept, node: int, part: Part) -> None:
        """Look at a node again that changed."""
        kept.growth.pop(node, None)
        kept.release.pop(node, None)
        at = bisect_left(kept.nodes, node)
        there = at < len(kept.nodes) and kept.nodes[at] == node
        if there and not self._has(node, part):
            del kept.nodes[at]
        elif not there and self._has(node, part):
            kept.nodes.insert(at, node)

    def _has(self, node: int, part: Part) -> bool:
        """Return whether a node has room for a part of a job: devices, or a share of one, processors and memory."""
        each, share, asks = part
        free, state = self.state.free[node], self.state
        whole = free >= (each if share == WHOLE else 1)
        devices = whole or (share < WHOLE and any(rest >= share for rest in state.parts[node].values()))
        return devices and (state.beside is None or covers(state.beside[node], asks))
