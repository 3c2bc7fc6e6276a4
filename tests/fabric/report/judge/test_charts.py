import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "judge"))

import json

import sites

from fabric.judge.judge import judge
from fabric.report.judge.charts import drawings
from fabric.report.page import style


def test_charts_show_every_row_with_its_band_by_size_and_by_world_size():
    rows = [*sites.rows(2, 8, sites.H100_TWO_NODES), *sites.rows(4, 8, sites.H100_FOUR_NODES)]
    judged = judge(rows, sites.nominal("h100")).judgements
    by_size, by_world = drawings(judged)
    values = [v for text in style.finish(by_size.chart)["datasets"].values() for v in json.loads(text)]
    dots = {(v["x"], v["ranks"], round(v["busbw"], 6)) for v in values}
    assert len(dots) == len({(r.case.nbytes, r.case.world_size, round(r.busbw / 1e9, 6)) for r in rows})
    assert all(v["low"] < v["high"] for v in values)
    assert by_world.key == "world"


def test_one_world_size_has_no_chart_by_world_size():
    judged = judge(sites.rows(4, 8, sites.H100_FOUR_NODES), sites.nominal("h100")).judgements
    assert [one.key for one in drawings(judged)] == ["size"]
