import numpy as np
import pytest

from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.jobs import Job, placed, predict_together
from fabric.records.case import Case
from topologies.errors import InputError

LEAVES = "leaf_spine:leaves=4,spines=1,hosts_per_leaf=4,latency=0ns"
RING = Case("all_reduce", 2**24, 8, 8, 1)
EXCHANGE = Case("all_to_all", 2**24, 8, 8, 1)


def together(topo, cases, algorithms, order, routing="ideal"):
    fabric = load(topo)
    return predict_together(placed(cases, fabric, order, algorithms), fabric, routing=routing)


def test_jobs_under_different_leaves_do_not_meet():
    first, second = together(LEAVES, [RING, RING], ["ring", "ring"], "contiguous")
    assert first.time == pytest.approx(second.time)
    for result in (first, second):
        assert result.model.slowdown_by_others == pytest.approx(1)
        assert result.model.alone_seconds == pytest.approx(result.time)


def test_two_rings_across_the_same_uplinks_share_them_in_halves():
    """Interleaved, each job has two hosts under every leaf and sends two flows over its uplink; together four."""
    first, second = together(LEAVES, [RING, RING], ["ring", "ring"], "interleaved")
    assert first.model.slowdown_by_others == pytest.approx(2)
    assert second.time == pytest.approx(first.time)
    assert first.bottlenecks[0] == "leaf-spine"


def test_a_short_job_leaves_and_the_long_one_goes_on_alone():
    short, long = (Case("all_reduce", size, 8, 8, 1) for size in (2**22, 2**24))
    first, second = together(LEAVES, [short, long], ["ring", "ring"], "interleaved")
    alone = second.model.alone_seconds
    assert first.model.slowdown_by_others == pytest.approx(2)
    assert second.time == pytest.approx(alone + first.time / 2)


def test_one_job_alone_is_the_flows_fidelity():
    (result,) = together("fat_tree:k=4", [Case("all_to_all", 2**24, 16, 16, 1)], ["direct"], "contiguous", "ecmp:1")
    (alone,) = predict(
        [Case("all_to_all", 2**24, 16, 16, 1)], load("fat_tree:k=4"), algorithm="direct", routing="ecmp:1", fidelity="flows"
    )
    assert result.time == pytest.approx(alone.time)


def test_a_job_that_starts_later_is_timed_from_its_start():
    fabric = load(LEAVES)
    devices = np.arange(8)
    case = Case("all_reduce", 2**24, 8, 8, 1, order="given:x")
    now, later = (predict_together([Job(case, devices, "ring", start)], fabric)[0].time for start in (0.0, 1.0))
    assert later == pytest.approx(now)


def test_jobs_on_one_device_are_refused():
    case = Case("all_reduce", 8, 2, 2, 1, order="given:x")
    jobs = [Job(case, np.array([0, 1]), "ring"), Job(case, np.array([1, 2]), "ring")]
    with pytest.raises(InputError, match="jobs: must be on different devices, got device 1 in job 0 and job 1"):
        predict_together(jobs, load("star:devices=4"))


def test_more_ranks_than_devices_are_refused():
    with pytest.raises(InputError, match="has 16 devices, got 24 ranks"):
        together(LEAVES, [RING, RING, RING], ["ring"] * 3, "contiguous")
