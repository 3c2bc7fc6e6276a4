"""Slices of a contest: as launches that are started one after the other, or inside the user's own launch. It judges nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.gate.interleave import Arena, Contest, Dress, Quad, Slice, Tell, as_it_is, compete
from fabric.gate.rounds import Rounds
from fabric.measure.launch import start
from fabric.measure.launch.launcher import Launch
from fabric.measure.launch.supervise import Ending, supervise_ranks
from fabric.text.files import read_bytes
from fabric.text.json_file import parse_json
from topologies.errors import InputError

SCHEMA = "fabricbench.quad/1"
FIXED = ("mpi_library", "torch", "nccl", "thread_level", "processor", "cores")
"""Facts that all launches of one gate must share."""


@dataclass(frozen=True)
class Fought:
    """What slices left behind: their quads in order, wrong elements per cell, launches, and the first launch's facts."""

    quads: tuple[Quad, ...]
    launches: int
    context: Mapping[str, Any]

    def wrong(self, cell: int) -> int:
        """Return the wrong elements of a cell."""
        return sum(quad.wrong for quad in self.quads if quad.cell == cell)


def draw_seed() -> int:
    """Return a seed that nobody can know beforehand: a gate's coins must not follow from anything."""
    return random.SystemRandom().randrange(1 << 31)


def fight(
    contest: Contest,
    rounds: Rounds,
    words: Callable[[Slice, Path], Sequence[str]],
    path: Path,
    tell: Callable[[Rounds], None] = lambda _: None,
) -> Fought:
    """Start launch after launch until every cell is decided or the budget is used up; quads are appended to the file.

    words(slice, file): the command line after `python -m` whose ranks call fight_slice.

    Raises:
        EnvironmentFault: a launch ended badly.
        SystemExit: somebody ended us by a signal.
    """
    quads: list[Quad] = []
    contexts: list[Mapping[str, Any]] = []
    while rounds.open:
        tell(rounds)
        before = path.stat().st_size if path.exists() else 0
        part = Slice(rounds.open, rounds.seconds(), draw_seed())
        line, limit = _launch(contest, words(part, path)), max(contest.a.plan.timeout, contest.b.plan.timeout)
        _end(supervise_ranks(line, start.environment(), contest.ranks, limit), contest.a.backend)
        context, found = read_quads(path, before)
        contexts.append(context)
        same_surroundings(contexts[0], context)
        for quad in found:
            rounds.add(quad.cell, quad.log_ratio)
        quads += found
        rounds.close_part()
    return Fought(tuple(quads), len(contexts), contexts[0] if contexts else {})


def _launch(contest: Contest, words: Sequence[str]) -> list[str]:
    """Return the command line of the ranks: start.command_line's, with another module where words name one."""
    module, *arguments = words
    line = start.command_line(contest.a.backend, contest.ranks, arguments)
    at = len(line) - len(arguments) - 1
    return [*line[:at], module, *arguments]


def _end(ending: Ending, backend: str) -> None:
    if ending.stopped is not None:
        raise SystemExit(128 + ending.stopped)
    if ending.code:
        raise EnvironmentFault(f"{backend}: {ending.reason.removeprefix(f'{backend}: ')}")


def same_surroundings(first: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """Raise where two launches that are to be compared ran on different libraries, thread levels or machines.

    Raises:
        InputError: naming the fact and both values.
    """
    for key in FIXED:
        if first.get(key) != other.get(key):
            raise InputError(f"gate: will not compare across {key}: {first.get(key)!r} and {other.get(key)!r}")


def fight_slice(
    contest: Contest, launch: Launch, part: Slice, path: Path, dress: Dress = as_it_is, tell: Tell | None = None
) -> None:
    """Measure one slice as one rank of a launch; rank 0 appends its facts and every quad to the file."""

    def slices(arena: Arena) -> Iterator[Slice]:
        if launch.rank == 0:
            _append(path, {"schema": SCHEMA, "context": {"source": arena.world.source, **arena.context()}})
        yield part

    compete(contest, launch, slices, lambda quad: _append(path, _row(quad)), tell, dress)


def fight_here(contest: Contest, launch: Launch, rounds: Rounds, tell: Callable[[Rounds], None]) -> Fought:
    """Measure slice after slice inside this launch; all ranks call it, rank 0 judges. Returns the quads on rank 0."""
    quads: list[Quad] = []
    contexts: list[Mapping[str, Any]] = []

    def slices(arena: Arena) -> Iterator[Slice]:
        contexts.append({"source": arena.world.source, **arena.context()})
        agree = arena.everybody.agree
        while cells := tuple(n for n in range(rounds.cells) if agree(int(n in rounds.open))):
            tell(rounds)
            yield Slice(cells, rounds.seconds() if launch.rank == 0 else 0.0, agree(draw_seed()))
            if launch.rank == 0:
                rounds.close_part()

    def keep(quad: Quad) -> None:
        quads.append(quad)
        rounds.add(quad.cell, quad.log_ratio)

    compete(contest, launch, slices, keep)
    return Fought(tuple(quads), 1, contexts[0])


def _row(quad: Quad) -> dict[str, Any]:
    return {**asdict(quad), "seconds": [float(f"{value:.6g}") for value in quad.seconds]}


def _append(path: Path, row: Mapping[str, Any]) -> None:
    try:
        with path.open("a") as file:
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
    except OSError as error:
        raise InputError(f"output: cannot write {path}: {error.strerror}; choose a folder that can be written") from None


def read_quads(path: Path, start_at: int = 0) -> tuple[Mapping[str, Any], list[Quad]]:
    """Return (facts of the last launch, quads) of a file from a byte on; a torn last line is left out.

    Raises:
        InputError: a file that cannot be read, or holds no launch.
    """
    lines = read_bytes(path, "quads")[start_at:].decode(errors="replace").splitlines()
    rows = []
    for line in lines:
        with suppress(ValueError):  # torn by a crash
            rows.append(parse_json(line, str(path)))
    rows = [row for row in rows if isinstance(row, dict)]
    contexts = [row["context"] for row in rows if row.get("schema") == SCHEMA]
    if not contexts:
        raise InputError(f"quads: {path} must hold a launch of schema {SCHEMA}, got none")
    quads = [Quad(row["cell"], row["order"], tuple(row["seconds"]), row["wrong"]) for row in rows if "cell" in row]
    return contexts[-1], quads
