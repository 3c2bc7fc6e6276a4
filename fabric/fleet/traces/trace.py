"""What a trace holds: jobs in order, from a common origin, and what was left out, counted. It knows no format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from fabric.fleet.fleet import Pool
from fabric.fleet.job import LONGEST_US, WHOLE, Ints, Jobs
from fabric.fleet.traces.said import Said
from fabric.text.escape import shown
from fabric.text.numbers import maybe_real
from topologies.errors import InputError

SECOND_US = 1_000_000
MOST_DAYS = f"{LONGEST_US // SECOND_US // 86_400:,}"
MOST_SECONDS = 2**40
"""Of a time since 1970 or since the trace's begin; far beyond any real one."""


@dataclass(frozen=True)
class Left:
    """Rows that were left out for one reason: how many, and the first of them: its line (or place) and what it says."""

    said: Said
    count: int
    line: int
    value: str

    @property
    def reason(self) -> str:
        """Why, in English."""
        return self.said.text


@dataclass(frozen=True)
class Trace:
    """A trace as read.

    origin: the moment of microsecond 0 as ISO text in the trace's own clock, empty where its times count from its begin.
    rows: how many it has. left: what was left out. notes: what was assumed or changed, one line each. pools: the nodes, where
    it has them. source: what to cite.
    """

    jobs: Jobs
    kind: str
    origin: str = ""
    rows: int = 0
    left: tuple[Left, ...] = ()
    notes: tuple[Said, ...] = ()
    pools: tuple[Pool, ...] = ()
    source: str = ""

    @property
    def left_out(self) -> int:
        """How many rows were left out."""
        return sum(left.count for left in self.left)


@dataclass
class Rows:
    """Collects the jobs of a file while it is read; what a row cannot be read as is counted with its reason."""

    kind: str
    rows: int = 0
    columns: dict[str, list[object]] = field(default_factory=dict)
    reasons: dict[Said, Left] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    def drop(self, key: str, line: int, value: object = "", detail: str = "") -> None:
        """Leave a row out. key: of ENGLISH; value: what the row says there; detail: what stands in the reason."""
        reason = Said(key, detail)
        known = self.reasons.get(reason)
        first = Left(reason, 1, line, shown(value) if value != "" else "")
        self.reasons[reason] = first if known is None else Left(reason, known.count + 1, known.line, known.value)

    def add(self, line: int, name: str, submit_us: int, work_us: int, devices: int, **more: object) -> bool:
        """Take a row as a job; return False where a value is outside its range or the id was there, and leave it out."""
        reason = _wrong(submit_us, work_us, devices)
        if reason is not None:
            self.drop(reason[0], line, reason[1], MOST_DAYS * (reason[0] == "too_long"))
        elif name in self.ids:
            self.drop("same_id", line, name)
        else:
            self.ids.add(name)
            values = {"id": name, "submit": submit_us, "work": work_us, "devices": devices, **USUAL, **more}
            for key, value in values.items():
                self.columns.setdefault(key, []).append(value)
            return True
        return False

    def trace(self, *, origin: bool, pools: tuple[Pool, ...] = (), source: str = "", notes: tuple[Said, ...] = ()) -> Trace:
        """Return the trace; origin: whether its times are moments (since 1970) rather than since its begin.

        Raises:
            InputError: no job was left.
        """
        left = tuple(sorted(self.reasons.values(), key=lambda one: -one.count))
        if not self.columns:
            why = f"; left out: {left[0].count:,} ({left[0].reason})" if left else ""
            raise InputError(f"trace: at least one job is needed, got none in {self.rows:,} rows{why}")
        submit = np.array(self.columns["submit"], np.int64)
        late = sum(b < a for a, b in pairwise(submit.tolist()))
        told = [Said("unordered", f"{late:,}")] * bool(late)
        start = int(submit.min()) if origin else 0
        moment = datetime.fromtimestamp(start // SECOND_US, UTC).replace(tzinfo=None).isoformat() if origin else ""
        jobs = _jobs(self.columns, submit - start)
        return Trace(jobs, self.kind, moment, self.rows, left, (*notes, *told), pools, source)


USUAL: Mapping[str, object] = {
    "tenant": "",
    "nodes": 0,
    "share": WHOLE,
    "types": (),
    "priority": 0,
    "preemptible": False,
    "communication": 0,
    "checkpoint": 0,
    "use": WHOLE,
    "processors": 0,
    "memory": 0,
}


def _wrong(submit_us: int, work_us: int, devices: int) -> tuple[str, object] | None:
    """Return why a row is no job, and the value; None where it is one."""
    if devices < 1:
        return "no_device", devices
    if devices > 2**31 - 1:
        return "too_many", devices
    if work_us < 1:
        return "no_time", work_us / SECOND_US
    if work_us > LONGEST_US:
        return "too_long", work_us / SECOND_US
    if submit_us < 0:
        return "too_early", submit_us / SECOND_US
    return None


def _jobs(columns: dict[str, list[object]], submit: np.ndarray) -> Jobs:
    order = np.argsort(submit, kind="stable")

    def ints(name: str) -> Ints:
        return np.array(columns[name], np.int32)[order]

    tenants, tenant = _codes(columns["tenant"], order)
    types, kinds = _codes(columns["types"], order)
    names = columns["id"]
    return Jobs(
        submit=submit[order],
        work=np.array(columns["work"], np.int64)[order],
        devices=ints("devices"),
        ids=tuple(str(names[n]) for n in order),
        tenants=tenants,
        tenant=tenant,
        types=types,
        kinds=kinds,
        nodes=ints("nodes"),
        share=ints("share"),
        priority=ints("priority"),
        preemptible=np.array(columns["preemptible"], np.bool_)[order],
        communication=ints("communication"),
        checkpoint=np.array(columns["checkpoint"], np.int64)[order],
        use=ints("use"),
        processors=np.array(columns["processors"], np.int64)[order],
        memory=np.array(columns["memory"], np.int64)[order],
    )


def _codes(values: list[object], order: np.ndarray) -> tuple[tuple, Ints]:  # type: ignore[type-arg]  # of names or of tuples
    known: dict[object, int] = {}
    numbers = np.array([known.setdefault(value, len(known)) for value in values], np.int32)
    return tuple(known), numbers[order]


def seconds_us(text: object) -> int | None:
    """Return microseconds of a number of seconds, None where it is none or beyond any real time."""
    found = maybe_real(text)
    return round(found * SECOND_US) if found is not None and abs(found) < MOST_SECONDS else None


def moment_us(text: str) -> tuple[int, bool] | None:
    """Return (microseconds since 1970, whether a zone was stated) of an ISO moment; without a zone it is taken as UTC."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    stated = found.tzinfo is not None
    found = found if stated else found.replace(tzinfo=UTC)
    span = found - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * SECOND_US + span.microseconds, stated
