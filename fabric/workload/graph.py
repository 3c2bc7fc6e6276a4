"""A graph of work under way: stretches of fixed length and messages over shared links, each after others. It knows no step.

What it holds becomes one case of the flow engine (predict/flows/given.py): a stretch is a flow without bytes over a link of its
latency; a message crosses the links that all share and, where a library moves its bytes slower than they could, those of its
use. One flow stands for all that are alike (alike.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fabric.network.routing.ways import Floats, Ints, Paths
from fabric.predict.flows.given import FlowCase, finish_times
from fabric.workload.alike import Lanes

FREE = 1e30
"""Bytes per second of a link that never limits."""


class Graph:
    """Flows and what each comes after, while they are put together. Flows are numbered from 0 in the order they are added."""

    def __init__(self, capacity: Sequence[float] | Floats = ()) -> None:
        """Start with no flow. capacity: bytes per second of the links that messages cross."""
        self._capacity, self._latency = [float(speed) for speed in capacity], [0.0] * len(capacity)
        self._waits: dict[float, int] = {}
        self._known: dict[int, tuple[Lanes, tuple[Ints, Ints, Floats]]] = {}
        self._size, self._links, self._hops, self._share = (list[NDArray[np.float64]]() for _ in range(4))
        self._after: list[tuple[Ints, Ints]] = []
        self.flows = 0

    def stretches(self, seconds: float, *after: Ints) -> Ints:
        """Add stretches of so many seconds, the n-th after the n-th flow of every list; return their numbers."""
        count, link = len(after[0]), self._wait(seconds)
        numbers = self._add(np.zeros(count), np.full(count, link), np.ones(count), np.ones(count))
        for leaders in after:
            self._comes_after(numbers, leaders)
        return numbers

    def joins(self, count: int, which: Ints, after: Ints) -> Ints:
        """Add flows that end when others have: flow which[i] of them after flow after[i]; return their numbers."""
        numbers = self._add(np.zeros(count), np.zeros(0), np.zeros(count), np.zeros(0))
        self._comes_after(numbers[which], after)
        return numbers

    def messages(self, lanes: Lanes, after: Ints) -> Ints:
        """Add messages, message i after flow after[i]; return their numbers."""
        links, hops, share = self._ways(lanes)
        numbers = self._add(lanes.nbytes, links, hops, share)
        self._comes_after(numbers, after)
        return numbers

    def rounds(self, exchanges: Sequence[Lanes], entry: Ints) -> Ints:
        """Add a collective's exchanges, ranks of class r beginning after flow entry[r]; return the flows that end them.

        A rank starts an exchange when all its sends and receives of the one before are done.
        """
        for lanes in exchanges:
            numbers = self.messages(lanes, entry[lanes.source])
            joins = self._add(np.zeros(len(entry)), np.zeros(0), np.zeros(len(entry)), np.zeros(0))
            self._comes_after(joins[lanes.touched[0]], numbers[lanes.touched[1]])
            self._comes_after(joins, entry)
            entry = joins
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

    def _ways(self, lanes: Lanes) -> tuple[Ints, Ints, Floats]:
        """Return links, links per message and shares: a wait, and the links crossed."""
        if id(lanes) not in self._known:
            waits = np.array([self._wait(float(seconds)) for seconds in lanes.delay], dtype=np.int64)
            starts = np.cumsum(lanes.hops) - lanes.hops
            found = np.insert(lanes.links, starts, waits), lanes.hops + 1, np.insert(lanes.share, starts, 1.0)
            self._known[id(lanes)] = lanes, found
        return self._known[id(lanes)][1]

    def _wait(self, seconds: float) -> int:
        """Return the number of a link that never limits and takes so many seconds."""
        if seconds not in self._waits:
            self._waits[seconds] = len(self._capacity)
            self._capacity.append(FREE)
            self._latency.append(seconds)
        return self._waits[seconds]

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
