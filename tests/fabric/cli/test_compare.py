"""`compare` as a user types it."""

import json

import pytest
from click.testing import CliRunner
from typed import typed

from fabric.cli.compare import command
from fabric.cli.predict import command as predict
from fabric.records.case import Case
from fabric.records.result import Result
from fabric.records.store import append, read


def compare(tmp_path, cases):
    for name, factor in (("a", 1.5), ("b", 1.0)):
        seconds = tuple(factor * 1e-4 * (1 + 0.001 * i) for i in range(20))
        append(tmp_path / f"{name}.jsonl", [Result(case, "gloo", seconds) for case in cases])
    done = typed("compare", tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()[1:]]


CASES = [Case(name, size, 2, 1, 2) for name in ("broadcast", "all_reduce") for size in (8, 64)]


def test_the_table_names_the_collective_of_every_row(tmp_path):
    head, *rows = compare(tmp_path, CASES)
    assert head[:3] == ["collective", "size", "ranks"]
    assert [row[:2] for row in rows[:4]] == [["all_reduce", "8"], ["all_reduce", "64"], ["broadcast", "8"], ["broadcast", "64"]]
    assert all("+50.0" in row for row in rows[:4])


def test_what_differs_is_said_without_a_tolerance_and_exits_with_0(tmp_path):
    _, *rows = compare(tmp_path, CASES)
    assert [row[-1] for row in rows[:4]] == ["differs"] * 4
    assert "differs: 95 % intervals are apart" in " ".join(map(" ".join, rows))
    same = [str(tmp_path / "a.jsonl")] * 2
    assert [row["verdict"] for row in compared(same, code=0)] == [None] * 4
    both = [str(tmp_path / f"{name}.jsonl") for name in "ab"]
    assert {row["verdict"] for row in compared([*both, "--tolerance", "10"], code=1)} == {"slower"}
    assert {row["verdict"] for row in compared([*both, "--tolerance", "60"], code=0)} == {"same"}


def compared(words, code):
    done = CliRunner().invoke(command, [*words, "--json"], standalone_mode=False)
    assert done.return_value == code, done.output
    return json.loads(done.stdout)["rows"]


def test_a_prediction_written_to_a_file_is_a_side(tmp_path):
    told = tmp_path / "told.jsonl"
    asked = ["--topo", "local:slots=2", "--sizes", "8,64", "--backend", "gloo", "-o", str(told)]
    first, again = (CliRunner().invoke(predict, asked, standalone_mode=False) for _ in range(2))
    assert (first.exception, again.exception) == (None, None)
    assert len(read(told)[0]) == 4, "added to, as measure does"
    append(tmp_path / "a.jsonl", [Result(Case("all_reduce", size, 2, 1, 2), "gloo", (1.0,) * 20) for size in (8, 64)])
    rows = compared([str(tmp_path / "a.jsonl"), f"{told}@model"], code=0)
    assert [(row["nbytes"], row["verdict"], row["b_statistic"]) for row in rows] == [(n, "differs", "point") for n in (8, 64)]


def test_steps_are_no_results(tmp_path):
    done = CliRunner().invoke(predict, ["--topo", "fat_tree:k=4", "--trace", "-o", str(tmp_path / "x")])
    assert "output: --trace shows steps and makes no results" in str(done.exception)


@pytest.mark.parametrize(("name", "value"), [("mode", "persistent"), ("order", "interleaved")])
def test_mode_and_order_stand_there_where_they_vary(tmp_path, name, value):
    head, *rows = compare(tmp_path, [Case("all_reduce", 8, 2, 1, 2), Case("all_reduce", 8, 2, 1, 2, **{name: value})])
    assert head[:3] == ["collective", name, "size"]
    assert {row[1] for row in rows[:2]} == {getattr(Case("all_reduce", 8, 2, 1, 2), name), value}
