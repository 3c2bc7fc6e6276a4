"""Text output of ml-engineering's all_reduce_bench.py and its successor: payload, busbw, algbw. It prints no times.

Seconds are payload / algbw, with what two decimals hide; a payload is 2^10, 2^20, 2^30 bytes also where an older version
wrote KB, MB, GB. The tensor is f32 in PyTorch's all_reduce, which works in place. Facts: stas00/ml-engineering,
network/benchmarks, read 2026-11-29; the table's form by a sample.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fabric.importers.table import Row, Table, Tables, lines, number, rounding, rows_of, wrong_line
from fabric.records.screen import Finding
from fabric.text.numbers import real, whole

SIGN = re.compile(r"\|\s*payload\s*\|\s*busbw\s*\|\s*algbw\s*\|")
TITLE = re.compile(r"\bThe average bandwidth\b.*? of (\w+) over (\d{1,7}) ranks(?:\s*\((\d{1,6}) warmups / (\d{1,6}) trials)?")
PAYLOAD = re.compile(r"(\d{1,7}(?:\.\d+)?)\s*([KMGT]?)i?B")
RATE = re.compile(r"([\d.]+)\s*GBps")
SCALES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
RULE = re.compile(r"[|:\-\s]*")


def read(text: str, where: str) -> Tables:
    """Return the tables of a file; a row ends with its bar, so that a cut one is told."""
    found: list[Table | Finding] = []
    said: re.Match[str] | None = None
    head: tuple[int, list[str]] | None = None
    rows: list[Row] = []
    for line, content in lines(text):
        if title := TITLE.search(content):
            found += _close(head, rows, said)
            said, head, rows = title, None, []
        elif SIGN.search(content):
            found += _close(head, rows, said)
            head, rows = (line, _cells(content)), []
        elif head is not None and content.lstrip().startswith("|") and not RULE.fullmatch(content):
            own = head
            rows += rows_of(found, line, content, lambda: [_row(where, line, content, own)])  # type: ignore[arg-type]  # noqa: B023
    return [*found, *_close(head, rows, said)]


def _cells(content: str) -> list[str]:
    return [cell.strip() for cell in content.strip().strip("|").split("|")]


def _row(where: str, line: int, content: str, head: tuple[int, list[str]]) -> Row:
    cells = _cells(content)
    if len(cells) != len(head[1]) or not content.rstrip().endswith("|"):
        raise wrong_line(
            where, line, f"{len(head[1])} columns as in the header of line {head[0]}, each ended by a bar", content
        )
    named = dict(zip(head[1], cells, strict=True))
    payload = PAYLOAD.fullmatch(named["payload"])
    rates = {name: RATE.fullmatch(named[name]) for name in ("algbw", "busbw")}
    if payload is None or rates["algbw"] is None or rates["busbw"] is None:
        raise wrong_line(where, line, "a payload in KiB, MiB, GiB and rates in GBps", content)
    algbw, busbw = rates["algbw"][1], rates["busbw"][1]
    rate, size = number(where, line, "algbw", algbw), real(payload[1], "ranks") * SCALES[payload[2]]
    if rate <= 0 or not size.is_integer():
        raise wrong_line(where, line, "a whole payload and a rate above zero", content)
    seconds = size / rate / 1e9
    return Row(
        line=line,
        nbytes=whole(size, "ranks"),
        seconds=seconds,
        in_place=True,
        algbw=rate,
        busbw=number(where, line, "busbw", busbw),
        rounding={"seconds": seconds * rounding(algbw) / rate, "algbw": rounding(algbw), "busbw": rounding(busbw)},
    )


def _close(head: tuple[int, list[str]] | None, rows: Sequence[Row], said: re.Match[str] | None) -> Tables:
    if head is None:
        return []
    if not rows:
        return [Finding("warning", "a table without rows", head[0])]
    name = said[1] if said else "all_reduce"
    if name != "all_reduce":
        return [Finding("note", f"left out: `{name}`, whose payload's meaning is not documented", head[0])]
    trials = {"warmups": whole(said[3], "ranks"), "trials": whole(said[4], "ranks")} if said and said[3] else {}
    context = {"settings": trials, "over_ranks": "mean", "datatype_stated": False}
    return [Table(name, head[0], tuple(rows), ranks=whole(said[2], "ranks") if said else None, context=context)]
