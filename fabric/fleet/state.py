"""Jobs of a real cluster with the nodes they ran on, from text that its scheduler prints. It knows no fabric and no money.

Slurm: `sacct --parsable2` with a header (columns by name, in any order). Kubernetes: `kubectl get pods -A -o json` and
`get nodes`. Written from the manuals (sacct.1 of Slurm 23.11, the Pod and Node of Kubernetes v1); collect.sh asks for these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from fabric.fleet.kube import devices as devices_of
from fabric.fleet.kube import group
from fabric.formats.hostlist import expand
from fabric.text.escape import shown
from fabric.text.json_file import parse_json
from fabric.text.numbers import maybe_whole
from topologies.errors import InputError

ENDED = ("COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "DEADLINE", "BOOT_FAIL")
RUNNING = ("RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "STAGE_OUT", "STOPPED")
WAITING = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT")
COLUMNS = ("JobIDRaw", "User", "Submit", "Start", "End", "State", "AllocTRES", "ReqTRES", "NodeList")
NAMES = {"JobIDRaw": ("JobIDRaw", "JobID"), "User": ("Account", "User")}
"""Column -> those that do, the first that is there."""


@dataclass(frozen=True)
class Seen:
    """A job as its scheduler tells of it. Times in seconds since 1970, UTC; start None while it waits, end None while it runs.

    nodes: its nodes' names, none while it waits. devices: it asks for or holds; 0 where the text does not say.
    """

    id: str
    tenant: str
    devices: int
    nodes: tuple[str, ...]
    submit: float | None
    start: float | None
    end: float | None


@dataclass(frozen=True)
class State:
    """What the texts hold. at: when they were taken; left_out: reason -> entries; devices: node -> its devices, where told.

    down: nodes that take no job now. note: what the texts do not hold, empty for nothing.
    """

    jobs: tuple[Seen, ...]
    at: float
    left_out: Mapping[str, int]
    devices: Mapping[str, int]
    down: frozenset[str] = frozenset()
    note: str = ""

    @property
    def running(self) -> tuple[Seen, ...]:
        """Jobs that hold nodes now."""
        return tuple(job for job in self.jobs if job.start is not None and job.end is None)

    @property
    def waiting(self) -> tuple[Seen, ...]:
        """Jobs that hold nothing yet."""
        return tuple(job for job in self.jobs if job.start is None)


def from_sacct(text: str, where: str, at: float | None = None) -> State:
    """Return the jobs of `sacct --parsable2` text. at: when it was taken; None: the latest time in it.

    Raises:
        InputError: no header, columns that are missing, or no job.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    head = lines[0].split("|") if lines else []
    chosen = {name: next((head.index(own) for own in NAMES.get(name, (name,)) if own in head), -1) for name in COLUMNS}
    absent = [name for name in ("JobIDRaw", "Start", "End", "State", "NodeList") if chosen[name] < 0]
    if absent:
        first = shown(lines[0] if lines else "")
        raise InputError(f"{where}: must be sacct --parsable2 with a header that has {', '.join(absent)}, got {first}")
    left: Counter[str] = Counter()
    found: dict[str, Seen] = {}
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("|")
        if len(cells) != len(head):
            left["lines with another number of columns (cut?)"] += 1
            continue
        row = {name: cells[place] if place >= 0 else "" for name, place in chosen.items()}
        job = _slurm_job(row, left, where, number)
        if job is not None:
            left["earlier runs of a job that was requeued, or one id twice"] += job.id in found
            found[job.id] = job
    return _state(list(found.values()), at, left, {}, where)


def _slurm_job(row: Mapping[str, str], left: Counter[str], where: str, number: int) -> Seen | None:
    """Return one job of sacct's, None where it is left out (its reason is counted)."""
    name, state = row["JobIDRaw"], row["State"].split(" ")[0].rstrip("+")
    start, end = _time(row["Start"]), _time(row["End"])
    waits = state in WAITING or start is None
    nodes = () if waits else _nodes(row["NodeList"], where, number)
    reason = "a list of nodes that cannot be read (cut?)" if nodes is None else _unusable(name, state, start, end, nodes)
    if reason or nodes is None:
        left[reason] += 1
        return None
    if waits:
        return Seen(name, row["User"], _gpus(row["ReqTRES"]), (), _time(row["Submit"]), None, None)
    return Seen(
        name, row["User"], _gpus(row["AllocTRES"]), nodes, _time(row["Submit"]), start, None if state in RUNNING else end
    )


def _unusable(name: str, state: str, start: float | None, end: float | None, nodes: tuple[str, ...]) -> str:
    """Return why a line of sacct's says nothing that can be used, empty where it does."""
    ended = state in ENDED
    rules = (
        ("." in name, "job steps (--allocations leaves them out)"),
        (state not in (*ENDED, *RUNNING, *WAITING), f"unknown state {shown(state)}"),
        (ended and start is None, "ended without ever starting"),
        (ended and end is None, "ended, but when is not told"),
        (ended and start is not None and end is not None and end < start, "ends before it starts"),
        (state not in WAITING and start is not None and not nodes, "ran, but on which nodes is not told"),
    )
    return next((reason for broken, reason in rules if broken), "")


def _nodes(text: str, where: str, number: int) -> tuple[str, ...] | None:
    """Return the nodes of a list, none where none are assigned; None for a list that cannot be read."""
    try:
        return () if text.strip() in ("", "None assigned", "None", "(null)") else tuple(expand(text, where, number))
    except InputError:
        return None


