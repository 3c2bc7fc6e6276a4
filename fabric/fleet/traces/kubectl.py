"""Reads `kubectl get pods,nodes -A -o json`. From the API's documentation (v1 Pod, Node), not a cluster's output.

Pods of one job (by the labels of kube.py) are one gang: as many nodes as pods, devices in all. Nodes with devices become pools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fabric.fleet.fleet import Pool
from fabric.fleet.kube import devices as devices_of
from fabric.fleet.kube import group
from fabric.fleet.traces.said import Said
from fabric.fleet.traces.trace import Rows, Trace, moment_us
from fabric.text.json_file import parse_json
from fabric.text.numbers import maybe_whole
from topologies.errors import InputError

KIND_LABELS = ("nvidia.com/gpu.product", "amd.com/gpu.product-name", "accelerator", "node.kubernetes.io/instance-type")
ENDED = ("Succeeded", "Failed")
Item = Mapping[str, Any]


def read(text: str, where: str) -> Trace:
    """Return the trace; a namespace is a tenant.

    Raises:
        InputError: no list of pods and nodes, or no job.
    """
    content = parse_json(text, where)
    items = content.get("items") if isinstance(content, dict) else None
    if not isinstance(items, list):
        raise InputError(f"{where}: must be what `kubectl get pods,nodes -A -o json` prints: an object with items")
    items = [item for item in items if isinstance(item, dict)]
    rows, gangs = Rows("kubectl"), _gangs(items)
    now = max((t for item in items for t in _times(item)), default=0)
    running = 0
    for place, (name, pods) in enumerate(gangs.items(), 1):
        rows.rows += len(pods)
        running += _add(rows, place, name, pods, now)
    notes = [Said("span_work"), Said("from_docs")]
    notes += [Said("still_run_latest", f"{running:,}")] * (running > 0)
    return rows.trace(origin=True, pools=pools(items), source="kubectl", notes=tuple(notes))


def _gangs(items: Sequence[Item]) -> dict[str, list[Item]]:
    """Return pods by their job: namespace and label, or the pod itself."""
    found: dict[str, list[Item]] = {}
    for item in items:
        if item.get("kind") == "Pod":
            meta = _part(item, "metadata")
            job = group(_part(meta, "labels")) or str(meta.get("name", ""))
            found.setdefault(f"{meta.get('namespace', '')}/{job}", []).append(item)
    return found


def _add(rows: Rows, place: int, name: str, pods: Sequence[Item], now: int) -> bool:
    """Take a gang as a job; return whether it still runs."""
    phases = {str(_part(pod, "status").get("phase", "")) for pod in pods}
    held = [devices for pod in pods if (devices := _devices(pod))]
    starts = [t for pod in pods if (t := _moment(_part(pod, "status").get("startTime"))) is not None]
    created = [t for pod in pods if (t := _moment(_part(pod, "metadata").get("creationTimestamp"))) is not None]
    ends = [t for pod in pods for t in _finished(pod)]
    unknown = phases - {*ENDED, "Running", "Pending"}
    if unknown:
        rows.drop("state", place, sorted(unknown)[0])
    elif not held:
        rows.drop("no_device", place, name)
    elif "Pending" in phases or not starts:
        rows.drop("not_run", place, name)
    elif not created:
        rows.drop("no_creation", place, name)
    else:
        runs = "Running" in phases
        end = now if runs else max(ends, default=0)
        more = {"tenant": name.partition("/")[0], "nodes": len(held) if len(held) > 1 else 0, "priority": _priority(pods)}
        return rows.add(place, name, min(created), end - min(starts), sum(held), **more) and runs
    return False


def pools(items: Sequence[Item]) -> tuple[Pool, ...]:
    """Return the nodes with devices as pools, one per kind and number of devices."""
    counted: Counter[tuple[str, int]] = Counter()
    for item in items:
        if item.get("kind") == "Node":
            labels = _part(_part(item, "metadata"), "labels")
            devices = devices_of(_part(_part(item, "status"), "allocatable"))
            kind = next((str(labels[label]) for label in KIND_LABELS if label in labels), "")
            if devices:
                counted[kind, devices] += 1
    ordered = sorted(counted.items(), key=lambda item: (-item[1] * item[0][1], item[0]))
    return tuple(Pool(f"{kind or 'nodes'} x {devices}", nodes, devices, kind) for (kind, devices), nodes in ordered)


def _devices(pod: Item) -> int:
    containers = _part(pod, "spec").get("containers")
    parts = [c for c in containers if isinstance(c, dict)] if isinstance(containers, list) else []
    held = [_part(c, "resources") for c in parts]
    return sum(devices_of(_part(one, "limits")) or devices_of(_part(one, "requests")) for one in held)


def _priority(pods: Sequence[Item]) -> int:
    """Return the highest priority that admission gave the pods (spec.priority of their PriorityClass), 0 where it gave none."""
    found = (maybe_whole(_part(pod, "spec").get("priority")) for pod in pods)
    return max((value for value in found if value is not None and abs(value) < 2**31), default=0)


def _finished(pod: Item) -> list[int]:
    statuses = _part(pod, "status").get("containerStatuses")
    parts = [s for s in statuses if isinstance(s, dict)] if isinstance(statuses, list) else []
    found = (_moment(_part(_part(s, "state"), "terminated").get("finishedAt")) for s in parts)
    return [t for t in found if t is not None]


def _times(item: Item) -> list[int]:
    status = _part(item, "status")
    conditions = status.get("conditions")
    stamps = [c.get("lastHeartbeatTime") for c in conditions if isinstance(c, dict)] if isinstance(conditions, list) else []
    found = (_moment(t) for t in (status.get("startTime"), _part(item, "metadata").get("creationTimestamp"), *stamps))
    return [t for t in found if t is not None] + _finished(item)


def _part(item: Item, name: str) -> Item:
    """Return an object inside another, empty where there is none."""
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def _moment(text: object) -> int | None:
    found = moment_us(text) if isinstance(text, str) else None
    return found[0] if found else None
