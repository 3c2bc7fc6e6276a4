"""Text output of Ascend's hccl_test: size, average time, algbw, check. Neither ranks nor the collective are in the table.

The collective is read from a command line above the table (`all_reduce_test`) where the log holds one. `data_size` is S: for
all-gather the bandwidth counts the whole output, which the screening checks. Facts: CANN documentation 8.0, HCCL
performance tester, result description; hccl_test's sources (header `aveg_time`, failed ranks print lines of their own).
"""

from __future__ import annotations

import re

from fabric.importers.table import Row, Table, Tables, is_row, lines, number, rounding, rows_of, whole_number, wrong_line
from fabric.records.screen import Finding
from fabric.text.numbers import whole

SIGN = re.compile(r"data_size\(Bytes\):?.*\|.*a\w*g_time\(us\)")
HEADER = re.compile(rf"^\s*{SIGN.pattern}")
BINARY = re.compile(r"\b(all_reduce|all_gather|reduce_scatter|alltoall|broadcast|reduce|scatter)_test\b")
NAMES = {"alltoall": "all_to_all"}
SETTINGS = re.compile(r"\biters is (\d{1,9}), warmup_iters is (\d+)")
DATATYPE = re.compile(r"_test\b.*\s(?:-d|--datatype)[ =]?(\w+)")
OPERATION = re.compile(r"_test\b.*\s(?:-o|--op)[ =]?(\w+)")
FAILED = re.compile(r"check result failed")


def read(text: str, where: str) -> Tables:
    """Return the tables of a file.

    Raises:
        InputError: a row whose columns the header does not explain, naming file and line.
    """
    found: list[Table | Finding] = []
    said: dict[str, str] = {}
    header: tuple[int, list[str]] | None = None
    rows: list[Row] = []
    doubts: list[Finding] = []
    for line, content in lines(text):
        if HEADER.search(content):
            _close(found, header, rows, said)
            header, rows = (line, [name.strip(" :") for name in content.split("|")]), []
        elif header and "|" in content and is_row(content) and not FAILED.search(content):
            own, names = said, header
            rows += rows_of(doubts, line, content, lambda: [_row(where, line, names, content, own)])  # noqa: B023  # called at once
        elif BINARY.search(content):
            _close(found, header, rows, said)
            header, rows, said = None, [], _said(content)
        elif settings := SETTINGS.search(content):
            said["iterations"] = settings[1]
    _close(found, header, rows, said)
    return [*found, *doubts]


def _said(content: str) -> dict[str, str]:
    """Return what a command line says: collective, dtype, operation."""
    binary = BINARY.findall(content)[-1]
    said = {"collective": NAMES.get(binary, binary)}
    if found := DATATYPE.search(content):
        said["dtype"] = found[1]
    if found := OPERATION.search(content):
        said["op"] = found[1]
    return said


def _row(where: str, line: int, header: tuple[int, list[str]], content: str, said: dict[str, str]) -> Row:
    cells, names = [cell.strip() for cell in content.split("|")], header[1]
    if len(cells) != len(names):
        raise wrong_line(where, line, f"{len(names)} columns as in the header of line {header[0]}", content)
    named = dict(zip(names, cells, strict=True))
    time = next((name for name in names if name.endswith("time(us)")), "time(us)")
    for needed in ("data_size(Bytes)", "alg_bandwidth(GB/s)", time):
        if needed not in named:
            raise wrong_line(where, header[0], f"a header with column {needed}", ", ".join(names))
    return Row(
        line=line,
        nbytes=whole_number(where, line, names[0], named["data_size(Bytes)"]),
        seconds=number(where, line, time, named[time]) * 1e-6,
        algbw=number(where, line, "alg_bandwidth(GB/s)", named["alg_bandwidth(GB/s)"]),
        wrong=_wrong(where, line, named.get("check_result", "NULL")),
        iterations=whole(said.get("iterations", 1), "iterations"),
        dtype=said.get("dtype", "fp32"),
        op=said.get("op", "sum"),
        rounding={"seconds": rounding(named[time]) * 1e-6, "algbw": rounding(named["alg_bandwidth(GB/s)"])},
    )


def _wrong(where: str, line: int, check: str) -> int | None:
    """Return 0 for success, 1 for failed (the tool does not count elements), None where nothing was checked."""
    known = {"success": 0, "failed": 1, "null": None}
    if check.lower() not in known:
        raise wrong_line(where, line, "success, failed or NULL in column check_result", check)
    return known[check.lower()]


def _close(found: list[Table | Finding], header: tuple[int, list[str]] | None, rows: list[Row], said: dict[str, str]) -> None:
    if header is None:
        return
    if not rows:
        found.append(Finding("warning", "a table without rows", header[0]))
        return
    found.append(Table(said.get("collective"), header[0], tuple(rows), context={"datatype_stated": "dtype" in said}))
