import csv
import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from click.testing import CliRunner

from fabric.cli.flows import command
from topologies.errors import InputError

ROOT = Path(__file__).parents[3]
LINKS = [{"id": 0, "capacity_Bps": 1e9, "latency_s": 0}, {"id": 1, "capacity_Bps": 4e9, "latency_s": 1e-3}]
TWO = [{"id": 0, "links": [0, 1], "size_B": 1e9}, {"id": 1, "links": [1], "size_B": 3e9, "after": []}]
ONE = [{"id": "a", "links": [0], "size_B": 1e9, "start_s": 1}]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "flows.json"
    cases = [{"name": "two", "links": LINKS, "flows": TWO}, {"name": "one", "links": LINKS, "flows": ONE}]
    path.write_text(json.dumps({"cases": cases}))
    return str(path)


def printed(*arguments):
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_json_has_one_row_per_case(file):
    found = json.loads(printed(file, "--json"))
    assert found["schema"] == "fabricbench.flows/1"
    assert [set(row) for row in found["rows"]] == [{"name", "makespan_s", "finish_s"}] * 2
    assert found["rows"][0]["finish_s"] == pytest.approx([1.001, 1.001])
    assert found["rows"][1] == {"name": "one", "makespan_s": 2.0, "finish_s": [2.0]}


def test_csv_has_one_line_per_flow(file):
    rows = list(csv.DictReader(io.StringIO(printed(file, "--csv"))))
    assert [(row["name"], row["flow"]) for row in rows] == [("two", "0"), ("two", "1"), ("one", "0")]
    assert [float(row["finish_s"]) for row in rows] == pytest.approx([1.001, 1.001, 2.0])


def test_a_table_names_every_case(file):
    lines = printed(file).splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["two", "one"]


def test_a_case_without_flows(tmp_path):
    path = tmp_path / "flows.json"
    path.write_text('{"cases": [{"name": "none", "links": [], "flows": []}]}')
    assert json.loads(printed(str(path), "--json"))["rows"] == [{"name": "none", "makespan_s": 0.0, "finish_s": []}]
    assert "none" in printed(str(path))


def test_bad_input_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        CliRunner().invoke(command, [str(tmp_path / "absent.json")], catch_exceptions=False)


def test_the_example_of_the_page_prints_what_the_page_shows(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "flows.md").read_text()
    (tmp_path / "example.json").write_text(re.search(r"```json\n(.*?)```", page, re.DOTALL)[1])
    shown = re.search(r"\$ fabricbench flows example.json --csv\n(.*?)```", page, re.DOTALL)[1]
    said, found = (
        list(csv.DictReader(io.StringIO(text))) for text in (shown, printed(str(tmp_path / "example.json"), "--csv"))
    )
    assert [(row["name"], row["flow"]) for row in found] == [(row["name"], row["flow"]) for row in said]
    assert [float(row["finish_s"]) for row in found] == pytest.approx([float(row["finish_s"]) for row in said])


def test_eps_ends_flows_late_but_near(file):
    exact, batched = (json.loads(printed(file, "--json", "--eps", eps))["rows"][0]["finish_s"] for eps in ("0", "0.5"))
    assert batched == pytest.approx(exact, rel=0.5)
    assert all(late >= early for late, early in zip(batched, exact, strict=True))


def run(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "fabric", *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("eps", ["-1", "1", "nan"])
def test_a_bad_eps_is_one_line(file, eps):
    process = run("flows", file, f"--eps={eps}")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.splitlines() == [f"fabricbench: eps: must be a finite number from 0 to 0.99, got '{eps}'"]


def test_ctrl_c_ends_a_long_simulation_soon_and_with_one_line(tmp_path):
    """Flows of random sizes over random links, so many that the simulation takes minutes."""
    rng = np.random.default_rng(1)
    links = [{"id": i, "capacity_Bps": 1e9, "latency_s": 0} for i in range(1000)]
    sizes = rng.uniform(1e6, 2e6, 40_000).tolist()
    crossed = rng.integers(0, 1000, (40_000, 5)).tolist()
    flows = [{"id": i, "links": way, "size_B": size} for i, (way, size) in enumerate(zip(crossed, sizes, strict=True))]
    (path := tmp_path / "big.json").write_text(json.dumps({"cases": [{"name": "big", "links": links, "flows": flows}]}))
    process = run("flows", str(path))
    first = process.stderr.readline()  # it simulates now
    process.send_signal(signal.SIGINT)
    sent = monotonic()
    out, err = process.communicate(timeout=60)
    assert re.fullmatch(r"# flows: big: [\d,]+ of 40,000 flows ended(, \d+ s left)?\n", first)
    assert (process.returncode, out) == (130, "")
    assert [x for x in err.splitlines() if x and not x.startswith("# flows: big")] == ["fabricbench: interrupted"]
    assert monotonic() - sent < 20  # it takes a fraction of a second; minutes without a stop
