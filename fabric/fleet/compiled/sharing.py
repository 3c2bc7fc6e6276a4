"""Shared links in numba: spans (jobs over several groups) on links, and max-min rates solved as far as a change reaches.

What is solved again, exactly: jobs that are frozen below every touched link's level, before and after, keep their rate, since
filling goes the same way up to there; of the rest those that overloaded links join to a touched one. It knows no queue.
"""

from __future__ import annotations

import numpy as np

from fabric.fleet.compiled.ends import put
from fabric.fleet.compiled.inner import inner
from fabric.fleet.compiled.layout import (
    ALONE,
    COMM,
    DIRTY,
    END,
    FRESH,
    LEFT,
    RATE,
    SINCE,
    SPAN,
    SPANS,
    SPEED,
    TOUCHED,
)  # fmt: skip
from fabric.fleet.compiled.places import crossing, whole_load, widen
from fabric.fleet.outcome import FULL
from fabric.fleet.ready import NEVER

UNSET = 1 << 40
"""The rate of a job that has just started: above all others, so that it is solved."""
LINK_BITS = 24
"""Of a heap's key that hold the link."""


@inner
def speed_of(rate, communication):  # type: ignore[no-untyped-def]
    """Return a job's speed of FULL where its communication gets `rate` of FULL."""
    return FULL * 1000 * rate // ((1000 - communication) * rate + communication * FULL)


@inner
def touch(net, state, link):  # type: ignore[no-untyped-def]
    """Note that what a link is asked for has changed."""
    if not net.is_touched[link]:
        net.is_touched[link] = True
        net.touched[state[TOUCHED]] = link
        state[TOUCHED] += 1


