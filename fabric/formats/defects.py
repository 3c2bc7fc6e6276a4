"""What is wrong inside a foreign file that was read all the same, with its line. It knows no format and repairs nothing.

One flaw never refuses a whole file: a reader leaves out what it cannot make sense of, keeps the rest, and says so here.
`read` prints these, and `audit` lists those that speak of the fabric rather than of the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from topologies.errors import InputError

NOISE, UNFINISHED = "noise", "unfinished"
"""Lines that are none of the format's, such as another tool's messages; a last line without its end."""
LOOPBACK, REPEATED, MISSING, ONE_SIDED, CONTRADICTED, UNEVEN = (
    "loopback",
    "repeated",
    "missing",
    "one_sided",
    "contradicted",
    "uneven",
)
"""A cable from a vertex to itself; something described twice; something named and not described; a cable that one end alone
tells of; one that the other end denies; one whose ends state different widths or rates."""
OF_TEXT = (NOISE, UNFINISHED)
"""Kinds that say nothing of the fabric."""
SHOWN = 20
"""Defects that a person is shown; --json has them all."""


@dataclass(frozen=True, slots=True)
class Defect:
    """A flaw that was read around: its kind, its line (0: the file as a whole), and what was seen and done, in one line."""

    kind: str
    line: int
    told: str

    @property
    def of_fabric(self) -> bool:
        """Whether it may be a fault of the fabric, not only of the text."""
        return self.kind not in OF_TEXT

    def at(self, where: str) -> str:
        """Return `FILE:LINE: what`, or `FILE: what` where it concerns the whole file."""
        return f"{where}:{self.line}: {self.told}" if self.line else f"{where}: {self.told}"


def left_out(kind: str, error: InputError, where: str, line: int, what: str = "the line is left out") -> Defect:
    """Return a reader's error about one line as a defect: the line is left out, the rest of the file is read."""
    said = str(error).removeprefix(f"{where}:{line}: ").removeprefix(f"{where}: ")
    return Defect(kind, line, f"{said}; {what}")


def unfinished(text: str, what: str = "it may be cut, and is read as it stands") -> list[Defect]:
    """Return the defect of a text whose last line has no line end, nothing where it has one."""
    if not text.strip() or text.endswith(("\n", "\r")):
        return []
    last = text.count("\n") + 1
    return [Defect(UNFINISHED, last, f"the last line has no line end: {what}")]


def shown(defects: Iterable[Defect], where: str) -> list[str]:
    """Return the defects in lines for a person: the first SHOWN, then how many more there are."""
    found = list(defects)
    rest = len(found) - SHOWN
    return [d.at(where) for d in found[:SHOWN]] + [f"{where}: ... and {rest:,} more; --json lists them all"] * (rest > 0)
