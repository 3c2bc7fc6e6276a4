"""The twin's charts and headlines, from made-up points whose errors are known."""

import json

import pytest

from fabric.collectives.catalog import busbw_factor
from fabric.records.case import Case
from fabric.records.result import Result
from fabric.report.page import style
from fabric.report.twin.charts import Point, efficiency, errors
from fabric.report.twin.page import headlines, rows


def point(hosts, nbytes, measured, predicted, order="contiguous", regime="bandwidth"):
    case = Case("all_reduce", nbytes, hosts, 1, hosts, order=order)
    context = {"regime": regime}
    said = [
        Result(case=case, source=source, seconds=[seconds], statistic="point", algorithm="ring", fabric="lab", context=context)
        for source, seconds in (("twin:gloo", measured), ("model:loaded", predicted))
    ]
    return Point(*said, nbytes * busbw_factor("all_reduce", hosts) / 1.0)


POINTS = [
    point(2, 1 << 20, 1.0, 1.0),
    point(4, 1 << 20, 1.02, 1.0),
    point(4, 4 << 20, 1.04, 1.0),
    point(4, 1 << 20, 2.2, 2.0, order="interleaved"),
    point(8, 1 << 18, 1.5, 1.0, regime="mixed"),
]


def values(drawing):
    """Return the values of all panels; they stand in a chart as JSON text."""
    sets = style.finish(drawing.chart)["datasets"].values()
    return [value for text in sets for value in json.loads(text) if "series" in value]


def test_headlines_score_the_bandwidth_regime_beside_the_baseline():
    first, score, worst, left = headlines(POINTS)
    assert first == "5 points on 1 wiring, 2 to 8 hosts, 5 samples, 0 wrong elements."
    assert "4 points in the bandwidth regime" in score
    assert "median |error| 3 %, 75 % within 5 %, largest 10 %" in score
    assert "Baseline" in score
    assert "largest 120 %" in score
    assert worst.startswith("Worst: +10 %, 1 MiB on 4 hosts of lab, interleaved")
    assert left == "1 point outside the bandwidth regime: shown, not scored."


def test_efficiency_takes_of_every_number_of_hosts_the_largest_size():
    drawn = efficiency(POINTS)
    assert {(value["order"], value["world_size"], value["nbytes"]) for value in values(drawn)} == {
        ("contiguous", 2, 1 << 20),
        ("contiguous", 4, 4 << 20),
        ("interleaved", 4, 1 << 20),
    }
    assert drawn.title == "Scaling efficiency versus cluster size, 2 to 4 hosts: measured and predicted"
    assert efficiency(POINTS[:1]) is None


def test_every_point_stands_in_the_chart_of_errors():
    drawn = errors(POINTS)
    assert sorted(value["error"] for value in values(drawn)) == pytest.approx([0, 0.02, 0.04, 0.1, 0.5])
    assert drawn.title == "Error of every point: 3 of 4 scored points within 5 %"


def test_rows_keep_every_point_and_its_baseline():
    found = rows(POINTS)
    assert len(found) == len(POINTS)
    assert sorted(row.baseline_error for row in found) == pytest.approx([0, 0.02, 0.04, 0.5, 1.2])
