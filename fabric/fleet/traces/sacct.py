"""Reads what `sacct --parsable2 --allusers` prints. From Slurm's manual (23.11), not a cluster's output.

Columns by their names in the header: JobIDRaw or JobID, Submit, State, ElapsedRaw, Elapsed or Start and End, AllocTRES or
ReqTRES, and where they are there Account, User, NNodes, Priority. Devices are gres/gpu (or gres/npu) of AllocTRES. Moments are
ISO text or seconds since 1970. Steps are left out: the job holds them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fabric.fleet.traces.lines import cells
from fabric.fleet.traces.said import Said
from fabric.fleet.traces.trace import SECOND_US, Rows, Trace, moment_us
from fabric.text.numbers import natural

COLUMNS = ("Submit", "State")
ENDED = {
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "TIMEOUT",
    "NODE_FAIL",
    "PREEMPTED",
    "OUT_OF_MEMORY",
    "DEADLINE",
    "BOOT_FAIL",
    "REVOKED",
}
WAITING = {"PENDING", "REQUEUED", "RESIZING", "SUSPENDED"}
DEVICE = re.compile(r"(?:^|,)gres/(?:gpu|npu|dcu|mlu)=([0-9]+)")
TYPED = re.compile(r"(?:^|,)gres/(?:gpu|npu|dcu|mlu):([^=,]+)=([0-9]+)")
MOST_PRIORITY = 2**31 - 1
"""Slurm's is 32 bits without a sign; priority/basic counts down from the top, where all are cut alike here: first come."""
SPAN = re.compile(r"(?:([0-9]+)-)?(?:([0-9]+):)?([0-9]+):([0-9]+)")


def read(text: str, where: str) -> Trace:
    """Return the trace; the account is the tenant (the user where there is none), NNodes the gang's shape.

    Raises:
        InputError: another header, or no job.
    """
    rows, running, zones, ranked = Rows("sacct"), 0, 0, 0
    for line, row in cells(text, where, COLUMNS, "|"):
        name = (row or {}).get("JobIDRaw") or (row or {}).get("JobID", "")
        if "." in name:
            continue
        rows.rows += 1
        if row is None or not name:
            rows.drop("columns_or_id", line)
            continue
        state, moment, work = row["State"].split(" ")[0].rstrip("+"), _moment(row["Submit"]), _elapsed(row)
        devices, kind = _devices(row.get("AllocTRES", "") or row.get("ReqTRES", ""))
        if state in WAITING:
            rows.drop("not_run", line, row["State"])
        elif state not in ENDED and state != "RUNNING":
            rows.drop("state", line, row["State"])
        elif moment is None:
            rows.drop("no_submit", line, row["Submit"])
        elif work is None:
            rows.drop("no_elapsed", line, row.get("Elapsed", ""))
        else:
            more = _more(row) | {"types": (kind,) if kind else ()}
            if rows.add(line, name, moment[0], work, devices, **more):
                running, zones, ranked = running + (state == "RUNNING"), zones + moment[1], ranked + ("priority" in more)
    notes = [Said("elapsed_work"), Said("from_docs")]
    notes += [Said("still_run", f"{running:,}")] * bool(running)
    notes += [Said("moments_zone")] * (not zones)
    notes += [Said("slurm_priority")] * bool(ranked)
    return rows.trace(origin=True, source="sacct", notes=tuple(notes))


def _more(row: Mapping[str, str]) -> dict[str, object]:
    nodes = natural(row.get("NNodes", ""))
    devices = _devices(row.get("AllocTRES", "") or row.get("ReqTRES", ""))[0]
    priority = natural(row.get("Priority", ""))
    return {
        "tenant": row.get("Account") or row.get("User", ""),
        "nodes": nodes if nodes and nodes <= devices else 0,
    } | ({} if priority is None else {"priority": min(priority, MOST_PRIORITY)})


def _moment(text: str) -> tuple[int, bool] | None:
    """Return (microseconds since 1970, whether a zone is known) of ISO text or of seconds since 1970."""
    seconds = natural(text)
    return moment_us(text) if seconds is None else (seconds * SECOND_US, True)


def _devices(tres: str) -> tuple[int, str]:
    """Return the devices of a job, and their kind where they are all of one."""
    found, typed = DEVICE.search(tres), TYPED.findall(tres)
    total = natural(found[1]) if found else sum(natural(count) or 0 for _kind, count in typed)
    return total or 0, typed[0][0] if len(typed) == 1 else ""


def _elapsed(row: Mapping[str, str]) -> int | None:
    """Return microseconds of ElapsedRaw (seconds), Elapsed ([days-]hours:minutes:seconds), or from Start to End."""
    raw = natural(row.get("ElapsedRaw", ""))
    if raw is not None:
        return raw * SECOND_US
    found = SPAN.fullmatch(row.get("Elapsed", ""))
    if not found:
        start, end = _moment(row.get("Start", "")), _moment(row.get("End", ""))
        return end[0] - start[0] if start and end else None
    days, hours, minutes, seconds = (natural(part or "0") or 0 for part in found.groups())
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * SECOND_US
