"""The sentences and labels against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fabric.records.case import Case
from fabric.records.prediction import Prediction
from fabric.records.result import Result
from fabric.report.page import labels, style
from fabric.report.run import facts
from fabric.scaling import Row

MADE_AT = "2026-11-20T10:00:00+00:00"


def cell(measured: float, predicted: float, baseline: float, nbytes: int = 1024, use: str = "held out") -> Row:
    case = Case("all_reduce", nbytes, 2, 1, 2)
    ran = Result(case, "gloo", (measured,) * 6, wrong=0, made_at=MADE_AT)
    said = Result(case, "model:loaded", (predicted,), statistic="point", made_at=MADE_AT)
    return Row(case, "gloo", ran, said, 1e9, use, None, baseline)


def answer(fabric: str, seconds: float, devices: int = 64, routing: str = "ideal", level: str = "leaf-spine") -> Row:
    case = Case("all_reduce", 2**30, devices, 1, devices)
    said = Result(
        case, "model:loaded", (seconds,), "ring:channels=8", "point", fabric=fabric, routing=routing,
        prediction=Prediction("ring:channels=8", "nccl:h100", bottlenecks=(level,)), made_at=MADE_AT,
    )  # fmt: skip
    return Row(case, "model:loaded", None, said, 400e9, "predicted")


def test_a_score_is_the_median_of_held_out_cells_only():
    rows = [cell(1.1, 1, 2), cell(1.3, 1, 2), cell(0.8, 1, 1), cell(9, 1, 1, use="fitted")]
    (score,) = facts.scores(rows)
    assert score.cells == 3
    assert score.error == pytest.approx(0.2)
    assert score.baseline == pytest.approx(0.35)
    assert score.worst.error == pytest.approx(0.3)


def test_the_page_opens_with_what_the_machine_gives_how_near_the_model_is_and_what_fabrics_do(story):
    at_scale = [
        replace_algorithm(answer(fabric, seconds), algorithm)
        for algorithm, times in (("default", (1.0, 2.0)), ("ring", (4.0, 8.0)))
        for fabric, seconds in zip(("rail_optimized:nodes=8", "fat_tree:k=8"), times, strict=True)
    ]
    text = facts.headlines(replace(story, scaling=[cell(1.1, 1, 2), cell(1.2, 1, 2, 2048)], extrapolation=at_scale))
    assert text == [
        "This machine's highest busbw: gloo, in place 1.707e-06 GB/s at 2 KiB on 2 ranks.",
        "Median |error| of the predictions on 2 held-out cells: gloo, in place 15 % (baseline 42.5 %); "
        "the worst is +20 % at 2 KiB on 2 ranks (gloo, in place).",
        "Predicted at 1 GiB on 64 devices, routing ideal, of the bound: what nccl:h100 picks 0.528 % on rail-optimized and "
        "0.264 % on fat-tree; ring 0.132 % on rail-optimized and 0.0661 % on fat-tree.",
    ]


def replace_algorithm(row: Row, algorithm: str) -> Row:
    assert row.predicted is not None
    return replace(row, predicted=replace(row.predicted, algorithm=algorithm))


def test_the_details_say_error_baseline_and_count(story):
    text = facts.details(replace(story, scaling=[cell(1.1, 1, 2), cell(1.2, 1, 2, 2048)], extrapolation=[]))
    assert text == [
        "gloo, in place: 2 cells measured with 12 samples, 0 wrong elements; highest busbw 1.707e-06 GB/s at 2 KiB on 2 ranks, "
        "0.000171 % of the bound.",
        "gloo, in place: held-out sizes: median |error| 15 %, baseline 42.5 %, 2 cells; worst +20 % at 2 KiB on 2 ranks "
        "(1.2 s measured, 1 s predicted).",
    ]


def test_a_run_that_held_nothing_out_says_so(story):
    text = facts.headlines(replace(story, scaling=[cell(1.1, 1, 2, use="fitted")], extrapolation=[]))
    assert text[-1] == "No cell was held out, so this run does not score the model."


def test_the_widest_gap_names_sizes_fabrics_and_bottleneck():
    rows = [
        answer("rail_optimized:nodes=8", 1.0),
        answer("fat_tree:k=8", 1.005),
        answer("rail_optimized:nodes=8", 1.0, 128, level="host-leaf"),
        answer("fat_tree:k=8", 2.0, 128),
    ]
    ((policy, gap, equal, cells),) = facts.widest(facts.gaps(rows))
    assert (policy, equal, cells) == ("ideal", 1, 2)
    assert gap.ratio == pytest.approx(2)
    assert (labels.bottleneck(gap.fast), labels.bottleneck(gap.slow)) == ("host-leaf", "leaf-spine")


def test_one_fabric_alone_has_no_gap():
    assert facts.gaps([answer("fat_tree:k=8", 1.0), answer("fat_tree:k=8", 1.0, 128)]) == []


def test_fabrics_are_called_by_their_family_where_that_is_enough():
    rows = [answer("fat_tree:k=8", 1), answer("fat_tree:k=4", 1), answer("rail_optimized:nodes=8", 1)]
    assert labels.fabrics(rows) == {
        "fat_tree:k=8": "fat_tree:k=8", "fat_tree:k=4": "fat_tree:k=4", "rail_optimized:nodes=8": "rail-optimized",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("share", "text"), [(None, "-"), (0.1234, "+12.3 %"), (-0.05, "-5 %"), (1261.0, "+126,100 %"), (0.0, "+0 %")]
)
def test_shares_read_well(share, text):
    assert labels.percent(share, signed=True) == text


def test_one_algorithm_has_one_colour_whatever_stands_beside_it():
    together = style.algorithm_colours(["ring:channels=8", "hierarchical", "ring"])
    assert together[:2] == style.algorithm_colours(["ring:channels=8", "hierarchical"])
    assert len(set(together)) == 3
