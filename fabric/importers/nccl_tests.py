"""Text output of nccl-tests and of its relatives (rccl-tests): tables told by their header, several runs in one file.

Columns are found by name, so that files with and without `root`, with `error` for `#wrong`, with timestamps, iterations'
extremes (-I) or further columns are read alike. It takes no noise off a line (noise.py does).
Facts: NVIDIA/nccl-tests, src/util.cu and doc/PERFORMANCE.md (2.17, 2.18); ROCm/rccl-tests (2.17).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from fabric.importers.noise import joined
from fabric.importers.table import (
    NUMBER,
    Row,
    Table,
    Tables,
    is_row,
    lines,
    number,
    rounding,
    rows_of,
    stated_time,
    whole_number,
    wrong_line,
)
from fabric.records.screen import Finding
from fabric.text.numbers import whole
from topologies.errors import InputError

SIGN = re.compile(r"(?:#[ \t]*)?\bsize\s+count\s(?:.*\s)?(?:time|cputime)\s+algbw\s+busbw\b")
HEADER = re.compile(rf"\s*{SIGN.pattern}")
RANK = re.compile(
    r"^\s*#?\s*Rank\s+(\d{1,9})(?:\s+Group\s+(\d{1,9}))?\s+Pid\s+(\d+)\s+on\s+(\S+)\s+device\s+(\d{1,4})\s+\[[^\]]*\]\s*(.*)$"
)
RUN = re.compile(r"^\s*#?\s*nThread\s+\d+\s+nGpus\s+\d+\s+minBytes\s")
SETTING = re.compile(r"(warmup iters|agg iters|iters|validation|graph|nThread|nGpus):?\s+(\d{1,9})")
VERSION = re.compile(r"^\s*#?\s*(?:nccl|rccl)-tests version (\S+).*?-library=(\d+)")
BINARY = re.compile(
    r"\b(all_reduce|all_gather|reduce_scatter|alltoallv|alltoall|broadcast|reduce|gather|scatter|sendrecv|hypercube)_perf(?:_mpi)?\b"
)
NAMES = {"alltoall": "all_to_all", "alltoallv": "all_to_all_v"}
OVER_RANKS = "mean, unless the run set -a"
BLANKS = 16
"""Fewer than a row without its out-of-place half has in its place: the tool prints 32."""
HALF = "cut: its in-place half is missing; left out"


CELLS = 7
"""Fewest of a row: size, count, type, time, algbw, busbw, wrong."""
BYTES = {"int8": 1, "uint8": 1, "char": 1, "half": 2, "bfloat16": 2, "float": 4, "int32": 4, "uint32": 4, "int": 4, "double": 8}
"""Of an element; other types are not checked."""
WRONG = ("#wrong", "wrong", "error", "errors")
EXTREMES = {"i_min": "min_seconds", "i_max": "max_seconds", "i_p99": "p99_seconds"}
"""Columns of -I (2.18): over the iterations."""


@dataclass
class Run:
    """What the lines before a table say.

    hosts: per group and rank, (process, host, device number); firsts: how often a list began; beside: why it is not one run.
    """

    collective: str | None = None
    hosts: dict[int, dict[int, tuple[str, str, int]]] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    settings: dict[str, int] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    firsts: int = 0
    beside: str = ""


@dataclass(frozen=True)
class Layout:
    """Where a header puts its columns: leading names, then one or two groups that begin with the time."""

    line: int
    leading: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    trailing: int
    cpu: bool

    @property
    def width(self) -> int:
        """Cells of a row without its timestamp."""
        return len(self.leading) + sum(len(group) for group in self.groups)


@dataclass
class Reading:
    """Where a reader is in a file. above: what was said before the open table's header."""

    where: str
    run: Run = field(default_factory=Run)
    above: Run = field(default_factory=Run)
    layout: Layout | None = None
    rows: list[Row] = field(default_factory=list)
    doubts: list[Finding] = field(default_factory=list)
    found: list[Table | Finding] = field(default_factory=list)

    def close(self) -> None:
        """End the open table, if there is one."""
        if self.layout is not None:
            self.found += [*self.doubts, *_close(self.above, self.layout, self.rows)]
        self.layout, self.rows, self.doubts = None, [], []


