"""`report`: the page of imported, measured and predicted results, in the words that suit whose they are."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fabric.cli.main import program
from topologies.errors import InputError

TOPO = "dgx-h100:nodes=16"
LOG = Path(__file__).parents[3] / "docs" / "examples" / "judge" / "healthy.log"


def run(*words):
    done = CliRunner().invoke(program, [*map(str, words)])
    assert done.exit_code in (0, 2), done.output
    return done


@pytest.fixture
def results(tmp_path):
    run("import", LOG, "-o", tmp_path / "all.jsonl")
    run("predict", "--topo", TOPO, "--sizes", "1MiB,1GiB", "--ranks", "8,128", "-o", tmp_path / "all.jsonl")
    return tmp_path / "all.jsonl"


def test_imported_and_predicted_results_make_a_page_and_a_picture(results, tmp_path):
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    done = run("report", results, "--topo", TOPO, "-o", page, "--png", picture)
    assert done.exit_code == 0, done.output
    html = page.read_text()
    assert "all_reduce on dgx-h100:nodes=16" in html
    assert "The imported results&#x27; highest busbw" in html
    assert "This machine" not in html, "nothing was measured here"
    assert "by another tool that gives means" in html
    assert "Extrapolation" in html
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_predictions_of_another_fabric_are_left_out_and_said(results, tmp_path):
    done = run("report", results, "--topo", "dgx-h100:nodes=32", "-o", tmp_path / "page.html")
    assert "left out: 4 predictions of other fabrics than dgx-h100:nodes=32; --topo names theirs" in done.output


def test_nothing_but_predictions_of_another_fabric_is_refused(tmp_path):
    run("predict", "--topo", TOPO, "--sizes", "1MiB", "-o", tmp_path / "other.jsonl")
    done = CliRunner().invoke(
        program,
        ["report", str(tmp_path / "other.jsonl"), "--topo", "fat_tree:k=4", "-o", str(tmp_path / "page.html")],
        standalone_mode=False,
    )
    assert isinstance(done.exception, InputError)
    assert "report: results must hold a measurement, or a prediction of fat_tree:k=4" in str(done.exception)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--collective", "all_gather"], None),
        (["-o", "."], "output: must end in .html"),
        (["-o", "folder.html"], "output: cannot write"),
    ],
)
def test_a_bad_option_is_one_line(words, line, results, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    done = CliRunner().invoke(program, ["report", str(results), "--topo", TOPO, *words], standalone_mode=False)
    assert line is None or (isinstance(done.exception, InputError) and line in str(done.exception))


def test_a_page_of_predictions_alone_has_no_empty_section(tmp_path):
    run("predict", "--topo", "fat_tree:k=4", "--sizes", "1MiB", "--ranks", "8,16", "-o", tmp_path / "p.jsonl")
    done = run("report", tmp_path / "p.jsonl", "--topo", "fat_tree:k=4", "-o", tmp_path / "page.html")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page.html").read_text()
    assert "Extrapolation" in page
    assert "In numbers" not in page
    assert "<ul></ul>" not in page
