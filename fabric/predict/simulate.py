"""Collective schedules simulated flow by flow: ranks run programs of phases over shared links. It knows no collective by name.

A rank starts its next repeat (or the first of its next phase) when all its own sends and receives of the one before are done.
A message starts with its source's repeat, waits its fixed seconds and its way's latency without occupying links, then moves
its bytes at its max-min fair rate. A receiver need not be as far as its sender; what arrives early is kept for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from fabric.network.ways import Flags, Floats, Ints, Paths, Ways
from topologies.errors import InputError

if TYPE_CHECKING:
    from fabric.predict.solver_moving import Moving
    from fabric.predict.solver_ranks import Ranks

SLICE = 500_000
"""Messages solved (each time) between two looks at Ctrl-C: a fraction of a second."""
SAME = 1e-12
"""Two states are one if no time in them differs by more, relative to the time between them."""


@dataclass(frozen=True, eq=False)
class Phase:
    """Messages that are sent together, over and over.

    source, target: the ranks of every message, counted from 0 within the program. ways: its routes. nbytes and fixed: bytes
    of every message and seconds before its bytes move (besides ways.latency), one number or one per message. repeats: how
    often. active: which messages a repeat has (repeat counted from 0, one flag per message); None: all of them.
    """

    source: Ints
    target: Ints
    ways: Ways
    nbytes: float | Floats
    fixed: float | Floats = 0.0
    repeats: int = 1
    active: Callable[[int], Flags] | None = None


@dataclass(frozen=True, eq=False)
class Program:
    """What the ranks of one job do, phase after phase; they all start at `start` seconds."""

    ranks: int
    phases: Sequence[Phase]
    start: float = 0.0


@dataclass(frozen=True)
class Stretch:
    """A stretch of time in a trace: seconds from start to end, its fullest link (ways.link; -1: none) and how long it was full.

    full: the part of the stretch during which it was full, 0 to 1.
    """

    start: float
    end: float
    link: int
    full: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """When the ranks of every program are done, in seconds; per program one array.

    events: times at which rates or waiting ranks changed that were simulated, without those that repetition skipped. link:
    the link (ways.link) that was full the longest, -1 where none ever was; full_seconds: how long. trace: see simulate.
    """

    finish: tuple[Floats, ...]
    events: int
    link: int
    full_seconds: float
    trace: tuple[Stretch, ...] = ()

    @property
    def seconds(self) -> tuple[float, ...]:
        """When each program's last rank is done."""
        return tuple(float(finish.max(initial=0.0)) for finish in self.finish)


def simulate(programs: Sequence[Program], *, trace: bool = False) -> Outcome:
    """Return when every rank of every program is done, all programs sharing the links of their ways.

    Entries of equal `ways.link` are one and the same link, or bundle of links, in all phases. trace: also give one stretch
    per repeat simulated: from the slowest rank's start of it to that of the next.

    Exact up to rounding. Repetition costs nothing: once the ranks' relative state comes again (within 1e-12 of the period),
    the periods that follow are added up, not simulated.

    Raises:
        InputError: a link with two capacities; ranks, messages, bytes or seconds that cannot be.
    """
    from fabric.predict.solver_ranks import BUSY, OVER, advance, enter  # noqa: PLC0415 (numba is slow to load)

    _check(programs)
    network = _merged([phase.ways for program in programs for phase in program.phases])
    state, ranks = _start(programs, network)
    repetition, before = _Repetition(state, ranks), (0.0, ranks.full[:, 1].copy())
    stretches: list[Stretch] = []
    waiting = sorted(range(len(programs)), key=lambda i: programs[i].start)
    while True:
        while waiting and programs[waiting[0]].start <= _next(state, ranks):
            _enter_all(programs, waiting.pop(0), ranks, enter)
            repetition.forget()
        code = advance(state, ranks, 1 if waiting else SLICE)
        if code == OVER and not waiting:
            break
        if code == BUSY or waiting:
            continue
        if trace:
            before = _stretch(stretches, before, ranks, network.link)
        repetition.skip()
    longest = int(ranks.full[:, 1].argmax()) if len(network.link) else -1
    seconds = float(ranks.full[longest, 1]) if longest >= 0 else 0.0
    bounds = [*ranks.base.tolist(), len(ranks.finish)]
    return Outcome(
        finish=tuple(ranks.finish[low:high].copy() for low, high in zip(bounds[:-1], bounds[1:], strict=True)),
        events=int(ranks.tally[1]),
        link=int(network.link[longest]) if seconds > 0 else -1,
        full_seconds=seconds,
        trace=tuple(stretches),
    )


