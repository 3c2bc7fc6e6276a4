"""A training step as spans of time per pipeline stage, and as a trace for Chrome and Perfetto. It times nothing itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from topologies.errors import InputError

LANES = ("compute", "TP", "CP", "EP", "PP", "DP", "host")
"""Lanes in the order in which they are shown; others follow as they come."""


@dataclass(frozen=True)
class Span:
    """Something that one stage does from `start` to `end`, in seconds of the step.

    lane: compute, or the dimension whose network it uses; several spans of one lane do not overlap unless they share a link.
    what: forward, backward, recompute, send, reduce_scatter ...; micro_batch: its number where it is of one.
    """

    stage: int
    lane: str
    what: str
    start: float
    end: float
    micro_batch: int | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.start) and isfinite(self.end) and 0 <= self.start <= self.end):
            raise InputError(f"span: must start at 0 s or later and end after that, got {self.start} to {self.end} s")


def lanes(spans: Sequence[Span]) -> list[str]:
    """Return the lanes that spans use, in the order in which they are shown."""
    used = dict.fromkeys(span.lane for span in spans)
    return [lane for lane in LANES if lane in used] + [lane for lane in used if lane not in LANES]


def chrome_trace(spans: Sequence[Span], title: str = "training step") -> str:
    """Return the spans as JSON in Chrome's trace event format: a process per stage, a thread per lane, microseconds.

    Source: Trace Event Format, complete events (`X`) and metadata (`M`), Google, read 2026-11.
    """
    order = {lane: number for number, lane in enumerate(lanes(spans))}
    stages = sorted({span.stage for span in spans})
    events: list[dict[str, Any]] = []
    for stage in stages:
        events += [_named(stage, "process_name", f"stage {stage}"), _sorted(stage, "process_sort_index", stage)]
        for lane in dict.fromkeys(span.lane for span in spans if span.stage == stage):
            events += [_named(stage, "thread_name", lane, order[lane])]
            events += [_sorted(stage, "thread_sort_index", order[lane], order[lane])]
    events += [_complete(span, order[span.lane]) for span in spans]
    whole = {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"title": title}}
    return json.dumps(whole, separators=(",", ":"), allow_nan=False)


def _complete(span: Span, thread: int) -> dict[str, Any]:
    """Return one span as an event with a beginning and a duration."""
    number = span.micro_batch
    return {
        "name": span.what if number is None else f"{span.what} {number}",
        "cat": span.lane,
        "ph": "X",
        "ts": round(span.start * 1e6, 3),
        "dur": round((span.end - span.start) * 1e6, 3),
        "pid": span.stage,
        "tid": thread,
        "args": {} if number is None else {"micro_batch": number},
    }


def _named(stage: int, what: str, name: str, thread: int = 0) -> dict[str, Any]:
    return {"name": what, "ph": "M", "pid": stage, "tid": thread, "args": {"name": name}}


def _sorted(stage: int, what: str, at: int, thread: int = 0) -> dict[str, Any]:
    return {"name": what, "ph": "M", "pid": stage, "tid": thread, "args": {"sort_index": at}}
