"""Pictures of a fleet: bars that add up, a map with a row per leaf, waits on a log scale."""

import re

import pytest

from fabric.report.fleet import shapes
from fabric.report.words.fleet import STEPS, TEXTS, links_words, texts
from topologies.errors import InputError


def rectangles(picture):
    return [dict(re.findall(r"(\w+)='([^']*)'", one)) for one in re.findall(r"<rect [^>]*>", picture)]


def test_lost_steps_hang_where_what_is_left_ends():
    steps = [("all", 1.0, "", "whole"), ("lost", 0.25, "", "lost"), ("also", 0.25, "", "lost"), ("kept", 0.5, "", "kept")]
    whole, first, second, kept = rectangles(shapes.waterfall(steps, "x"))
    end = [float(one["x"]) + float(one["width"]) for one in (whole, first, second, kept)]
    assert end[1] == pytest.approx(end[0], abs=0.2)
    assert end[2] == pytest.approx(float(first["x"]), abs=0.2)
    assert end[3] == pytest.approx(float(second["x"]), abs=0.2)


def test_the_map_covers_every_leaf_and_time():
    picture = shapes.heat([[0, 0, 100, 100], [50, 50, 50, 50]], ["a", "b"], 10.0, "h", "x")
    own = rectangles(picture)[:-1]
    widths = {}
    for one in own:
        widths[one["y"]] = widths.get(one["y"], 0.0) + float(one["width"])
    assert len(own) == 3
    assert len(set(widths.values())) == 1
    assert shapes.heat([], [], 0.0, "h", "x") == ""


def test_a_wait_below_a_second_has_no_bar():
    high, middle = rectangles(shapes.waits([("1", 0.0, 100.0, "")], "x"))
    assert float(middle["width"]) == 0.0
    assert float(high["width"]) > 0


def test_both_languages_have_the_same_words():
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()
    assert STEPS["en"].keys() == STEPS["zh"].keys()
    for key in TEXTS["en"]:
        assert set(re.findall(r"{(\w+)", TEXTS["en"][key])) == set(re.findall(r"{(\w+)", TEXTS["zh"][key]))
        assert TEXTS["en"][key].count("|") == TEXTS["zh"][key].count("|")
    with pytest.raises(InputError, match="lang: must be en or zh"):
        texts("fr")


def test_link_models_have_chinese_words():
    assert links_words(["peak", "all_to_all", "hash"], "x", "zh") == "峰值负载，全对全，哈希冲突"  # noqa: RUF001  # Chinese commas
    assert links_words(["peak", "ring", "ideal"], "x", "en") == "x"
    assert links_words(None, "none", "zh") == "不计链路"
    assert links_words(None, "none", "en") == "no link model"
