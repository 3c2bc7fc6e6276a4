"""Repetition in a simulation of events: a state that came before comes again and again. It knows no rates and no end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabric.network.routing.ways import Floats, Ints
from fabric.predict.flows.solver_ranks import HEAP, Ranks
from fabric.predict.flows.solver_state import Moving

SAME = 1e-12
"""Two states are one if no time in them differs by more, relative to the time between them."""
ROUNDING = 1e-15
"""And by the rounding of times, relative."""


def full_until_now(ranks: Ranks) -> Floats:
    """Return for how long every link was full so far."""
    since = ranks.full[:, 0]
    return ranks.full[:, 1] + np.where(np.isfinite(since), ranks.now[0] - since, 0.0)


@dataclass(frozen=True, eq=False)
class _State:
    """What decides all that follows, relative to now and to the slowest repeat.

    here: ranks under way. phases: in which they are, one per program, and the slowest repeat (slowest) of each. messages: of
    these phases. counts: repeats and messages waited for. times: relative to now, of ranks and messages. rates: of messages.
    """

    now: float
    here: Ints
    phases: Ints
    slowest: Ints
    messages: Ints
    counts: Ints
    times: Floats
    rates: Floats
    full: Floats

    def comes_again_in(self, later: _State) -> bool:
        """Return whether a later state is the same."""
        if not (np.array_equal(self.phases, later.phases) and np.array_equal(self.here, later.here)):
            return False
        if not np.array_equal(self.counts, later.counts):
            return False
        allowed = SAME * (later.now - self.now) + ROUNDING * later.now
        with np.errstate(invalid="ignore"):  # what never happens is infinite in both
            together = (self.times == later.times) | (np.abs(self.times - later.times) <= allowed)
        return bool(together.all() and (np.abs(self.rates - later.rates) <= SAME * later.rates).all())


def _state(state: Moving, ranks: Ranks) -> _State | None:
    """Return the state; None where no rank is under way, or a program's ranks are in several phases or not in all messages."""
    standing, messages, now = ranks.standing, ranks.messages, float(ranks.now[0])
    here = np.flatnonzero(standing.place >= 0)
    place = standing.place[here]
    phases = np.unique(place)
    if not len(here) or len(phases) > len(np.unique(standing.program[here])) or (ranks.plan.mask[phases] >= 0).any():
        return None
    low = np.zeros(len(ranks.plan.repeats), np.int64)
    low[phases] = [standing.turn[here[place == phase]].min() for phase in phases]
    m = np.concatenate([np.arange(ranks.plan.message[phase], ranks.plan.message[phase + 1]) for phase in phases])
    rates = state.web.rate[m]
    waits = np.isfinite(messages.ready[m])
    turns = (standing.turn[here] - low[place], messages.sent[m] - low[messages.phase[m]])
    ends = np.where(rates > 0, state.end[m], np.inf)
    return _State(
        now=now,
        here=here,
        phases=phases,
        slowest=low[phases],
        messages=m,
        counts=np.concatenate((*turns, standing.pending[here], waits, rates > 0)),
        times=np.concatenate((standing.begin[here], messages.ready[m], ends)) - now,
        rates=rates,
        full=full_until_now(ranks),
    )


class Repetition:
    """Finds a state that came before, one kept at a time (after 1, 2, 4, ... steps), and skips the periods that follow."""

    def __init__(self, state: Moving, ranks: Ranks) -> None:
        self._moving, self._ranks = state, ranks
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self._seen, self._next = 0, 1
        self._kept: _State | None = None

    def skip(self, pause: float) -> None:
        """Look at the state; if it came before, go forward by as many whole periods as every phase has left before pause."""
        now = _state(self._moving, self._ranks)
        if now is None:
            self.forget()
        elif self._kept is not None and self._kept.comes_again_in(now):
            _forward(self._moving, self._ranks, self._kept, now, pause)
            self.forget()
        else:
            self._seen += 1
            if self._seen == self._next:
                self._kept, self._next = now, 2 * self._next


def _forward(state: Moving, ranks: Ranks, kept: _State, seen: _State, pause: float) -> None:
    """Go forward by as many periods as every phase has whole left before pause."""
    periods = _periods(ranks, kept, seen, pause)
    if periods <= 0:
        return
    turns, seconds = periods * (seen.slowest - kept.slowest), periods * (seen.now - kept.now)
    _shift_turns(ranks, seen, turns)
    ranks.standing.begin[seen.here] += seconds
    heap = ranks.key[: ranks.tally[HEAP]]
    for times_of in (ranks.messages.ready, ranks.now, heap, state.end, state.since, state.low):
        times_of[:] += seconds
    ranks.full[:, 0] += seconds
    ranks.full[:, 1] += periods * (seen.full - kept.full)


def _periods(ranks: Ranks, kept: _State, seen: _State, pause: float) -> int:
    """Return how many periods every phase has whole left before pause."""
    place = ranks.standing.place[seen.here]
    fastest = np.array([ranks.standing.turn[seen.here[place == phase]].max() for phase in seen.phases])
    done = seen.slowest - kept.slowest
    moved = done > 0
    if not moved.any():
        return 0
    left = (ranks.plan.repeats[seen.phases] - 1 - fastest)[moved] // done[moved]
    before_pause = (pause - seen.now) / (seen.now - kept.now) - 1
    return int(min(left.min(), before_pause))


def _shift_turns(ranks: Ranks, seen: _State, turns: Ints) -> None:
    """Let all ranks and messages be so many repeats further, by phase."""
    standing, messages = ranks.standing, ranks.messages
    by = np.zeros(len(ranks.plan.repeats), np.int64)
    by[seen.phases] = turns
    standing.turn[seen.here] += by[standing.place[seen.here]]
    for count in (messages.sent, messages.current):
        count[seen.messages] += by[messages.phase[seen.messages]]
    for phase, turn in zip(seen.phases, turns, strict=True):
        first = ranks.plan.step[phase]
        steps = slice(first, first + ranks.plan.repeats[phase])
        ranks.at_step[steps] = np.roll(ranks.at_step[steps], turn)
        ranks.slowest[standing.program[seen.here[standing.place[seen.here] == phase][0]]] += turn
