"""Traces of outages: our own CSV, and the published list of faults, of which the fleet's own nodes count."""

import pytest

from fabric.fleet.fleet import HOUR_US, Outage
from fabric.fleet.outage_file import outages
from topologies.errors import InputError

FAULTS = """node,event_time_days,event,level,class,desc
0,1.0,fault_start,Hardware,GPU,x
0,1.5,fault_end,Hardware,GPU,x
9,1.0,fault_start,Hardware,GPU,x
9,2.0,fault_end,Hardware,GPU,x
1,2.0,fault_start,Hardware,GPU,x
1,3.0,fault_end,Hardware,GPU,x
"""


def of(tmp_path, text, nodes=8):
    (path := tmp_path / "f.csv").write_text(text)
    return outages(path, nodes)


def test_both_layouts_are_read(tmp_path):
    own, left = of(tmp_path, "node,start_hours,end_hours\n0,24,36\n1,48,72\n2,5,\n")
    assert left == 0
    assert own == (
        Outage(0, 24 * HOUR_US, 36 * HOUR_US), Outage(1, 48 * HOUR_US, 72 * HOUR_US), Outage(2, 5 * HOUR_US, None)
    )  # fmt: skip
    assert of(tmp_path, FAULTS) == (own[:2], 1), "node 9 is none of the fleet's eight"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "failures.trace: must be a CSV of node,start_hours,end_hours, got ''"),
        ("a,b\n", "failures.trace: must be a CSV of node,start_hours,end_hours, got 'a,b'"),
        ("node,start_hours,end_hours\n1,2\n", "f.csv:2: must have 3 columns, got 2"),
        ("node,start_hours,end_hours\n1,9,2\n", "f.csv:2: an outage must end after it starts, got 9 h to 2 h"),
        ("node,start_hours,end_hours\n-1,9,12\n", "f.csv:2 node: must be a whole number >= 0, got '-1'"),
        ("node,event_time_days,event\n", "must hold at least one fault_start, got none"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, text, line):
    with pytest.raises(InputError) as told:
        of(tmp_path, text)
    assert line in str(told.value)
