"""The heap of ends, by (end, job), in numba; every slot knows its place in it. It knows nothing else."""

from __future__ import annotations

from fabric.fleet.compiled.inner import inner
from fabric.fleet.compiled.layout import AT, END, HEAP, JOB


@inner
def earlier(slots, a, b):  # type: ignore[no-untyped-def]
    """Return whether slot a ends before slot b, or with it under a lower job."""
    return slots[a, END] < slots[b, END] or (slots[a, END] == slots[b, END] and slots[a, JOB] < slots[b, JOB])


@inner
def up(slots, heap, place):  # type: ignore[no-untyped-def]
    """Move a slot towards the top as far as it goes; return where it stands."""
    slot = heap[place]
    while place:
        parent = (place - 1) >> 1
        if not earlier(slots, slot, heap[parent]):
            break
        heap[place] = heap[parent]
        slots[heap[place], AT] = place
        place = parent
    heap[place] = slot
    slots[slot, AT] = place
    return place


@inner
def down(slots, heap, place, count):  # type: ignore[no-untyped-def]
    """Move a slot away from the top as far as it goes."""
    slot = heap[place]
    while True:
        child = 2 * place + 1
        if child >= count:
            break
        if child + 1 < count and earlier(slots, heap[child + 1], heap[child]):
            child += 1
        if not earlier(slots, heap[child], slot):
            break
        heap[place] = heap[child]
        slots[heap[place], AT] = place
        place = child
    heap[place] = slot
    slots[slot, AT] = place


@inner
def put(slots, heap, state, slot):  # type: ignore[no-untyped-def]
    """Put a slot in, or move it where it belongs after its end has changed."""
    place = slots[slot, AT]
    if place < 0:
        place = state[HEAP]
        heap[place] = slot
        state[HEAP] += 1
    down(slots, heap, up(slots, heap, place), state[HEAP])


@inner
def drop(slots, heap, state, slot):  # type: ignore[no-untyped-def]
    """Take a slot out, if it is in."""
    place = slots[slot, AT]
    if place < 0:
        return
    state[HEAP] -= 1
    last = heap[state[HEAP]]
    slots[slot, AT] = -1
    if last != slot:
        heap[place] = last
        down(slots, heap, up(slots, heap, place), state[HEAP])
