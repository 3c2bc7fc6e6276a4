"""A step laid out in time as a trace that Chrome and Perfetto open. It times nothing itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fabric.workload.step import Slot

COMPUTE, STAGES, NETWORK = "compute", "between stages", "network"
LANES = (COMPUTE, STAGES, NETWORK)
WORK = ("forward", "backward", "recompute", "update")
"""What a stage's devices compute; anything else in a time line is communication."""


def lane(slot: Slot) -> str:
    """Return compute, with what passes wait for in them, between stages (PP) or network (DP): each does a thing at a time."""
    if slot.what in WORK or slot.within:
        return COMPUTE
    return STAGES if slot.micro_batch >= 0 else NETWORK


def chrome_trace(slots: Sequence[Slot], title: str = "training step") -> str:
    """Return slots as JSON in Chrome's trace event format: a process a stage, a thread a lane, microseconds.

    Source: Trace Event Format, complete events (`X`) and metadata (`M`), Google, read 2026-11.
    """
    events: list[dict[str, Any]] = []
    for stage in sorted({slot.stage for slot in slots}):
        events += _metadata(stage, 0, "process", f"stage {stage}", stage)
        used = {lane(slot) for slot in slots if slot.stage == stage}
        for number, name in enumerate(LANES):
            events += _metadata(stage, number, "thread", name, number) if name in used else []
    events += map(_complete, slots)
    whole = {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"title": title}}
    return json.dumps(whole, separators=(",", ":"), allow_nan=False)


def _complete(slot: Slot) -> dict[str, Any]:
    """Return one slot as an event with a beginning and a duration."""
    about = {"chunk": slot.chunk, "micro_batch": slot.micro_batch} if slot.micro_batch >= 0 else {}
    return {
        "name": f"{slot.what} {slot.micro_batch}" if about else slot.what,
        "cat": slot.what,
        "ph": "X",
        "ts": round(slot.start * 1e6, 3),
        "dur": round((slot.end - slot.start) * 1e6, 3),
        "pid": slot.stage,
        "tid": LANES.index(lane(slot)),
        "args": about,
    }


def _metadata(stage: int, thread: int, kind: str, name: str, place: int) -> list[dict[str, Any]]:
    """Return the events that name a process or a thread and say where it is shown."""
    head = {"ph": "M", "pid": stage, "tid": thread}
    return [
        {"name": f"{kind}_name", **head, "args": {"name": name}},
        {"name": f"{kind}_sort_index", **head, "args": {"sort_index": place}},
    ]
