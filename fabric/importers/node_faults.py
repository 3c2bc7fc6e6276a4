"""A list of node faults as CSV (node, event_time_days, event, ...): which node was out from when to when. It judges no fault.

The columns are those of the trace of 400 nodes of 8 GPUs published with InfiniteHBD (stepfun-ai/InfiniteHBD-Trace, 2025).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from fabric.text.files import read_text
from fabric.text.numbers import real, whole
from topologies.errors import InputError

COLUMNS = ("node", "event_time_days", "event")
START, END = "fault_start", "fault_end"
DAY = 86_400.0
MOST_NODES, MOST_DAYS = 10_000_000, 100_000.0


@dataclass(frozen=True)
class Outage:
    """One node out of service, in seconds from the beginning of the trace; kind: the class of its fault, as written."""

    node: int
    start: float
    end: float
    kind: str = ""


@dataclass(frozen=True)
class FaultTrace:
    """Outages, the seconds up to the last event, and how many nodes are named (those that never failed are not)."""

    outages: tuple[Outage, ...]
    seconds: float
    nodes: int


def load(path: Path, option: str = "failures") -> FaultTrace:
    """Return a trace of a file; a fault that never ends lasts to the end of the trace, an end without a start is left out.

    Raises:
        InputError: a file that cannot be read, without these columns, with a row that is none, or without any fault.
    """
    return read(read_text(path, option), str(path))


def read(text: str, where: str) -> FaultTrace:
    """Return the trace of a text; where: the file's name, for messages. Raises as load()."""
    events = sorted(_events(text, where))
    if not events:
        raise InputError(f"{where}: must hold at least one {START}, got none")
    last = events[-1][0]
    found, since = list[Outage](), dict[tuple[int, str], float]()
    for seconds, event, node, kind in events:
        if event == START:
            since.setdefault((node, kind), seconds)
        elif (begun := since.pop((node, kind), None)) is not None:
            found.append(Outage(node, begun, seconds, kind))
    found += [Outage(node, begun, last, kind) for (node, kind), begun in since.items()]
    nodes = 1 + max(node for _, _, node, _ in events)
    return FaultTrace(tuple(sorted(found, key=lambda one: (one.start, one.node))), last, nodes)


def _events(text: str, where: str) -> Iterator[tuple[float, str, int, str]]:
    """Yield (seconds, event, node, class)."""
    rows = csv.DictReader(StringIO(text))
    if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
        raise InputError(f"{where}: must be CSV with the columns {', '.join(COLUMNS)}, has no {' or '.join(missing)}")
    for row in rows:
        at = f"{where}:{rows.line_num}"
        event = row["event"]
        if event not in (START, END):
            raise InputError(f"{at}: event must be {START} or {END}, got {event!r}")
        days = real(row["event_time_days"], f"{at}: event_time_days", 0, MOST_DAYS)
        yield days * DAY, event, whole(row["node"], f"{at}: node", 0, MOST_NODES), row.get("class") or ""
