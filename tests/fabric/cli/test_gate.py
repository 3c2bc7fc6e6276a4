"""The verb's bad input, exit codes and Markdown; real ranks are in tests/multirank."""

import json
import re
import sys
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from fabric.answers.gate import GateCell, answer_of
from fabric.cli.gate import command, exit_code
from fabric.cli.gate_table import markdown
from fabric.gate.interleave import Slice
from fabric.gate.question import slice_of, words_of
from fabric.gate.verdict import Verdict
from fabric.measure.cells import run_file
from topologies.errors import InputError

DOCS = (Path(__file__).parents[3] / "docs" / "ci.md").read_text()
WORSE = Verdict("regressed", 1.1, 1.08, 1.12, 0.99975, 40)
BETTER, SAME = replace(WORSE, kind="improved"), replace(WORSE, kind="same")
OPEN = Verdict("inconclusive", 1.1, 0.0, inf, 0.99975, 40, more=7)
FACTS = {"a": "A", "b": "B", "how": "quads", "context": {}, "tolerance_percent": 2.0, "false_verdicts_per_cell": 5e-4}


def answer(*judged, wrong=0):
    cells = [GateCell("all_reduce", 65536, 2, "in", 1e-5, 1.1e-5, 0, one, 0.02) for one in judged]
    return answer_of([*cells[:-1], replace(cells[-1], wrong=wrong)], FACTS)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "takes one of --runs A B, --revs A B, --envs A B, --command A --command B; got none"),
        (["--command", "true"], "--command is given twice, A then B, got 1"),
        (["--command", "true", "--command", "true", "run.yaml"], "--command needs no run file, got run.yaml"),
        (["--command", "true", "--command", "true", "--ranks", "2"], "--ranks is not for --command; leave it out"),
        (["--command", "true", "--command", "true", "--statistic", "p10"], "--statistic is not for --command"),
        (["--runs", "a", "b", "--number", "x"], "--number is not for --runs; leave it out"),
        (["--command", "true", "--command", "true", "--higher-is-better"], "higher-is-better: is about --number"),
        (["--command", "true", "--command", "true", "--budget", "nan"], "budget: must be a finite number above 0"),
        (["--revs", "a", "b", "--envs", "a", "b"], "got --revs and --envs"),
        (["--revs", "a", "b"], "--revs needs a run file to measure"),
        (["run.yaml", "--runs", "a", "b"], "--runs names both run files, got a third, run.yaml"),
        (["--runs", "none.yaml", "none.yaml"], "run: cannot read none.yaml"),
    ],
)
def test_bad_input_is_one_clear_line(words, line):
    result = CliRunner().invoke(command, words)
    assert isinstance(result.exception, InputError)
    assert line in str(result.exception)


RUN = "backends: [mpi]\nworld_sizes: [2]\nsizes: [8]\n"


