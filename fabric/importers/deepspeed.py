"""DeepSpeed's communication logger (`log_summary`): what rank 0 spent in each operation of a training job, by message size.

Sizes are printed with two decimals of a unit of 1,024: the bytes are the nearest whole ones, and the context says so.
Seconds are `Avg Latency`, a mean without the extreme tenths, of rank 0 alone. Read are operations whose printed size is S
in every version (broadcast, reduce, all_reduce, all-to-all); of the others a version may print one rank's part. Facts:
DeepSpeed, utils/comms_logging.py and its tutorial, read 2026-11-29; the form by a sample of one operation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fabric.importers.table import (
    LARGEST,
    Row,
    Table,
    Tables,
    is_row,
    lines,
    number,
    rounding,
    rows_of,
    whole_number,
    wrong_line,
)
from fabric.records.screen import Finding

SIGN = re.compile(r"Comm\. Op\s+Message Size\s+Count\s+Total Latency\(ms\)\s+Avg Latency\(ms\)")
RECORD = re.compile(r"\s*([a-z][a-z_0-9]*)(?: \| \[Caller Func: ([\w.]+)\])?\s*")
OPERATION = re.compile(
    r"(?:^|\s)(?:all_|inference_all_|reduce|broadcast|gather|scatter|send|recv|isend|irecv|barrier|monitored_)"
)
"""How the logger's names of operations begin, wherever in a line."""
NAMES = {
    "broadcast": "broadcast",
    "reduce": "reduce",
    "all_reduce": "all_reduce",
    "all_to_all": "all_to_all",
    "all_to_all_single": "all_to_all",
}
SCALES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
COLUMNS = 7
"""Size, its unit, count, total, average, throughput, bus bandwidth."""


def read(text: str, where: str) -> Tables:
    """Return one table per operation (and calling function); the others are left out with a note."""
    found: list[Table | Finding] = []
    begun, record, rows = False, None, list[Row]()
    doubts: list[Finding] = []
    for line, content in lines(text):
        if SIGN.search(content) or (begun and RECORD.fullmatch(content)):
            found += _close(record, rows)
            named = RECORD.fullmatch(content) if begun else None
            begun, record, rows = True, (line, named[1], named[2]) if named else None, []
        elif record is not None and OPERATION.search(content):
            doubts.append(Finding("warning", "left out: an operation whose name is not alone in its line", line))
            found += _close(record, rows)
            record, rows = None, []
        elif record is not None and is_row(content):
            rows += rows_of(doubts, line, content, lambda: [_row(where, line, content.split())])  # noqa: B023  # called at once
    return [*doubts, *found, *_close(record, rows)]


def _row(where: str, line: int, cells: Sequence[str]) -> Row:
    if len(cells) != COLUMNS or cells[1] not in SCALES:
        raise wrong_line(where, line, "size, unit, count, two latencies, throughput, bus bandwidth", " ".join(cells))
    values = [number(where, line, "of the row", cell) for cell in (cells[0], *cells[2:])]
    scale = SCALES[cells[1]]
    if not 0 <= values[0] * scale < LARGEST:
        raise wrong_line(where, line, "a size below 2^63 bytes", " ".join(cells[:2]))
    return Row(
        line=line,
        nbytes=round(values[0] * scale),
        seconds=values[3] * 1e-3,
        iterations=whole_number(where, line, "Count", cells[2]),
        more={
            "size_hidden_bytes": rounding(cells[0]) * scale if scale > 1 else 0.0,
            "total_seconds": values[2] * 1e-3,
            "printed_gbit_per_second": {"throughput": values[4], "busbw": values[5]},
        },
        rounding={"seconds": rounding(cells[4]) * 1e-3},
    )


def _close(record: tuple[int, str, str | None] | None, rows: Sequence[Row]) -> Tables:
    if record is None or not rows:
        return []
    line, operation, caller = record
    if operation not in NAMES:
        return [
            Finding(
                "note", f"left out: `{operation}` is no collective that results can hold, or its sizes are not certain", line
            )
        ]
    context = {"over_ranks": "rank 0 alone", "trimmed_mean": True, "datatype_stated": False}
    return [
        Table(
            NAMES[operation], line, tuple(rows), context={**context, **({"caller": caller} if caller else {})}, last_decimals=2
        )
    ]
