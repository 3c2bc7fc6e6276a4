"""Exchanges along rails against the listed algorithm and against pxn, and reviews of rail-only fabrics of many devices."""

import pytest

from fabric.network import spec
from fabric.predict.answer import predict
from fabric.records.case import Case
from fabric.review.by_rails import BY_RAILS, around, by_rails, pairs_are_too_many
from fabric.review.evaluate import evaluate
from fabric.review.request import parse
from fabric.search import quick
from fabric.search.generate import Wiring
from topologies.errors import InputError

TOPOS = [
    "rail_only:nodes=16,rails=8,radix=16,scale_up=nvswitch",
    "rail_only:nodes=64,rails=4,radix=16,oversubscription=3,scale_up=nvswitch",
    "rail_only:nodes=100,rails=2,radix=8,scale_up=nvswitch",
]


def exchange(fabric, nbytes=2**28, ranks=None, **more):
    topology = fabric.topology
    ranks = ranks or topology.devices
    return Case(
        "all_to_all",
        nbytes,
        ranks,
        nodes=-(-ranks // topology.devices_per_node),
        ranks_per_node=topology.devices_per_node,
        **more,
    )


@pytest.mark.parametrize("topo", TOPOS)
def test_it_is_the_rail_aligned_algorithm_without_its_list(topo):
    fabric = spec.load(topo)
    case = exchange(fabric)
    (listed,) = predict([case], fabric, algorithm="rail_aligned", routing="spray", fidelity="loaded")
    found = by_rails(fabric, case)
    assert found.time == pytest.approx(listed.time, rel=1e-12)
    assert found.busbw == pytest.approx(listed.busbw, rel=1e-12)
    assert (found.algorithm, found.routing, found.statistic) == (BY_RAILS, "spray", "point")
    parts = found.model.latency_seconds + sum(found.model.bandwidth_seconds.values())
    assert parts == pytest.approx(found.time)


@pytest.mark.parametrize("topo", TOPOS)
def test_a_neighbour_s_way_overlaps_what_this_adds(topo):
    """Direct messages by way of a neighbour take the longer of the two parts instead of their sum, but for latency."""
    fabric = spec.load(topo)
    case = exchange(fabric)
    (relayed,) = predict([case], fabric, algorithm="direct", routing="pxn:spray", fidelity="loaded")
    found = by_rails(fabric, case)
    inside, across = (found.model.bandwidth_seconds[level] for level in ("scale-up", relayed.bottlenecks[0]))
    assert sum(relayed.model.bandwidth_seconds.values()) == pytest.approx(max(inside, across))
    assert relayed.time < found.time <= relayed.time + min(inside, across) + found.model.latency_seconds


def test_a_node_that_is_not_filled_counts_as_filled():
    fabric = spec.load(TOPOS[0])
    assert by_rails(fabric, exchange(fabric, ranks=97)).time == by_rails(fabric, exchange(fabric, ranks=104)).time


def test_what_is_refused():
    fabric = spec.load(TOPOS[0])
    with pytest.raises(InputError, match=r"ranks must fill their nodes of 8, all but one; got 64 ranks in order scattered:1"):
        by_rails(fabric, exchange(fabric, ranks=64, order="scattered:1"))
    large = spec.load("rail_only:nodes=512,rails=8,radix=64,scale_up=nvswitch")
    case = Case("all_to_all_v", 2**20, 4096, nodes=512, ranks_per_node=8, params={"skew": 1.0})
    assert pairs_are_too_many(case)
    with pytest.raises(InputError, match="got 4,096 ranks, give the case ranks: 2,000 or fewer"):
        around(large, case)


def test_a_search_asks_for_the_ranks_of_the_case():
    text = {"collective": "all_to_all", "size": "64MiB", "ranks": 64}
    request = parse({"title": "t", "candidates": [{"name": "a", "topo": TOPOS[0]}], "cases": [text]})
    wiring = Wiring("rail_only", (("nodes", "16"), ("rails", "8"), ("radix", "16")), 128)
    (row,) = quick.evaluate(quick.Work(wiring, 128, 8, ("400Gb/s",), request))["rows"]
    assert row["cases"][0]["algorithm"] == BY_RAILS
    assert row["seconds"] == by_rails(spec.load(row["spec"]), exchange(spec.load(row["spec"]), 2**26, ranks=64)).time


def reviewed(topo, **more):
    cases = [{"collective": "all_reduce", "size": "64MiB"}, {"collective": "all_to_all", "size": "64MiB"}]
    failing = {"links": [1], "switches": [], "racks": [], "seeds": 1}
    base = {"title": "t", "candidates": [{"name": "a", "topo": topo}], "cases": cases, "failing": failing}
    return evaluate(parse({**base, "node": "node-8xh100", **more}))


@pytest.mark.parametrize("nodes", [512, 4096])
def test_a_large_rail_only_candidate_is_reviewed(nodes):
    """4,096 nodes are more than a schedule lists (2^25 messages); every seed gives the same, and the routing says why."""
    review = reviewed(f"rail_only:nodes={nodes},rails=8,radix=128,scale_up=nvswitch")
    assert not review.refused
    (design,) = review.designs
    _, exchange = design.performance.timed
    assert (exchange.result.algorithm, exchange.result.routing) == (BY_RAILS, "spray")
    assert exchange.worst == exchange.result.time
    assert 0 < exchange.of_bound <= 1
    assert design.resilience.damage[0].collective == "all_reduce"


def test_where_no_schedule_answers_only_devices_are_counted():
    review = reviewed(
        "rail_only:nodes=512,rails=8,radix=64,scale_up=nvswitch", cases=[{"collective": "all_to_all", "size": "64MiB"}]
    )
    (design,) = review.designs
    assert design.resilience.damage == ()
    drained = next(row for row in design.resilience.lost if row.event.tier == "leaf")
    assert (drained.median, drained.rest, drained.devices_parted, drained.cut) == (None, None, 32, 1)
    assert design.beside == ()
