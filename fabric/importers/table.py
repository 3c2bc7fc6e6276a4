"""What every reader returns: tables of rows, and the small helpers for reading text. It knows no tool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fabric.records.case import Mode
from fabric.records.result import Barrier
from fabric.records.screen import Finding
from fabric.text.escape import shown
from fabric.text.numbers import maybe_whole, printed
from topologies.errors import InputError

PREFIX = re.compile(r"^[ \t]*(?:\[\d+,\d+\]<std\w+>:|\d+:(?=\s))\s?")
"""What launchers put before each line: `[1,0]<stdout>:` (mpirun --tag-output), `0: ` (srun --label)."""


@dataclass(frozen=True)
class Row:
    """One printed time. nbytes: as printed, the table's `scale` makes S of it; algbw, busbw in GB/s as printed."""

    line: int
    nbytes: int
    seconds: float
    in_place: bool = False
    algbw: float | None = None
    busbw: float | None = None
    wrong: int | None = None
    iterations: int = 1
    dtype: str = "f32"
    op: str = "sum"
    root: int | None = None
    made_at: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """One table of one collective. S = nbytes x (ranks where `per_rank`); ranks, nodes None: the file does not say."""

    collective: str | None
    line: int
    rows: tuple[Row, ...]
    ranks: int | None = None
    nodes: int | None = None
    per_rank: bool = False
    mode: Mode = "blocking"
    barrier: Barrier = "back_to_back"
    batch: int = 1
    algorithm: str = "default"
    params: Mapping[str, float | str] = field(default_factory=dict)
    made_at: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


Tables = Sequence[Table | Finding]
"""Tables in the order of the file, and notes (row = line number) on what was left out of it."""


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Return (line number, line) without a launcher's prefix."""
    for number, line in enumerate(text.splitlines(), start=1):
        yield number, PREFIX.sub("", line.rstrip())


def wrong_line(where: str, line: int, expected: str, got: object) -> InputError:
    """Return the error of one line: file, line number, what would be right, what was found."""
    return InputError(f"{where}:{line}: must be {expected}, got {shown(str(got).strip(), 70)}")


def number(where: str, line: int, what: str, text: str) -> float:
    """Return a column as a number; InputError naming the line."""
    value = printed(text)
    if value is None:
        raise wrong_line(where, line, f"a number in column {what}", text)
    return value


def whole_number(where: str, line: int, what: str, text: str) -> int:
    """Return a column that counts as an integer; InputError naming the line."""
    value = maybe_whole(number(where, line, what, text))
    if value is None:
        raise wrong_line(where, line, f"a whole number in column {what}", text)
    return value


def stated_time(text: str) -> str | None:
    """Return ISO 8601 of a stated local time (`2026-01-02 03:04:05` or `Thu Jul 20 16:27:27 2023`), None where it is none."""
    for form in ("%Y-%m-%d %H:%M:%S", "%a %b %d %H:%M:%S %Y"):
        try:
            return datetime.strptime(" ".join(text.split()), form).isoformat()
        except ValueError:
            continue
    return None
