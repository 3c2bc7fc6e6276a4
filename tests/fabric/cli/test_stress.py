"""`fabricbench stress`: its table, its machine-readable forms, what it refuses, and its progress line."""

import csv
import json

import pytest
from click.testing import CliRunner

from fabric.cli import output, stress
from topologies.errors import InputError

TREE = ("--topo", "leaf_spine:leaves=3,spines=2,hosts_per_leaf=2", "--size", "1MiB")


def run(*args):
    return CliRunner().invoke(stress.command, args, catch_exceptions=False)


def test_the_table_has_a_line_per_count_and_case_with_median_and_worst():
    said = run(*TREE, "--counts", "1,2", "--seeds", "3", "--run", "all_reduce:ring", "--run", "all_reduce:halving_doubling")
    lines = [line.split() for line in said.stdout.splitlines() if "all_reduce" in line]
    names = ["all_reduce:ring", "all_reduce:halving_doubling"]
    assert [(line[0], line[1]) for line in lines] == [(count, name) for count in "012" for name in names]
    assert all(line[-2] == "3" for line in lines)
    assert [line[-1] for line in lines[:4]] == ["0"] * 4, "one lost link cuts nobody off"
    assert "links failing, 3 draws, ideal routing, loaded" in said.stdout


def test_ranks_that_are_cut_off_are_counted_and_the_reason_is_given():
    said = run(*TREE, "--fail", "switches:spine", "--counts", "2", "--seeds", "1", "--run", "all_to_all:direct").stdout
    assert [line.split()[-1] for line in said.splitlines() if "all_to_all:direct" in line] == ["0", "1"]
    assert "cut off: routing: no way in leaf_spine:" in said


def test_json_and_csv_carry_one_row_per_point():
    options = (*TREE, "--counts", "1", "--seeds", "2", "--run", "all_to_all:direct")
    answer = json.loads(run(*options, "--json").stdout)
    assert answer["schema"] == "fabricbench.stress/1"
    rows = answer["rows"]
    assert [(row["failed"], row["seed"]) for row in rows] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert rows[0]["ratio"] == 1
    assert rows[0]["algorithm"] == "direct"
    assert rows[1]["ratio"] == pytest.approx(rows[1]["seconds"] / rows[0]["seconds"])
    flat = list(csv.DictReader(run(*options, "--csv").stdout.splitlines()))
    assert [float(row["seconds"]) for row in flat] == pytest.approx([row["seconds"] for row in rows])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--seeds", "0"), r"^seeds: must be a whole number from 1 to 10,000, got '0'$"),
        (("--fail", "cables"), r"^failures: must be links:COUNT, .*; got 'cables:10' \(did you mean cable\?\)$"),
        (("--counts", "7"), r"^failures: links must be a whole number from 0 to 6, got '7'$"),
        (("--counts", "x"), r"^counts: .*'x'"),
        (("--run", "all_reduse"), r"all_reduse"),
    ],
)
def test_bad_input_is_refused_in_one_line(options, message):
    with pytest.raises(InputError, match=message) as error:
        run(*TREE, *options)
    assert "\n" not in str(error.value)


def test_progress_is_told_on_standard_error_once_it_takes_long(monkeypatch):
    monkeypatch.setattr(output, "FIRST_AFTER", 0.0)
    monkeypatch.setattr(output, "EVERY", 0.0)
    said = run(*TREE, "--counts", "1", "--seeds", "2", "--run", "all_reduce:ring")
    assert [line.split(",")[0] for line in said.stderr.splitlines()] == [f"# stress: {n} of 4 draws" for n in (1, 2, 3)]
    assert "# stress" not in said.stdout
