"""Tables of other tools as results: ranks and nodes settled, sizes made S, every table screened. It reads no text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

import numpy as np

from fabric.collectives.catalog import COLLECTIVES, collective
from fabric.importers.table import LARGEST, BadLine, Row, Table
from fabric.records.case import DTYPES, Case
from fabric.records.result import Result, now
from fabric.records.screen import Columns, Finding, Floats, meant_ranks, screen
from topologies.errors import InputError

FOREIGN_DTYPES = {
    "float": "f32",
    "half": "f16",
    "bfloat16": "bf16",
    "double": "f64",
    "int32": "i32",
    "int": "i32",
    "int8": "i8",
    "uint8": "i8",
    "char": "i8",
    "fp32": "f32",
    "fp16": "f16",
    "bfp16": "bf16",
    "bf16": "bf16",
    "fp64": "f64",
}
NO_OP = ("none", "-1", "")
ALONE = "left out: one rank alone, nothing was communicated; was the benchmark built without MPI?"
NO_BYTES = ("barrier", "latency")
"""Whose times of 0 bytes are results."""


@dataclass(frozen=True)
class Given:
    """What the user adds where the file does not say; None: nothing."""

    ranks: int | None = None
    nodes: int | None = None
    collective: str | None = None


@dataclass(frozen=True)
class Said:
    """What is known of a table's run besides the table: given by the user, or said by the log around it (None: nothing)."""

    given: Given = field(default_factory=Given)
    ranks: int | None = None
    nodes: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Imported:
    """Results and findings of one table; a finding's row is a line number of the file, None the whole table.

    hosts: those that the table's run names, by rank; no result keeps them.
    """

    collective: str
    line: int
    results: tuple[Result, ...]
    findings: tuple[Finding, ...]
    hosts: tuple[str, ...] = ()


def convert(table: Table, tool: str, where: str, said: Said) -> Imported:
    """Return a table's results with source `import:TOOL`, statistic `mean` (`raw` of samples), and what the screening found.

    Rows that cannot be a result (no time above zero, a dtype that cases do not have) are left out with a finding. Every
    finding but a note is kept in the results' context under `screened` too, errors under `screened_errors`:
    whoever reads them later is warned.

    Raises:
        InputError: collective or ranks neither in the file nor given, or given otherwise than the file says.
    """
    named = named_collective(table, where, said.given)
    moving = [row for row in table.rows if row.nbytes > 0 or named in NO_BYTES]
    ranks, findings = _ranks(table, moving, named, where, said)
    if ranks == 1:
        return Imported(named, table.line, (), (Finding("warning", ALONE, table.line),))
    scale = ranks if table.per_rank else 1
    rows = [replace(row, nbytes=row.nbytes * scale) for row in moving]
    if len(moving) < len(table.rows):
        findings.append(Finding("note", f"left out: {len(table.rows) - len(moving)} times of 0 bytes"))
    rows, empty = _without_empty_half(rows)
    findings += [*empty, *(finding for place in (False, True) for finding in _screened(rows, named, ranks, in_place=place))]
    good = [
        row for row in rows if row.nbytes <= LARGEST and np.isfinite(row.seconds) and row.seconds > 0 and _dtype(row) in DTYPES
    ]
    findings += _left_out(rows)
    nodes = _nodes(table, ranks, where, said, findings)
    shared = _context(table, said, where, findings)
    results = tuple(_result(row, table, tool, named, ranks, nodes, shared) for row in good)
    return Imported(named, table.line, results, tuple(findings), table.hosts)


def refuse_contradiction(tables: Sequence[Table], where: str, given: Given) -> None:
    """Raise where the user gave ranks that no table of the file takes: all state theirs, and another number.

    Raises:
        InputError: --ranks contradicts every table.
    """
    said = [table.ranks for table in tables]
    if given.ranks is not None and said and None not in said and given.ranks not in said:
        raise BadLine(where, tables[0].line, f"ranks: the file says {said[0]}, got --ranks {given.ranks}")
    for table in tables if given.collective is not None else ():
        named_collective(table, where, given)