def read(text: str, where: str) -> Tables:
    """Return the tables of a file of nccl-tests or rccl-tests; lines that are no rows are left out with a finding.

    Raises:
        InputError: a header without its bandwidths, naming file and line.
    """
    now, content = Reading(where), [line for _, line in lines(text)]
    skip = -1
    for at, line in enumerate(content):
        if at == skip:
            continue
        if HEADER.match(line):
            if now.layout is not None and not now.rows:
                now.run.beside = now.run.beside or "two headers and no row between them"
            now.close()
            # What is said from here on, the next run's command line say, is not of this table.
            now.above, now.layout = deepcopy(now.run), _layout(where, at + 1, line)
        elif is_row(line):
            skip = _take(now, at, content)
        else:
            _learn(now, line)
    now.close()
    return now.found


def _take(now: Reading, at: int, content: Sequence[str]) -> int:
    """Add a line's rows to the open table; the index of a line that was its second half, else -1."""
    layout, line = now.layout, content[at]
    if layout is None:
        # Rows whose header is not above them are another run's, which goes on while this one begins.
        if now.found and len(line.split()) >= CELLS and not NUMBER.match(line.split()[2]):
            now.found.append(Finding("warning", "left out: a row without a header", at + 1))
            now.run.beside = now.run.beside or "rows go on where the next run begins"
        return -1
    if half := joined(line, content[at + 1 :], layout.width, _names(now.run)):
        rows = rows_of(now.doubts, at + 1, half[0], lambda: _rows(now.where, at + 1, half[0], layout))
        if rows and all(_is_proven(row) for row in rows):
            now.rows += rows
            now.doubts.append(Finding("note", f"a row that a log's line split was joined with line {at + 1 + half[1]}", at + 1))
            return at + half[1]
    now.rows += rows_of(now.doubts, at + 1, line, lambda: _rows(now.where, at + 1, line, layout))
    return -1


def _names(run: Run) -> set[str]:
    return {host for group in run.hosts.values() for _, host, _ in group.values()}


def _is_proven(row: Row) -> bool:
    """Whether algbw = size / time within what was printed: the two halves of a row are of one."""
    low, high = (row.seconds + sign * row.rounding["seconds"] for sign in (-1, 1))
    if row.algbw is None or low <= 0:
        return False
    slack = row.rounding["algbw"]
    return row.nbytes / high / 1e9 - slack <= row.algbw <= row.nbytes / low / 1e9 + slack


def _next_run(run: Run, layout: Layout | None, content: str) -> Run:
    """Return a fresh run; what was said since the last table (version, binary) belongs to the coming one."""
    if layout is None and RUN.match(content):
        return replace(run, hosts={}, devices=set(), settings={}, firsts=0)
    # A version's line is followed by the collective's name; without it, the last one named may be another run's.
    return Run(collective=None if VERSION.match(content) else run.collective)


def _learn(now: Reading, content: str) -> None:
    if found := RANK.match(content):
        if _is_listed(now.run, *found.groups()):
            return
        if now.layout is not None:
            beside = "" if now.rows else "devices listed under a table's header"
            now.close()
            now.run = Run(now.run.collective, settings=now.run.settings, context=now.run.context, beside=beside)
        _list(now.run, *found.groups())
    elif RUN.match(content) or VERSION.match(content):
        layout = now.layout
        now.close()
        now.run = _next_run(now.run, layout, content)
        now.run.settings.update(
            {name: whole(value, "rank") for name, value in SETTING.findall(content)} if RUN.match(content) else {}
        )
        if version := VERSION.match(content):
            now.run.context.update(tool_version=version[1], library_version=version[2])
    elif named := BINARY.findall(content):
        now.run.collective = NAMES.get(named[-1], named[-1])


def _is_listed(run: Run, rank: str, group: str | None, process: str, host: str, number_of: str, _device: str) -> bool:
    """Whether the run's list has the very line already."""
    return run.hosts.get(int(group or 0), {}).get(whole(rank, "rank")) == (process, host, whole(number_of, "rank"))


def _list(run: Run, rank: str, group: str | None, process: str, host: str, number_of: str, device: str) -> None:
    """Add a line of the list of ranks; a rank on a second process or host is a second run's."""
    listed = run.hosts.setdefault(int(group or 0), {})
    place = process, host, whole(number_of, "rank")
    if listed.get(whole(rank, "rank"), place) != place:
        run.beside = run.beside or f"rank {whole(rank, 'rank')} listed twice"
    run.firsts += whole(rank, "rank") == min(listed, default=whole(rank, "rank"))
    listed.setdefault(whole(rank, "rank"), place)
    run.devices.add(device.strip())