def _gpus(text: str) -> int:
    """Return the devices of a TRES list such as `cpu=64,gres/gpu=16,node=2`: all `gres/gpu` together, else the typed ones."""
    pairs = dict(part.partition("=")[::2] for part in text.split(",") if "=" in part)
    if "gres/gpu" in pairs:
        return maybe_whole(pairs["gres/gpu"]) or 0
    typed = [value for key, value in pairs.items() if key.startswith(("gres/gpu:", "gres/npu"))]
    return sum(maybe_whole(value) or 0 for value in typed)


def _time(text: str) -> float | None:
    """Return seconds since 1970 of a number of them, or of ISO text (a time without a zone is taken as UTC); None for none."""
    seconds = maybe_whole(text)
    if seconds is not None:
        return float(seconds)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def from_kubernetes(pods: str, nodes: str, where: str, at: float | None = None) -> State:
    """Return the jobs of pods (JSON text) on nodes: pods of one job's label are one job, others one each.

    A pod's devices are its containers' limits (kube.py says which resources are devices); pods without any are left out.

    Raises:
        InputError: no JSON, no list of pods, or no pod with a device.
    """
    left: Counter[str] = Counter()
    together: dict[str, list[tuple[Mapping[str, Any], int]]] = {}
    for pod in _items(pods, where):
        name, devices = _pod(pod, left)
        if devices:
            together.setdefault(name, []).append((pod, devices))
    known = list(_items(nodes, where))
    held = {str(_at(node, "metadata", "name")): devices_of(_at(node, "status", "allocatable")) for node in known}
    jobs = [_kubernetes_job(name, rows) for name, rows in together.items()]
    found = _state(jobs, at, left, {name: count for name, count in held.items() if count}, where)
    return replace(found, down=frozenset(str(_at(node, "metadata", "name")) for node in known if _closed(node)))


def _closed(node: Mapping[str, Any]) -> bool:
    """Return whether a node takes no pod: cordoned, or not ready."""
    conditions = _at(node, "status", "conditions")
    rows = [one for one in conditions if isinstance(one, Mapping)] if isinstance(conditions, list) else []
    unready = any(one.get("type") == "Ready" and one.get("status") != "True" for one in rows)
    return _at(node, "spec", "unschedulable") is True or unready


def _pod(pod: Mapping[str, Any], left: Counter[str]) -> tuple[str, int]:
    """Return the job that a pod is of, and its devices; 0 where it is left out."""
    containers = _at(pod, "spec", "containers")
    devices = sum(devices_of(_at(one, "resources", "limits")) for one in containers or () if isinstance(one, Mapping))
    phase = str(_at(pod, "status", "phase"))
    if not devices:
        left["pods without a device"] += 1
        return "", 0
    if phase not in ("Running", "Pending", "Succeeded", "Failed"):
        left[f"unknown phase {shown(phase)}"] += 1
        return "", 0
    labels = _at(pod, "metadata", "labels")
    space = str(_at(pod, "metadata", "namespace") or "default")
    return f"{space}/{group(labels) or _at(pod, 'metadata', 'name')}", devices


def _kubernetes_job(name: str, rows: Sequence[tuple[Mapping[str, Any], int]]) -> Seen:
    """Return the pods of one job as a job: it runs while all that have a node do, and ends with its last one."""
    nodes = dict.fromkeys(str(_at(pod, "spec", "nodeName")) for pod, _ in rows if _at(pod, "spec", "nodeName"))
    starts = [t for pod, _ in rows if (t := _time(str(_at(pod, "status", "startTime")))) is not None]
    submits = [t for pod, _ in rows if (t := _time(str(_at(pod, "metadata", "creationTimestamp")))) is not None]
    over = all(str(_at(pod, "status", "phase")) in ("Succeeded", "Failed") for pod, _ in rows)
    ends = [end for pod, _ in rows if (end := _finished(pod)) is not None]
    pending = any(str(_at(pod, "status", "phase")) == "Pending" for pod, _ in rows)
    start = None if pending or not starts or not nodes else min(starts)
    tenant = name.partition("/")[0]
    devices = sum(count for _, count in rows)
    end = max(ends, default=start) if over else None
    return Seen(name, tenant, devices, () if start is None else tuple(nodes), min(submits, default=None), start, end)


def _finished(pod: Mapping[str, Any]) -> float | None:
    states = _at(pod, "status", "containerStatuses") or ()
    found = [_time(str(_at(one, "state", "terminated", "finishedAt"))) for one in states if isinstance(one, Mapping)]
    return max((time for time in found if time is not None), default=None)


def _items(text: str, where: str) -> Iterable[Mapping[str, Any]]:
    content = parse_json(text, where)
    items = content.get("items") if isinstance(content, Mapping) else None
    if not isinstance(items, list):
        raise InputError(
            f"{where}: must be what `kubectl get ... -o json` prints, an object with items, got {shown(text[:40])}"
        )
    return [item for item in items if isinstance(item, Mapping)]


def _at(value: object, *keys: str) -> Any:
    """Return what stands below keys in nested mappings, None where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _state(jobs: list[Seen], at: float | None, left: Counter[str], devices: Mapping[str, int], where: str) -> State:
    if not jobs:
        said = "; ".join(f"{count:,} {reason}" for reason, count in left.items() if count)
        raise InputError(f"{where}: holds no job{f' (left out: {said})' if said else ''}")
    times = [time for job in jobs for time in (job.submit, job.start, job.end) if time is not None]
    return State(tuple(jobs), at if at is not None else max(times, default=0.0), {r: n for r, n in left.items() if n}, devices)
