"""What jobs communicate: a share, a range, a training step, by tenant and size; both ends are run; one line for wrong input."""

import json

import numpy as np
import pytest

from fabric.fleet import communication
from fabric.fleet.communication import resolved, thousandths
from fabric.fleet.communication_text import FORM, ranged, shares
from fabric.fleet.demand import has_ends, jobs_of, with_shares
from fabric.fleet.fleet_file import FleetFile, fleet_of, parse
from fabric.fleet.job import FleetJob, table
from fabric.fleet.links import BOTH_ENDS, LinkModel
from fabric.fleet.study import settings
from fabric.workload.job import JobStep, step_of
from topologies.errors import InputError

TOPO = "leaf_spine:leaves=4,spines=2,hosts_per_leaf=64,uplinks=16,node=dgx-h100"
STEP = "training:llama3-8b:tp=8:512"


def file(communication, **more):
    jobs = {"synthetic": "training", "load": 0.8, "days": 1, "communication": communication}
    return parse({"topo": TOPO, "jobs": jobs, **more})


@pytest.fixture(scope="module")
def fleet():
    return fleet_of(parse({"topo": TOPO}))


def test_the_nearest_rule_holds_and_small_jobs_have_none(fleet):
    rows = [("a", 8, "lab"), ("b", 16, "lab"), ("c", 64, "lab"), ("d", 16, "ops"), ("e", 128, "new"), ("f", 16, "new")]
    jobs = table([FleetJob(name, 0, 5, devices, tenant) for name, devices, tenant in rows])
    text = file({"lab": {"33-64": 0.5, "other": [0.1, 0.2]}, "9-64": 0.25, "ops": 0.3}).jobs.communication
    assert thousandths(jobs, fleet, text, "low").tolist() == [0, 100, 500, 300, 100, 250]
    assert thousandths(jobs, fleet, text, "high").tolist() == [0, 200, 500, 300, 400, 250], "assumed of what nothing names"
    with pytest.raises(InputError, match="communication: no job is of the tenant 'x'; there are 'lab', 'ops', 'new'"):
        thousandths(jobs, fleet, {"x": 0.1}, "low")


def test_a_tenant_without_jobs_is_refused_before_a_step_is_predicted(fleet, tmp_path, monkeypatch):
    monkeypatch.setattr(communication, "step_of", None)
    with pytest.raises(
        InputError, match=r"^communication: no job is of the tenant 'tunning' \(did you mean tuning\?\); there are"
    ):
        with_shares(file({"other": STEP, "tunning": 0.1}), fleet)
    trace = tmp_path / "jobs.csv"
    trace.write_text("id,submit_s,work_s,devices,tenant\na,0,60,1,lab\nb,5,60,1,ops\n")
    for key, communication_of, quotas in (("communication", {"labs": 0.1}, {}), ("quotas", 0.1, {"labs": 8})):
        jobs = {"trace": str(trace), "communication": communication_of}
        with pytest.raises(InputError, match=f"^{key}: no job is of the tenant 'labs'"):
            with_shares(parse({"topo": TOPO, "jobs": jobs, "quotas": quotas}), fleet)
    change = {"name": "more", "jobs": {"trace": str(trace), "communication": {"trials": 0.1}}}
    with pytest.raises(InputError, match="there are 'lab', 'ops'"):
        with_shares(file(0.1, changes=[change], quotas={"trials": 8}), fleet)


def test_a_training_steps_ends_are_what_is_exposed_and_what_is_sent(fleet):
    found = with_shares(file(STEP), fleet)
    assert FleetFile.model_validate(json.loads(json.dumps(found.model_dump(mode="json")))) == found, "runs pass through JSON"
    large, small = shares(found.jobs.communication)
    assert (large.step, small.step, small.sizes) == ("llama3-8b:tp=8,dp=32:512:256", "llama3-8b:tp=8,dp=8:512:64", "9-64")
    step = step_of(
        JobStep("llama3-8b", "tp=8", 512, 64), fleet.fabric
    )  # its 64 devices are one leaf: nothing is oversubscribed
    between = [one for one in step.communications if one.dimension.startswith("dp")]
    assert small.low == pytest.approx(sum(one.exposed for one in between) / step.seconds)
    assert small.high == pytest.approx(sum(one.seconds for one in between) / step.seconds)
    assert small.low < small.high < large.high
    assert resolved({"16": STEP, "lab": f"{STEP}:32"}, fleet)["16"].step.endswith(":16")


def test_both_ends_are_run_beside_both_ends_of_link_models(fleet):
    def ends(communication, **more):
        asked = file(communication, **more)
        models = [None] if more.get("links") == "none" else BOTH_ENDS if not more else [LinkModel()]
        return [(one.links and one.links[0], one.end) for one in settings(asked, ["easy+tree"], models)][:: asked.seeds]

    assert ends([0.1, 0.3]) == [("peak", "high"), ("mean", "low")]
    assert ends([0.1, 0.3], links=[{"load": "peak"}]) == [("peak", "high"), ("peak", "low")]
    assert ends([0.1, 0.3], links="none") == [(None, "")]
    assert ends(0.3) == [("peak", ""), ("mean", "")]
    assert ends(None) == [("peak", ""), ("mean", "")], "a mix has its own"
    asked = file([0.1, 0.3])
    low, high = (jobs_of(asked, fleet, at=end).jobs.columns()["communication"] for end in ("low", "high"))
    assert set(np.unique(low)) == {0, 100}
    assert set(np.unique(high)) == {0, 300}


def test_a_traces_own_shares_stand(tmp_path, fleet):
    (path := tmp_path / "j.csv").write_text("id,submit_s,work_s,devices,communication\na,0,9,16,300\nb,1,9,16,\n")
    found = parse({"topo": TOPO, "jobs": {"trace": str(path), "communication": [0.1, 0.2]}})
    assert jobs_of(found, fleet, at="high").jobs.columns()["communication"].tolist() == [300, 200]
    bare = parse({"topo": TOPO, "jobs": {"trace": str(path)}})
    assert jobs_of(bare, fleet).jobs.columns()["communication"].tolist() == [300, 0]
    assert (has_ends(found), has_ends(bare), ranged(None)) == (True, False, True)


@pytest.mark.parametrize(
    "wrong",
    [1.5, -0.1, [0.3, 0.1], [0.1], "llama3-8b", {"lab": 2}, True, {"low": 0.1, "high": 0.3, "x": 1}, {"a": {"b": {"c": 0}}}],
)
def test_another_form_is_one_line_with_the_rule(wrong):
    with pytest.raises(InputError) as told:
        file(wrong)
    assert str(told.value).startswith(f"jobs.communication: {FORM}, got ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("training:llama9", "communication: training:llama9 on 256 devices: "),
        ("training:llama3-8b:tp=3:512", "communication: training:llama3-8b:tp=3:512 on 256 devices: "),
        ("training:llama3-8b:tp=8:512:9999", "on 9,999 devices: job: the fleet has 256 devices on 32 nodes, got 9,999"),
        ("training:llama3-8b:tp=8:x", "communication: BATCH: must be a whole number"),
        ({"513+": STEP}, "no job of 513+ devices is whole nodes times a power of two, more than one, on the 256 devices"),
    ],
)
def test_a_step_that_cannot_be_is_one_line(fleet, text, line):
    with pytest.raises(InputError) as told:
        with_shares(file(text), fleet)
    assert line in str(told.value)
    assert "\n" not in str(told.value)