def _layout(where: str, line: int, content: str) -> Layout:
    names = content.lstrip("# ").split()
    starts = [i for i, name in enumerate(names) if name in ("time", "cputime")]
    ends = [*starts[1:], len(names)]
    width = ends[0] - starts[0]
    groups = tuple(tuple(names[a : min(b, a + width)]) for a, b in zip(starts, ends, strict=True))
    for group in groups:
        if not {"algbw", "busbw"} <= set(group):
            raise wrong_line(where, line, "a header with time, algbw and busbw in every group", " ".join(names))
    # A timestamp is one name over two words (date and time of day).
    trailing = 2 * (names[-1] == "timestamp")
    if len(starts) == 1 and trailing:
        groups = (groups[0][:-1],)
    return Layout(line, tuple(names[: starts[0]]), groups, trailing, names[starts[0]] == "cputime")


def _rows(where: str, line: int, content: str, layout: Layout) -> list[Row]:
    cells, made_at = content.split(), None
    lead, widths = len(layout.leading), [len(group) for group in layout.groups]
    if layout.trailing and len(cells) > 2 and (made_at := stated_time(" ".join(cells[-2:]))):
        cells = cells[:-2]
    cells = _with_blank_redop(cells, layout)
    half = len(widths) == 2 and len(cells) == lead + widths[1]
    if len(cells) != lead + sum(widths) and not half:
        raise _no_row(where, line, layout, cells)
    # A run that replays a trace prints the in-place half alone, after blanks; rccl-tests can leave out the in-place half.
    first = int(half and _blanks_after(lead - (cells[:lead].count("")), content) > BLANKS)
    shared = dict(zip(layout.leading, cells, strict=False)) | {"made_at": made_at}
    found, start = [], lead
    for number_of in [first] if half else range(len(widths)):
        group = layout.groups[number_of]
        named = dict(zip(group, cells[start : start + len(group)], strict=True))
        found.append(_row(where, line, shared, named, in_place=number_of == 1))
        start += len(group)
    return found


def _with_blank_redop(cells: list[str], layout: Layout) -> list[str]:
    """Return the cells with an empty one where a collective without operation has blanks: the type alone is a word."""
    at = layout.leading.index("redop") if "redop" in layout.leading else 0
    if 0 < at < len(cells) and not NUMBER.fullmatch(cells[at - 1]) and NUMBER.fullmatch(cells[at]):
        return [*cells[:at], "", *cells[at:]]
    return cells


def _no_row(where: str, line: int, layout: Layout, cells: Sequence[str]) -> InputError:
    expected = f"{layout.width} columns as in the header of line {layout.line}"
    return wrong_line(where, line, expected, f"{len(cells)} columns: {' '.join(cells)}")


def _blanks_after(cells: int, content: str) -> int:
    """Return how many blanks follow so many cells of a line."""
    found = re.match(rf"(?:\s*\S+){{{cells}}}(\s*)", content)
    return len(found[1]) if found else 0


def _row(where: str, line: int, shared: Mapping[str, Any], half: Mapping[str, str], *, in_place: bool) -> Row:
    time = half.get("time", half.get("cputime", ""))
    extremes = {key: number(where, line, name, half[name]) * 1e-6 for name, key in EXTREMES.items() if name in half}
    root = shared.get("root", "-1")
    size, count = whole_number(where, line, "size (B)", shared["size"]), whole_number(where, line, "count", shared["count"])
    if NUMBER.fullmatch(shared.get("type", "float")) or not _is_whole(size, count * BYTES.get(shared.get("type", "float"), 0)):
        raise wrong_line(where, line, "a row whose size is a multiple of count x bytes of its type", f"{size} {count}")
    return Row(
        line=line,
        nbytes=size,
        seconds=number(where, line, "time (us)", time) * 1e-6,
        in_place=in_place,
        algbw=number(where, line, "algbw (GB/s)", half["algbw"]),
        busbw=number(where, line, "busbw (GB/s)", half["busbw"]),
        wrong=_wrong(where, line, next((half[name] for name in WRONG if name in half), "N/A")),
        dtype=str(shared.get("type", "float")),
        op=str(shared.get("redop", "none")),
        root=whole_number(where, line, "root", root),
        made_at=shared["made_at"],
        more=extremes,
        rounding={"seconds": rounding(time) * 1e-6, "algbw": rounding(half["algbw"]), "busbw": rounding(half["busbw"])},
    )


