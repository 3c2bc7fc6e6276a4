"""Collective schedules simulated flow by flow: ranks run programs of phases over shared links. It knows no collective by name.

A rank starts its next repeat (or the first of its next phase) when all its own sends and receives of the one before are done.
A message starts with its source's repeat, waits its fixed seconds and its way's latency without occupying links, then moves
its bytes at its max-min fair rate. A receiver need not be as far as its sender; what arrives early is kept for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic

import numpy as np

from fabric.network.routing.ways import Floats
from fabric.predict.flows.network import Network, apart, joined, network_of
from fabric.predict.flows.paced import paced
from fabric.predict.flows.programs import Outcome, Phase, Program, Stretch, check

__all__ = ["Outcome", "Phase", "Program", "Stretch", "simulate"]

Watch = Callable[[int, int], None]
Found = tuple[list[Floats], int, Floats, list[Stretch]]
"""finish of every program, events, seconds full of every link, trace"""


def simulate(programs: Sequence[Program], *, trace: bool = False, watch: Watch | None = None) -> Outcome:
    """Return when every rank of every program is done, all programs sharing the links of their ways.

    Entries of equal `ways.link` are one and the same link, or bundle of links, in all phases. trace: also give one stretch
    per repeat simulated: from the slowest rank's start of it to that of the next; what repetition skips is part of the next.
    watch: called about every second as watch(messages done, messages of all repeats), not at the end.

    Exact up to rounding. Where no message can slow another, ranks go from repeat to repeat (fabric/predict/flows/paced.py),
    else from event to event. Repetition costs nothing: once the ranks' relative state comes again (within 1e-12 of the
    period), the periods that follow are added up, not simulated.

    Raises:
        InputError: a link with two capacities; ranks, messages, bytes or seconds that cannot be.
    """
    check(programs)
    merged = [joined(program) for program in programs]
    network, tell = network_of(merged), _every_second(watch)
    sizes = [sum(len(phase.source) * phase.repeats for phase in program.phases) for program in merged]
    groups = [list(range(len(merged)))] if trace else apart(merged, network)
    finish: list[Floats] = [np.zeros(0)] * len(merged)
    events, before, full, stretches = 0, 0, np.zeros(len(network.link)), []
    for group in groups:
        found = _group([merged[i] for i in group], network.of(group), partial(tell, sum(sizes), before), trace=trace)
        for i, one in zip(group, found[0], strict=True):
            finish[i] = one
        events, full, stretches = events + found[1], full + found[2], found[3]
        before += sum(sizes[i] for i in group)
    longest = int(full.argmax()) if len(full) else -1
    seconds = float(full[longest]) if len(full) else 0.0
    return Outcome(tuple(finish), events, int(network.link[longest]) if seconds > 0 else -1, seconds, tuple(stretches))


def is_paced(program: Program) -> bool:
    """Return whether no message of a program alone can slow another: its simulation then needs no events and is cheap.

    Raises:
        InputError: as simulate.
    """
    check([program])
    merged = joined(program)
    return paced(merged, network_of([merged]), lambda _done: None) is not None


def _group(programs: list[Program], network: Network, tell: Callable[[int], None], *, trace: bool) -> Found:
    """Return what is found of programs that share links."""
    quick = paced(programs[0], network, tell) if len(programs) == 1 and not trace else None
    if quick is not None:
        return [quick.finish], quick.repeats, quick.full, []
    from fabric.predict.flows.events import by_events  # noqa: PLC0415 (numba is slow to load)

    return by_events(programs, network, tell, trace=trace)


def _every_second(watch: Watch | None) -> Callable[[int, int, int], None]:
    """Return a function of (total, done before, done since) that calls watch about every second, however often it is called."""
    last = monotonic()

    def tell(total: int, before: int, done: int) -> None:
        nonlocal last
        if watch is not None and monotonic() - last >= 1:
            last = monotonic()
            watch(before + done, total)

    return tell
