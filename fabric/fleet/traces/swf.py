"""Reads the Standard Workload Format of the Parallel Workloads Archive. It does not know whether its processors are devices.

Format: 18 fields a line, -1 where unknown, `;` before comments (Feitelson, "Standard Workload Format", version 2.2).
"""

from __future__ import annotations

from fabric.fleet.traces.said import Said
from fabric.fleet.traces.trace import Rows, Trace, seconds_us
from fabric.text.numbers import maybe_whole

FIELDS = 18
JOB, SUBMIT, RUN, HELD, ASKED, STATUS, USER, GROUP = 0, 1, 3, 4, 7, 10, 11, 12
PARTIAL = (2, 3, 4)
"""States of a part of a job that stands as a whole too."""
STATES = {-1, 0, 1, 5}
"""Unknown, failed, completed, cancelled: each held its processors while it ran."""


def read(text: str, where: str) -> Trace:  # noqa: ARG001  # as all readers
    """Return the trace; a processor counts as a device, a user as a tenant.

    Raises:
        InputError: no job.
    """
    rows = Rows("swf")
    for line, content in enumerate(text.split("\n"), 1):
        fields = content.split()
        if not fields or fields[0].startswith(";"):
            continue
        rows.rows += 1
        if len(fields) != FIELDS:
            rows.drop("fields", line, content, str(FIELDS))
            continue
        submit, work = seconds_us(fields[SUBMIT]), seconds_us(fields[RUN])
        held, asked, status = (maybe_whole(fields[place]) for place in (HELD, ASKED, STATUS))
        devices = held if held is not None and held > 0 else asked
        if submit is None or work is None or devices is None:
            rows.drop("field", line, content)
        elif status in PARTIAL:
            rows.drop("part", line, fields[STATUS])
        elif status not in STATES:
            rows.drop("state", line, fields[STATUS])
        elif work < 0:
            rows.drop("run_unknown", line, fields[RUN])
        else:
            user = fields[USER] if fields[USER] != "-1" else ""
            rows.add(line, fields[JOB], submit, work, devices, tenant=user)
    notes = (Said("processor_device"), Said("run_work"))
    return rows.trace(origin=False, source="Standard Workload Format", notes=notes)
