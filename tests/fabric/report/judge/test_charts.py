import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "judge"))

import json

import sites

from fabric.judge.best import beside
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


def test_the_best_published_site_is_a_line_of_its_own_world_size():
    both = ((2, sites.H100_TWO_NODES), (4, sites.H100_FOUR_NODES))
    cases = [one for nodes, times in both for one in sites.rows(nodes, 8, times) if one.case.nbytes <= sites.GIB]
    nominal = sites.nominal("h100")
    judged = judge(cases, nominal).judgements
    best = beside((row.result.case for row in judged), nominal)
    by_size, by_world = (style.finish(one.chart)["datasets"].values() for one in drawings(judged, best))
    sized = [v for text in by_size for v in json.loads(text) if "site" in v]
    assert {v["site"] for v in sized} == {one.name for one in best}
    assert {v["x"] for v in sized} == {256 * sites.MIB, 1024 * sites.MIB}, "no further than the measured sizes"
    assert sorted(v["x"] for text in by_world for v in json.loads(text) if "site" in v) == [16, 32]
