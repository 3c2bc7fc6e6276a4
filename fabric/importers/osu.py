"""Text output of the OSU micro-benchmarks: blocking, persistent, non-blocking collectives, point to point. Screens nothing.

Ranks are not in the file, but for point to point: two, or two a pair.
`Size` is what one rank sends to one other (all-gather, all-to-all, gather, scatter: S = size x ranks) or the whole buffer
(the rest: S = size). Seconds are `Max Latency` (the maximum over ranks of their means) where the run printed it (-f), else
`Avg Latency`, the mean over ranks. Facts: OMB 5.8 - 7.5, c/mpi/collective.

Point to point (osu_latency, osu_bw, osu_bibw, osu_mbw_mr): seconds of one message, as in our catalogue: half a round trip as
printed, or our busbw factor times Size / MB/s (1 MB = 10^6 bytes). The window stands in osu_mbw_mr's output; in the others
it is OSU's default, 64, and the context's `window_stated` says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fabric.collectives.catalog import busbw_factor
from fabric.collectives.point_to_point import POINT_TO_POINT
from fabric.collectives.sizes import WINDOW
from fabric.importers.table import Row, Table, Tables, is_row, lines, number, rows_of, whole_number, wrong_line
from fabric.records.case import Mode
from fabric.records.screen import Finding
from fabric.text.numbers import real

SIGN = re.compile(r"(?:#[ \t]*)?\bOSU\s+MPI(?:-\w+)?\s+(.*?)\s+Test(?:\s+v?(\S+))?\s*$")
TITLE = re.compile(rf"^\s*{SIGN.pattern}")
KINDS = {
    "Allreduce": ("all_reduce", False),
    "Allgather": ("all_gather", True),
    "Alltoall": ("all_to_all", True),
    "All-to-All": ("all_to_all", True),
    "All-to-All Personalized Exchange": ("all_to_all", True),
    "Reduce_scatter": ("reduce_scatter", False),
    "Reduce_scatter_block": ("reduce_scatter", False),
    "Broadcast": ("broadcast", False),
    "Bcast": ("broadcast", False),
    "Reduce": ("reduce", False),
    "Gather": ("gather", True),
    "Scatter": ("scatter", True),
    "Barrier": ("barrier", False),
    "Latency": ("latency", False),
    "Bandwidth": ("bandwidth", False),
    "Bi-Directional Bandwidth": ("bibandwidth", False),
    "Multiple Bandwidth / Message Rate": ("message_rate", False),
}
"""OSU's name -> our collective, and whether Size counts one rank's part of S."""
HEADER = re.compile(r"^\s*#?\s*(?:Size\b.*(?:\(us\)|MB/s)|Avg Latency\s*\(us\))")
UNTITLED = "a table without a title"
NAME = re.compile(r"[\w .%()/-]+")
"""What a column's name is made of: a name with more holds something else's text."""
NO_REQUEST = "Reduce_scatter_block Persistent"
"""Calls the blocking function under this title (OMB 7.5): neither one nor the other."""
DTYPES = {"MPI_CHAR": "i8", "MPI_INT": "i32", "MPI_FLOAT": "f32", "MPI_DOUBLE": "f64"}
DECIMALS = 2
"""Of every time and rate (FLOAT_PRECISION)."""
REDUCES = ("all_reduce", "reduce_scatter", "reduce")
PERCENTILE = re.compile(r"P(\d+)")
RATES = ("Bandwidth (MB/s)", "Bi-Bandwidth (MB/s)", "MB/s")
"""Columns of bandwidth, all pairs and directions; the second is OMB 3's."""
PAIRS = re.compile(r"^\s*#?\s*\[ pairs: (\d{1,9}) \] \[ window size: (\d{1,9}) \]")


def read(text: str, where: str) -> Tables:
    """Return the tables of a file, in its order; what is no collective of ours or no row is left out with a finding."""
    blocks: list[tuple[int, str, str, list[tuple[int, str]]]] = []
    for line, content in lines(text):
        if title := TITLE.match(content):
            blocks.append((line, title[1], title[2] or "", []))
        elif blocks and HEADER.match(content) and any(HEADER.match(above) for _, above in blocks[-1][3]):
            blocks.append((line, UNTITLED, "", []))
        elif blocks:
            blocks[-1][3].append((line, content))
    return [part for block in blocks for part in _block(where, *block)]


