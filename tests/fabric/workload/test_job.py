"""Training steps as jobs: what a plan sends is what a case of it gives, beside others and with failures."""

import numpy as np
import pytest

import fabricbench as fb
from fabric.network.failures import draw, without
from fabric.network.spec import load
from fabric.predict.jobs import shares
from fabric.workload.broken import broken
from fabric.workload.catalog import language_model
from fabric.workload.job import JobStep, calls_of, job_step, step_of
from fabric.workload.plan import plan_of
from fabric.workload.training import training_step
from topologies.errors import InputError

THIN = load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=16,node=dgx-h100")
"""Eight nodes of eight; an uplink of a NIC's speed for every eight of them, so that jobs on alternate nodes meet there."""
RINGS = load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=16,node=dgx-h100,nvls=off")
"""The same whose library adds nothing up in switches."""
DP = "training:mpt-1b:zero=0:64:32"
"""One DP all-reduce and nothing else between nodes."""


def dp_case(ranks=32):
    """Return that all-reduce as a case, on the first ranks."""
    step = step_of(job_step(DP), THIN)
    (one,) = step.communications
    assert one.case.collective == "all_reduce"
    (case,) = fb.cases(THIN, "all_reduce", sizes=one.case.nbytes, ranks=ranks)
    return case


def test_a_plan_of_one_all_reduce_is_that_case_beside_others():
    case = dp_case()
    for order in ("contiguous", "alternate"):
        steps, cases = (fb.jobs(asked, RINGS, order=order) for asked in ([DP, DP], [(case, None), (case, None)]))
        assert [one.time for one in steps] == pytest.approx([one.time for one in cases])
        assert [one.model.alone_seconds for one in steps] == pytest.approx([one.model.alone_seconds for one in cases])
    assert steps[0].model.slowdown_by_others == pytest.approx(2, rel=0.01), "alternate nodes share every uplink in halves"


def test_a_step_beside_a_case():
    step, case = fb.jobs([DP, (dp_case(), None)], RINGS, order="alternate").rows()
    assert step["communication"] == "DP gradients"
    assert case["communication"] is None
    assert step["seconds"] == pytest.approx(case["seconds"])
    assert step["beside"] == ["all_reduce of job 1"]
    assert case["beside"] == ["DP gradients of job 0"]


def test_what_switches_add_up_is_slowed_as_rings_are():
    answer = fb.jobs([DP, DP], THIN, order="alternate")
    (one,) = step_of(job_step(DP), THIN).communications
    assert "nvls" in one.algorithm
    assert answer[0].model.slowdown_by_others == pytest.approx(2, rel=0.01)
    assert answer[0].model.alone_seconds == pytest.approx(one.each, rel=0.01)
    assert "job 0: DP gradients: nvls_tree" in str(answer)


def test_kinds_between_nodes_are_rows_and_alone_nothing_slows_them():
    text = "training:llama3-8b:tp=8,pp=2:64:64"
    rows = fb.jobs([text], THIN).rows()
    step = step_of(job_step(text), THIN)
    between = {one.what: one for one in step.communications if one.nics}
    assert {row["communication"] for row in rows} == set(between) == {"DP gradients", "DP weights", "PP activations"}
    assert all(row["slowdown_by_others"] == pytest.approx(1) for row in rows)
    for row in rows:
        one = between[row["communication"]]
        assert (row["calls"], row["groups"], row["world_size"]) == (one.count, one.groups, len(one.ranks))
        assert row["alone_seconds"] == pytest.approx(one.each, rel=0.05), "flows and loaded agree where messages are equal"


def test_groups_of_a_kind_slow_each_other_as_the_step_has_it():
    """Eight DP groups of one rank a node meet on the uplinks: the kind takes what all its groups take together."""
    (row, *_) = fb.jobs(["training:llama3-8b:tp=8,zero=0:64:64"], THIN).rows()
    step = step_of(JobStep("llama3-8b", "tp=8,zero=0", 64, 64), THIN)
    one = next(one for one in step.communications if one.what == "DP gradients")
    assert row["groups"] == 8
    assert row["alone_seconds"] == pytest.approx(one.each, rel=0.02)


