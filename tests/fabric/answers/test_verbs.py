"""What every verb's answer has in common: JSON that its own schema takes, and tables that can be printed."""

import json
from dataclasses import replace

import jsonschema
import pytest

from fabric.answers.audit import audit
from fabric.answers.bound import bound
from fabric.answers.build import build
from fabric.answers.calibrate import calibrate
from fabric.answers.compare import compare
from fabric.answers.flows import by_flow, flows
from fabric.answers.jobs import jobs
from fabric.answers.measure import limits_of, measured
from fabric.answers.read import read as read_file
from fabric.answers.read import write
from fabric.answers.review import review
from fabric.answers.scale import scale, scale_measured
from fabric.answers.search import search
from fabric.answers.show import show
from fabric.answers.stress import stress
from fabric.answers.throughput import throughput
from fabric.answers.trace import trace
from fabric.formats import files
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.bounds import bound as bound_of
from fabric.predict.cases import cases
from fabric.predict.constants import NONE, Constants, Line, constants_of
from fabric.predict.flows.file import read
from fabric.review.request import Limits, Request
from fabric.search.asked import asked
from fabric.search.generate import Demand
from topologies.errors import InputError

TREE = load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=2,speed=100Gb/s")
RAILS = load("rail_optimized:nodes=2,rails=8,radix=64,scale_up=nvswitch")
LOCAL = load("local:slots=4")
SIZES = [2**power for power in range(3, 19)]


def runs(worlds=(1, 2, 4), source="gloo", factor=1.0):
    """Results as a library would give them whose line is alpha + beta m."""
    truth = Constants("truth", {"*": (Line(40e-6, 0.5e-9),)}, "made for the test", backend="gloo")
    said = predict(cases(LOCAL, sizes=SIZES, ranks=list(worlds)), LOCAL, truth)
    return [
        replace(r, source=source, statistic="raw", wrong=0, seconds=(factor * (r.time or 1e-6),) * 12, algorithm="default")
        for r in said
    ]


def given_flows(tmp_path):
    path = tmp_path / "flows.json"
    link = {"id": 0, "capacity_Bps": 1e9, "latency_s": 0}
    flow = {"id": 0, "links": [0], "size_B": 1e9}
    path.write_text(json.dumps({"cases": [{"name": "one", "links": [link], "flows": [flow, {**flow, "id": 1}]}]}))
    return flows(read(path))


DEMAND = Demand(64, 8, (16,), families=("clos", "rail_only"), oversubscriptions=("1", "3"))
CANDIDATE = {"name": "rails", "topo": "rail_optimized:nodes=2,rails=4,radix=8,scale_up=nvswitch"}
REVIEW = Request.model_validate(
    {
        "title": "one",
        "candidates": [CANDIDATE],
        "cases": [{"collective": "all_reduce", "size": "1MiB"}],
        "failing": {"seeds": 1},
    }
)


def searched(limits=None):
    request = asked().model_copy(update={"limits": limits or Limits()})
    return search(DEMAND, ["400Gb/s"], request, workers=1)


def flawed(tmp_path):
    """A tree in which a node stands below two switches, among a line of another tool and without its last line end."""
    path = tmp_path / "topology.conf"
    path.write_text("SwitchName=s1 Nodes=n[1-4]\nslurmctld: hello\nSwitchName=s2 Nodes=n[4-7]\nSwitchName=top Switches=s[1-2]")
    return path


