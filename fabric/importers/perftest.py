"""Text output of perftest (ib_write_bw, ib_send_bw, ib_send_lat, ...): one message between two hosts. It reads no counters.

A bandwidth's seconds are those of one message of a window (TX depth), Size / BW average, or 1 / MsgRate where that has more
digits; both must agree. MB/sec and MiB/sec are 2^20 bytes (the tool renamed its unit), Gb/sec 10^9 bits. A latency's
seconds are t_avg, where it is missing t_typical, the median; both are half a round trip (not for reads, which are left out).
Facts: linux-rdma/perftest, src/perftest_parameters.h and README, read 2026-11-29; ib_write_bw's form by a sample, the
latencies' by documentation and published outputs only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fabric.importers.table import Row, Table, Tables, is_row, lines, number, rounding, rows_of, whole_number, wrong_line
from fabric.records.screen import Finding
from fabric.text.numbers import real, whole

SIGN = re.compile(r"#?bytes\s+#?iterations\s+(?:BW peak|t_min|t_avg)\s*\[")
TITLE = re.compile(r"\b(RDMA_Write|RDMA_Read|Send|Atomic\w*)\s+(?:Post List\s+)?(Bidirectional\s+)?(BW|Latency) Test\b")
COLUMN = re.compile(r"#?(bytes|iterations)\b|(BW peak|BW average|MsgRate|CPU_Util|t_\w+|[\d.]+% percentile)\s*\[([^\]\s]*)\]")
DEPTH = re.compile(r"\bTX depth\s*:\s*(\d{1,6})")
DEVICE = re.compile(r"\bDevice\s*:\s*(\S+)")
STATED = re.compile(r"(?:^|\s)(Number of qps|Transport type|Connection type|Mtu|Link type)\s*:\s*(\S+)")
UNITS = {"MB/sec": 2.0**20, "MiB/sec": 2.0**20, "Gb/sec": 1e9 / 8}
"""Bytes per second of a printed unit."""
DEPTH_UNSAID = 128
"""TX depth that the tool takes where none is given."""
DECIMALS = {"MsgRate": 6, "BW average": 2, "t_typical": 2, "t_avg": 2, "99.9% percentile": 2}
"""Of the columns that can be a table's last."""
AGREE = 1.01
"""Slack on rounding when bandwidth and message rate are compared."""


@dataclass(frozen=True)
class Head:
    """What stands above a table. columns: name and unit of each; kind: verb, direction, what was measured."""

    line: int = 0
    kind: tuple[str, bool, str] | None = None
    depth: int | None = None
    columns: tuple[tuple[str, str], ...] = ()
    stated: dict[str, str] = field(default_factory=dict)


def read(text: str, where: str) -> Tables:
    """Return the tables of a file; latencies of reads and atomics are left out with a note."""
    found: list[Table | Finding] = []
    head, rows = Head(), list[Row]()
    doubts: list[Finding] = []
    for line, content in lines(text):
        if SIGN.search(content):
            found += _close(head, rows)
            columns = tuple((name[0] or name[1], name[2]) for name in COLUMN.findall(content))
            head, rows = replace(head, line=line, columns=columns), []
        elif title := TITLE.search(content):
            found += _close(head, rows)
            head, rows = Head(kind=(title[1], bool(title[2]), title[3])), []
        elif head.columns and is_row(content):
            own = head
            rows += rows_of(doubts, line, content, lambda: [_row(where, line, content.split(), own)])  # noqa: B023  # at once
        elif not head.columns:
            head = _learn(head, content)
    return [*doubts, *found, *_close(head, rows)]


def _learn(head: Head, content: str) -> Head:
    depth = DEPTH.search(content)
    device = DEVICE.search(content)
    stated = {name.lower().replace(" ", "_"): value for name, value in STATED.findall(content)}
    return replace(
        head,
        depth=whole(depth[1], "depth") if depth else head.depth,
        stated={**head.stated, **stated, **({"device": device[1]} if device else {})},
    )