@inner
def join(question, rooms, net, line, slot, pool, each, count):  # type: ignore[no-untyped-def]
    """Put a job, whose nodes per leaf are in rooms.take, on the links that it crosses; return whether it crosses any."""
    slots, state = line.slots, line.state
    silent = slots[slot, COMM]
    if silent == 0:
        return False
    whole, span, length, alone = whole_load(question, pool, each, silent), -1, 0, FULL
    for tier in range(len(question.groups)):
        if widen(question, rooms, tier) == 1:
            break
        if span < 0:
            span = state[SPANS]
            state[SPANS] += 1
        for group in range(question.groups[tier]):
            if rooms.allot[group]:
                link = question.link_first[tier] + group
                load = crossing(question, whole, rooms.allot[group], count)
                net.links[span, length], net.loads[span, length] = link, load
                place = net.length[link]
                net.where[span, length] = place
                net.listed[net.base[link] + place] = span
                net.length[link] = place + 1
                net.load[link] += load
                alone = min(alone, (net.capacity[link] << 18) // load)
                touch(net, state, link)
                length += 1
    if span < 0:
        return False
    net.span_slot[span], net.span_links[span] = slot, length
    slots[slot, SPAN], slots[slot, RATE] = span, UNSET
    slots[slot, ALONE] = speed_of(max(alone, 1), silent)
    net.fresh[state[FRESH]] = slot
    state[FRESH] += 1
    return True


@inner
def leave(net, line, slot):  # type: ignore[no-untyped-def]
    """Take a job off its links; the last span takes its number."""
    slots, state = line.slots, line.state
    span = slots[slot, SPAN]
    if span < 0:
        return
    for k in range(net.span_links[span]):
        link = net.links[span, k]
        net.load[link] -= net.loads[span, k]
        net.length[link] -= 1
        last = net.listed[net.base[link] + net.length[link]]
        if last != span:
            net.listed[net.base[link] + net.where[span, k]] = last
            net.where[last, _index(net, last, link)] = net.where[span, k]
        touch(net, state, link)
    slots[slot, SPAN] = -1
    state[SPANS] -= 1
    moved = state[SPANS]
    if moved != span:
        _renumber(net, moved, span)
        slots[net.span_slot[span], SPAN] = span


@inner
def _index(net, span, link):  # type: ignore[no-untyped-def]
    """Return where a link stands among a span's, which are in order."""
    low, high = 0, net.span_links[span]
    while high - low > 1:
        middle = (low + high) >> 1
        if net.links[span, middle] <= link:
            low = middle
        else:
            high = middle
    return low


@inner
def _renumber(net, old, new):  # type: ignore[no-untyped-def]
    net.span_slot[new], net.span_links[new] = net.span_slot[old], net.span_links[old]
    for k in range(net.span_links[old]):
        net.links[new, k], net.loads[new, k], net.where[new, k] = net.links[old, k], net.loads[old, k], net.where[old, k]
        net.listed[net.base[net.links[old, k]] + net.where[old, k]] = new


@inner
def settle(net, line, now):  # type: ignore[no-untyped-def]
    """Set the rates and speeds of all jobs that a change of this instant reaches."""
    state = line.state
    if state[TOUCHED] == 0:
        return
    threshold = _threshold(net, line)
    links, spans = _reach(net, line, threshold)
    _fill(net, line, links, spans)
    for number in range(spans):
        _set_speed(line, net.span_slot[net.found_spans[number]], now)
        net.seen_span[net.found_spans[number]] = 0
    for number in range(links):
        net.seen_link[net.found_links[number]] = 0
    for number in range(state[TOUCHED]):
        link = net.touched[number]
        net.is_touched[link] = False
        net.over[link] = net.load[link] > net.capacity[link]
        if not net.over[link]:
            net.level[link] = FULL
    state[TOUCHED] = state[FRESH] = 0
    state[DIRTY] = 1  # ends have moved, and with them the time kept for the first in the queue


@inner
def _threshold(net, line):  # type: ignore[no-untyped-def]
    """Return a level below which filling goes as it went: no touched link is full there, neither before nor now.

    Each round takes what jobs frozen below the level found so far carry off the touched links, which can only raise it.
    """
    state, slots = line.state, line.slots
    bound, found = np.int64(FULL), np.int64(0)
    for number in range(state[TOUCHED]):
        link = net.touched[number]
        if net.over[link]:
            bound = min(bound, net.level[link])
    for _round in range(4):
        level = bound
        for number in range(state[TOUCHED]):
            link = net.touched[number]
            if net.load[link] > net.capacity[link]:
                room, asked = net.capacity[link] << 18, net.load[link]
                for place in range(net.base[link], net.base[link] + net.length[link]):
                    span = net.listed[place]
                    rate = slots[net.span_slot[span], RATE]
                    if rate < found:
                        load = net.loads[span, _index(net, span, link)]
                        room -= load * rate
                        asked -= load
                if asked:
                    level = min(level, room // asked)
        if level <= found:
            break
        found = level
    return found


@inner
def _reach(net, line, threshold):  # type: ignore[no-untyped-def]  # noqa: C901  # one search, from links to spans and back
    """Collect the overloaded links and the spans that a change reaches; return how many of each."""
    state, slots = line.state, line.slots
    links = spans = 0
    for number in range(state[FRESH]):
        span = slots[net.fresh[number], SPAN]
        if span >= 0 and not net.seen_span[span]:
            net.seen_span[span] = 1
            net.found_spans[spans] = span
            spans += 1
    for number in range(state[TOUCHED]):
        link = net.touched[number]
        if net.over[link] or net.load[link] > net.capacity[link]:
            net.seen_link[link] = 1
            net.found_links[links] = link
            links += 1
    link_at = span_at = 0
    while link_at < links or span_at < spans:
        while link_at < links:
            link = net.found_links[link_at]
            link_at += 1
            for place in range(net.base[link], net.base[link] + net.length[link]):
                span = net.listed[place]
                if not net.seen_span[span] and slots[net.span_slot[span], RATE] >= threshold:
                    net.seen_span[span] = 1
                    net.found_spans[spans] = span
                    spans += 1
        while span_at < spans:
            span = net.found_spans[span_at]
            span_at += 1
            for k in range(net.span_links[span]):
                link = net.links[span, k]
                if not net.seen_link[link] and net.load[link] > net.capacity[link]:
                    net.seen_link[link] = 1
                    net.found_links[links] = link
                    links += 1
    return links, spans


@inner
def _fill(net, line, links, spans):  # type: ignore[no-untyped-def]  # noqa: C901  # one filling
    """Fill the links found: the lowest (level, link) first, its spans frozen at its level."""
    slots = line.slots
    for number in range(links):
        link = net.found_links[number]
        net.room[link], net.asked[link] = net.capacity[link] << 18, 0
        for place in range(net.base[link], net.base[link] + net.length[link]):
            span = net.listed[place]
            load = net.loads[span, _index(net, span, link)]
            if net.seen_span[span]:
                net.asked[link] += load
            else:
                net.room[link] -= load * slots[net.span_slot[span], RATE]
    for number in range(spans):
        slots[net.span_slot[net.found_spans[number]], RATE] = UNSET
    count = 0
    for number in range(links):
        link = net.found_links[number]
        if net.load[link] > net.capacity[link] and net.asked[link]:
            count = _push(net.heap, count, _key(net, link))
        net.level[link] = FULL if net.asked[link] else net.level[link]
    while count:
        top = net.heap[0]
        link = top & ((1 << LINK_BITS) - 1)
        count = _pop(net.heap, count)
        if net.asked[link] == 0:
            continue
        key = _key(net, link)
        if key > top and count and key > net.heap[0]:
            count = _push(net.heap, count, key)
            continue
        _freeze(net, slots, link, max(key >> LINK_BITS, 1))
    for number in range(spans):
        slot = net.span_slot[net.found_spans[number]]
        slots[slot, RATE] = min(slots[slot, RATE], FULL)


@inner
def _key(net, link):  # type: ignore[no-untyped-def]
    """Return a link's level, at most FULL, with its number below."""
    return (min(net.room[link] // net.asked[link], FULL) << LINK_BITS) | link


@inner
def _freeze(net, slots, link, level):  # type: ignore[no-untyped-def]
    """Keep the spans that still rise on a link at its level, and take what they carry off their other links."""
    net.level[link] = level
    for place in range(net.base[link], net.base[link] + net.length[link]):
        span = net.listed[place]
        slot = net.span_slot[span]
        if slots[slot, RATE] == UNSET:
            slots[slot, RATE] = level
            for k in range(net.span_links[span]):
                other = net.links[span, k]
                if net.seen_link[other]:
                    net.room[other] -= net.loads[span, k] * level
                    net.asked[other] -= net.loads[span, k]


@inner
def _push(heap, count, key):  # type: ignore[no-untyped-def]
    place = count
    while place and heap[(place - 1) >> 1] > key:
        heap[place] = heap[(place - 1) >> 1]
        place = (place - 1) >> 1
    heap[place] = key
    return count + 1


@inner
def _pop(heap, count):  # type: ignore[no-untyped-def]
    """Take the lowest key off the heap; return how many are left."""
    count -= 1
    key, place = heap[count], 0
    while True:
        child = 2 * place + 1
        if child >= count:
            break
        if child + 1 < count and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = key
    return count


@inner
def _set_speed(line, slot, now):  # type: ignore[no-untyped-def]
    """Set a job's speed from its rate, and when it will end, where the speed has changed."""
    slots = line.slots
    new = speed_of(slots[slot, RATE], slots[slot, COMM])
    if new == slots[slot, SPEED]:
        return
    slots[slot, LEFT] = max(slots[slot, LEFT] - slots[slot, SPEED] * (now - slots[slot, SINCE]), 0)
    slots[slot, SINCE], slots[slot, SPEED] = now, new
    slots[slot, END] = now + min(-(-slots[slot, LEFT] // new), NEVER)
    put(slots, line.heap, line.state, slot)
