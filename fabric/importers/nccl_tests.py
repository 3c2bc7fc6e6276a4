"""Text output of nccl-tests and of its relatives (rccl-tests): tables told by their header, several runs in one file.

Columns are found by name, so that files with and without `root`, with `error` for `#wrong`, with timestamps or further
columns are read alike. Facts: NVIDIA/nccl-tests, src/util.cu and doc/PERFORMANCE.md (2.17); ROCm/rccl-tests (2.17).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from fabric.importers.table import Row, Table, Tables, lines, number, stated_time, whole_number, wrong_line
from fabric.records.screen import Finding
from fabric.text.numbers import maybe_whole, whole
from topologies.errors import InputError

HEADER = re.compile(r"^#\s+size\s+count\s.*\b(time|cputime)\s+algbw\s+busbw\b")
RANK = re.compile(
    r"^#\s+Rank\s+(\d{1,9})(?:\s+Group\s+(\d{1,9}))?\s+Pid\s+\d+\s+on\s+(\S+)\s+device\s+\d+\s+\[[^\]]*\]\s*(.*)$"
)
RUN = re.compile(r"^#\s+nThread\s+\d+\s+nGpus\s+\d+\s+minBytes\s")
SETTING = re.compile(r"(warmup iters|agg iters|iters|validation|graph|nThread|nGpus):?\s+(\d{1,9})")
VERSION = re.compile(r"^#\s+(?:nccl|rccl)-tests version (\S+).*?-library=(\d+)")
BINARY = re.compile(
    r"\b(all_reduce|all_gather|reduce_scatter|alltoallv|alltoall|broadcast|reduce|gather|scatter|sendrecv|hypercube)_perf\b"
)
NAMES = {"alltoall": "all_to_all", "alltoallv": "all_to_all_v"}
OVER_RANKS = "mean, unless the run set -a"
BLANKS = 16
"""Fewer than a row without its out-of-place half has in its place: the tool prints 32."""
HALF = "cut: its in-place half is missing; left out"


@dataclass
class Run:
    """What the lines before a table say."""

    collective: str | None = None
    hosts: dict[int, dict[int, str]] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    settings: dict[str, int] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """Where a header puts its columns: leading names, then one or two groups that begin with the time."""

    line: int
    leading: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    trailing: int
    cpu: bool


def read(text: str, where: str) -> Tables:
    """Return the tables of a file of nccl-tests or rccl-tests.

    Raises:
        InputError: a row that its header does not explain, naming file and line.
    """
    run, layout, rows = Run(), None, list[Row]()
    above = run
    found: list[Table | Finding] = []
    for line, content in lines(text):
        if HEADER.match(content):
            found += _close(where, above, layout, rows)
            # What is said from here on, the next run's command line say, is not of this table.
            above, layout, rows = deepcopy(run), _layout(where, line, content), []
        elif layout is not None and content[:1] != "#" and content.split()[:1] and content.split()[0].isdigit():
            rows += _rows(where, line, content, layout)
        else:
            if RUN.match(content) or VERSION.match(content):
                found += _close(where, above, layout, rows)
                run, layout, rows = _next_run(run, layout, content), None, []
            _learn(run, content)
    return [*found, *_close(where, above, layout, rows)]


def _next_run(run: Run, layout: Layout | None, content: str) -> Run:
    """Return a fresh run; what was said since the last table (version, binary) belongs to the coming one."""
    if layout is None and RUN.match(content):
        return replace(run, hosts={}, devices=set(), settings={})
    return Run(collective=run.collective)


def _learn(run: Run, content: str) -> None:
    if found := RANK.match(content):
        rank, group, host, device = found.groups()
        run.hosts.setdefault(whole(group or 0, "group"), {})[whole(rank, "rank")] = host
        run.devices.add(device.strip())
    elif RUN.match(content):
        run.settings.update({name: whole(value, name) for name, value in SETTING.findall(content)})
    elif found := VERSION.match(content):
        run.context.update(tool_version=found[1], library_version=found[2])
    elif named := BINARY.findall(content):
        run.collective = NAMES.get(named[-1], named[-1])


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
    half = len(widths) == 2 and len(cells) == lead + widths[1]
    if len(cells) != lead + sum(widths) and not half:
        raise _no_row(where, line, layout, cells)
    # A run that replays a trace prints the in-place half alone, after blanks; rccl-tests can leave out the in-place half.
    first = int(half and _blanks_after(lead, content) > BLANKS)
    shared = dict(zip(layout.leading, cells, strict=False)) | {"made_at": made_at}
    found, start = [], lead
    for number_of in [first] if half else range(len(widths)):
        group = layout.groups[number_of]
        named = dict(zip(group, cells[start : start + len(group)], strict=True))
        found.append(_row(where, line, shared, named, in_place=number_of == 1))
        start += len(group)
    return found


def _no_row(where: str, line: int, layout: Layout, cells: Sequence[str]) -> InputError:
    columns = len(layout.leading) + sum(len(group) for group in layout.groups)
    expected = f"{columns} columns as in the header of line {layout.line}"
    return wrong_line(where, line, expected, f"{len(cells)} columns: {' '.join(cells)}")


def _blanks_after(cells: int, content: str) -> int:
    """Return how many blanks follow so many cells of a line."""
    found = re.match(rf"(?:\s*\S+){{{cells}}}(\s*)", content)
    return len(found[1]) if found else 0


def _row(where: str, line: int, shared: Mapping[str, Any], half: Mapping[str, str], *, in_place: bool) -> Row:
    time = half.get("time", half.get("cputime", ""))
    root = shared.get("root", "-1")
    return Row(
        line=line,
        nbytes=whole_number(where, line, "size (B)", shared["size"]),
        seconds=number(where, line, "time (us)", time) * 1e-6,
        in_place=in_place,
        algbw=number(where, line, "algbw (GB/s)", half["algbw"]),
        busbw=number(where, line, "busbw (GB/s)", half["busbw"]),
        wrong=_wrong(where, line, half.get("#wrong", half.get("error", "N/A"))),
        dtype=str(shared.get("type", "float")),
        op=str(shared.get("redop", "none")),
        root=whole_number(where, line, "root", root),
        made_at=shared["made_at"],
    )


def _wrong(where: str, line: int, text: str) -> int | None:
    if text == "N/A":
        return None
    return maybe_whole(number(where, line, "#wrong (a count or N/A)", text))  # NaN is none


def _close(where: str, run: Run, layout: Layout | None, rows: list[Row]) -> Tables:
    if layout is None:
        return []
    if layout.cpu:
        return [Finding("note", "left out: a table of CPU times (-C 1), not of the collective's", layout.line)]
    if not rows:
        return [Finding("warning", "a table without rows", layout.line)]
    halves = _halves(rows)
    if not halves:
        return [_table(run, layout, rows)]
    if halves != [rows[-1].line]:
        raise wrong_line(where, halves[0], "a row with both halves, as others of its table", "the out-of-place half alone")
    return [_table(run, layout, rows[:-1]), Finding("warning", HALF, halves[0])]


def _halves(rows: Sequence[Row]) -> list[int]:
    """Return the lines that end after the out-of-place half, in a table whose other rows have both."""
    whole = {row.line for row in rows if row.in_place}
    return [row.line for row in rows if row.line not in whole] if whole else []


def _table(run: Run, layout: Layout, rows: list[Row]) -> Table:
    group = max(run.hosts.values(), key=len, default={})
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
        ranks=len(group) or None,
        nodes=len(set(group.values())) or None,
        batch=settings.get("agg iters", 1),
        made_at=next((row.made_at for row in rows if row.made_at), None),
        context=context,
    )
