"""A step in time as a trace: every slot is there once, on the stage and lane that it belongs to."""

import json

from fabric.workload.step import Slot
from fabric.workload.trace import chrome_trace

SLOTS = [
    Slot(0, "forward", 0, 0, 0.0, 0.010),
    Slot(1, "forward", 1, 0, 0.011, 0.021),
    Slot(0, "send", 0, 0, 0.010, 0.011),
    Slot(0, "dp reduce_scatter", -1, -1, 0.02, 0.05),
]


def test_a_trace_holds_every_slot_in_microseconds_on_its_stage_and_lane():
    trace = json.loads(chrome_trace(SLOTS, "llama"))
    found = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert [(e["pid"], e["tid"], e["name"], e["ts"], e["dur"]) for e in found] == [
        (0, 0, "forward 0", 0.0, 10_000.0),
        (1, 0, "forward 0", 11_000.0, 10_000.0),
        (0, 1, "send 0", 10_000.0, 1_000.0),
        (0, 2, "dp reduce_scatter", 20_000.0, 30_000.0),
    ]
    assert [e["args"] for e in found] == [*[{"chunk": n, "micro_batch": 0} for n in (0, 1, 0)], {}]
    assert trace["otherData"] == {"title": "llama"}


def test_stages_and_lanes_are_named_once():
    trace = json.loads(chrome_trace(SLOTS))
    named = [(e["pid"], e["tid"], e["args"]["name"]) for e in trace["traceEvents"] if e["name"] == "thread_name"]
    assert named == [(0, 0, "compute"), (0, 1, "between stages"), (0, 2, "network"), (1, 0, "compute")]
    assert [e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "process_name"] == ["stage 0", "stage 1"]
