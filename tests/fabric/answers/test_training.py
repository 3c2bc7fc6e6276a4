"""`training` and `scale --model`: sums, conventions, what limits, plans that are found, and bad input in one line."""

import csv
import io
import json
from math import isclose

import pytest
from click.testing import CliRunner

from fabric.answers.training import Months, training
from fabric.answers.training_scale import scale_training
from fabric.cli.main import program
from fabric.importers.node_faults import read
from fabric.network.spec import load
from fabric.workload.catalog import language_model
from fabric.workload.scaling import Question
from topologies.errors import InputError

TOPO = "dgx-h100:nodes=4"
FABRIC = load(TOPO)
LLAMA, SMALL = language_model("llama3-8b"), language_model("mpt-1b")


@pytest.fixture(scope="module")
def found():
    return training(LLAMA, FABRIC, "auto", batch=128)


def test_parts_add_up_and_shares_are_of_the_step(found):
    for row in found.rows():
        assert isclose(sum(part["seconds"] for part in row["parts"]), row["seconds"], rel_tol=1e-9)
        assert isclose(sum(part["share"] for part in row["parts"]), 1, rel_tol=1e-9)
        exposed = sum(one["exposed_seconds"] for one in row["communications"])
        assert isclose(exposed, row["exposed_seconds"], rel_tol=1e-9)
        rate = row["batch"] * row["sequence"] / row["seconds"] / row["ranks"]
        assert isclose(row["mfu"], rate * row["flops_per_token"] / row["peak_flops_per_second"], rel_tol=1e-9)


def test_the_first_is_the_fastest_and_every_other_smaller(found):
    rows = found.rows()
    assert [row["seconds"] for row in rows] == sorted(row["seconds"] for row in rows)
    memory = [row["memory_bytes"] for row in rows]
    assert memory == sorted(memory, reverse=True)
    assert all(row["feasible"] for row in rows)


def test_no_neighbour_that_fits_is_faster(found):
    beside = found.json()["searched"]["neighbours"]
    assert beside
    assert all(one["seconds"] is None or one["slower"] >= -1e-9 for one in beside)
    assert all(one["why"] for one in beside if one["seconds"] is None)


def test_every_change_helps_and_names_what_limits(found):
    changes = found.json()["sensitivity"]
    assert {one["change"] for one in changes} == {
        f"2 x {what}" for what in ("network speed", "scale-up speed", "memory rate", "peak")
    }
    assert all(one["gain"] >= -1e-9 for one in changes)
    assert changes[0]["change"] in found.json()["limit"]


def test_twice_the_network_helps_a_step_that_hangs_on_it():
    slow = training(SMALL, load("dgx-h100:nodes=4,speed=25Gb/s"), "overlap=none,zero=0", batch=32, seq=512)
    fast = {one["change"]: one["gain"] for one in slow.json()["sensitivity"]}
    assert fast["2 x network speed"] > 0.1
    assert fast["2 x scale-up speed"] < fast["2 x network speed"]


def test_failures_leave_less_of_more_devices():
    few, many = (training(LLAMA, load(f"dgx-h100:nodes={n}"), "tp=2", batch=64 * n).json()["effective"] for n in (1, 64))
    assert 0.9 < many["goodput"] < few["goodput"] < 1
    assert isclose(many["stops_per_day"], 64 * few["stops_per_day"])


def test_a_trace_of_faults_is_replayed():
    days = "".join(f"{n % 8},{n},fault_start,H,GPU,x\n{n % 8},{n}.5,fault_end,H,GPU,x\n" for n in range(40))
    trace = read(f"node,event_time_days,event,level,class,desc\n{days}", "t.csv")
    run = training(LLAMA, FABRIC, "tp=2", batch=64, months=Months(faults=trace)).json()["effective"]
    assert "4 of the 8 nodes of the trace" in run["source"]
    assert isclose(sum(run["shares"].values()), 1, rel_tol=1e-6)
    assert isclose(run["goodput"], run["shares"]["useful"])


def test_weak_and_strong_meet_at_the_largest_size():
    question = Question(SMALL, 2048, 256, None, {})
    answer = scale_training([FABRIC], question, [8, 16, 32], ["strong", "weak"])
    strong, weak = ([row for row in answer.rows() if row["mode"] == mode] for mode in ("strong", "weak"))
    assert [row["batch"] for row in strong] == [256, 256, 256]
    assert [row["batch"] for row in weak] == [64, 128, 256]
    assert isclose(strong[-1]["seconds"], weak[-1]["seconds"], rel_tol=1e-9)
    assert strong[0]["efficiency"] == weak[0]["efficiency"] == 1
    beside = answer.json()["published"]
    assert {row["ranks"] for row in beside} == {16, 32}
    assert all(row["predicted"] for row in beside)