def named_collective(table: Table, where: str, given: Given) -> str:
    """Return the collective's name as in our catalogue, from the table, else as given.

    Raises:
        InputError: in neither, in both and not the same, or none of ours.
    """
    if given.collective is not None:
        asked = collective(given.collective).name
        if table.collective not in (None, asked):
            raise BadLine(where, table.line, f"collective: the file says {table.collective}, got --collective {asked}")
        return asked
    if table.collective is None:
        raise BadLine(where, table.line, "the file does not name the collective; give --collective all_reduce")
    if table.collective not in COLLECTIVES:
        known = ", ".join(COLLECTIVES)
        raise BadLine(where, table.line, f"collective must be one of {known}, got {table.collective!r}")
    return table.collective


def _ranks(table: Table, rows: Sequence[Row], named: str, where: str, said: Said) -> tuple[int, list[Finding]]:
    """Return the ranks: as the table states, as given, as the log says where busbw / algbw allows it, as these alone mean.

    Raises:
        InputError: none of them says one number.
    """
    stated = table.ranks if table.ranks is not None else said.given.ranks
    if stated is not None and stated < table.least_ranks:
        raise BadLine(where, table.line, f"ranks: the file lists rank {table.least_ranks - 1}, got --ranks {stated}")
    if stated is not None:
        return stated, []
    meant = meant_ranks(_columns([row for row in rows if not row.in_place] or rows, named, None))
    low, high = meant or (1, LARGEST)
    low = max(low, table.least_ranks)
    if said.ranks is not None and low <= said.ranks <= high:
        return said.ranks, []
    if meant is not None and low == high:
        return low, [Finding("warning", f"ranks: {low} inferred from busbw / algbw, the file does not list them")]
    raise BadLine(where, table.line, f"{_asked(meant, low, high, said.ranks)}; give --ranks N")


def _asked(meant: tuple[int, int] | None, low: int, high: int, said: int | None) -> str:
    """Return why the ranks are not known."""
    contradicted = f", the log's {said} are not among them" if said is not None else ""
    if meant is not None and low < high:
        return f"the file does not list its ranks, busbw / algbw means {low} to {high}{contradicted}"
    least = f" (at least {low}: its list has gaps)" if low > 1 and meant is None else ""
    return f"the file does not say how many ranks took part{least}{contradicted}"


def _nodes(table: Table, ranks: int, where: str, said: Said, findings: list[Finding]) -> int:
    given = said.given
    if given.nodes is not None and table.nodes not in (None, given.nodes):
        raise BadLine(where, table.line, f"nodes: the file says {table.nodes}, got --nodes {given.nodes}")
    nodes = table.nodes if table.nodes is not None else given.nodes
    if nodes is None and said.nodes is not None and ranks % said.nodes == 0:
        return said.nodes
    if nodes is None and (found := _nodes_of_places(table.places, ranks)) is not None:
        findings.append(Finding("warning", f"nodes: {found} inferred from the device numbers of a list that has gaps"))
        return found
    if nodes is None:
        findings.append(Finding("note", "nodes: 1 assumed, the file does not say; give --nodes K"))
        return 1
    if nodes > ranks or ranks % nodes:
        raise InputError(f"nodes: must divide the {ranks} ranks of {where}:{table.line} evenly, got {nodes}")
    return nodes