ANSWERS = {
    "audit": lambda tmp: audit(files.read(flawed(tmp)), files.load("star:devices=7"), dump="topology.conf"),
    "bound": lambda _: bound(cases(TREE, sizes=[64], ranks=[1, 4]), TREE),
    "build": lambda tmp: build(TREE, tmp / "tree.yaml"),
    "build local": lambda _: build(LOCAL),
    "calibrate": lambda _: calibrate(runs(), LOCAL),
    "compare": lambda _: compare(runs(), runs(source="mpi:openmpi"), 10.0),
    "flows": given_flows,
    "by flow": lambda tmp: by_flow(given_flows(tmp)),
    "jobs": lambda _: jobs([(cases(TREE, sizes=[2**20], ranks=[2])[0], "ring")] * 2, TREE, order="interleaved"),
    "measure": lambda _: measured(runs(), limits_of(runs(), LOCAL)),
    "review": lambda _: review(REVIEW),
    "search": lambda _: searched(),
    "read": lambda tmp: read_file(flawed(tmp), only=["switches:!s2"]),
    "scale": lambda _: scale([TREE, LOCAL], sizes=[2**20], algorithms=["ring", "best"]),
    "scale measured": lambda _: scale_measured(runs(), LOCAL),
    "show": lambda _: show(TREE.topology),
    "stress": lambda _: stress([(cases(TREE, sizes=[2**20])[0], "ring")], TREE, what="switches:spine", counts=[1, 2], seeds=2),
    "throughput": lambda _: throughput(TREE, "worst"),
    "trace": lambda _: trace(cases(TREE, sizes=[2**20]), TREE, NONE, algorithm="ring"),
    "write": lambda tmp: write(files.read(flawed(tmp)), "csv"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answers_json_is_what_its_schema_says(name, tmp_path):
    answer = ANSWERS[name](tmp_path)
    said = json.loads(json.dumps(answer.json(), allow_nan=False))
    assert said["rows"]
    jsonschema.validate(said, answer.view.schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**said, "rows": [{**said["rows"][0], "another": 1}]}, answer.view.schema())


WITHOUT_TABLE = {"audit", "build", "build local", "by flow", "measure", "read", "show", "write"}


@pytest.mark.parametrize("name", sorted(set(ANSWERS) - WITHOUT_TABLE))
def test_an_answers_table_has_a_line_per_fact_and_prints(name, tmp_path):
    answer = ANSWERS[name](tmp_path)
    lines = [line for line in str(answer).splitlines() if line]
    parts = answer.tables()
    assert len(lines) == sum(1 + bool(part.title) + len(part.facts) + len(part.notes) for part in parts)
    assert all(part.facts for part in parts)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_verb_names_each_of_its_columns_once(name, tmp_path):
    keys = [column.key for column in ANSWERS[name](tmp_path).view.columns]
    assert len(keys) == len(set(keys))


def test_flaws_of_a_dump_are_rows_of_audit_and_stand_in_read(tmp_path):
    found = audit(files.read(flawed(tmp_path)), files.load("star:devices=7"), dump="a.conf")
    (row,) = (row for row in found.rows() if row["kind"] == "in_dump")
    assert (row["defect"], row["line"]) == ("repeated", 3)
    assert any(line.startswith("a.conf:2: ") for line in found.warnings)
    assert [defect["kind"] for defect in read_file(flawed(tmp_path)).rows()[0]["defects"]] == [
        "noise",
        "repeated",
        "unfinished",
    ]
    assert write(files.read(flawed(tmp_path)), "csv").warnings[0].startswith(f"{flawed(tmp_path)}:2: ")


def test_bound_says_what_the_bound_says_and_how_long_that_takes():
    one, four = bound(cases(TREE, sizes=[2**20], ranks=[1, 4]), TREE)
    assert (one.limit, one.seconds) == (None, None)
    assert four.limit == bound_of(four.case, TREE)
    assert four.seconds == pytest.approx(2**20 * 2 * 3 / 4 / four.limit.busbw)


def test_measured_rows_and_predicted_rows_of_scale_have_their_own_keys():
    ran, said = scale_measured(runs(), LOCAL).rows(), scale([LOCAL], sizes=[64], ranks=[2]).rows()
    assert "wrong" in ran[0]
    assert "fabric" not in ran[0]
    assert "fabric" in said[0]
    assert "wrong" not in said[0]


def test_what_cannot_be_fitted_is_warned_of_and_predicted_otherwise():
    found = scale_measured(runs(worlds=(4,)), LOCAL)
    (line,) = found.warnings
    assert line.startswith("calibrate: needs 4 sizes at world size 2 to fit, got 0 of gloo; predicted instead with ")
    assert all(row.predicted for row in found)
    with pytest.raises(InputError, match="needs 4 sizes at world size 2"):
        calibrate(runs(worlds=(4,)), LOCAL)


def test_calibrate_gives_constants_that_predict_takes():
    (constants,) = calibrate(runs(), LOCAL)
    (said,) = predict(cases(LOCAL, sizes=[2**16], ranks=[2]), LOCAL, constants)
    (ran,) = [r for r in runs() if (r.case.nbytes, r.case.world_size) == (2**16, 2)]
    assert said.time == pytest.approx(ran.time, rel=0.02)


def test_compare_names_its_sides_by_their_sources_and_judges():
    found = compare(runs(factor=1.5), runs(source="mpi:openmpi"), 10.0)
    assert found.tables()[0].title.startswith("A = gloo, B = mpi:openmpi: ")
    assert {row["verdict"] for row in found.rows()} == {"slower"}
    assert {row["verdict"] for row in compare(runs(), runs()).rows()} == {None}


@pytest.mark.parametrize("constants", [None, constants_of(None, "nccl")])
def test_scale_predicts_what_predict_does_with_the_constants_it_is_given(constants):
    (row,) = scale([RAILS], sizes=[2**20], ranks=[16], constants=constants)
    (said,) = predict(cases(RAILS, sizes=[2**20], ranks=[16]), RAILS, constants or NONE, fidelity="loaded")
    assert (row.predicted.time, row.predicted.model.runs) == (said.time, said.model.runs)


def test_where_nothing_fits_the_nearest_design_is_the_table_and_there_is_no_row():
    found = searched(Limits(power=1e3))
    assert (len(found), found.rows(), found.beside["fitting"]) == (0, [], 0)
    (part,) = found.tables()
    assert part.title.endswith("0 within the limits; the nearest")
    assert part.facts[0].survivor.row["spec"] == found.json()["nearest"]["spec"]
    jsonschema.validate(found.json(), found.view.schema())


def test_a_review_and_a_search_say_what_they_found_last():
    *_, assumed = review(REVIEW).tables()
    assert any("ecmp:1-3" in text for (text,) in assumed.facts)
    assert any(note.startswith("NICs: on no bill") for note in searched().tables()[-1].notes)
