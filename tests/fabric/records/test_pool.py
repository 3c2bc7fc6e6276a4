import json
from dataclasses import replace

import numpy as np

from fabric.records.case import Case
from fabric.records.pool import pooled
from fabric.records.result import Result
from fabric.records.store import append, read, to_json
from fabric.statistics import pooled_interval

FIRST = Result(
    Case("all_reduce", 8, 2, 1, 2), "gloo", (1.0, 2.0), wrong=0, iterations=2, warmup_seconds=(9.0,), context={"cores": 2}
)


def test_visits_of_a_case_are_one_result():
    second = replace(FIRST, seconds=(5.0, 6.0, 7.0), iterations=3, wrong=1, context={"contended": True})
    (one,) = pooled([FIRST, second])
    assert one.seconds == (1.0, 2.0, 5.0, 6.0, 7.0)
    assert one.iterations == 5
    assert one.wrong == 1
    assert one.warmup_seconds == (9.0, 9.0)
    assert one.context == {"cores": 2, "contended": True, "visits": 2}
    assert one.groups == ((2, 3),)


def test_launches_stand_together_and_pooling_again_keeps_them():
    parts = [replace(FIRST, seconds=(float(i),) * 10, context={"launch": name}) for i, name in enumerate("ABAC")]
    (one,) = pooled(parts)
    assert one.groups == ((10, 10), (10,), (10,))
    assert one.seconds == (0.0,) * 10 + (2.0,) * 10 + (1.0,) * 10 + (3.0,) * 10
    assert one.context["launches"] == 3
    (same,) = pooled([one])
    assert same == one
    (more,) = pooled([one, replace(FIRST, seconds=(9.0,) * 4, context={"launch": "D"})])
    assert more.groups == ((10, 10), (10,), (10,), (4,))


def test_the_interval_of_a_pool_is_that_of_its_visits_and_launches():
    rng = np.random.default_rng(0)
    groups = [[rng.lognormal(size=20), rng.lognormal(size=30)], [rng.lognormal(size=25)]]
    flat = [(name, visit) for name, launch in zip("AB", groups, strict=True) for visit in launch]
    parts = [replace(FIRST, seconds=tuple(map(float, visit)), context={"launch": name}) for name, visit in flat]
    (one,) = pooled(parts)
    assert one.bracket == pooled_interval(groups)
    assert one.bracket_of(0.1) == pooled_interval(groups, 0.1)
    assert one.bracket_of(0.99) is None
    assert one.needed_for(0.99) == 528


def test_flags_of_any_visit_stay():
    jumped = replace(FIRST, context={"clock_jump_seconds": -3600.0})
    (one,) = pooled([FIRST, jumped, replace(FIRST, context={"clock_jump_seconds": 1.0})])
    assert one.context["clock_jump_seconds"] == -3600.0


def test_files_of_before_read_and_pool(tmp_path):
    row = json.loads(to_json(FIRST))
    del row["groups"]
    path = tmp_path / "old.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps(row) + "\n")
    results, torn = read(path)
    assert torn is None
    assert [result.groups for result in results] == [(), ()]
    (one,) = pooled(results)
    assert one.groups == ((2, 2),)
    append(path, [one])
    assert read(path)[0][-1] == one


def test_other_questions_and_answers_stay_apart():
    others = [
        replace(FIRST, case=replace(FIRST.case, in_place=False)),
        replace(FIRST, source="nccl"),
        replace(FIRST, algorithm="ring"),
        replace(FIRST, barrier="excluded"),
        replace(FIRST, context={"ranks_exceed_cores": True}),
    ]
    assert pooled([FIRST, *others]) == [FIRST, *others]


def test_predictions_are_never_pooled():
    point = replace(FIRST, source="model:loaded", statistic="point", seconds=(1.0,), wrong=None)
    assert pooled([point, point]) == [point, point]
