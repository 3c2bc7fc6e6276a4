"""The picture of training versus cluster size is written as asked, and its title says what is left at the largest size."""

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
from fabric.workload.scaling import Question
from topologies.errors import InputError

QUICK, SLOW = load("dgx-h100:nodes=4"), load("leaf_spine:leaves=2,spines=1,hosts_per_leaf=16,node=dgx-h100,speed=25Gb/s")
SIZES = [8, 16, 32]


@pytest.fixture(scope="module")
def found():
    question = Question(language_model("mpt-1b"), 2048, 256, None, {}, workers=1)
    return scale_training([QUICK, SLOW], question, SIZES, ["strong", "weak"])


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
