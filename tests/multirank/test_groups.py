"""Groups of any ranks in any order: each collective is right by the group's own ranks, others are left out, closing frees."""

import pytest

pytestmark = pytest.mark.multirank
RANK_PROGRAM = """
import json, sys
from fabric.collectives.catalog import COLLECTIVES
from fabric.measure.backends.catalog import BACKENDS
from fabric.measure.launch.launcher import detect
from fabric.measure.timing.loop import count_wrong
from fabric.records.case import Case

backend, launch = BACKENDS[sys.argv[1]], detect()
world, found, seats = backend.connect(launch, 30.0), {}, {}
for ranks in ([2, 0, 1], [2, 1], [1, 0], [2]):
    group = world.group(ranks)
    seats[str(ranks)] = world.gather(None if group is None else (group.rank, group.size, int(group.maximum([group.rank])[0])))
    if group is None:
        continue
    values = [group.agree(launch.rank), group.total(launch.rank)]
    assert values == [ranks[0], sum(ranks)], values
    for name, way in backend.ways.items():
        if name not in COLLECTIVES or len(ranks) < max(2, way.least):
            continue
        root = 1 if COLLECTIVES[name].rooted else None
        params = {"incast": {"fan_in": 1}}.get(name, {})
        case = Case(name, 0 if name == "barrier" else 4 * 250 * len(ranks), len(ranks), 1, len(ranks), root=root, params=params,
                    in_place=way.forms[0])
        operation = group.operation(case, group.rank)
        found[f"{ranks} {name}"] = count_wrong(group, operation, case, group.rank)
        operation.release()
    group.barrier()
world.wait()
pairs = [world.group([0, 1]) for _ in range(20)]
for pair in pairs:
    if pair is not None:
        pair.barrier()
        pair.close()
everything = world.gather(found)
world.wait()
if launch.rank == 0:
    print(json.dumps({"seats": seats, "found": everything}), flush=True)
world.close()
"""


@pytest.mark.parametrize("name", ["gloo", "mpi"])
def test_groups_keep_their_order(name, tmp_path, ranks):
    report = ranks.run_program(RANK_PROGRAM, name, tmp_path)
    assert report["seats"] == {
        "[2, 0, 1]": [[1, 3, 2], [2, 3, 2], [0, 3, 2]],
        "[2, 1]": [None, [1, 2, 1], [0, 2, 1]],
        "[1, 0]": [[1, 2, 1], [0, 2, 1], None],
        "[2]": [None, None, [0, 1, 0]],
    }
    assert [len({text.split("]")[0] for text in found}) for found in report["found"]] == [2, 3, 2]
    assert [{text: wrong for text, wrong in found.items() if wrong} for found in report["found"]] == [{}, {}, {}]
    assert all(len(found) > 15 for found in report["found"])
