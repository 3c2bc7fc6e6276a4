"""Rows that belong together: one file, collective, algorithm and world size, judged, by rising size. It judges nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from fabric.judge.judgement import Judgement
from fabric.judge.nominal import BLOCK_FROM, BYTES_FROM
from fabric.predict.laws import library
from fabric.predict.names import name_of
from fabric.records.result import Result

Key = tuple[str, str, str, str, int, int, str]


@dataclass(frozen=True)
class Table:
    """One table of a log. rows: by rising size, out of place where there are both halves; in_place: the other half."""

    file: str
    library: str
    collective: str
    algorithm: str
    nodes: int
    ranks: int
    rows: tuple[Judgement, ...]
    in_place: tuple[Judgement, ...] = ()

    @cached_property
    def large(self) -> tuple[Judgement, ...]:
        """The rows whose bandwidth says something of the fabric."""
        return tuple(row for row in self.rows if is_large(row.result))

    @cached_property
    def largest(self) -> Judgement | None:
        """The row of most bytes among the large ones."""
        return self.large[-1] if self.large else None


def is_large(result: Result) -> bool:
    """Return whether a row is one that bandwidth decides."""
    case = result.case
    return case.nbytes >= BYTES_FROM and case.nbytes / case.world_size >= BLOCK_FROM


def file_of(result: Result) -> str:
    """Return the file that a result came from, its fabric's name or its source where it came from none."""
    return str(result.context.get("file") or result.fabric or result.source)


def key_of(result: Result, algorithm: str | None = None) -> Key:
    """Return what rows of one table have in common: file, library, collective, algorithm, nodes, ranks, setting."""
    case = result.case
    setting = str(result.context.get("setting", ""))
    named = ran(result, algorithm)
    return file_of(result), library(result.source), case.collective, named, case.nodes, case.world_size, setting


def ran(result: Result, algorithm: str | None) -> str:
    """Return the name of the algorithm that ran: the log's, else the one that is given, else `default`."""
    own = name_of(result.algorithm)
    return name_of(algorithm) if algorithm and own == "default" else own


def tables_of(judgements: Iterable[Judgement], algorithm: str | None = None) -> list[Table]:
    """Return judged rows as tables, in the order in which they came."""
    groups = defaultdict[Key, list[Judgement]](list)
    for judgement in judgements:
        groups[key_of(judgement.result, algorithm)].append(judgement)
    return [_table(key, rows) for key, rows in groups.items()]


def _table(key: Key, rows: Sequence[Judgement]) -> Table:
    ordered = sorted(rows, key=lambda row: row.result.case.nbytes)
    outside = tuple(row for row in ordered if not row.result.case.in_place)
    inside = tuple(row for row in ordered if row.result.case.in_place)
    return Table(*key[:6], outside or inside, inside if outside else ())