def _next(state: Moving, ranks: Ranks) -> float:
    """Return when something happens next."""
    waiting = float(ranks.key[0]) if ranks.tally[0] else np.inf
    return min(waiting, float(state.end.min(initial=np.inf)))


def _enter_all(programs: Sequence[Program], program: int, ranks: Ranks, enter: Callable[..., None]) -> None:
    """Let the ranks of a program begin."""
    for rank in range(programs[program].ranks):
        enter(ranks, int(ranks.base[program]) + rank, programs[program].start)


def _stretch(found: list[Stretch], before: tuple[float, Floats], ranks: Ranks, link: Ints) -> tuple[float, Floats]:
    """Add the stretch that ends now; return where the next begins."""
    now = float(ranks.now[0])
    full = ranks.full[:, 1] + np.where(np.isfinite(ranks.full[:, 0]), now - ranks.full[:, 0], 0.0)
    part, seconds = full - before[1], now - before[0]
    if len(link) and seconds > 0:
        most = int(part.argmax())
        known = part[most] > 0
        found.append(Stretch(before[0], now, int(link[most]) if known else -1, float(part[most] / seconds) if known else 0.0))
    return now, full


def _check(programs: Sequence[Program]) -> None:
    """Refuse what cannot be."""
    for i, program in enumerate(programs):
        if not (np.isfinite(program.start) and program.start >= 0 and program.ranks >= 0):
            raise InputError(
                f"simulate: program {i}: ranks and start must be finite and >= 0, got {program.ranks}, {program.start}"
            )
        for j, phase in enumerate(program.phases):
            _check_phase(f"simulate: program {i}: phase {j}", program.ranks, phase)


def _check_phase(where: str, ranks: int, phase: Phase) -> None:
    """Refuse a phase that cannot be."""
    count = len(phase.source)
    for name, array in (("target", phase.target), ("ways.latency", phase.ways.latency), ("ways.paths", phase.ways.paths.hops)):
        if len(array) != count:
            raise InputError(f"{where}: {name} must have one entry per message, {count}, got {len(array)}")
    for name, who in (("source", phase.source), ("target", phase.target)):
        if count and not (who.min() >= 0 and who.max() < ranks):
            raise InputError(f"{where}: {name} must be ranks 0 to {ranks - 1}, got {who.min()} to {who.max()}")
    for name, value in (("nbytes", phase.nbytes), ("fixed", phase.fixed), ("repeats", phase.repeats)):
        if not (np.isfinite(value).all() and np.all(np.asarray(value) >= 0)):
            raise InputError(f"{where}: {name} must be finite and >= 0, got {np.min(value)}")


def _merged(ways: Sequence[Ways]) -> Ways:
    """Return all messages over one list of links: entries of equal link are one."""
    link, entry = np.unique(np.concatenate([w.link for w in ways] or [np.zeros(0, np.int64)]), return_inverse=True)
    given = np.concatenate([w.capacity for w in ways] or [np.zeros(0)])
    capacity = np.zeros(len(link))
    capacity[entry] = given
    differs = np.flatnonzero(capacity[entry] != given)
    if len(differs):
        name, one, other = link[entry[differs[0]]], given[differs[0]], capacity[entry[differs[0]]]
        raise InputError(f"simulate: link {name} must have one capacity in all phases, got {one:g} and {other:g}")
    at = list(accumulate((len(w.link) for w in ways), initial=0))
    links = [entry[low + w.paths.links] for low, w in zip(at, ways, strict=False)]
    hops = np.concatenate([w.paths.hops for w in ways] or [np.zeros(0, np.int64)])
    shares = [np.ones(len(w.paths.links)) if w.share is None else w.share for w in ways]
    return Ways(
        paths=Paths(np.concatenate(([0], np.cumsum(hops))), np.concatenate(links or [np.zeros(0, np.int64)])),
        capacity=capacity,
        link=link,
        latency=np.concatenate([w.latency for w in ways] or [np.zeros(0)]),
        share=np.concatenate(shares) if any(w.share is not None for w in ways) else None,
    )