def _row(where: str, line: int, cells: Sequence[str], head: Head) -> Row:
    if len(cells) != len(head.columns):
        raise wrong_line(where, line, f"{len(head.columns)} columns as in the header of line {head.line}", " ".join(cells))
    named = {name: cell for (name, _), cell in zip(head.columns, cells, strict=True)}
    values = {name: number(where, line, name, cell) for name, cell in named.items()}
    size = whole_number(where, line, "#bytes", named["bytes"])
    seconds, hidden = (
        _message(where, line, size, named, dict(head.columns)) if "BW average" in named else _latency(named, values)
    )
    more = {f"{name[2:]}_seconds": value * 1e-6 for name, value in values.items() if name in ("t_min", "t_max", "t_typical")}
    tails = {f"p{name.split('%')[0]}_seconds": value * 1e-6 for name, value in values.items() if name.endswith("percentile")}
    return Row(
        line=line,
        nbytes=size,
        seconds=seconds,
        iterations=whole_number(where, line, "#iterations", named["iterations"]),
        dtype="i8",
        more=more | tails,
        rounding={"seconds": hidden},
    )


def _message(where: str, line: int, size: int, named: dict[str, str], units: dict[str, str]) -> tuple[float, float]:
    """Return seconds of one message and what rounding hides of it, by the column with more digits.

    Raises:
        InputError: an unknown unit, a rate that is not above zero, or two columns that contradict each other.
    """
    unit = UNITS.get(units["BW average"])
    if unit is None:
        raise wrong_line(where, line, f"under a column in {', '.join(UNITS)}", units["BW average"])
    rates = [(float(named["BW average"]) * unit / size, rounding(named["BW average"]) * unit / size)] if size else []
    if "MsgRate" in named:
        rates.append((float(named["MsgRate"]) * 1e6, rounding(named["MsgRate"]) * 1e6))
    if not any(rate > 0 for rate, _ in rates) or not all(0 <= rate < float("inf") for rate, _ in rates):
        raise wrong_line(where, line, "a rate above zero", " ".join(named.values()))
    apart = max(rate for rate, _ in rates) - min(rate for rate, _ in rates)
    if apart > AGREE * sum(hidden for _, hidden in rates) + 1e-3 * max(rate for rate, _ in rates):
        raise wrong_line(where, line, "a MsgRate that is BW average / size", " ".join(named.values()))
    rate, hidden = min((one for one in rates if one[0] > 0), key=lambda one: one[1] / one[0])
    return 1 / rate, hidden / rate**2


def _latency(named: dict[str, str], values: dict[str, float]) -> tuple[float, float]:
    name = next((name for name in ("t_avg", "t_typical") if name in named), "t_min")
    return values[name] * 1e-6, rounding(named[name]) * 1e-6


def _close(head: Head, rows: Sequence[Row]) -> Tables:
    if not head.columns:
        return []
    if not rows:
        return [Finding("warning", "a table without rows", head.line)]
    names = [name for name, _ in head.columns]
    rate = "BW average" in names
    verb, both, _ = head.kind or ("", False, "")
    if not rate and (verb in ("RDMA_Read", "") or verb.startswith("Atomic")):
        return [
            Finding(
                "note", f"left out: a latency of `{verb or 'an unknown test'}`, which need not be half a round trip", head.line
            )
        ]
    if not rate and "t_avg" not in names and "t_typical" not in names:
        return [Finding("warning", "left out: a table without t_avg and t_typical", head.line)]
    depth = head.depth or DEPTH_UNSAID
    context = {**head.stated, "verb": verb, "over_ranks": "client", "datatype_stated": False}
    context |= {"window_stated": head.depth is not None} if rate else {"time_is": "mean" if "t_avg" in names else "median"}
    named = ("bibandwidth" if both else "bandwidth") if verb else None
    return [
        Table(
            collective=named if rate else "latency",
            line=head.line,
            rows=tuple(replace(row, seconds=2 * row.seconds) if both and rate else row for row in rows),
            ranks=2,
            algorithm=verb.lower() or "default",
            params={"window": real(depth, "depth")} if rate else {},
            last_decimals=DECIMALS.get(names[-1], 0),
            context=context,
        )
    ]
