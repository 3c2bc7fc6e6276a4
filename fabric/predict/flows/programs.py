"""The nouns of a simulation: programs of phases, and when their ranks are done. They know no collective and no solver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fabric.network.routing.ways import Flags, Floats, Ints, Ways
from topologies.errors import InputError


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

    @property
    def delay(self) -> Floats:
        """Seconds of every message before its bytes move."""
        return np.asarray(self.fixed + self.ways.latency, dtype=np.float64)


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

    events: times at which rates or waiting ranks changed that were simulated, or repeats where no message slows another;
    what repetition skipped is not counted. link: the link (ways.link) that was full the longest, -1 where none ever was;
    full_seconds: how long. trace: see simulate.
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


def check(programs: Sequence[Program]) -> None:
    """Refuse what cannot be.

    Raises:
        InputError: ranks, messages, routes, bytes or seconds that cannot be.
    """
    for i, program in enumerate(programs):
        if not (np.isfinite(program.start) and program.start >= 0 and program.ranks >= 0):
            raise InputError(
                f"simulate: program {i}: ranks and start must be finite and >= 0, got {program.ranks}, {program.start}"
            )
        for j, phase in enumerate(program.phases):
            where = f"simulate: program {i}: phase {j}"
            _check_lengths(where, phase)
            _check_ranks(where, program.ranks, phase)
            _check_values(where, phase)


def _check_lengths(where: str, phase: Phase) -> None:
    """Refuse arrays that are not one entry per message."""
    count, ways = len(phase.source), phase.ways
    for name, array in (
        ("target", phase.target),
        ("ways.latency", ways.latency),
        ("ways.paths", ways.paths.hops),
        ("nbytes", phase.nbytes),
        ("fixed", phase.fixed),
        ("active", phase.active(0) if phase.active and phase.repeats else 0.0),
    ):
        if np.ndim(array) and np.shape(array) != (count,):
            raise InputError(f"{where}: {name} must have one entry per message, {count}, got {np.size(array)}")
    if ways.share is not None and len(ways.share) != len(ways.paths.links):
        raise InputError(
            f"{where}: ways.share must have one entry per link of a way, {len(ways.paths.links)}, got {len(ways.share)}"
        )


def _check_ranks(where: str, ranks: int, phase: Phase) -> None:
    """Refuse messages of ranks that do not exist."""
    for name, who in (("source", phase.source), ("target", phase.target)):
        if len(who) and not (who.min() >= 0 and who.max() < ranks):
            raise InputError(f"{where}: {name} must be ranks 0 to {ranks - 1}, got {who.min()} to {who.max()}")


def _check_values(where: str, phase: Phase) -> None:
    """Refuse numbers that are not finite or too small."""
    ways = phase.ways
    for name, value in (
        ("nbytes", phase.nbytes),
        ("fixed", phase.fixed),
        ("repeats", phase.repeats),
        ("ways.latency", ways.latency),
    ):
        wrong = ~(np.isfinite(value) & (np.asarray(value) >= 0))
        if wrong.any():
            raise InputError(f"{where}: {name} must be finite and >= 0, got {np.asarray(value)[wrong].flat[0]:g}")
    share = np.zeros(0) if ways.share is None else ways.share
    for name, value in (("ways.capacity", ways.capacity), ("ways.share", share)):
        wrong = ~(np.isfinite(value) & (value > 0))
        if wrong.any():
            raise InputError(f"{where}: {name} must be finite and above 0, got {value[wrong][0]:g}")
