"""Every row of some logs with its verdict, and the signatures of what may be wrong. It reads no file and prints nothing.

A floor, where one is given, decides. Without one nominal hardware decides, and the other rows that were given can only
lower `good` to `watch`: a site whose rows differ is no proof that one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fabric.judge.floor import Floor, floor_of
from fabric.judge.judgement import BAD, GOOD, UNKNOWN, WATCH, Expected, Judgement, Signature, Verdict, held_against, overall
from fabric.judge.nominal import Nominal
from fabric.judge.signatures.catalog import found_in
from fabric.judge.table import Key, Table, file_of, is_large, key_of, ran, tables_of
from fabric.records.result import Result

SMALL_GOOD, SMALL_BAD = 1.55, 2.2
"""Measured / floor of rows that latency and thresholds decide: their bands are wider."""


@dataclass(frozen=True)
class Judged:
    """What is thought of some results: a judgement per row, the tables they make, and the signatures seen in them."""

    judgements: tuple[Judgement, ...]
    tables: tuple[Table, ...]
    signatures: tuple[Signature, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict of all rows together."""
        return overall(self.judgements)


def judge(results: Sequence[Result], nominal: Nominal, *, floor: Floor | None = None, algorithm: str | None = None) -> Judged:
    """Return the verdict on every result, and what is seen in them.

    floor: what this site took before; None: nominal hardware, and the other rows. algorithm: what ran where the results say
    `default`; it matters, for a forced tree is half as fast as a ring by design.
    """
    placed = [replace(result, case=nominal.placed(result.case)) for result in results]
    kept = None if floor else _others(placed, algorithm)
    rows = [
        _judged(result, nominal, floor or (kept or {})[key_of(result, algorithm)], algorithm, given=bool(floor))
        for result in placed
    ]
    tables = tables_of(rows, algorithm)
    signatures = found_in(tables, nominal)
    doubted = {file for one in signatures if one.name in DOUBTED for file in one.files}
    judgements = tuple(_doubt(row, doubted) for row in rows)
    return Judged(judgements, tuple(tables_of(judgements, algorithm)), signatures)


DOUBTED = {"invented table", "contradicted rank count"}
"""Signatures after which a table's numbers mean nothing."""


def _doubt(row: Judgement, files: set[str]) -> Judgement:
    if file_of(row.result) not in files:
        return row
    return Judgement(row.result, UNKNOWN, "the table's own numbers contradict each other: see the signatures")


def _others(results: Sequence[Result], algorithm: str | None) -> dict[Key, Floor]:
    """Return for every table the floor of the other ones."""
    keys = [key_of(result, algorithm) for result in results]
    return {
        key: floor_of([one for one, own in zip(results, keys, strict=True) if own != key], algorithm)
        for key in dict.fromkeys(keys)
    }


def _judged(result: Result, nominal: Nominal, floor: Floor, algorithm: str | None, *, given: bool) -> Judgement:
    name = ran(result, algorithm)
    if result.wrong:
        return Judgement(result, UNKNOWN, f"{result.wrong} wrong elements: the time is no result")
    if given:
        return _by_floor(result, floor.expected(result, name, "floor"), nominal, name)
    hardware = nominal.expected(result, name)
    first = Judgement(result, UNKNOWN, hardware) if isinstance(hardware, str) else held_against(result, hardware)
    site = floor.expected(result, name, "site") if is_large(result) else ""
    return first if isinstance(site, str) else _lowered(first, held_against(result, site))


def _by_floor(result: Result, expected: Expected | str, nominal: Nominal, name: str) -> Judgement:
    """Return the judgement by a floor; where it says nothing, by nominal hardware."""
    if isinstance(expected, str):
        hardware = nominal.expected(result, name)
        if isinstance(hardware, str):
            return Judgement(result, UNKNOWN, f"floor: {expected}; hardware: {hardware}")
        return held_against(result, hardware)
    return held_against(result, banded(result, expected))


def banded(result: Result, expected: Expected) -> Expected:
    """Return what a floor expects of a row, with the wider bands of rows that latency and thresholds decide."""
    if is_large(result):
        return expected
    at = expected.seconds
    return replace(expected, high=max(expected.high, SMALL_GOOD * at), bad=max(expected.bad, SMALL_BAD * at))


def _lowered(first: Judgement, beside: Judgement) -> Judgement:
    """Return a judgement by hardware after a look at the site's other rows: they make a good row one to watch, no more."""
    if first.verdict == UNKNOWN and beside.verdict != UNKNOWN:
        worst: Verdict = WATCH if beside.verdict == BAD else beside.verdict
        return replace(beside, verdict=worst)
    if first.verdict == GOOD and beside.verdict == BAD:
        return replace(beside, verdict=WATCH, reason=f"good for the hardware, yet slower than {beside.reason}")
    return first
