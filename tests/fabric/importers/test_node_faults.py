"""Lists of node faults: outages from starts and ends, and what is no such list."""

import pytest

from fabric.importers.node_faults import Outage, read
from topologies.errors import InputError

HEAD = "node,event_time_days,event,level,class,desc\n"


def test_starts_and_ends_make_outages():
    trace = read(HEAD + "1,0.5,fault_start,H,GPU,x\n0,1,fault_end,H,GPU,never began\n1,1.5,fault_end,H,GPU,x\n", "t.csv")
    assert trace.outages == (Outage(1, 43_200, 129_600, "GPU"),)
    assert (trace.seconds, trace.nodes) == (129_600, 2)


def test_a_fault_without_an_end_lasts_to_the_end_of_the_trace():
    trace = read(HEAD + "0,1,fault_start,H,GPU,x\n5,3,fault_start,H,NIC,x\n5,4,fault_end,H,NIC,x\n", "t.csv")
    assert [(one.node, one.end) for one in trace.outages] == [(0, 4 * 86_400), (5, 4 * 86_400)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "node,time\n1,2\n",
            "t.csv: must be CSV with the columns node, event_time_days, event, has no event_time_days or event",
        ),
        (HEAD, "t.csv: must hold at least one fault_start, got none"),
        (HEAD + "1,2,began,,,\n", "t.csv:2: event must be fault_start or fault_end, got 'began'"),
        (HEAD + "x,2,fault_start,,,\n", "t.csv:2: node: must be a whole number from 0 to 10,000,000, got 'x'"),
        (HEAD + "1,-2,fault_start,,,\n", "t.csv:2: event_time_days: must be a finite number from 0 to 100,000, got '-2'"),
    ],
)
def test_what_is_no_trace_is_refused(text, message):
    with pytest.raises(InputError) as refused:
        read(text, "t.csv")
    assert str(refused.value) == message
