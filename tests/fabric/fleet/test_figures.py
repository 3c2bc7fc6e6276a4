"""Figures of a run by hand: waits, slowdown, fairness, the field's names, samples, what leaves a leaf."""

import numpy as np
import pytest

from fabric.fleet.account import waterfall
from fabric.fleet.figures import (
    Tenant,
    class_name,
    fairness,
    leaf_demand,
    names,
    samples,
    size_classes,
    slowdowns,
    tenants,
)
from fabric.fleet.fleet import stated
from fabric.fleet.job import FleetJob
from fabric.fleet.links import LinkModel
from fabric.fleet.policy import policy
from fabric.fleet.simulate import simulate

SECOND = 1_000_000
HOUR = 3600 * SECOND


def outcome(jobs, fleet=None, window=None, links=None, name="fifo+tree"):
    return simulate(fleet or stated(2, 8, leaf=2), jobs, policy(name), window=window, engine="plain", links=links)


def test_waits_and_slowdowns_are_those_of_the_queue():
    found = outcome([FleetJob("a", 0, 100 * SECOND, 16, "x"), FleetJob("b", 10 * SECOND, 50 * SECOND, 16, "y")])
    everyone, one = size_classes(found)
    assert (everyone.name, one.name, one.jobs, one.ended) == ("all", "9-64", 2, 2)
    assert (everyone.wait_median, everyone.wait_p95) == (45.0, 90.0)
    assert slowdowns(found).tolist() == pytest.approx([1.0, 140 / 50])
    x, y = tenants(found)
    assert (x.name, x.hours, y.wait_mean) == ("x", pytest.approx(16 * 100 / 3600), 90.0)


def test_short_jobs_count_as_ten_seconds():
    found = outcome([FleetJob("a", 0, 100 * SECOND, 16), FleetJob("b", 0, SECOND, 1)])
    assert slowdowns(found)[1] == pytest.approx(101 / 10)


def test_fairness_is_one_where_all_are_alike():
    alike = [Tenant(str(n), 1.0, 1, 0.0, 2.0) for n in range(4)]
    assert fairness(alike) == pytest.approx(1.0)
    assert fairness([Tenant("a", 1, 1, 0, 1.0), Tenant("b", 1, 1, 0, 0.0)]) == pytest.approx(0.5)
    assert fairness([]) is None


def test_the_fields_names_of_a_half_used_fleet():
    found = outcome([FleetJob("a", 0, HOUR, 8)], window=(0, HOUR))
    seen = samples(found, 4)
    one = names(found, waterfall(found), seen.partly.tolist())
    assert (one.allocation, one.gar, one.sor, one.gfr) == (0.5, 0.5, 0.5, 0.0)
    assert (one.racked, one.used, one.runtime_goodput, one.program_goodput) == (1.0, 0.5, 1.0, 1.0)
    assert (one.jtted_median, one.jtted_p95) == (1.0, 1.0)


def test_samples_see_what_is_held_queued_and_left():
    fleet = stated(4, 8, leaf=2)
    found = outcome([FleetJob("a", 0, HOUR, 12), FleetJob("b", 0, HOUR, 32)], fleet, window=(0, HOUR))
    seen = samples(found, 3)
    assert seen.held.tolist() == [12.0] * 3
    assert seen.queued.tolist() == [32.0] * 3
    assert seen.partly.tolist() == [0.5] * 3
    assert seen.leaf[:, 0].tolist() == [0.75, 0.0]
    assert seen.replicas[8].tolist() == [2] * 3
    assert seen.replicas[4].tolist() == [4] * 3
    assert seen.stranded.tolist() == [4 / 20] * 3


@pytest.mark.parametrize(
    ("pattern", "load", "sent"),
    [("ring", "peak", 1.0), ("all_to_all", "peak", 2 * 2 / 3), ("all_to_all", "mean", 2 * 2 / 3 * 0.3)],
)
def test_what_leaves_a_leaf_is_what_the_link_model_says(pattern, load, sent):
    fleet = stated(4, 8, leaf=2, ratio=4.0)
    found = outcome([FleetJob("a", 0, HOUR, 32, communication=300)], fleet, links=LinkModel(load, pattern, "ideal"))
    demand = leaf_demand(found, np.array([0]))
    assert demand == pytest.approx(np.full(2, sent / (2 / 4.0)))


def test_classes_are_named_by_their_ends():
    assert [class_name(1, 1), class_name(2, 8), class_name(513, 2**31)] == ["1", "2-8", "513+"]