def _start(programs: Sequence[Program], network: Ways) -> tuple[Moving, Ranks]:
    """Return nothing moving, and all ranks before their first phase."""
    from fabric.predict.solver_moving import moving  # noqa: PLC0415
    from fabric.predict.solver_ranks import Ranks  # noqa: PLC0415

    phases = [(i, phase) for i, program in enumerate(programs) for phase in program.phases]
    base = np.array(list(accumulate((p.ranks for p in programs), initial=0)), dtype=np.int64)
    total, sizes = int(base[-1]), [len(phase.source) for _, phase in phases]

    def joined(parts: list[Ints] | list[Floats], kind: type) -> Any:
        return np.concatenate([np.broadcast_to(x, n) for x, n in zip(parts, sizes, strict=True)] or [np.zeros(0)]).astype(kind)

    source = joined([phase.source + base[i] for i, phase in phases], np.int64)
    target = joined([phase.target + base[i] for i, phase in phases], np.int64)
    number = np.repeat(np.arange(len(phases)), sizes)
    first_row = np.array(list(accumulate((programs[i].ranks for i, _ in phases), initial=0)), dtype=np.int64)
    row = (first_row[:-1] - base[[i for i, _ in phases]]) if phases else first_row[:-1]
    sends, receives = (Paths(np.arange(len(who) + 1), row[number] + who).turned(int(first_row[-1])) for who in (source, target))
    steps, step, place = [0], [], np.full(total, -1)
    after = np.full(len(phases), -1)
    slowest, at = [], 0
    for i, program in enumerate(programs):
        slowest.append(steps[-1])
        for j, phase in enumerate(program.phases):
            step.append(steps[-1])
            steps.append(steps[-1] + phase.repeats)
            after[at + j] = at + j + 1 if j + 1 < len(program.phases) else -1
        place[base[i] : base[i + 1]] = at if program.phases else -1
        at += len(program.phases)
        steps.append(steps[-1] + 1)
    at_step = np.zeros(steps[-1] + 1, np.int64)
    at_step[slowest] = np.diff(base)
    at_step[-1] = 1
    masks = [
        np.array([p.active(k) for k in range(p.repeats)], bool).ravel() if p.active else np.zeros(0, bool) for _, p in phases
    ]
    mask_at = list(accumulate((len(m) for m in masks), initial=0))[:-1]
    count = len(source)
    ranks = Ranks(
        source=source,
        target=target,
        phase=number,
        nbytes=joined([np.asarray(p.nbytes) for _, p in phases], np.float64),
        delay=joined([np.asarray(p.fixed) for _, p in phases], np.float64) + network.latency,
        sent=np.zeros(count, np.int64),
        current=np.zeros(count, np.int64),
        ready=np.full(count, np.inf),
        program=np.repeat(np.arange(len(programs)), np.diff(base)),
        place=place,
        turn=np.zeros(total, np.int64),
        pending=np.zeros(total, np.int64),
        begin=np.zeros(total),
        finish=np.repeat(np.array([p.start for p in programs], dtype=np.float64), np.diff(base)),
        row=row,
        repeats=np.array([p.repeats for _, p in phases], dtype=np.int64),
        after=after,
        step=np.array(step, dtype=np.int64),
        mask=np.array([x if p.active else -1 for x, (_, p) in zip(mask_at, phases, strict=True)], dtype=np.int64),
        messages=np.array(list(accumulate(sizes, initial=0)), dtype=np.int64),
        first_send=sends.first,
        sends=sends.links,
        first_receive=receives.first,
        receives=receives.links,
        base=base[:-1],
        slowest=np.array(slowest, dtype=np.int64),
        on=np.concatenate([*masks, np.zeros(0, bool)]),
        at_step=at_step,
        full=np.column_stack((np.full(len(network.link), np.inf), np.zeros(len(network.link)))),
        key=np.zeros(count + 1),
        heap=np.zeros(count + 1, np.int64),
        tally=np.zeros(3, np.int64),
        now=np.zeros(1),
    )
    return moving(network.paths, network.capacity, network.share), ranks