def test_alternate_deals_whole_nodes_in_turn():
    own = shares(THIN, [16, 24, 8], "alternate")
    assert [sorted(set((devices // 8).tolist())) for devices in own] == [[0, 3], [1, 4, 5], [2]]
    assert len(np.unique(np.concatenate(own))) == 48
    with pytest.raises(InputError, match="has 8 nodes of 8 devices, too few for whole nodes"):
        shares(THIN, [60, 12], "alternate")


def test_a_step_is_that_of_training_on_its_devices():
    given = shares(THIN, [32, 32], "alternate")[1]
    found = step_of(JobStep("llama3-8b", "tp=8", 64, 32), THIN, given=given)
    again = training_step(language_model("llama3-8b"), plan_of("tp=8"), THIN, batch=64, seq=8192, ranks=32, given=given)
    assert found.seconds == again.seconds
    assert all(set(calls.devices.ravel().tolist()) <= set(given.tolist()) for calls in calls_of(found, given))


def test_failures_slow_a_step_by_what_they_slow_its_calls():
    draws = list(broken(job_step(DP), THIN, "links", [0, 1], range(3)))
    whole = step_of(job_step(DP), THIN)
    assert [one.ratio for one in draws if not one.failed] == [1, 1, 1]
    for one in draws:
        assert one.step.part("gemm") == whole.part("gemm")
        assert one.step.seconds - whole.seconds == pytest.approx(one.step.exposed - whole.exposed, abs=0.05 * whole.seconds)
        if one.failed:
            left = without(THIN, draw(THIN.topology, "links:1", one.seed))
            (alone,) = fb.predict([dp_case()], left, fidelity="loaded")
            assert one.step.communications[0].each == pytest.approx(alone.time)


def test_stress_of_a_plan_of_one_all_reduce_is_that_of_the_case():
    how = {"what": "switches", "counts": (1,), "seeds": 4}
    step, case = (fb.stress(asked, THIN, **how) for asked in ([DP], [(dp_case(), None)]))
    keys = ("failed", "seed", "nbytes", "world_size")
    assert [[row[key] for key in keys] for row in step.rows()] == [[row[key] for key in keys] for row in case.rows()]
    for ours, theirs in zip(step.rows(), case.rows(), strict=True):
        assert (ours["seconds"] is None) == (theirs["seconds"] is None)
        assert ours["seconds"] is None or ours["seconds"] == pytest.approx(theirs["seconds"])
    assert len(step.json()["steps"]) == len(step.rows())
    assert case.json()["steps"] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("training:", r"job: must be training:MODEL\[:PLAN\[:BATCH\[:DEVICES\]\]\], such as"),
        ("training:llama3-8b:tp=8:64:32:1", "job: must be training:MODEL"),
        ("training:llama3-8b:tp=8:many", "job: BATCH: must be a whole number"),
        ("training:llama3-8b:tp=8:64:0", "job: DEVICES: must be a whole number"),
        ("training:llama9", "no model 'llama9'"),
        ("training:llama3-8b:tp=3:64:24", "nearest 2 or 4"),
        ("training:llama3-8b:tp=8:64:999", "has 64 devices, got 999"),
    ],
)
def test_bad_steps_get_one_line(text, words):
    with pytest.raises(InputError, match=words) as error:
        fb.jobs([text], THIN)
    assert "\n" not in str(error.value)


def test_stress_of_a_step_takes_one_seed_and_one_fidelity():
    with pytest.raises(InputError, match="routing: a training step takes one seed"):
        fb.stress([DP], THIN, counts=[1], routing="ecmp:1-3")
    with pytest.raises(InputError, match="fidelity: a training step is predicted at loaded, got flows"):
        fb.stress([DP], THIN, counts=[1], fidelity="flows")
