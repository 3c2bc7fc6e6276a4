"""A graph of work under way: stretches of fixed length and messages over shared links, each after others. It knows no step.

What it holds becomes one case of the flow engine (predict/flows/given.py): a stretch is a flow without bytes over a link of its
latency; a message crosses the fabric's links and, where a library moves its bytes slower than they could, a link of that use.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from fabric.network.routing.ways import Floats, Ints, Paths, Ways
from fabric.predict.flows.given import FlowCase, finish_times
from fabric.predict.flows.programs import Phase

FREE = 1e30
"""Bytes per second of a link that never limits."""


class Graph:
    """Flows and what each comes after, while they are put together. Flows are numbered from 0 in the order they are added."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._capacity, self._latency = list[float](), list[float]()
        self._own: dict[Hashable, int] = {}
        self._known: dict[tuple[str, int], tuple[Phase, tuple[Ints, Ints, Floats, Floats]]] = {}
        self._size, self._links, self._hops, self._share = (list[NDArray[np.float64]]() for _ in range(4))
        self._after: list[tuple[Ints, Ints]] = []
        self.flows = 0

    def stretches(self, seconds: float, *after: Ints) -> Ints:
        """Add stretches of so many seconds, the n-th after the n-th flow of every list; return their numbers."""
        count, link = len(after[0]), self._link(("stretch", seconds), FREE, seconds)
        numbers = self._add(np.zeros(count), np.full(count, link), np.ones(count), np.ones(count))
        for leaders in after:
            self._comes_after(numbers, leaders)
        return numbers

    def joins(self, count: int, which: Ints, after: Ints) -> Ints:
        """Add flows that end when others have: flow which[i] of them after flow after[i]; return their numbers."""
        numbers = self._add(np.zeros(count), np.zeros(0), np.zeros(count), np.zeros(0))
        self._comes_after(numbers[which], after)
        return numbers

    def messages(self, use: str, phase: Phase, after: Ints) -> Ints:
        """Add a phase's messages, message i after flow after[i]; return their numbers. use: whose own links limit them."""
        links, hops, share, sizes = self._ways(use, phase)
        numbers = self._add(sizes, links, hops, share)
        self._comes_after(numbers, after)
        return numbers

    def _ways(self, use: str, phase: Phase) -> tuple[Ints, Ints, Floats, Floats]:
        """Return links, links per message, shares and bytes of messages: a wait, links shared with all, links of the use.

        A shared link is as fast as the fastest use of it; ways name bundles of links by one of them.
        """
        key = (use, id(phase))
        if key in self._known:
            return self._known[key][1]
        ways, count = phase.ways, len(phase.source)
        wait = np.array([self._link(("wait", float(s)), FREE, float(s)) for s in np.broadcast_to(phase.delay, count)])
        pairs = list(zip(ways.link.tolist(), ways.capacity.tolist(), strict=True))
        shared = np.array([self._shared(link, speed) for link, speed in pairs], dtype=np.int64)
        own = np.array([self._link((use, link, speed), speed) for link, speed in pairs], dtype=np.int64)
        entries = np.concatenate([wait, shared[ways.paths.links], own[ways.paths.links]])
        flow = np.concatenate([np.arange(count), ways.paths.flow, ways.paths.flow])
        share = np.ones(len(ways.paths.links)) if ways.share is None else ways.share
        shares, order = np.concatenate([np.ones(count), share, share]), np.argsort(flow, kind="stable")
        sizes = np.broadcast_to(np.asarray(phase.nbytes, dtype=np.float64), count)
        found = entries[order].astype(np.int64), np.bincount(flow, minlength=count), shares[order], sizes
        self._known[key] = phase, found
        return found

    def phases(self, use: str, phases: Sequence[Phase], ranks: int, entry: Ints) -> Ints:
        """Add a collective's phases, rank r beginning after flow entry[r]; return for every rank the flow that ends it.

        A rank starts a repeat when all its sends and receives of the one before are done.
        """
        for phase in phases:
            for repeat in range(phase.repeats):
                entry = self._repeat(use, phase, repeat, ranks, entry)
        return entry

    def finish(self) -> Floats:
        """Return when every flow ends, in seconds from the start of the first."""
        followers, leaders = (np.concatenate([np.zeros(0, np.int64), *(pair[k] for pair in self._after)]) for k in (0, 1))
        order = np.argsort(followers, kind="stable")
        first = np.concatenate(([0], np.cumsum(np.bincount(followers, minlength=self.flows))))
        hops, links = _joined(self._hops).astype(np.int64), _joined(self._links).astype(np.int64)
        case = FlowCase(
            name="step",
            capacity=np.array(self._capacity),
            latency=np.array(self._latency),
            paths=Paths(np.concatenate(([0], np.cumsum(hops))), links),
            size=_joined(self._size),
            start=np.zeros(self.flows),
            after=Paths(first, leaders[order]),
            share=_joined(self._share),
        )
        return finish_times(case)

    def _repeat(self, use: str, phase: Phase, repeat: int, ranks: int, entry: Ints) -> Ints:
        chosen = phase if phase.active is None else some_of(phase, np.flatnonzero(phase.active(repeat)))
        numbers = self.messages(use, chosen, entry[chosen.source])
        touched = np.concatenate([chosen.source, chosen.target])
        by_rank = np.concatenate([numbers, numbers])
        joins = self._add(np.zeros(ranks), np.zeros(0), np.zeros(ranks), np.zeros(0))
        self._comes_after(joins[touched], by_rank)
        self._comes_after(joins, entry)
        return joins

    def _link(self, key: Hashable, capacity: float, latency: float = 0.0) -> int:
        """Return the number of a link of its own."""
        if key not in self._own:
            self._own[key] = len(self._capacity)
            self._capacity.append(capacity)
            self._latency.append(latency)
        return self._own[key]

    def _shared(self, link: int, speed: float) -> int:
        number = self._link(("link", link), speed)
        self._capacity[number] = max(self._capacity[number], speed)
        return number

    def _add(self, size: Floats, links: NDArray[np.generic], hops: NDArray[np.generic], share: Floats) -> Ints:
        self._size.append(np.asarray(size, dtype=np.float64))
        self._links.append(np.asarray(links, dtype=np.float64))
        self._hops.append(np.asarray(hops, dtype=np.float64))
        self._share.append(np.asarray(share, dtype=np.float64))
        self.flows += len(size)
        return np.arange(self.flows - len(size), self.flows)

    def _comes_after(self, followers: Ints, leaders: Ints) -> None:
        self._after.append((np.asarray(followers, dtype=np.int64), np.asarray(leaders, dtype=np.int64)))


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.concatenate([np.zeros(0), *parts])


def some_of(phase: Phase, kept: Ints) -> Phase:
    """Return a phase with some of its messages, in the order named."""
    ways = phase.ways
    paths = ways.paths.of(kept)
    entries = np.concatenate([np.arange(ways.paths.first[k], ways.paths.first[k + 1]) for k in kept] or [np.zeros(0, np.int64)])
    share = None if ways.share is None else ways.share[entries]
    some = Ways(paths, ways.capacity, ways.link, ways.latency[kept], share)
    nbytes, fixed = (x[kept] if np.ndim(x) else x for x in (np.asarray(phase.nbytes), np.asarray(phase.fixed)))
    return Phase(phase.source[kept], phase.target[kept], some, nbytes, fixed)