def _block(where: str, line: int, title: str, version: str, body: Sequence[tuple[int, str]]) -> Tables:
    name, mode = _kind(title)
    if name not in KINDS or title.startswith(NO_REQUEST):
        return [Finding("note", f"left out: `{title}` is no collective that results can hold", line)]
    collective, per_rank = KINDS[name]
    columns = _columns(body)
    if columns is None:
        return [Finding("warning", f"`{title}`: no header `# Size ... Latency(us)` or `... MB/s` under the title", line)]
    stated = next((found for _, content in body if (found := PAIRS.match(content))), None)
    ranks = (2 * int(stated[1]) if stated else 2) if collective in POINT_TO_POINT else None
    if collective == "message_rate" and stated is None:
        return [Finding("warning", f"`{title}`: no line `# [ pairs: N ] [ window size: W ]` under the title", line)]
    kind = _datatype(body)
    dtype = DTYPES.get(kind or ("MPI_FLOAT" if collective in REDUCES else "MPI_CHAR"), kind or "")
    rows, doubts = _rows(where, body, columns, dtype, busbw_factor(collective, ranks or 2))
    if not rows:
        return [*doubts, Finding("warning", f"`{title}`: a table without rows", line)]
    over = "max" if "Max Latency" in columns else "mean"
    context = {"tool_version": version, "over_ranks": over, "datatype_stated": kind is not None}
    if ranks is None:
        table = Table(
            collective, line, rows, per_rank=per_rank, mode=mode, barrier="before", context=context, last_decimals=DECIMALS
        )
        return [table, *doubts]
    window = float(stated[2]) if stated else real(WINDOW, "window")
    params = {} if collective == "latency" else {"window": window}
    context |= {} if collective == "latency" else {"window_stated": stated is not None}
    return [
        Table(collective, line, rows, ranks=ranks, mode=mode, params=params, context=context, last_decimals=DECIMALS),
        *doubts,
    ]


def _rows(
    where: str, body: Sequence[tuple[int, str]], columns: Sequence[str], dtype: str, factor: float
) -> tuple[tuple[Row, ...], list[Finding]]:
    """Return the rows under a title, and what was left out there."""
    doubts: list[Finding] = []
    found: list[Row] = []
    for line, content in body:
        if is_row(content):
            found += rows_of(doubts, line, content, lambda: [_row(where, line, content.split(), columns, dtype, factor)])  # noqa: B023  # called at once
    return tuple(found), doubts


def _kind(title: str) -> tuple[str, Mode]:
    """Return OSU's name of the collective and the mode; `Non-blocking Allreduce Latency` is the form of the titles."""
    name = re.sub(r"\s+Latency$", "", title)
    if name.startswith("Non-blocking "):
        return name.removeprefix("Non-blocking "), "nonblocking"
    if name.endswith(" Persistent"):
        return name.removesuffix(" Persistent"), "persistent"
    return name, "blocking"


def _columns(body: Sequence[tuple[int, str]]) -> list[str] | None:
    """Return the names of the columns; OSU writes them with blanks inside and with or without one before the unit."""
    for _, content in body:
        if not is_row(content) and HEADER.match(content):
            names = re.split(r"\s{2,}", content.lstrip("# ").replace(" (us)", "(us)").replace("(us) ", "(us)  "))
            named = [name.replace("(us)", "").strip() for name in names if name.strip()]
            return named if all(NAME.fullmatch(name) for name in named) else None
    return None


def _datatype(body: Sequence[tuple[int, str]]) -> str | None:
    for _, content in body:
        if found := re.match(r"^\s*#?\s*Datatype:\s+(\w+)", content):
            return found[1]
    return None


def _row(where: str, line: int, cells: Sequence[str], columns: Sequence[str], dtype: str, factor: float) -> Row:
    """Return a row; factor: busbw / algbw, of a bandwidth."""
    if len(cells) != len(columns):
        got = f"{len(cells)}: {' '.join(cells)}"
        raise wrong_line(where, line, f"{len(columns)} columns ({', '.join(columns)})", got)
    texts = dict(zip(columns, cells, strict=True))
    check = texts.pop("Validation", None)
    if check not in (None, "Pass", "Fail"):
        raise wrong_line(where, line, "Pass or Fail in column Validation", check)
    named = {name: number(where, line, name, cell) for name, cell in texts.items()}
    time = next((named[name] for name in ("Pure Comm.", "Max Latency", "Avg Latency", "Latency") if name in named), None)
    rate = next((named[name] for name in RATES if name in named), None)
    if rate is not None:  # 10^6 bytes per second are one byte per microsecond
        time = factor * named.get("Size", 0.0) / rate if rate > 0 else 0.0
    if time is None:
        raise wrong_line(where, line, "under a column Avg Latency(us)", ", ".join(columns))
    more = {
        key: named[column] * 1e-6
        for key, column in (("avg_seconds", "Avg Latency"), ("min_seconds", "Min Latency"))
        if column in named
    }
    tails = {f"p{tail[1]}_seconds": value * 1e-6 for name, value in named.items() if (tail := PERCENTILE.match(name))}
    if rate is not None:
        more["printed_mb_per_second"] = rate
    size = whole_number(where, line, "Size", texts.get("Size", "0"))
    iterations = whole_number(where, line, "Iterations", texts.get("Iterations", "1"))
    wrong = None if check is None else int(check != "Pass")
    return Row(line, size, time * 1e-6, wrong=wrong, iterations=iterations, dtype=dtype, more=more | tails)
