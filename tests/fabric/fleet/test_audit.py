"""How jobs lie on a fabric: spans counted by hand, no loss where a job lies best, hours within the window."""

import pytest

from fabric.fleet.audit import HOUR, End, audit
from fabric.fleet.fleet import of_fabric
from fabric.fleet.state import Seen, State
from fabric.network.spec import load

TOPO = "leaf_spine:leaves=4,spines=1,hosts_per_leaf=4,uplinks=1"
NOW = 10 * 86_400.0


def job(name, nodes, start=NOW - HOUR, end=None):
    names = tuple(f"node{number}" for number in nodes)
    return Seen(name, "lab", len(names), names, start, start, end)


def state(*jobs):
    return State(tuple(jobs), NOW, {}, {})


@pytest.fixture(scope="module")
def fleet():
    return of_fabric(load(TOPO))


def test_a_job_in_one_leaf_loses_nothing_and_one_over_two_leaves_does(fleet):
    found = audit(fleet, state(job("packed", [0, 1, 2, 3]), job("torn", [4, 5, 8, 9]), job("single", [12])))
    spans = {span.job.id: span for span in found.spans}
    assert (spans["packed"].leaves, spans["torn"].leaves, spans["torn"].fewest) == (1, 2, 1)
    assert spans["packed"].regrets == (0.0, 0.0)
    assert spans["torn"].regrets[1] > 0.1
    assert spans["single"].regrets is None
    assert found.spans[0].job.id == "torn"
    low, high = spans["torn"].regrets
    assert spans["torn"].lost == pytest.approx((4 * low / (1 + low), 4 * high / (1 + high)))
    assert found.hours == pytest.approx(9.0)


def test_fragmentation_is_counted_on_the_nodes_that_run_now(fleet):
    over = job("over", [8], NOW - 9 * HOUR, NOW - 8 * HOUR)
    found = audit(fleet, state(job("a", [0]), job("b", [4, 5, 6, 7]), over))
    assert (found.free, found.stranded, found.leaves, found.whole_leaves) == (11, 3, 4, 2)
    fits = {fit.nodes: (fit.leaves, fit.fewest) for fit in found.fits}
    assert fits == {1: (1, 1), 2: (1, 1), 4: (1, 1), 8: (2, 2), 16: (None, 4)}


def test_only_hours_within_the_window_count(fleet):
    long = job("long", [0, 1], NOW - 30 * 86_400.0, NOW - 6 * 86_400.0)
    old = job("old", [2, 3], NOW - 30 * 86_400.0, NOW - 8 * 86_400.0)
    found = audit(fleet, state(long, old), days=7)
    assert [span.job.id for span in found.spans] == ["long"]
    assert found.hours == pytest.approx(2 * 24)


def test_jobs_on_other_nodes_are_left_out_and_said(fleet):
    found = audit(fleet, state(job("here", [0]), Seen("there", "", 8, ("login1",), 0.0, NOW - 5, None)))
    assert found.left_out == {"on nodes that the fabric does not have": 1}
    assert len(found.spans) == 1


def test_regret_grows_with_the_share_that_is_communication(fleet):
    ends = End("all_to_all", 1 << 28, 0.1), End("all_to_all", 1 << 28, 0.2)
    (span,) = audit(fleet, state(job("torn", [4, 5, 8, 9])), ends=ends).spans
    assert span.regrets[1] == pytest.approx(2 * span.regrets[0])