@pytest.mark.parametrize("way", [["--runs", "a.yaml", "b.yaml"], ["--envs", sys.executable, sys.executable, "a.yaml"]])
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--budget", "inf"], "budget: must be a finite number above 0, at most 86,400, got 'inf'"),
        (["--budget", "nan"], "budget: must be a finite number above 0, at most 86,400, got 'nan'"),
        (["--tolerance", "inf"], "tolerance: must be a finite number from 0 to 100, got 'inf'"),
        (["--statistic", "mean"], "statistic: must be one of p10, median, min, got 'mean'"),
        (["--backend", "x"], "backend: must be one of gloo, nccl, mpi, got 'x'"),
        (["--ranks", "1"], "ranks: a gate needs 2 or more, on one nothing is sent; got 1"),
        (["-o", "a.yaml"], "output: must be another file than the run file, got a.yaml"),
        (["-o", "text"], "must "),
        (["-o", "."], "output: cannot write .: Is a directory"),
    ],
)
def test_bad_values_are_named_before_anything_is_measured(way, words, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, content in {"a.yaml": RUN, "b.yaml": RUN, "text": "of somebody else\n"}.items():
        Path(name).write_text(content)
    result = CliRunner().invoke(command, [*way, *words])
    assert isinstance(result.exception, InputError), result.output
    assert line in str(result.exception)
    assert Path("a.yaml").read_text() == RUN
    assert Path("text").read_text() == "of somebody else\n"


def test_two_commands_by_a_number_regress_in_table_json_and_exit_code(tmp_path):
    words = ["--command", "echo busbw 100", "--command", "echo busbw 90", "--number", "busbw ([0-9.]+)", "--higher-is-better"]
    plain, said = (CliRunner().invoke(command, [*words, *more], standalone_mode=False) for more in ([], ["--json"]))
    assert (plain.return_value, said.return_value) == (1, 1)
    assert "A = echo busbw 100, B = echo busbw 90; 14 pairs of runs" in plain.output
    assert re.search(r"number of .*higher is better\s+100\s+90\s+-10.0 %", plain.output)
    (row,) = json.loads(said.stdout)["rows"]
    assert (row["a_number"], row["b_number"], row["a_seconds"], row["nbytes"]) == (100, 90, None, None)


@pytest.mark.parametrize("words", [("x", "1", "1"), ("0", "1", "x"), ("", "1", "1")])
def test_a_slice_that_is_none_is_named(words):
    with pytest.raises(InputError, match=r"slice: must be CELL,CELL,\.\.\. SECONDS SEED, got"):
        slice_of(words)


@pytest.mark.parametrize(
    ("judged", "code"),
    [(answer(SAME, BETTER), 0), (answer(OPEN, WORSE), 1), (answer(SAME, wrong=2), 1), (answer(SAME, OPEN), 4)],
)
def test_a_regression_counts_more_than_what_is_open(judged, code):
    assert exit_code(judged) == code


def test_markdown_has_one_row_a_cell_and_says_what_is_needed():
    text = markdown(answer(WORSE, OPEN, WORSE, wrong=3))
    assert text.startswith("### fabricbench gate: 3 cells: 2 regressed, 1 inconclusive")
    assert "| all_reduce 64 KiB | 2 | in | 10.00 | 11.00 | +10.0 % | +8.0 ... +12.0 % | 40 | regressed |" in text
    assert "| - | 40 | inconclusive: about 7 more units needed |" in text
    assert "WRONG RESULTS (3 elements)" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_a_slice_survives_the_command_line():
    part = Slice((0, 3, 7), 12.5, 2**31 - 1)
    assert slice_of(words_of(part)) == part


def test_the_workflows_in_the_docs_parse_and_use_what_there_is():
    github, gitlab = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL))
    (gate,) = (step for step in github["jobs"]["gate"]["steps"] if "Is this" in step.get("name", ""))
    scripts = [gate["run"], "\n".join(gitlab["collectives"]["script"])]
    known = {option for param in command.params for option in param.opts}
    for script in scripts:
        (line,) = (line for line in script.splitlines() if line.startswith("fabricbench "))
        assert line.split()[1] == "gate"
        assert set(re.findall(r"(?<= )--[a-z]+", line)) <= known
        content = re.search(r"<<'EOF'\n(.*?)EOF", script, re.DOTALL)
        assert run_file.parse(yaml.safe_load(content[1]), "docs").sizes == ("1KiB", "64KiB")
    assert gitlab["collectives"]["allow_failure"]["exit_codes"] == [4]


def test_the_options_in_the_docs_are_those_of_the_verb():
    known = {option for param in command.params for option in param.opts if not getattr(param, "hidden", False)}
    told = set(re.findall(r"`(--[a-z-]+|-o)", DOCS.split("### How it decides")[0])) | set(re.findall(r"gate (--[a-z-]+)", DOCS))
    assert told <= known
    assert known - told <= {"run", "--output"}
