"""Reads the openb pod list and node list: shares of a device, kinds of them, processors, memory. It knows no network.

Source: Weng et al., "Beware of Fragmentation", USENIX ATC 2023; hkust-adsl/kubernetes-scheduler-simulator, Apache-2.0.
"""

from __future__ import annotations

from collections import Counter

from fabric.fleet.fleet import Pool
from fabric.fleet.traces.lines import cells
from fabric.fleet.traces.said import Said
from fabric.fleet.traces.trace import Rows, Trace, seconds_us
from fabric.text.numbers import maybe_whole
from topologies.errors import InputError

COLUMNS = ("name", "num_gpu", "gpu_milli", "gpu_spec", "qos", "pod_phase", "creation_time", "deletion_time", "scheduled_time")
NODE_COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
BESIDE = {"cpu_milli": "processors", "memory_mib": "memory"}
"""Column -> what it is called here."""
BEST_EFFORT = "BE"
WHOLE = 1000
SOURCE = "openb trace, Weng et al., USENIX ATC 2023, hkust-adsl/kubernetes-scheduler-simulator, Apache-2.0"
NOTES = (Said("pod_work"), Said("processors"))


def read(text: str, where: str) -> Trace:
    """Return the trace; a pod lies on one node, and one of quality BE (best effort) is preemptible.

    Raises:
        InputError: another header, or no job.
    """
    rows = Rows("openb")
    for line, row in cells(text, where, COLUMNS):
        rows.rows += 1
        if row is None:
            rows.drop("columns", line)
            continue
        submit, begin, end = (seconds_us(row[name]) for name in ("creation_time", "scheduled_time", "deletion_time"))
        devices, share = maybe_whole(row["num_gpu"]), maybe_whole(row["gpu_milli"])
        if begin is None:
            rows.drop("not_scheduled", line, row["pod_phase"])
        elif submit is None or end is None:
            rows.drop("no_times", line, row["creation_time"] or row["deletion_time"])
        elif devices is None or share is None or not 0 <= share <= WHOLE:
            rows.drop("no_share", line, f"{row['num_gpu']} x {row['gpu_milli']}")
        else:
            part = share if devices == 1 and 0 < share < WHOLE else WHOLE
            kinds = tuple(kind for kind in row["gpu_spec"].split("|") if kind)
            low = row["qos"] == BEST_EFFORT
            more = {name: maybe_whole(row.get(column, "")) or 0 for column, name in BESIDE.items()} | {"nodes": 1}
            rows.add(line, row["name"], submit, end - begin, devices, share=part, types=kinds, preemptible=low, **more)
    return rows.trace(origin=False, source=SOURCE, notes=NOTES)


def pools(text: str, where: str) -> tuple[Pool, ...]:
    """Return the node list as pools, one per model, devices, processors and memory of a node, the largest pool first.

    Raises:
        InputError: another header, or no node with devices.
    """
    counted: Counter[tuple[str, int, int, int]] = Counter()
    for _line, row in cells(text, where, NODE_COLUMNS):
        devices = maybe_whole(row["gpu"]) if row else None
        if row and devices is not None and devices > 0:
            counted[row["model"], devices, maybe_whole(row["cpu_milli"]) or 0, maybe_whole(row["memory_mib"]) or 0] += 1
    if not counted:
        raise InputError(f"{where}: at least one node with devices is needed, got none")
    ordered = sorted(counted.items(), key=lambda item: (-item[1] * item[0][1], item[0]))
    return tuple(
        Pool(f"{model} x {devices}", nodes, devices, model, processors=processors, memory=memory)
        for (model, devices, processors, memory), nodes in ordered
    )