def _is_whole(size: int, part: int) -> bool:
    """Whether a size is a multiple of count x bytes of its type (0: not known): all of it, or ranks times one rank's part."""
    return size >= 0 and part >= 0 and (part == 0 or size % part == 0)


def _wrong(where: str, line: int, text: str) -> int | None:
    if text == "N/A":
        return None
    value = number(where, line, "#wrong (a count or N/A)", text)
    return whole(value, "rank") if value == value and abs(value) != float("inf") else None  # noqa: PLR0124  # NaN


def _close(run: Run, layout: Layout, rows: list[Row]) -> Tables:
    if layout.cpu:
        return [Finding("note", "left out: a table of CPU times (-C 1), not of the collective's", layout.line)]
    if not rows:
        return [Finding("warning", "a table without rows", layout.line)]
    if beside := run.beside or _interleaved(rows):
        count = max(run.firsts, 2)
        text = (
            f"left out: {count} runs side by side in one stream ({beside}); built without MPI? give each run a file of its own"
        )
        return [Finding("error", text, layout.line)]
    halves = _halves(rows)
    kept = [row for row in rows if row.line not in halves]
    return [_table(run, layout, kept), *(Finding("warning", HALF, line) for line in halves)]


def _interleaved(rows: Sequence[Row]) -> str:
    """Return why a table's rows are those of several runs, "" where they need not be: sizes that rise, fall and rise.

    One run may sweep several types, operations and roots, and a sweep may be repeated: then a size falls to the first.
    """
    series: dict[tuple[str, str, int | None], list[int]] = {}
    for row in {row.line: row for row in rows}.values():
        series.setdefault((row.dtype, row.op, row.root), []).append(row.nbytes)
    for sizes in series.values():
        falls = [b for a, b in pairwise(sizes) if b < a]
        rises = any(b > a for a, b in pairwise(sizes))
        if rises and any(size != sizes[0] for size in falls):
            return "sizes rise and fall"
    return ""


def _halves(rows: Sequence[Row]) -> list[int]:
    """Return the lines that end after the out-of-place half, in a table whose other rows have both."""
    whole = {row.line for row in rows if row.in_place}
    return [row.line for row in rows if row.line not in whole] if whole else []


def _table(run: Run, layout: Layout, rows: list[Row]) -> Table:
    ranks, nodes, least = _counted(run)
    places = {rank: place[1:] for group in run.hosts.values() for rank, place in group.items()}
    settings = run.settings
    context = {**run.context, "settings": dict(settings), "over_ranks": OVER_RANKS}
    if run.devices:
        context["devices"] = sorted(run.devices)
    if len(run.hosts) > 1:
        context["groups_side_by_side"] = len(run.hosts)
    iterations = settings.get("iters", 1)
    return Table(
        collective=run.collective,
        line=layout.line,
        rows=tuple(replace(row, iterations=iterations) for row in rows),
        ranks=ranks,
        nodes=nodes,
        batch=settings.get("agg iters", 1),
        made_at=next((row.made_at for row in rows if row.made_at), None),
        context=context,
        least_ranks=least,
        places={} if ranks else {rank: (device, host) for rank, (host, device) in places.items()},
        hosts=tuple(dict.fromkeys(host for _, (host, _) in sorted(places.items()))),
        per_process=settings.get("nThread", 1) * settings["nGpus"] if "nGpus" in settings else None,
    )


def _counted(run: Run) -> tuple[int | None, int | None, int]:
    """Return ranks, nodes and the fewest ranks that the list proves; None where it has gaps: someone left lines out."""
    listed = sorted(rank for group in run.hosts.values() for rank in group)
    group = max(run.hosts.values(), key=len, default={})
    if listed == list(range(len(listed))) or sorted(group) == list(range(len(group))):
        hosts = {host for _, host, _ in group.values()}
        return len(group) or None, len(hosts) or None, max(len(group), 1)
    return None, None, listed[-1] + 1 if len(run.hosts) == 1 else len(group)
