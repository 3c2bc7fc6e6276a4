"""The picture of training versus cluster size holds every point, its interval, its bend and the published runs."""

import json
import struct

import pytest
from click.testing import CliRunner

import fabricbench as fb
from fabric.answers.training_page import curve_drawing, curve_page
from fabric.answers.training_scale import scale_training
from fabric.cli.main import program
from fabric.network.spec import load
from fabric.report.training.curve import curves
from fabric.workload.catalog import language_model
from fabric.workload.scaling import Question, bend
from topologies.errors import InputError

QUICK, SLOW = load("dgx-h100:nodes=4"), load("leaf_spine:leaves=2,spines=1,hosts_per_leaf=16,node=dgx-h100,speed=25Gb/s")
SIZES = [8, 16, 32]


@pytest.fixture(scope="module")
def found():
    question = Question(language_model("mpt-1b"), 2048, 256, None, {})
    return scale_training([QUICK, SLOW], question, SIZES, ["strong", "weak"])


def drawn(answer, *keys):
    """Return the rows that the chart draws, of those that have all keys, each once."""
    sets = curve_drawing(answer).chart.to_dict()["datasets"].values()
    rows = [row for text in sets for row in json.loads(text) if set(keys) <= set(row)]
    return list({tuple(sorted(row.items())): row for row in rows}.values())


def test_every_point_is_drawn_as_it_was_predicted(found):
    rows = {(row["fabric"], row["mode"], row["devices"]): row for row in drawn(found, "plan", "mode", "low")}
    assert len(rows) == len(found) == 2 * 2 * len(SIZES)
    for point in found:
        (row,) = (row for key, row in rows.items() if key[1:] == (point.mode, point.ranks) and key[0][:4] == point.fabric[:4])
        assert row["speed"] == pytest.approx(point.step.tokens_per_second_per_device)
        assert row["plan"] == point.step.plan.text()
        assert row["efficiency"] == pytest.approx(point.efficiency)
        assert row["low"] < row["speed"] < row["high"]
        assert row["high"] / row["low"] == pytest.approx(point.step.interval[1] / point.step.interval[0])


def test_a_curve_that_bends_has_one_diamond_there_and_no_other_has_any(found):
    curves_of = {}
    for point in found:
        curves_of.setdefault((point.fabric[:4], point.mode), []).append(point)
    bends = {key: bend(points) for key, points in curves_of.items()}
    marked = {(row["fabric"][:4], row["mode"]): row["devices"] for row in drawn(found, "plan", "bends") if row["bends"]}
    assert marked == {key: point.ranks for key, point in bends.items() if point}
    assert marked, "the thin fabric bends"


def test_published_runs_are_drawn_once_whatever_the_fabrics(found):
    runs = drawn(found, "source", "speed")
    published = {(row["ranks"], row["measured"], row["plan"]) for row in found.json()["published"] if row["ranks"] <= SIZES[-1]}
    assert published
    assert sorted((row["devices"], row["speed"], row["plan"]) for row in runs) == sorted(published)


def test_the_title_says_what_is_left_at_the_largest_size(found):
    title = curve_drawing(found).title
    assert "32 devices" in title
    assert "weak scaling" in title
    assert "leaf-spine" in title


def test_a_picture_and_a_page_are_written(found, tmp_path):
    curve_page(found, tmp_path / "new" / "c.png")
    content = (tmp_path / "new" / "c.png").read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert 1600 <= width <= 2400
    assert height > 1000
    curve_page(found, tmp_path / "c.html")
    page = (tmp_path / "c.html").read_text()
    assert "weak scaling" in page
    assert 'src="http' not in page.split("<script", 1)[0]


def test_the_chart_of_python_is_the_same(found):
    assert fb.chart(found).to_dict()["vconcat"]


def test_nothing_is_drawn_of_no_plan():
    assert curves("none", [], []) is None


def test_output_is_of_a_model(tmp_path):
    done = CliRunner().invoke(program, ["scale", "--topo", "fat_tree:k=4", "-o", str(tmp_path / "c.png")])
    assert isinstance(done.exception, InputError)
    assert "--model" in str(done.exception)


def test_the_command_writes_where_it_is_told(tmp_path):
    file = tmp_path / "c.png"
    words = ["--model", "mpt-1b", "--topo", "dgx-h100:nodes=2", "--ranks", "8,16", "--mode", "weak", "--plan", "tp=1"]
    done = CliRunner().invoke(program, ["scale", *words, "--batch", "64", "-o", str(file)])
    assert done.exit_code == 0, done.output
    assert file.read_bytes().startswith(b"\x89PNG")
    assert f"wrote {file}" in done.stderr
