"""Programs simulated event by event, where messages slow each other. It knows no rates and no ranks: the solvers do.

Import only where it runs: numba is slow to load.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from time import monotonic

import numpy as np

from fabric.network.routing.ways import Floats, Ints
from fabric.predict.flows.network import Network
from fabric.predict.flows.programs import Program, Stretch
from fabric.predict.flows.repetition import Repetition, full_until_now
from fabric.predict.flows.solver_ranks import EVENTS, OVER, PAUSED, STEPPED, Ranks, advance, enter_program
from fabric.predict.flows.state import start

SLICE = 0.2
"""Seconds of compiled work between two looks at Ctrl-C, about."""
FIRST = 20_000
"""Work (in rates solved) of the first slice."""


def by_events(
    programs: Sequence[Program], network: Network, tell: Callable[[int], None], *, trace: bool, skip: bool = True
) -> tuple[list[Floats], int, Floats, list[Stretch]]:
    """Return when the ranks of every program are done, events, for how long every link was full, and the trace if asked for.

    tell: called with the messages done so far. skip: whether periods that come again are added up.
    """
    state, ranks = start(programs, network)
    repetition, stretches = Repetition(state, ranks), _Stretches(ranks, network.link)
    waiting = sorted(range(len(programs)), key=lambda i: programs[i].start)
    work, code = FIRST, PAUSED
    while code != OVER:
        pause = programs[waiting[0]].start if waiting else np.inf
        begun = monotonic()
        code = advance(state, ranks, work, pause)
        if code == PAUSED:
            enter_program(ranks, waiting.pop(0), pause)
            repetition.forget()
        elif code == STEPPED:
            if trace:
                stretches.add()
            if skip:
                repetition.skip(pause)
        else:
            work = _resized(work, monotonic() - begun)
        tell(int(ranks.messages.sent.sum()))
    finish = [ranks.standing.finish[low:high].copy() for low, high in pairwise(ranks.base)]
    return finish, int(ranks.tally[EVENTS]), full_until_now(ranks), stretches.found


def _resized(work: int, seconds: float) -> int:
    """Return how much work takes about SLICE, at most twice as much as before."""
    return max(int(work * min(SLICE / max(seconds, 1e-9), 2.0)), 1)


class _Stretches:
    """The trace: one stretch from each time that a program's slowest rank goes on to the next such time."""

    def __init__(self, ranks: Ranks, link: Ints) -> None:
        self._ranks, self._link = ranks, link
        self._since, self._full = 0.0, np.zeros(len(link))
        self.found: list[Stretch] = []

    def add(self) -> None:
        """Add the stretch that ends now."""
        now, full = float(self._ranks.now[0]), full_until_now(self._ranks)
        seconds, part = now - self._since, full - self._full
        if seconds > 0:
            most = int(part.argmax()) if len(part) else -1
            known = most >= 0 and part[most] > 0
            fullness = float(part[most] / seconds) if known else 0.0
            self.found.append(Stretch(self._since, now, int(self._link[most]) if known else -1, fullness))
        self._since, self._full = now, full
