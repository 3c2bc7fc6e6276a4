"""JSON of the NCCL Inspector plugin: every collective of a job as one rank saw it, made samples per case. It reads no metrics.

One record per collective and communicator: header (id, rank, n_ranks, nnodes), coll_perf (coll, coll_sn, coll_msg_size_bytes,
coll_exec_time_us, coll_algobw_gbs, coll_busbw_gbs). Where a file holds several ranks of one call, the longest counts.
coll_msg_size_bytes is S or one rank's part of it: which, coll_algobw_gbs x time tells, else the record is left out. Facts:
NVIDIA/nccl, ext-profiler/inspector/README.md, format v4.0, read 2026-11-29; unproven: no file of a run was at hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fabric.importers.table import Row, Table, Tables, number, whole_number, wrong_line
from fabric.records.screen import Finding
from topologies.errors import InputError

NAMES = {
    "AllReduce": "all_reduce",
    "AllGather": "all_gather",
    "ReduceScatter": "reduce_scatter",
    "Broadcast": "broadcast",
    "Reduce": "reduce",
    "AlltoAll": "all_to_all",
    "Gather": "gather",
    "Scatter": "scatter",
}
RECORD = re.compile(r"\{\s*\"header\"\s*:")
SAME = 2e-3
"""Relative: times are whole microseconds."""
Call = tuple[str, int, int, int]
"""Collective, S, ranks, nodes."""


def looks_like(text: str) -> bool:
    """Whether a text begins with a record of the plugin."""
    return RECORD.match(text.lstrip()[:200]) is not None and '"coll_perf"' in text


def read(text: str, where: str) -> Tables:
    """Return one table per collective, ranks and nodes, its rows sampled; records that are not whole are left out."""
    calls: dict[Call, dict[tuple[str, int], float]] = {}
    lines_of: dict[Call, int] = {}
    seen: set[int] = set()
    doubts: list[Finding] = []
    for line, record in _records(text, doubts):
        try:
            found = _call(where, line, record)
        except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
            doubts.append(Finding("warning", f"left out: a record that is not the plugin's: {error!r}", line))
            continue
        if found is None:
            continue
        call, number_of, rank, seconds = found
        seen.add(rank)
        own = calls.setdefault(call, {})
        own[number_of] = max(seconds, own.get(number_of, 0.0))
        lines_of.setdefault(call, line)
    return [*_fewer(doubts), *_tables(calls, lines_of, seen)]


def _records(text: str, doubts: list[Finding]) -> Iterator[tuple[int, Any]]:
    """Return (line, record) of every whole object that begins with a header; one that is cut becomes a finding."""
    decoder, at, line, counted = json.JSONDecoder(), 0, 1, 0
    while begin := RECORD.search(text, at):
        line, counted = line + text.count("\n", counted, begin.start()), begin.start()
        try:
            record, at = decoder.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            doubts.append(Finding("warning", "left out: a record that was cut or is no JSON", line))
            at = begin.end()
            continue
        yield line, record


def _call(where: str, line: int, record: Mapping[str, Any]) -> tuple[Call, tuple[str, int], int, float] | None:
    """Return case, (communicator, sequence number), rank and seconds of a record, None of one that is no collective."""
    head, perf = record["header"], record.get("coll_perf")
    if perf is None or perf["coll"] not in NAMES:
        return None
    ranks, nodes, rank = (whole_number(where, line, key, str(head[key])) for key in ("n_ranks", "nnodes", "rank"))
    size = whole_number(where, line, "coll_msg_size_bytes", str(perf["coll_msg_size_bytes"]))
    seconds = number(where, line, "coll_exec_time_us", repr(perf["coll_exec_time_us"])) * 1e-6
    moved = number(where, line, "coll_algobw_gbs", repr(perf["coll_algobw_gbs"])) * 1e9 * seconds
    if not (seconds > 0 and size > 0 and ranks > 0 and nodes > 0):
        raise wrong_line(where, line, "a record with time, size, ranks and nodes above zero", perf)
    whole = next((s for s in (size, size * ranks) if abs(moved - s) <= SAME * s + 2e-6 / seconds * s), None)
    if whole is None:
        raise wrong_line(where, line, "a size that coll_algobw_gbs x time is, or is n_ranks times", size)
    number_of = whole_number(where, line, "coll_sn", str(perf["coll_sn"]))
    return (NAMES[perf["coll"]], whole, ranks, nodes), (str(head["id"]), number_of), rank, seconds


def _fewer(doubts: list[Finding]) -> list[Finding]:
    """Return at most the first three findings and one that counts the rest: such files have thousands of records."""
    more = len(doubts) - 3
    return doubts if more <= 0 else [*doubts[:3], Finding("warning", f"left out: {more} more records", doubts[3].row)]


def _tables(calls: Mapping[Call, Mapping[tuple[str, int], float]], lines_of: Mapping[Call, int], seen: set[int]) -> Tables:
    tables: list[Table] = []
    for name, ranks, nodes in dict.fromkeys((call[0], call[2], call[3]) for call in calls):
        own = sorted(call for call in calls if (call[0], *call[2:]) == (name, ranks, nodes))
        rows = [
            Row(lines_of[call], call[1], min(times), samples=times, iterations=len(times))
            for call in own
            if (times := tuple(calls[call][key] for key in sorted(calls[call])))
        ]
        over = "max" if len(seen) >= ranks else f"ranks {', '.join(map(str, sorted(seen)[:8]))} of {ranks}"
        context = {"over_ranks": over, "datatype_stated": False, "in_place_stated": False}
        tables.append(Table(name, rows[0].line, tuple(rows), ranks=ranks, nodes=nodes, context=context))
    return tables
