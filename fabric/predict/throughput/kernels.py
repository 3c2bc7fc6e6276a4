"""The kernel of the multiplicative weights: one phase over all sources, in numba. It decides nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@njit(cache=True)  # type: ignore[untyped-decorator]
def nearest(first: Ints, head: Ints, length: Floats, source: int, state: Any) -> int:
    """Fill distance, arc into and order of every vertex from the source (Dijkstra, binary heap); return how many reached."""
    distance, into, order, heap, place = state
    distance[:] = np.inf
    place[:] = -1
    distance[source], into[source] = 0.0, -1
    heap[0], place[source] = source, 0
    size, reached = 1, 0
    while size > 0:
        vertex = heap[0]
        place[vertex] = -2
        order[reached] = vertex
        reached += 1
        size -= 1
        if size > 0:
            _sink(heap, place, distance, size)
        for arc in range(first[vertex], first[vertex + 1]):
            other = head[arc]
            through = distance[vertex] + length[arc]
            if through < distance[other] and place[other] != -2:
                distance[other], into[other] = through, arc
                if place[other] < 0:
                    place[other] = size
                    size += 1
                _rise(heap, place, distance, place[other], other)
    return reached


@njit(cache=True)  # type: ignore[untyped-decorator]
def _sink(heap: Ints, place: Ints, distance: Floats, size: int) -> None:
    """Put the last entry at the root and let it sink."""
    vertex, at = heap[size], 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and distance[heap[child + 1]] < distance[heap[child]]:
            child += 1
        if distance[heap[child]] >= distance[vertex]:
            break
        heap[at] = heap[child]
        place[heap[at]] = at
        at = child
    heap[at], place[vertex] = vertex, at


@njit(cache=True)  # type: ignore[untyped-decorator]
def _rise(heap: Ints, place: Ints, distance: Floats, at: int, vertex: int) -> None:
    """Let an entry rise from its place."""
    while at > 0:
        parent = (at - 1) // 2
        if distance[heap[parent]] <= distance[vertex]:
            break
        heap[at] = heap[parent]
        place[heap[at]] = at
        at = parent
    heap[at], place[vertex] = vertex, at


@njit(cache=True)  # type: ignore[untyped-decorator]
def phase(
    first: Ints,
    tail: Ints,
    head: Ints,
    capacity: Floats,
    length: Floats,
    load: Floats,
    sources: Ints,
    rows: Floats,
    step: float,
) -> float:
    """Send all demand once, source by source over its shortest tree, lengthening arcs as they fill; return demand x length.

    rows: (sources, vertices). load and length change. An arc that carries f gets exp(step f / capacity) times as long.
    Returns infinity where a demand has no way.
    """
    count = len(first) - 1
    state = (
        np.empty(count),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
    )
    distance, into, order = state[0], state[1], state[2]
    total = 0.0
    for index in range(len(sources)):
        reached = nearest(first, head, length, sources[index], state)
        flow = rows[index].copy()
        for vertex in range(count):
            if flow[vertex] > 0:
                total += flow[vertex] * distance[vertex]
        for position in range(reached - 1, 0, -1):
            vertex = order[position]
            arc = into[vertex]
            if flow[vertex] > 0:
                load[arc] += flow[vertex]
                length[arc] *= np.exp(step * flow[vertex] / capacity[arc])
                flow[tail[arc]] += flow[vertex]
    return total