def test_a_size_without_a_plan_says_why():
    question = Question(LLAMA, 8192, 32, None, {})
    rows = scale_training([FABRIC], question, [2, 32], ["strong"]).rows()
    assert rows[0]["seconds"] is None
    assert "lacks" in rows[0]["why"]
    assert rows[1]["efficiency"] == 1


def run(*words):
    return CliRunner().invoke(program, list(words))


def test_json_and_csv_hold_the_same_step():
    words = ["training", "llama3-8b", "--topo", TOPO, "--plan", "tp=2", "--batch", "64"]
    (row,) = json.loads(run(*words, "--json").stdout)["rows"]
    (line,) = csv.DictReader(io.StringIO(run(*words, "--csv").stdout))
    assert float(line["seconds"]) == row["seconds"]
    assert line["plan"] == row["plan"] == "tp=2,dp=16"


def test_the_page_is_one_file_with_every_chart(tmp_path):
    page = tmp_path / "step.html"
    done = run("training", "llama3-8b", "--topo", TOPO, "--plan", "tp=2,pp=2", "--batch", "64", "-o", str(page))
    assert done.exit_code == 0, done.output
    text = page.read_text()
    assert all(f'id="chart-{key}"' in text for key in ("parts", "communication", "memory"))
    assert 'src="http' not in text
    assert 'href="http' not in text


def test_steps_of_ones_own_scale_every_other(tmp_path):
    """A step measured twice as long as predicted makes the same step twice as long, and says so."""
    words = ["training", "llama3-8b", "--topo", TOPO, "--plan", "tp=2", "--batch", "64", "--json"]
    (before,) = json.loads(run(*words).stdout)["rows"]
    file = tmp_path / "mine.csv"
    file.write_text(f"seconds\n{1.5 * before['seconds']}\n")
    (after,) = json.loads(run(*words, "--measured", str(file)).stdout)["rows"]
    assert isclose(after["seconds"], 1.5 * before["seconds"], rel_tol=1e-6)
    assert after["seconds_low"] < after["seconds"] < after["seconds_high"]
    assert isclose(after["exposed_seconds"], before["exposed_seconds"])


def test_the_trace_of_a_measured_step_is_scaled_as_the_step_is(tmp_path):
    """Where nothing of a step is communication but TP's, twice the arithmetic is in the trace too."""
    words = ["training", "llama3-8b", "--topo", TOPO, "--plan", "tp=2,pp=2", "--batch", "64", "--json"]
    (before,) = json.loads(run(*words, "--trace", str(tmp_path / "before.json")).stdout)["rows"]
    file = tmp_path / "mine.csv"
    file.write_text(f"seconds\n{1.5 * before['seconds']}\n")
    run(*words, "--measured", str(file), "--trace", str(tmp_path / "after.json"))
    ends = [
        max(e["ts"] + e["dur"] for e in json.loads((tmp_path / f"{name}.json").read_text())["traceEvents"] if e["ph"] == "X")
        / 1e6
        for name in ("before", "after")
    ]
    assert isclose(ends[0], before["seconds"], rel_tol=0.02)
    assert isclose(ends[1], 1.5 * before["seconds"], rel_tol=0.02)


def test_a_measured_step_needs_a_plan(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("seconds\n3\n")
    done = run("training", "llama3-8b", "--topo", TOPO, "--batch", "64", "--measured", str(file))
    assert str(done.exception) == f"{file}:2: must say the plan that was measured (a column plan), or name it with --plan"


def test_a_step_in_time_is_written_for_every_stage(tmp_path):
    file = tmp_path / "step.json"
    done = run("training", "llama3-8b", "--topo", TOPO, "--plan", "tp=2,pp=2", "--batch", "64", "--trace", str(file))
    assert done.exit_code == 0, done.output
    events = [event for event in json.loads(file.read_text())["traceEvents"] if event["ph"] == "X"]
    assert {event["pid"] for event in events} == {0, 1}
    for stage in (0, 1):
        own = [event["cat"] for event in events if event["pid"] == stage]
        assert own.count("forward") == own.count("backward") == 64 // 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["llama3-8x"], "no model 'llama3-8x'"),
        (["llama3-8b", "--plan", "tp=3"], "nearest"),
        (["llama3-8b", "--plan", "tq=2"], "did you mean"),
        (["llama3-8b", "--plan", "auto,precision=fp9"], "precision must be one of"),
        (["llama3-8b", "--plan", "pp=16,vpp=4"], "layers"),
        (["llama3-8b", "--batch", "3", "--plan", "tp=8"], "nearest"),
        (["llama3-8b", "--batch", "3", "--plan", "auto,pp=1"], "auto finds none that divides"),
        (["llama3-8b", "--seq", "9000"], "must be 1 to 8,192 tokens"),
        (["llama3-8b", "--ranks", "33"], "has 32 devices, got 33"),
        (["llama3.1-405b"], "lacks"),
    ],
)
def test_bad_input_is_one_line(words, message):
    done = run("training", words[0], "--topo", TOPO, *words[1:])
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)
    assert "\n" not in str(done.exception)
