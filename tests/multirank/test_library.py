"""Backends from inside: every dtype is summed exactly, a wrong sum is counted on all ranks, counts agree."""

import pytest

pytestmark = pytest.mark.multirank
RANK_PROGRAM = """
import json, sys
from dataclasses import replace
from fabric.measure.backends.catalog import BACKENDS
from fabric.measure.cells.layout import layout
from fabric.measure.launch.launcher import detect
from fabric.measure.timing.loop import count_wrong, time_case
from fabric.measure.cells.plan import Plan
from fabric.records.case import DTYPES, Case

backend, launch = BACKENDS[sys.argv[1]], detect()
world = backend.connect(launch, 30.0)
group, found = world.group(range(launch.world_size)), {}
pair = world.group([0, 1])
assert (pair is None) == (launch.rank >= 2)
for dtype in backend.dtypes:
    for in_place in backend.ways["all_reduce"].forms:
        case = Case("all_reduce", 1000 * DTYPES[dtype], launch.world_size, 1, launch.world_size, dtype=dtype, in_place=in_place)
        found[f"{dtype} {in_place}"] = count_wrong(group, group.operation(case, launch.rank), case, launch.rank)

case = Case("all_reduce", 4000, launch.world_size, 1, launch.world_size)
other = layout(case, (launch.rank + (launch.rank == 1)) % launch.world_size)
shifted = count_wrong(group, replace(group.operation(case, launch.rank), layout=other), case, launch.rank)
plan = Plan(budget=0.05 + 0.2 * launch.rank, warmup=launch.world_size)
timing = time_case(group, case, launch.rank, plan, lambda: None)
counts = world.gather((len(timing.seconds), timing.seconds, timing.wrong))
world.wait()
if launch.rank == 0:
    same = len({repr(count) for count in counts}) == 1
    print(json.dumps({"wrong": found, "shifted": shifted, "same": same, "samples": counts[0][0]}), flush=True)
world.close()
"""


@pytest.mark.parametrize(("name", "count"), [("gloo", 3), ("mpi", 2)])
def test_sums_checks_and_counts(name, count, tmp_path, ranks):
    report = ranks.run_program(RANK_PROGRAM, name, tmp_path, count)
    assert report["wrong"]
    assert set(report["wrong"].values()) == {0}, "every dtype in every form"
    assert report["shifted"] > 0, "a rank with another rank's input is found out"
    assert report["same"], "all ranks have the same samples, although each had another budget"
    assert report["samples"] >= 6
