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
    whole, span, length, alone = whole_load(question, pool, each, silent), net.spare[state[SPANS]], np.int64(0), FULL
    for tier in range(len(question.groups)):
        if widen(question, rooms, tier) == 1:
            break
        for group in range(question.groups[tier]):
            if rooms.allot[group]:
                link = question.link_first[tier] + group
                load = crossing(question, whole, rooms.allot[group], count)
                _list(net, span, length, link, load)
                alone = min(alone, (net.capacity[link] << 18) // load)
                touch(net, state, link)
                length += 1
    if length == 0:
        return False
    state[SPANS] += 1
    net.slot[span], net.crossed[span], net.rate[span] = slot, length, UNSET
    slots[slot, SPAN], slots[slot, ALONE] = span, speed_of(max(alone, 1), silent)
    net.found_spans[state[FRESH]], net.before[state[FRESH]] = span, UNSET
    state[FRESH] += 1
    return True


@inner
def _list(net, span, number, link, load):  # type: ignore[no-untyped-def]
    """Put a span last in a link's list; the link is the span's of that number."""
    last = net.length[link]
    net.links[span, number], net.loads[span, number], net.where[span, number] = link, load, last
    net.listed[net.base[link] + last], net.carried[net.base[link] + last] = span, load
    net.length[link] = last + 1
    net.load[link] += load


@inner
def leave(net, line, slot):  # type: ignore[no-untyped-def]
    """Take a job off its links; the last in a link's list takes its place there."""
    slots, state = line.slots, line.state
    span = slots[slot, SPAN]
    if span < 0:
        return
    for k in range(net.crossed[span]):
        link, place = np.int64(net.links[span, k]), net.where[span, k]
        net.load[link] -= net.loads[span, k]
        net.length[link] -= 1
        first, end = net.base[link], net.base[link] + net.length[link]
        last = net.listed[end]
        if last != span:
            net.listed[first + place], net.carried[first + place] = last, net.carried[end]
            net.where[last, _index(net, last, link)] = place
        touch(net, state, link)
    slots[slot, SPAN] = -1
    state[SPANS] -= 1
    net.spare[state[SPANS]] = span


@inner
def _index(net, span, link):  # type: ignore[no-untyped-def]
    """Return where a link stands among a span's, which are in order."""
    low, high = 0, net.crossed[span]
    while high - low > 1:
        middle = (low + high) >> 1
        if net.links[span, middle] <= link:
            low = middle
        else:
            high = middle
    return low


@inner
def settle(net, line, now):  # type: ignore[no-untyped-def]
    """Set the rates and speeds of all jobs that a change of this instant reaches."""
    state = line.state
    if state[TOUCHED] == 0:
        return
    links, spans = _reach(net, state, _threshold(net, state))
    _fill(net, links, spans)
    for number in range(spans):
        span = net.found_spans[number]
        if net.rate[span] != net.before[number]:
            _set_speed(line, net.slot[span], net.rate[span], now)
    for number in range(links):
        net.seen_link[net.found_links[number]] = False
    for number in range(state[TOUCHED]):
        link = net.touched[number]
        net.is_touched[link] = False
        net.over[link] = net.load[link] > net.capacity[link]
        if not net.over[link]:
            net.level[link] = FULL
    state[TOUCHED] = state[FRESH] = 0
    state[DIRTY] = 1  # ends have moved, and with them the time kept for the first in the queue


@inner
def _threshold(net, state):  # type: ignore[no-untyped-def]
    """Return a level below which filling goes as it went: no touched link is full there, neither before nor now.

    Each round takes what jobs frozen below the level found so far carry off the touched links, which can only raise it.
    """
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
                    rate = net.rate[net.listed[place]]
                    if rate < found:
                        room -= net.carried[place] * rate
                        asked -= net.carried[place]
                if asked:
                    level = min(level, room // asked)
        if level <= found:
            break
        found = level
    return found


@inner
def _reach(net, state, threshold):  # type: ignore[no-untyped-def]
    """Collect and count the overloaded links and the spans that a change reaches; these get no rate."""
    links, spans = 0, state[FRESH]
    for number in range(state[TOUCHED]):
        link = net.touched[number]
        if net.over[link] or net.load[link] > net.capacity[link]:
            net.seen_link[link] = True
            net.found_links[links] = link
            links += 1
    link_at = span_at = 0
    while link_at < links or span_at < spans:
        while link_at < links:
            link = net.found_links[link_at]
            link_at += 1
            for place in range(net.base[link], net.base[link] + net.length[link]):
                span = net.listed[place]
                rate = net.rate[span]
                if threshold <= rate < UNSET:
                    net.found_spans[spans], net.before[spans], net.rate[span] = span, rate, UNSET
                    spans += 1
        while span_at < spans:
            span = net.found_spans[span_at]
            span_at += 1
            for k in range(net.crossed[span]):
                link = net.links[span, k]
                if not net.seen_link[link] and net.load[link] > net.capacity[link]:
                    net.seen_link[link] = True
                    net.found_links[links] = link
                    links += 1
    return links, spans


@inner
def _fill(net, links, spans):  # type: ignore[no-untyped-def]
    """Fill the links found: the lowest (level, link) first, its spans frozen at its level."""
    count = np.int64(0)
    for number in range(links):
        link = net.found_links[number]
        _ask(net, link)
        if net.load[link] > net.capacity[link] and net.asked[link]:
            count = _push(net.heap, count, _key(net, link))
        net.level[link] = FULL if net.asked[link] else net.level[link]
    while count:
        top = net.heap[0]
        link = top & ((1 << LINK_BITS) - 1)
        if net.asked[link]:
            key = _key(net, link)
            if key > top and _is_below(net.heap, count, key):
                _sink(net.heap, count, key)
                continue
            _freeze(net, link, max(key >> LINK_BITS, 1))
        count -= 1
        _sink(net.heap, count, net.heap[count])
    for number in range(spans):
        span = net.found_spans[number]
        net.rate[span] = min(net.rate[span], FULL)


@inner
def _ask(net, link):  # type: ignore[no-untyped-def]
    """Set what a link has left for the spans that are solved, and what these ask of it."""
    room, asked = net.capacity[link] << 18, np.int64(0)
    for place in range(net.base[link], net.base[link] + net.length[link]):
        rate = net.rate[net.listed[place]]
        if rate == UNSET:
            asked += net.carried[place]
        else:
            room -= net.carried[place] * rate
    net.room[link], net.asked[link] = room, asked


@inner
def _key(net, link):  # type: ignore[no-untyped-def]
    """Return a link's level, at most FULL, with its number below."""
    return (min(net.room[link] // net.asked[link], FULL) << LINK_BITS) | link


@inner
def _freeze(net, link, level):  # type: ignore[no-untyped-def]
    """Keep the spans that still rise on a link at its level, and take what they carry off their other links.

    Of links that are not solved the numbers are taken off too: nobody reads those.
    """
    net.level[link] = level
    for place in range(net.base[link], net.base[link] + net.length[link]):
        span = net.listed[place]
        if net.rate[span] == UNSET:
            net.rate[span] = level
            for k in range(net.crossed[span]):
                other, load = net.links[span, k], net.loads[span, k]
                net.room[other] -= load * level
                net.asked[other] -= load


@inner
def _push(heap, count, key):  # type: ignore[no-untyped-def]
    place = count
    while place and heap[(place - 1) >> 1] > key:
        heap[place] = heap[(place - 1) >> 1]
        place = (place - 1) >> 1
    heap[place] = key
    return count + 1


@inner
def _is_below(heap, count, key):  # type: ignore[no-untyped-def]
    """Return whether a key at the top belongs further down."""
    return (count > 1 and heap[1] < key) or (count > 2 and heap[2] < key)


@inner
def _sink(heap, count, key):  # type: ignore[no-untyped-def]
    """Let a key take the top's place and sink to where it belongs."""
    place = 0
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


@inner
def _set_speed(line, slot, rate, now):  # type: ignore[no-untyped-def]
    """Set a job's speed from its rate, and when it will end, where the speed has changed."""
    slots = line.slots
    new = speed_of(rate, slots[slot, COMM])
    if new == slots[slot, SPEED]:
        return
    slots[slot, LEFT] = max(slots[slot, LEFT] - slots[slot, SPEED] * (now - slots[slot, SINCE]), 0)
    slots[slot, SINCE], slots[slot, SPEED] = now, new
    slots[slot, END] = now + min(-(-slots[slot, LEFT] // new), NEVER)
    put(slots, line.heap, line.state, slot)