class _Repetition:
    """Finds a state that came before, one kept at a time (after 1, 2, 4, ... steps), and skips the periods that follow."""

    def __init__(self, state: Moving, ranks: Ranks) -> None:
        self._state, self._ranks = state, ranks
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self._seen, self._next = 0, 1
        self._kept: tuple[float, Ints, Ints, Floats, Floats] | None = None

    def skip(self) -> None:
        """Look at the state; go forward by as many whole periods as all ranks' phases still hold, if it came before."""
        now = self._look()
        if now is None:
            self.forget()
            return
        if self._kept is not None and self._go(self._kept, now):
            self.forget()
            return
        self._seen += 1
        if self._seen == self._next:
            self._kept, self._next = now, 2 * self._next
            self._full_kept = self._full_now()

    def _look(self) -> tuple[float, Ints, Ints, Floats, Floats] | None:
        """Return (now, phases, their slowest turns, relative counts, relative times); None where ranks stand in several."""
        r, s, now = self._ranks, self._state, float(self._ranks.now[0])
        here = np.flatnonzero(r.place >= 0)
        phases, slowest = [], []
        for program in np.unique(r.program[here]):
            mine = here[r.program[here] == program]
            phase = r.place[mine[0]]
            if (r.place[mine] != phase).any() or r.mask[phase] >= 0 or len(mine) < np.count_nonzero(r.program == program):
                return None
            phases.append(phase)
            slowest.append(r.turn[mine].min())
        if not phases:
            return None
        low = np.zeros(len(r.repeats), np.int64)
        low[phases] = slowest
        m = np.flatnonzero(np.isin(r.phase, phases))
        moves = s.web.rate[m] > 0
        counts = np.concatenate((r.turn[here] - low[r.place[here]], r.pending[here], r.sent[m] - low[r.phase[m]], moves))
        times = np.concatenate((r.begin[here], r.ready[m], np.where(moves, s.end[m], np.inf))) - now
        return now, np.array(phases), np.array(slowest), counts, np.concatenate((times, s.web.rate[m]))

    def _go(self, kept: tuple[float, Ints, Ints, Floats, Floats], seen: tuple[float, Ints, Ints, Floats, Floats]) -> bool:
        """Go forward if both states are one; return whether they are."""
        if not np.array_equal(kept[1], seen[1]) or not np.array_equal(kept[3], seen[3]):
            return False
        period, done = seen[0] - kept[0], seen[2] - kept[2]
        times = len(seen[4]) - (rates := len(np.flatnonzero(np.isin(self._ranks.phase, seen[1]))))
        allowed = np.full(len(seen[4]), SAME * period + 1e-15 * seen[0])
        allowed[times:] = SAME * seen[4][times:] if rates else 0.0
        with np.errstate(invalid="ignore"):
            apart = np.abs(kept[4] - seen[4])
        if not ((kept[4] == seen[4]) | (apart <= allowed)).all():
            return False
        self._forward(seen[1], period, done)
        return True

    def _forward(self, phases: Ints, period: float, done: Ints) -> None:
        """Go forward by as many periods as every phase has whole left."""
        r, s = self._ranks, self._state
        here = np.flatnonzero(r.place >= 0)
        fastest = np.array([r.turn[here[r.place[here] == phase]].max() for phase in phases])
        moved = done > 0
        times = int(((r.repeats[phases] - 1 - fastest)[moved] // done[moved]).min()) if moved.any() else 0
        if times <= 0:
            return
        by, seconds = np.zeros(len(r.repeats), np.int64), times * period
        by[phases] = times * done
        for phase, turns in zip(phases, times * done, strict=True):
            steps = slice(r.step[phase], r.step[phase] + r.repeats[phase])
            r.at_step[steps] = np.roll(r.at_step[steps], turns)
            r.slowest[r.program[here[r.place[here] == phase]][0]] += turns
        m = np.isin(r.phase, phases)
        r.turn[here] += by[r.place[here]]
        r.begin[here] += seconds
        r.sent[m] += by[r.phase[m]]
        r.current[m] += by[r.phase[m]]
        for times_of in (r.ready, s.end, r.now, s.since):
            times_of[:] += seconds
        r.key[: r.tally[0]] += seconds
        s.low[:] += seconds
        finite = np.isfinite(r.full[:, 0])
        r.full[finite, 0] += seconds
        self._full_too(times)

    def _full_too(self, times: int) -> None:
        """Count the seconds for which links were full in the periods skipped."""
        full = self._full_now()
        self._ranks.full[:, 1] += times * (full - self._full_kept)

    def _full_now(self) -> Floats:
        r = self._ranks
        return r.full[:, 1] + np.where(np.isfinite(r.full[:, 0]), r.now[0] - r.full[:, 0], 0.0)
