"""`review run` as a user runs it."""

import csv
import io
import json
import subprocess
import sys

import pytest
from typed import typed

TEXT = """
title: two small fabrics
candidates:
  - {name: rails, topo: "rail_optimized:nodes=8,rails=4,radix=8,scale_up=nvswitch", grow: {nodes: [4, 8]}}
  - {name: impossible, topo: "fat_tree:k=5"}
cases: [{collective: all_reduce, size: 64MiB}]
step: {compute: 0.1}
node: node-8xh100
failing: {links: [1], switches: [1], seeds: 1}
limits: {power: LIMIT}
"""


def review(path, *arguments):
    return typed("review", "run", path, *arguments)


@pytest.fixture
def request_file(tmp_path):
    def write(limit="1e6"):
        path = tmp_path / "review.yaml"
        path.write_text(TEXT.replace("LIMIT", limit))
        return path

    return write


def test_tables_and_verdict(request_file):
    done = review(request_file())
    assert done.returncode == 0, done.stderr
    assert "rails is the cheapest that fits" in done.stdout
    assert "impossible was not reviewed: fat_tree: " in done.stdout
    assert "Scale ceiling" in done.stdout


def test_json(request_file):
    done = review(request_file(), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["schema"] == "fabricbench.review/2"
    (row,) = found["rows"]
    assert (row["candidate"], row["devices"], row["fits"]) == ("rails", 32, True)
    assert found["refused"][0]["candidate"] == "impossible"
    stages = found["details"]["rails"]["growth"]["nodes"]
    assert [stage["devices"] for stage in stages] == [16, 32]


def test_csv_and_markdown(request_file):
    (row,) = csv.DictReader(io.StringIO(review(request_file(), "--csv").stdout))
    assert row["candidate"] == "rails"
    page = review(request_file(), "--markdown", "--lang", "zh").stdout
    assert page.startswith("# two small fabrics\n")
    assert "## 结论" in page
    assert "| rails | 是 |" in page


def test_nothing_fits(request_file):
    done = review(request_file("1.07e5"))  # the nodes alone take 106,080 W
    assert done.returncode == 1
    assert "rails does not fit: power binds" in done.stdout
    assert "over by" in done.stdout


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("limits:", "limitz:"), "limitz: no such key; must be of title,"),
        (("step: {compute: 0.1}", "step: {compute: 0.1"), "review.yaml: must be YAML, got line"),
        (("LIMIT", "1000"), "limits.power: must be at least 106,080 W, what the 8 nodes of node-8xh100 draw alone (PUE 1.3)"),
        (("all_reduce", "allreduce"), "cases.0: collective: must be one of"),
        (("node-8xh100", "node-8xh10"), "did you mean node-8xh100?"),
        (("limits:", "floor: {nodes_per_rack: 9}\nlimits:"), "floor.nodes_per_rack: 9 nodes of 8 rack units"),
    ],
)
def test_bad_input_is_one_line(request_file, change, words):
    path = request_file("1e6" if change[0] != "LIMIT" else change[1])
    path.write_text(path.read_text().replace(*change))
    done = review(path)
    assert done.returncode == 2
    assert words in done.stderr
    assert str(path) in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_names_both_and_loads_no_numpy():
    run = "program(['review', '--help'], standalone_mode=False)"
    code = f"import sys; from fabric.cli.main import program; {run}; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert " run " in done.stdout
    assert " search " in done.stdout
    assert done.stdout.rstrip().endswith("False")


def test_force_insists_on_what_is_not_plausible(request_file):
    path = request_file()
    path.write_text(path.read_text() + "cost: {energy: 90, opex_per_device: 125}\n")
    done = review(path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cost.energy: must be plausible, 0.005 to 1 USD per kWh" in done.stderr
    assert "got 90; --force insists" in done.stderr
    forced = review(path, "--force")
    assert forced.returncode == 0, forced.stderr
    assert (
        "beyond what is plausible (in brackets): cost.energy 90 (0.005 - 1); cost.opex_per_device 125 (0 - 5)" in forced.stdout
    )
