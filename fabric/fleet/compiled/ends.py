"""The heap of ends, rows of (end, job, slot), in numba; every slot knows its place in it. It knows nothing else."""

from __future__ import annotations

from fabric.fleet.compiled.inner import inner
from fabric.fleet.compiled.layout import AT, END, HEAP, JOB


@inner
def earlier(heap, a, b):  # type: ignore[no-untyped-def]
    """Return whether row a ends before row b, or with it under a lower job."""
    return heap[a, 0] < heap[b, 0] or (heap[a, 0] == heap[b, 0] and heap[a, 1] < heap[b, 1])


@inner
def _set(slots, heap, place, end, job, slot):  # type: ignore[no-untyped-def]
    heap[place, 0], heap[place, 1], heap[place, 2] = end, job, slot
    slots[slot, AT] = place


@inner
def up(slots, heap, place):  # type: ignore[no-untyped-def]
    """Move a row towards the top as far as it goes; return where it stands."""
    end, job, slot = heap[place, 0], heap[place, 1], heap[place, 2]
    while place:
        parent = (place - 1) >> 1
        if heap[parent, 0] < end or (heap[parent, 0] == end and heap[parent, 1] < job):
            break
        _set(slots, heap, place, heap[parent, 0], heap[parent, 1], heap[parent, 2])
        place = parent
    _set(slots, heap, place, end, job, slot)
    return place


@inner
def down(slots, heap, place, count):  # type: ignore[no-untyped-def]
    """Move a row away from the top as far as it goes."""
    end, job, slot = heap[place, 0], heap[place, 1], heap[place, 2]
    while True:
        child = 2 * place + 1
        if child >= count:
            break
        if child + 1 < count and earlier(heap, child + 1, child):
            child += 1
        if end < heap[child, 0] or (end == heap[child, 0] and job < heap[child, 1]):
            break
        _set(slots, heap, place, heap[child, 0], heap[child, 1], heap[child, 2])
        place = child
    _set(slots, heap, place, end, job, slot)


@inner
def put(slots, heap, state, slot):  # type: ignore[no-untyped-def]
    """Put a slot in, or move it where it belongs after its end has changed."""
    place = slots[slot, AT]
    if place < 0:
        place = state[HEAP]
        state[HEAP] += 1
    _set(slots, heap, place, slots[slot, END], slots[slot, JOB], slot)
    down(slots, heap, up(slots, heap, place), state[HEAP])


@inner
def drop(slots, heap, state, slot):  # type: ignore[no-untyped-def]
    """Take a slot out, if it is in."""
    place = slots[slot, AT]
    if place < 0:
        return
    state[HEAP] -= 1
    last = state[HEAP]
    slots[slot, AT] = -1
    if last != place:
        _set(slots, heap, place, heap[last, 0], heap[last, 1], heap[last, 2])
        down(slots, heap, up(slots, heap, place), state[HEAP])
