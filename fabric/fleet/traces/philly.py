"""Reads the Philly trace as a CSV: timestamp, duration, num_gpus, gpu_time, cluster. It knows no placements; the file has none.

Source: Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training Workloads", USENIX ATC 2019;
msr-fiddle/philly-traces, CC-BY-4.0.
"""

from __future__ import annotations

from fabric.fleet.traces.lines import cells
from fabric.fleet.traces.said import Said
from fabric.fleet.traces.trace import Rows, Trace, moment_us, seconds_us
from fabric.text.numbers import maybe_whole

COLUMNS = ("timestamp", "duration", "num_gpus", "cluster")
SOURCE = "Philly trace, Jeon et al., USENIX ATC 2019, msr-fiddle/philly-traces, CC-BY-4.0"
NOTES = (Said("duration_work"), Said("no_communication"))


def read(text: str, where: str) -> Trace:
    """Return the trace; a job's name is its row, its tenant the virtual cluster.

    Raises:
        InputError: another header, or no job.
    """
    rows = Rows("philly")
    zones = 0
    for line, row in cells(text, where, COLUMNS):
        rows.rows += 1
        if row is None:
            rows.drop("columns", line)
            continue
        when, work, devices = moment_us(row["timestamp"]), seconds_us(row["duration"]), maybe_whole(row["num_gpus"])
        if when is None:
            rows.drop("no_submit", line, row["timestamp"])
        elif work is None:
            rows.drop("no_duration", line, row["duration"])
        elif devices is None:
            rows.drop("no_number", line, row["num_gpus"])
        else:
            zones += when[1]
            rows.add(line, f"row{line}", when[0], work, devices, tenant=row["cluster"])
    clock = () if zones else (Said("stamps_zone"),)
    return rows.trace(origin=True, source=SOURCE, notes=NOTES + clock)
