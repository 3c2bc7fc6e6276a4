"""Programs in which no message ever slows another, repeat by repeat, all ranks at once. It knows no fair shares and no events.

If every message moves at the speed that it has alone, a rank begins its next repeat at the latest of its own begin and of
(the sender's begin + the message's seconds) over all messages that it sends and receives: a linear recurrence in max and +.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fabric.network.routing.ways import Flags, Floats, Ints
from fabric.predict.flows.network import FULL, Alone, Network, alone, same_messages
from fabric.predict.flows.programs import Phase, Program

FITS = 1e-11
"""By how much, relative, the rounded sum of rates may exceed a capacity that they fill exactly."""
TIE = 1e-12
"""Times so close to each other, relative, are one, as in the simulation of events."""
LOOK = 16
"""Repeats between two looks at how far every rank got."""


@dataclass(frozen=True, eq=False)
class Paced:
    """finish: seconds per rank. repeats: how many were gone through, without those skipped. full: seconds full, per link."""

    finish: Floats
    repeats: int
    full: Floats


@dataclass(frozen=True, eq=False)
class _Run:
    """Consecutive phases of the same messages: of each, one is under way at a time, as its sender sends one after another.

    number: link per entry. part: capacity taken per entry, the most of any phase. moving: seconds per message, all repeats.
    """

    phases: tuple[Phase, ...]
    messages: tuple[Alone, ...]
    number: Ints
    part: Floats
    moving: Floats

    @property
    def flow(self) -> Ints:
        """The message of every entry."""
        return self.phases[0].ways.paths.flow


def paced(program: Program, network: Network, tell: Callable[[int], None]) -> Paced | None:
    """Return a program's finish, or None where some message may slow another, or links may be full of several longest.

    network: of this program alone. tell: called with the messages done so far. Messages of one run of phases must fit all
    links together, each at the speed that it has alone; those of different runs must, too, or must not meet on a link: this
    shows in the times, which are those of the simulation of events up to the first meeting.
    """
    runs = _runs(program, network)
    loads: list[Floats] = [np.bincount(run.number, run.part, minlength=len(network.link)).astype(float) for run in runs]
    if any((load > network.capacity * (1 + FITS)).any() for load in loads):
        return None
    full, most = _full(runs, loads, network.capacity)
    if most > full.max(initial=0.0) * (1 + TIE):
        return None
    hot = np.sum(loads, axis=0) >= network.capacity * (1 - FULL) if len(runs) > 1 else np.zeros(len(network.link), bool)
    begin, busy_until = np.full(program.ranks, float(program.start)), np.full(len(network.link), -np.inf)
    done = repeats = 0
    for run in runs:
        first, last = np.full(len(run.moving), np.inf), np.full(len(run.moving), -np.inf)
        for phase, messages in zip(run.phases, run.messages, strict=True):
            went = _through(phase, messages, begin, _counted(tell, done, len(first)))
            begin, repeats, done = went.begin, repeats + went.repeats, done + phase.repeats * len(first)
            first, last = np.minimum(first, went.first), np.maximum(last, went.last)
        if _meets(run, hot, first, last, busy_until):
            return None
    return Paced(begin, repeats, full)


def _counted(tell: Callable[[int], None], before: int, each: int) -> Callable[[int], None]:
    """Return a function that tells of repeats as of messages: so many before, and so many in each repeat."""
    return lambda repeats: tell(before + repeats * each)


def _runs(program: Program, network: Network) -> list[_Run]:
    """Return the phases of a program in runs of the same messages."""
    groups: list[list[int]] = []
    for j, phase in enumerate(program.phases):
        if groups and same_messages(program.phases[groups[-1][0]], phase):
            groups[-1].append(j)
        else:
            groups.append([j])
    return [_run([program.phases[j] for j in group], network.number[0][group[0]], network.capacity) for group in groups]


def _run(phases: Sequence[Phase], number: Ints, capacity: Floats) -> _Run:
    messages = tuple(alone(phase, number, capacity) for phase in phases)
    parts = [one.part for one in messages]
    moving = [one.moving * _times(phase) for phase, one in zip(phases, messages, strict=True)]
    return _Run(tuple(phases), messages, number, np.max(parts, axis=0), np.sum(moving, axis=0))


def _times(phase: Phase) -> Ints:
    """Return how often every message is sent."""
    times = np.zeros(len(phase.source), np.int64)
    if phase.active is None:
        return times + phase.repeats
    for repeat in range(phase.repeats):
        times += phase.active(repeat)
    return times


def _full(runs: Sequence[_Run], loads: Sequence[Floats], capacity: Floats) -> tuple[Floats, float]:
    """Return for how long one message alone fills every link, and the most that any link can be full at all.

    What several messages fill only together is full at most as long as the one of them that moves the shortest.
    """
    full, bound = np.zeros(len(capacity)), np.zeros(len(capacity))
    for run, load in zip(runs, loads, strict=True):
        fills = run.part >= capacity[run.number] * (1 - FULL)
        by_one = np.bincount(run.number[fills], run.moving[run.flow[fills]], minlength=len(capacity))
        shortest = np.where(load >= capacity * (1 - FULL), np.inf, 0.0)
        takes = run.part > 0
        np.minimum.at(shortest, run.number[takes], run.moving[run.flow[takes]])
        full += by_one
        bound += np.where(by_one > 0, by_one, shortest)
    return full, float(bound.max(initial=0.0))


@dataclass(frozen=True, eq=False)
class _Went:
    """begin: seconds per rank after a phase. repeats: gone through.

    first, last: per message, when its bytes first begin to move, infinite for never, and when they last end.
    """

    begin: Floats
    repeats: int
    first: Floats
    last: Floats


def _through(phase: Phase, messages: Alone, begin: Floats, tell: Callable[[int], None]) -> _Went:
    """Return when every rank is done with a phase; tell: called with the repeats done."""
    if phase.active is not None:
        return _some(phase, messages, begin, phase.active, tell)
    seconds = phase.delay + messages.moving
    wave = _wave(phase, seconds, len(begin))
    before, repeats = _all_but_one(wave, begin, phase.repeats, tell)
    first = begin[phase.source] + phase.delay
    return _Went(wave.after(before), repeats + 1, first, before[phase.source] + seconds)


def _some(phase: Phase, messages: Alone, begin: Floats, active: Callable[[int], Flags], tell: Callable[[int], None]) -> _Went:
    """Go through the repeats of a phase, each with its own messages."""
    first, last = np.full(len(phase.source), np.inf), np.full(len(phase.source), -np.inf)
    seconds = phase.delay + messages.moving
    for repeat in range(phase.repeats):
        on = np.flatnonzero(active(repeat))
        source, target = phase.source[on], phase.target[on]
        first[on] = np.minimum(first[on], begin[source] + phase.delay[on])
        last[on] = ends = begin[source] + seconds[on]
        begin = begin.copy()
        np.maximum.at(begin, source, ends)
        np.maximum.at(begin, target, ends)
        tell(repeat + 1)
    return _Went(begin, phase.repeats, first, last)


@dataclass(frozen=True, eq=False)
class _Wave:
    """The messages of one repeat, by receiver: source and seconds of each, where each receiver's first one stands.

    own: per rank, the seconds of the longest message that it sends.
    """

    source: Ints
    seconds: Floats
    receiver: Ints
    at: Ints
    own: Floats

    def after(self, begin: Floats) -> Floats:
        """Return when every rank begins the next repeat."""
        arrive = begin[self.source] + self.seconds
        if len(self.at) < len(arrive):
            arrive = np.maximum.reduceat(arrive, self.at)
        end = begin + self.own
        if len(self.receiver) == len(end):
            return np.maximum(end, arrive)
        end[self.receiver] = np.maximum(end[self.receiver], arrive)
        return end


def _wave(phase: Phase, seconds: Floats, ranks: int) -> _Wave:
    order = np.argsort(phase.target, kind="stable")
    receiver, at = np.unique(phase.target[order], return_index=True)
    own = np.zeros(ranks)
    np.maximum.at(own, phase.source, seconds)
    return _Wave(phase.source[order], seconds[order], receiver, at, own)


def _all_but_one(wave: _Wave, begin: Floats, repeats: int, tell: Callable[[int], None]) -> tuple[Floats, int]:
    """Return when every rank begins the last repeat, and how many were gone through."""
    ahead = _far(wave, begin, repeats - 1) if repeats > LOOK else None
    if ahead is not None:
        return ahead, 0
    done, gone, kept = 0, 0, [begin]
    while done < repeats - 1:
        begin = wave.after(begin)
        done, gone = done + 1, gone + 1
        if done % LOOK == 0:
            tell(done)
            kept = [*kept[-2:], begin]
            if len(kept) == 3 and _steady(wave, *kept):
                times = (repeats - 1 - done) // LOOK
                begin, done = begin + times * (kept[2] - kept[1]), done + times * LOOK
    return begin, gone


def _far(wave: _Wave, begin: Floats, repeats: int) -> Floats | None:
    """Return the begins after many repeats of a pattern in which everybody receives one message; None where this is not it.

    From a common begin, a rank is late by the longest chain of messages that ends at it, each link of the chain repeated at
    will by its sender. If long enough, that chain goes on for ever at the sender of a slowest message, the nearest one before
    the rank: repeats * slowest - (what the messages from there to the rank are faster). A chain without any such sender is
    shorter if even the second slowest, repeated all the time, is.
    """
    if len(wave.source) != len(begin) or len(wave.receiver) != len(begin) or np.ptp(begin) > 0:
        return None
    slowest = float(wave.own.max())
    paces = wave.own >= slowest * (1 - TIE / 10)
    second = float(wave.own[~paces].max(initial=0.0))
    behind = np.where(paces, 0.0, np.inf)
    before, faster, hops = wave.source, np.maximum(slowest - wave.seconds, 0.0), 1
    while 2 * hops - 1 <= repeats and np.isinf(behind).any():
        behind = np.minimum(behind, faster + behind[before])  # the nearest among twice as many ranks before
        faster, before, hops = faster + faster[before], before[before], 2 * hops
    if behind.max() > repeats * (slowest - second):
        return None
    return begin + (repeats * slowest - behind)


def _steady(wave: _Wave, one: Floats, two: Floats, three: Floats) -> bool:
    """Return whether every rank goes on as far per LOOK repeats as between these states, for ever.

    So it is if each rank got as far twice, and none receives from one that gets farther: who decided its begin goes as far
    as it does, and nobody else catches up.
    """
    before, now = two - one, three - two
    allowed = TIE * float(now.max(initial=0.0)) + 1e-15 * float(three.max(initial=0.0))
    if (np.abs(now - before) > allowed).any():
        return False
    return bool((np.maximum.reduceat(now[wave.source], wave.at) <= now[wave.receiver] + allowed).all())


def _meets(run: _Run, hot: Flags, first: Floats, last: Floats, busy_until: Floats) -> bool:
    """Return whether messages move over a hot link before those of earlier runs are done with it; note when these are."""
    on = np.flatnonzero(hot[run.number] & (run.part > 0))
    links, flow = run.number[on], run.flow[on]
    meets = bool((first[flow] < busy_until[links] * (1 - TIE)).any())
    np.maximum.at(busy_until, links, last[flow])
    return meets