def _nodes_of_places(places: Mapping[int, tuple[int, str]], ranks: int) -> int | None:
    """Return the nodes of a list with gaps if one count of ranks per node fits all its lines; None where none or several do.

    With d ranks a node, rank r is device r mod d of node r // d, and two ranks share a host only if they share a node.
    """
    if len({host for _, host in places.values()}) < 2:
        return None
    fitting = []
    for each in (d for d in range(1, ranks) if ranks % d == 0):
        hosts = {(rank // each, host) for rank, (_, host) in places.items()}
        alone = len(hosts) == len({node for node, _ in hosts}) == len({host for _, host in hosts})
        if alone and all(rank % each == device for rank, (device, _) in places.items()):
            fitting.append(ranks // each)
    return fitting[0] if len(fitting) == 1 else None


def _columns(rows: Sequence[Row], named: str, ranks: int | None, in_place: Sequence[Row] = ()) -> Columns:
    def column(name: str) -> Floats | None:
        values = [getattr(row, name) for row in rows]
        return None if not values or any(value is None for value in values) else np.array(values, dtype=float)

    return Columns(
        collective=named,
        ranks=ranks,
        sizes=np.array([row.nbytes for row in rows], dtype=float),
        seconds=np.array([row.seconds for row in rows], dtype=float),
        algbw=column("algbw"),
        busbw=column("busbw"),
        in_place=np.array([row.seconds for row in in_place], dtype=float) if len(in_place) == len(rows) else None,
        rounding=_rounding(rows, in_place),
    )


def _rounding(rows: Sequence[Row], in_place: Sequence[Row]) -> dict[str, Floats]:
    """Return half the last printed digit of the columns of which it is known in every row."""
    sources = [*((name, name, rows) for name in ("seconds", "algbw", "busbw")), ("in_place", "seconds", in_place)]
    return {
        column: np.array([row.rounding[name] for row in own], dtype=float)
        for column, name, own in sources
        if own and all(name in row.rounding for row in own)
    }


def _screened(rows: Sequence[Row], named: str, ranks: int, *, in_place: bool) -> Iterator[Finding]:
    """Return the findings on one half of a table, their rows made line numbers."""
    half = "in place: " if in_place else ""
    for series in _series(rows) if named != "barrier" else ():
        own = [row for row in series if row.in_place == in_place]
        other = [] if in_place else [row for row in series if row.in_place]
        for finding in screen(_columns(own, named, ranks, other)) if own else ():
            line = None if finding.row is None else own[finding.row].line
            yield Finding(finding.severity, half * (not finding.text.startswith("in place")) + finding.text, line)


def _series(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Return the rows of each dtype, operation and root: one run may sweep them all in one table."""
    keys = dict.fromkeys((row.dtype, row.op, row.root) for row in rows)
    return ([row for row in rows if (row.dtype, row.op, row.root) == key] for key in keys)


def _without_empty_half(rows: list[Row]) -> tuple[list[Row], list[Finding]]:
    """Return the rows without a half of which no time is above zero beside one that was measured."""
    timed = {row.in_place for row in rows if row.seconds > 0}
    if len(timed) != 1 or len({row.in_place for row in rows}) == 1:
        return rows, []
    half = "out of place" if True in timed else "in place"
    return [row for row in rows if row.in_place in timed], [Finding("note", f"{half}: not measured, every time is 0")]


def _left_out(rows: Sequence[Row]) -> Iterator[Finding]:
    kinds = sorted({row.dtype for row in rows if _dtype(row) not in DTYPES})
    large = [row for row in rows if row.nbytes > LARGEST]
    if large:
        yield Finding("warning", f"left out: {len(large)} times of 2^63 bytes and more", large[0].line)
    if kinds:
        yield Finding("note", f"left out: rows of dtype {', '.join(kinds)}, known are {', '.join(DTYPES)}")
    wrong = [row for row in rows if row.wrong]
    if wrong:
        yield Finding("error", f"wrong: {len(wrong)} times have wrong elements", wrong[0].line)


def _dtype(row: Row) -> str:
    return FOREIGN_DTYPES.get(row.dtype, row.dtype)


def _context(table: Table, said: Said, where: str, findings: Sequence[Finding]) -> dict[str, Any]:
    doubts = [finding.text for finding in findings if finding.severity != "note"]
    errors = [finding.text for finding in findings if finding.severity == "error"]
    return {
        **said.context,
        **table.context,
        "file": PurePath(where).name,
        "imported_at": now(),
        "made_at_stated": table.made_at is not None,
        **({"screened": doubts} if doubts else {}),
        **({"screened_errors": errors} if errors else {}),
    }


def _result(row: Row, table: Table, tool: str, named: str, ranks: int, nodes: int, shared: dict[str, Any]) -> Result:
    printed = {key: getattr(row, key) for key in ("algbw", "busbw") if getattr(row, key) is not None}
    case = Case(
        collective=named,
        nbytes=row.nbytes,
        world_size=ranks,
        nodes=nodes,
        ranks_per_node=ranks // nodes,
        op="sum" if row.op in NO_OP else row.op,
        # None is rank 0: the same case as one that was measured without naming a root.
        root=row.root if row.root is not None and 0 < row.root < ranks else None,
        dtype=_dtype(row),
        in_place=row.in_place,
        mode=table.mode,
        params=table.params,
    )
    return Result(
        case=case,
        source=f"import:{tool}",
        seconds=row.samples or (row.seconds,),
        algorithm=table.algorithm,
        statistic="raw" if row.samples else "mean",
        barrier=table.barrier,
        iterations=max(row.iterations, 1),
        batch=max(table.batch, 1),
        wrong=row.wrong,
        context={**shared, "line": row.line, **row.more, **({"printed_gb_per_second": printed} if printed else {})},
        made_at=row.made_at or table.made_at or shared["imported_at"],
    )
