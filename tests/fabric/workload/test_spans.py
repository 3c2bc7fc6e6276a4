"""Spans of a step as a trace: every second of them is there once, on the stage and lane it belongs to."""

import json

import pytest

from fabric.workload.spans import Span, chrome_trace, lanes
from topologies.errors import InputError

SPANS = [
    Span(0, "compute", "forward", 0.0, 0.010, 0),
    Span(1, "compute", "forward", 0.011, 0.021, 0),
    Span(0, "PP", "send", 0.010, 0.011, 0),
    Span(0, "DP", "reduce_scatter", 0.02, 0.05),
]


def test_a_trace_holds_every_span_in_microseconds_on_its_stage_and_lane():
    trace = json.loads(chrome_trace(SPANS))
    found = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert [(e["pid"], e["cat"], e["name"], e["ts"], e["dur"]) for e in found] == [
        (0, "compute", "forward 0", 0.0, 10_000.0),
        (1, "compute", "forward 0", 11_000.0, 10_000.0),
        (0, "PP", "send 0", 10_000.0, 1_000.0),
        (0, "DP", "reduce_scatter", 20_000.0, 30_000.0),
    ]


def test_stages_and_lanes_are_named_once():
    trace = json.loads(chrome_trace(SPANS))
    named = [(e["pid"], e["tid"], e["args"]["name"]) for e in trace["traceEvents"] if e["name"] == "thread_name"]
    assert named == [(0, 0, "compute"), (0, 1, "PP"), (0, 2, "DP"), (1, 0, "compute")]
    assert [e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "process_name"] == ["stage 0", "stage 1"]


def test_lanes_come_in_a_fixed_order_and_unknown_ones_last():
    assert lanes([Span(0, "offload", "copy", 0, 1), *SPANS]) == ["compute", "PP", "DP", "offload"]


@pytest.mark.parametrize(("start", "end"), [(1.0, 0.5), (-1.0, 2.0), (0.0, float("inf"))])
def test_a_span_that_cannot_be_is_refused(start, end):
    with pytest.raises(InputError, match="span: must start at 0 s or later and end after that, got"):
        Span(0, "compute", "forward", start, end)
