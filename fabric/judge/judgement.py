"""The nouns of a verdict: what was expected of a row, and what is thought of it. It does not know how either was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from fabric.collectives.catalog import busbw_factor
from fabric.records.case import Case
from fabric.records.result import Result

Verdict = Literal["good", "watch", "bad", "unknown"]
GOOD: Final = "good"
WATCH: Final = "watch"
BAD: Final = "bad"
UNKNOWN: Final = "unknown"
Basis = Literal["nominal", "site", "floor"]


@dataclass(frozen=True)
class Expected:
    """The time that a healthy fabric takes, seconds.

    low, high: what healthy rows were seen to take, relative to the law; bad: the time beyond which a row is bad. basis:
    `nominal` (the fabric's hardware), `site` (the other rows that were given), `floor` (a record of this fabric). algorithm:
    the one whose time it is. why: the law in words.
    """

    seconds: float
    low: float
    high: float
    bad: float
    basis: Basis
    algorithm: str
    why: str

    def busbw(self, case: Case, seconds: float | None = None) -> float:
        """Return the bus bandwidth of a case in bytes per second that a time means, by default the expected one."""
        factor = busbw_factor(case.collective, case.world_size, case.params)
        return factor * case.nbytes / (self.seconds if seconds is None else seconds)


@dataclass(frozen=True)
class Judgement:
    """One row with its verdict. expected None: no law says anything of the row, and reason says why."""

    result: Result
    verdict: Verdict
    reason: str
    expected: Expected | None = None

    @property
    def ratio(self) -> float | None:
        """Measured / expected seconds, None where nothing is expected."""
        return self.result.time / self.expected.seconds if self.expected else None


@dataclass(frozen=True)
class Signature:
    """A pattern in the numbers that has known causes.

    evidence: the numbers it rests on, in words. causes: candidates, the likeliest first. next_command: what tells them
    apart. note: also seen in healthy tables, so no cause of a bad row. nodes, nbytes: where it was seen, 0 for a whole set.
    """

    name: str
    evidence: str
    causes: tuple[str, ...]
    next_command: str
    note: bool = False
    files: tuple[str, ...] = field(default=())
    nodes: int = 0
    nbytes: int = 0


def held_against(result: Result, expected: Expected) -> Judgement:
    """Return a row's judgement against what is expected: good up to `high`, watch up to `bad`, bad beyond."""
    time = result.time
    verdict: Verdict = GOOD if time <= expected.high else WATCH if time <= expected.bad else BAD
    return Judgement(result, verdict, expected.why, expected)


def overall(judgements: Iterable[Judgement]) -> Verdict:
    """Return the verdict of all rows: bad where one is, good where one is and none is bad, else watch, else unknown."""
    found = {judgement.verdict for judgement in judgements}
    order: tuple[Verdict, ...] = (BAD, GOOD, WATCH)
    return next((verdict for verdict in order if verdict in found), UNKNOWN)
