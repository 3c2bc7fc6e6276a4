from dataclasses import replace

from fabric.records.case import Case
from fabric.records.pool import pooled
from fabric.records.result import Result

FIRST = Result(Case("all_reduce", 8, 2), "gloo", (1.0, 2.0), wrong=0, iterations=2, warmup_seconds=(9.0,), context={"cores": 2})


def test_visits_of_a_case_are_one_result():
    second = replace(FIRST, seconds=(5.0, 6.0, 7.0), iterations=3, wrong=1, context={"contended": True})
    (one,) = pooled([FIRST, second])
    assert one.seconds == (1.0, 2.0, 5.0, 6.0, 7.0)
    assert one.iterations == 5
    assert one.wrong == 1
    assert one.warmup_seconds == (9.0, 9.0)
    assert one.context == {"cores": 2, "contended": True, "visits": 2}


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
