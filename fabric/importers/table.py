"""What every reader returns: tables of rows, and the small helpers for reading text. It knows no tool and removes no noise."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import nan
from typing import Any

from fabric.records.case import Mode
from fabric.records.result import Barrier
from fabric.records.screen import Finding
from fabric.text.escape import shown
from fabric.text.numbers import maybe_whole, printed
from topologies.errors import InputError

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]{1,4}))?")
"""A printed number; its groups are the decimals and the exponent."""
LARGEST = 2**63 - 1
"""Bytes, counts: what a 64-bit integer of the tools can hold."""
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """One printed time. nbytes: as printed, the table's `per_rank` makes S of it; algbw, busbw in GB/s as printed.

    rounding: half the last printed digit of `seconds`, `algbw`, `busbw`, in the units of these, where they were printed;
    samples: seconds of each iteration where the tool wrote them.
    """

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
    rounding: Mapping[str, float] = field(default_factory=dict)
    samples: tuple[float, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table of one collective. S = nbytes x (ranks where `per_rank`); ranks, nodes None: the file does not say.

    least_ranks and places (rank -> device number, host): what a list of ranks that has gaps proves; per_process: ranks that
    each launched process drives, None where the table does not say; last_decimals: those that the tool always prints in its
    last column, 0 where it need not print any; hosts: those that the file names, by rank, none where it names none.
    """

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
    least_ranks: int = 1
    places: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    per_process: int | None = 1
    last_decimals: int = 0
    hosts: tuple[str, ...] = ()


class BadLine(InputError):
    """What is wrong in one line of a file. why: the rule and the value, without the place."""

    def __init__(self, where: str, line: int, why: str) -> None:
        """Where: the file."""
        super().__init__(f"{where}:{line}: {why}")
        self.why = why


def why(error: Exception) -> str:
    """Return what is wrong, without the place where an error names it apart."""
    return error.why if isinstance(error, BadLine) else str(error) if isinstance(error, InputError) else repr(error)


Tables = Sequence[Table | Finding]
"""Tables in the order of the file, and notes (row = line number) on what was left out of it."""


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Return (line number, line) of a text that noise.py has cleaned."""
    for number_of, line in enumerate(text.splitlines(), start=1):
        yield number_of, line.rstrip()


def is_row(content: str) -> bool:
    """Whether a line begins like a row: with a number."""
    first = content.split(maxsplit=1)[:1]
    return bool(first) and NUMBER.fullmatch(first[0]) is not None


def rows_of(found: list[Finding], line: int, content: str, make: Callable[[], Sequence[Row]]) -> Sequence[Row]:
    """Return the rows that `make` reads in a line; where the line is none, () and a finding on what was left out.

    A line whose second word is no number is another program's (`238  UCX  ERROR ...`): a note. Others are rows that
    something has spoilt: a warning.
    """
    try:
        return make()
    except InputError as error:
        cells = content.replace("|", " ").split()
        foreign = len(cells) > 1 and not NUMBER.fullmatch(cells[1]) and not NUMBER.match(cells[-1])
        found.append(Finding("note" if foreign else "warning", f"left out, no row of its table: {why(error)}", line))
        return ()


def wrong_line(where: str, line: int, expected: str, got: object) -> BadLine:
    """Return the error of one line: file, line number, what would be right, what was found."""
    return BadLine(where, line, f"must be {expected}, got {shown(str(got).strip(), 70)}")


def number(where: str, line: int, what: str, text: str) -> float:
    """Return a column as a number; InputError naming the line. `nan` and `inf` are numbers, which no result can have."""
    if not (NUMBER.fullmatch(text) or NOT_FINITE.fullmatch(text)):
        raise wrong_line(where, line, f"a number in column {what}", text)
    value = printed(text)
    return nan if value is None else value


def whole_number(where: str, line: int, what: str, text: str) -> int:
    """Return a column that counts as an integer of 64 bits; InputError naming the line."""
    value = maybe_whole(number(where, line, what, text))
    if value is None:
        raise wrong_line(where, line, f"a whole number below 2^63 in column {what}", text)
    return value


def rounding(text: str) -> float:
    """Return half the last printed digit of a number: 0.005 of `52.43`, 5e5 of `1.7e+07`; 0 of what is none."""
    found = NUMBER.fullmatch(text)
    if found is None:
        return 0.0
    return 0.5 * math.pow(10.0, int(found[3] or 0) - len(found[1] or found[2] or "")) if abs(int(found[3] or 0)) < 300 else 0.0


def stated_time(text: str) -> str | None:
    """Return ISO 8601 of a stated local time (`2026-01-02 03:04:05` or `Thu Jul 20 16:27:27 2023`), None where it is none."""
    for form in ("%Y-%m-%d %H:%M:%S", "%a %b %d %H:%M:%S %Y"):
        try:
            return datetime.strptime(" ".join(text.split()), form).isoformat()
        except ValueError:
            continue
    return None
