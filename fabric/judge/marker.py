"""The pytest marker `floor`: one case held against a floor's file, and the judgement in one line. It measures nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fabric.judge.floor import Floor
from fabric.judge.floor_file import read
from fabric.judge.judge import banded
from fabric.judge.judgement import UNKNOWN, Judgement, held_against
from fabric.judge.table import ran
from fabric.records.result import Result
from fabric.units import show_duration, show_size
from topologies.errors import InputError


def marked(args: Sequence[object], named: Mapping[str, object], folder: Path) -> tuple[Floor, str | None]:
    """Return the floor and the algorithm that a marker's arguments name. folder: of the test, which a path starts from.

    Raises:
        InputError: other arguments than one path and algorithm=, or a file that is no floor.
    """
    algorithm = named.get("algorithm")
    path = args[0] if len(args) == 1 else None
    if not isinstance(path, str | Path) or set(named) - {"algorithm"} or not isinstance(algorithm, str | None):
        given = ", ".join([*map(repr, args), *(f"{key}={value!r}" for key, value in named.items())])
        raise InputError(f"floor: takes the path of one file, and algorithm= where it matters, got ({given})")
    return read(folder / path, "floor"), algorithm


def by_floor(result: Result, floor: Floor, algorithm: str | None = None) -> Judgement:
    """Return the judgement of a result by a floor; unknown where the floor says nothing of it. algorithm: of `default`."""
    expected = floor.expected(result, ran(result, algorithm))
    if isinstance(expected, str):
        return Judgement(result, UNKNOWN, f"floor: {expected}")
    return held_against(result, banded(result, expected))


def line(judgement: Judgement) -> str:
    """Return a judgement in one line: verdict, case, time, what was expected and by which law, or why nothing is known."""
    case, expected = judgement.result.case, judgement.expected
    what = f"{judgement.verdict}: {case.collective} of {show_size(case.nbytes)} on {case.world_size} ranks"
    took = f"{what} took {show_duration(judgement.result.time)}"
    if expected is None:
        return f"{took}; {judgement.reason}"
    ends = f"good to {show_duration(expected.high)}, bad beyond {show_duration(expected.bad)}"
    return f"{took}, {judgement.ratio:.2f} x the floor's {show_duration(expected.seconds)} ({ends}; {judgement.reason})"
