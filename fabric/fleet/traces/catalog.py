"""Which traces can be read, and which a file is. It reads none itself."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from fabric.fleet.traces.lines import text_of
from fabric.fleet.traces.trace import Trace
from fabric.text.escape import shown
from topologies.errors import InputError

KINDS = {
    "philly": (
        "fabric.fleet.traces.philly",
        "the Philly trace as CSV (timestamp,duration,num_gpus,gpu_time,cluster), also .gz",
    ),
    "openb": ("fabric.fleet.traces.openb", "the openb pod list as CSV (shares of devices)"),
    "csv": ("fabric.fleet.traces.own", "our own CSV: id,submit_s,work_s,devices and optional columns"),
    "swf": ("fabric.fleet.traces.swf", "the Standard Workload Format"),
    "sacct": ("fabric.fleet.traces.sacct", "sacct --parsable2 (from its documentation)"),
    "kubectl": ("fabric.fleet.traces.kubectl", "kubectl get pods,nodes -A -o json (from its documentation)"),
}
"""Kind -> the module that reads it, and what it is."""


def read_trace(path: Path, kind: str | None = None) -> Trace:
    """Return a trace. kind: a name of KINDS, None to tell from the content.

    Raises:
        InputError: a file that cannot be read, an unknown kind, or what its reader refuses.
    """
    text = text_of(path)
    chosen = kind or guess(text)
    if chosen not in KINDS:
        raise InputError(f"trace: kind must be {', '.join(KINDS)}, got {shown(chosen or '')}")
    found: Trace = import_module(KINDS[chosen][0]).read(text, str(path))
    return found


def guess(text: str) -> str:
    """Return the kind of a trace by its first line.

    Raises:
        InputError: none that is known.
    """
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    if not first:
        raise InputError("trace: the file is empty")
    columns = {cell.strip() for cell in first.split(",")}
    if first.startswith("{"):
        return "kubectl"
    if {"timestamp", "num_gpus"} <= columns:
        return "philly"
    if {"gpu_milli", "num_gpu"} <= columns:
        return "openb"
    if {"id", "work_s"} <= columns:
        return "csv"
    if "State" in first.split("|"):
        return "sacct"
    if first.startswith(";") or len(first.split()) == 18:
        return "swf"
    raise InputError(
        f"trace: cannot tell what it is from {shown(first)}; our own begins with id,submit_s,work_s,devices; "
        f"--format names another: {', '.join(KINDS)}"
    )
