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
    question = Question(language_model("mpt-1b"), 2048, 256, None, {}, workers=1)
    return scale_training([QUICK, SLOW], question, SIZES, ["strong", "weak"])


def drawn_values(answer):
    """Return the rows that the chart holds, by their keys."""
    spec = json.dumps(curve_drawing(answer).chart.to_dict())
    rows = []
    for value in find_values(json.loads(spec)):
        rows += json.loads(value) if isinstance(value, str) else value
    return rows


def find_values(node):
    """Yield what stands under `values` of inline data anywhere in a specification."""
    if isinstance(node, dict):
        if "values" in node and ("format" in node or "name" in node):
            yield node["values"]
        for child in node.values():
            yield from find_values(child)
    elif isinstance(node, list):
        for child in node:
            yield from find_values(child)


def test_every_point_is_drawn_with_its_interval_and_its_bend(found):
    rows = [row for row in drawn_values(found) if "plan" in row and "mode" in row]
    drawn = {(row["fabric"], row["mode"], row["devices"]) for row in rows}
    assert len(drawn) == len(found) == 2 * 2 * len(SIZES)
    assert all(row["low"] < row["speed"] < row["high"] for row in rows)
    by_curve = {}
    for point in found:
        by_curve.setdefault((point.fabric, point.mode), []).append(point)
    bends = sum(bend(points) is not None for points in by_curve.values())
    assert len({(row["fabric"], row["mode"], row["devices"]) for row in rows if row["bends"]}) == bends
    assert bends > 0


def test_published_runs_are_drawn_once_whatever_the_fabrics(found):
    runs = [row for row in drawn_values(found) if "source" in row and "speed" in row]
    published = {(row["ranks"], row["measured"], row["plan"]) for row in found.json()["published"]}
    assert published
    assert {(row["devices"], row["speed"], row["plan"]) for row in runs} == published


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
