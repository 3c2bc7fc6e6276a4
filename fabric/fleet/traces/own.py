"""Reads our own CSV of jobs: id, submit_s, work_s, devices, and other columns where they are. It knows no scheduler.

submit_s: seconds since the trace's begin, or a moment such as 2026-03-01T08:00:00+08:00. work_s: seconds at full speed on all
of its devices. types: kinds of pool, separated by |. processors, memory_mib: of all of the job's nodes together. The other
columns as in FleetJob; checkpoint_s in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

from fabric.fleet.job import LONGEST_US, MOST_BESIDE, WHOLE
from fabric.fleet.traces.lines import cells
from fabric.fleet.traces.said import Said
from fabric.fleet.traces.trace import Rows, Trace, moment_us, seconds_us
from fabric.text.numbers import maybe_real, maybe_whole

COLUMNS = ("id", "submit_s", "work_s", "devices")
YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
RANGES = {
    "nodes": (0, 2**31 - 1),
    "share": (1, WHOLE),
    "priority": (-(2**31), 2**31 - 1),
    "communication": (0, WHOLE),
    "use": (0, WHOLE),
}
"""Column of whole numbers -> its range."""
BESIDE = {"processors": ("processors", WHOLE), "memory_mib": ("memory", 1)}
"""Column of numbers -> what it is of a job, in how many parts."""


def read(text: str, where: str) -> Trace:
    """Return the trace.

    Raises:
        InputError: another header, or no job.
    """
    rows, moments, zones = Rows("csv"), 0, 0
    for line, row in cells(text, where, COLUMNS):
        rows.rows += 1
        if row is None:
            rows.drop("columns", line)
            continue
        moment = moment_us(row["submit_s"])
        submit = moment[0] if moment else seconds_us(row["submit_s"])
        work, devices, more = seconds_us(row["work_s"]), maybe_whole(row["devices"]), _more(row)
        if submit is None:
            rows.drop("no_submit", line, row["submit_s"])
        elif bool(moments) != bool(moment) and rows.ids:
            rows.drop("mixed_times", line, row["submit_s"])
        elif work is None or devices is None:
            rows.drop("no_work", line, f"{row['work_s']} x {row['devices']}")
        elif isinstance(more, str):
            rows.drop("outside", line, row.get(more, ""), more)
        elif rows.add(line, row["id"], submit, work, devices, **more) and moment:
            moments, zones = moments + 1, zones + moment[1]
    return rows.trace(origin=moments > 0, notes=(Said("utc"),) * (moments > zones))


def _more(row: Mapping[str, str]) -> dict[str, object] | str:
    """Return the other columns of a row that has them, or the name of the first that is outside its range."""
    found: dict[str, object] = {"tenant": row.get("tenant", "")}
    for name, (low, high) in RANGES.items():
        if row.get(name):
            value = maybe_whole(row[name])
            if value is None or not low <= value <= high:
                return name
            found[name] = value
    if row.get("types"):
        found["types"] = tuple(kind.strip() for kind in row["types"].split("|") if kind.strip())
    for column, (name, unit) in BESIDE.items():
        amount = maybe_real(row.get(column) or "0")
        if amount is None or not 0 <= amount * unit <= MOST_BESIDE:
            return column
        found[name] = round(amount * unit)
    return _marks(row, found)


def _marks(row: Mapping[str, str], found: dict[str, object]) -> dict[str, object] | str:
    """Return the columns with what a row says of being stopped and of its share, or the name of one outside its range."""
    if row.get("preemptible", "").lower() not in YES:
        return "preemptible"
    found["preemptible"] = YES[row.get("preemptible", "").lower()]
    if row.get("checkpoint_s"):
        mark = seconds_us(row["checkpoint_s"])
        if mark is None or not 0 <= mark <= LONGEST_US:
            return "checkpoint_s"
        found["checkpoint"] = mark
    if found.get("share", WHOLE) != WHOLE and row["devices"] != "1":
        return "share"
    return found
