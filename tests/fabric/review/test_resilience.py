"""Failures: goodput by hand, single points against a plain count, what is lost against a cut by hand."""

from collections import defaultdict
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.network import spec
from fabric.network.failures import Failures, at_devices, between_switches
from fabric.network.placement import given_order
from fabric.predict.answer import predict
from fabric.predict.constants import NONE
from fabric.records.case import Case
from fabric.review.damage import GAIN, below_one
from fabric.review.losses import Event
from fabric.review.losses import rack as rack_of
from fabric.review.performance import timed
from fabric.review.racks import Floor, place
from fabric.review.request import Failing, parse
from fabric.review.resilience import goodput, resilience, single_homed
from topologies.errors import InputError

LEAF_SPINE = "leaf_spine:leaves=4,spines=2,hosts_per_leaf=4"


def request_of(algorithm="ring", **failing):
    cases = [{"collective": "all_reduce", "size": "64MiB", "algorithm": algorithm}]
    return parse({"title": "t", "candidates": [{"name": "a", "topo": LEAF_SPINE}], "cases": cases, "failing": failing})


@pytest.mark.parametrize(
    "topo",
    [
        LEAF_SPINE,
        "multi_plane:nodes=4,rails=2,radix=8,planes=2",
        "dual_tor:nodes=4,rails=2,down=4,up=2,core_up=2,radix=16",
        "torus:dims=3x3",
    ],
)
def test_devices_on_one_cable(topo):
    topology = spec.load(topo).topology
    reached = defaultdict(set)
    for number, ends in enumerate(topology.ends.tolist()):
        if topology.level[number] != topology.scale_up_level:
            for here, there in (ends, ends[::-1]):
                reached[here].add(there)
    assert single_homed(topology) == sum(len(reached[device]) <= 1 for device in range(topology.devices))


def test_devices_behind_one_cable_of_their_nic():
    assert single_homed(spec.load("fat_tree:k=4,node=8x4090-dual-root").topology) == 128
    assert single_homed(spec.load("multi_plane:nodes=4,rails=2,radix=8,planes=2").topology) == 0


def test_what_breaks_where_devices_share_nics_is_what_breaks_between_their_nics():
    counts = {"switches": [1], "links": [1], "host_links": [1, 15, 16], "seeds": 2}
    fabric = spec.load("fat_tree:k=4,node=8x4090-dual-root")
    found = resilience(fabric, request_of(**counts), routing="ideal")
    assert (found.host_cables, found.cables, found.single_homed) == (16, 48, 128)
    assert (found.single_switches, found.single_cables, found.one_switch_takes) == (8, 16, 16)
    host = [one for one in found.damage if one.event.kind == "host_links"]
    assert [one.failed for one in host] == [1, 15]  # 16 would be all
    assert [one.devices_parted for one in host] == [8, 120]
    assert {one.event.tier: one.devices_parted for one in found.lost} == {"leaf": 16, "spine": 0, "core": 0}


@given(st.floats(0, 100), st.floats(0, 1e4), st.floats(0, 1e4))
def test_goodput(stops, restart, checkpoint):
    found = goodput(stops, Failing(restart=restart, checkpoint=checkpoint))
    assert 0 <= found <= 1
    assert found == pytest.approx(max(0, 1 - stops * (restart + checkpoint / 2) / 3600))


def test_published_rates():
    """16,384 devices stop every 3.09 hours; switches and cables every 37."""
    found = resilience(spec.load("star:devices=64"), request_of(links=[1], switches=[]), routing="ideal")
    assert 64 / 16_384 / found.stops == pytest.approx(3.09, abs=0.005)
    assert 64 / 16_384 / found.network_stops == pytest.approx(37, abs=0.05)


def test_what_is_lost():
    fabric = spec.load(LEAF_SPINE)
    layout = place(fabric.topology, Floor(nodes_per_rack=4))
    found = resilience(fabric, request_of(links=[1], switches=[1]), routing="spray", layout=layout).lost
    leaf, spine = (
        next(one for one in found if one.event == Event("drain", tier=tier, switches=1)) for tier in ("leaf", "spine")
    )
    assert (leaf.cut, leaf.median, leaf.devices_parted) == (1, None, 4)
    assert (spine.cut, spine.median) == (0, pytest.approx(1.0, rel=1e-3)), (
        "a ring has one flow a leaf: the other spine carries it"
    )
    by_kind = {one.event.kind: one for one in found}
    spines, nodes = by_kind["network_rack"], by_kind["compute_rack"]
    assert (spines.failed, spines.cut) == (2, 1), "both spines stand in one rack"
    assert (spines.devices_parted, spines.left, spines.rest) == (12, 4, pytest.approx(by_hand(4) / by_hand(16), rel=0.02))
    assert nodes.event == Event("compute_rack", 0, switches=1, nodes=4)
    assert (nodes.failed, nodes.devices_lost, nodes.devices_parted, nodes.left, nodes.cut) == (5, 4, 0, 12, 0)
    assert nodes.median == nodes.rest == pytest.approx(by_hand(12) / by_hand(16), rel=0.02)


def by_hand(ranks):
    """A ring's bytes per port: 2 (p - 1) / p."""
    return 2 * (ranks - 1) / ranks


def test_failed_cables_never_help_where_all_split():
    request = request_of(links=[1, 2, 3], switches=[1], seeds=3)
    found = resilience(spec.load("clos:radix=8,endpoints=32"), request, routing="spray").damage
    links = [one for one in found if one.event.kind == "links" and one.median is not None]
    assert [one.failed for one in links] == [1, 2, 3]
    assert all(1 - 1e-9 <= one.median <= one.worst for one in links)


def test_the_loss_of_one_plane_halves_what_a_device_sends_and_parts_nobody():
    topo = "multi_plane:nodes=8,rails=2,radix=8,planes=2,scale_up=nvswitch"
    request = request_of(links=[], switches=[], racks=[])
    (plane,) = (one for one in resilience(spec.load(topo), request, routing="spray").lost if one.event.kind == "plane")
    assert (plane.cut, plane.devices_lost, plane.devices_parted) == (0, 0, 0)
    assert plane.median == pytest.approx(2, rel=0.02)


def test_planes_fail_one_after_the_other():
    topo = "multi_plane:nodes=8,rails=2,radix=8,planes=4,scale_up=nvswitch"
    found = resilience(spec.load(topo), request_of(links=[], host_links=[], switches=[], racks=[]), routing="spray")
    assert [(row.event.kind, row.failed, row.draws, row.cut) for row in found.damage] == [
        ("planes", n, 1, 0) for n in (1, 2, 3)
    ]
    for row in found.damage:
        assert row.median == pytest.approx(4 / (4 - row.failed), rel=0.05)
    assert found.damage[0].median == next(row.median for row in found.lost if row.event.kind == "plane")


def test_the_loss_of_one_rail_parts_a_device_of_every_node():
    topo = "rail_only:nodes=8,rails=2,radix=8,scale_up=nvswitch"
    request = request_of(links=[], switches=[], racks=[])
    (rail,) = (one for one in resilience(spec.load(topo), request, routing="spray").lost if one.event.kind == "rail")
    assert (rail.cut, rail.median, rail.devices_parted, rail.left, rail.rest) == (1, None, 8, 0, None)


def test_lost_racks_add_up_and_leave_the_rest_at_work():
    fabric = spec.load("clos:radix=8,endpoints=64,devices_per_node=4,scale_up=nvswitch")
    layout = place(fabric.topology, Floor(nodes_per_rack=2))
    request = request_of(links=[], host_links=[], switches=[], racks=[1, 3, 8], seeds=3)
    rows = resilience(fabric, request, routing="spray", layout=layout).damage
    assert [(row.event.kind, row.failed, row.draws) for row in rows] == [("racks", 1, 3), ("racks", 3, 3)], (
        "8 racks are all there are"
    )
    assert [(row.devices_lost, row.left, row.cut) for row in rows] == [(8, 56, 0), (24, 40, 0)]
    assert all(0 < row.median <= row.worst for row in rows)


def test_ranks_that_are_no_power_of_two_take_another_algorithm():
    """Halving-doubling sends the buffer once more on 56 ranks; the best other one is taken, as a library would."""
    fabric = spec.load("clos:radix=8,endpoints=64,devices_per_node=4,scale_up=nvswitch")
    layout = place(fabric.topology, Floor(nodes_per_rack=2))
    base = request_of(links=[], switches=[], racks=[])
    request = base.model_copy(update={"cases": (base.cases[0].model_copy(update={"algorithm": None}),)})
    whole = timed(fabric, request.cases[0], "contiguous", NONE, "spray", tried=("halving_doubling",))
    found = resilience(fabric, request, routing="spray", healthy=(whole,), layout=layout).lost
    (rack,) = (one for one in found if one.event.kind == "compute_rack")
    given = np.flatnonzero(fabric.topology.node[:64] >= 2).astype(np.int64)
    failures = Failures(switches=rack_of(fabric.topology, layout, 0).switches)
    seconds = {}
    for name in ("halving_doubling", "ring:channels=4", "rail_aligned", "double_binary_tree", "bucket"):
        case = Case("all_reduce", 2**26, 56, nodes=14, ranks_per_node=4, order=given_order(given))
        how = {"algorithm": name, "routing": "spray", "fidelity": "loaded", "given": given, "failures": failures}
        with suppress(InputError):
            (one,) = predict([case], fabric, **how)
            seconds[name] = one.time
    slow = seconds.pop("halving_doubling")
    assert rack.rest == pytest.approx(min(seconds.values()) / whole.result.time)
    assert rack.rest < slow / whole.result.time


def of_kind(topo, kind, *, routing="spray", **failing):
    counts = {"links": [], "host_links": [], "switches": [], "racks": [], **failing}
    return [row for row in resilience(spec.load(topo), request_of(**counts), routing=routing).damage if row.event.kind == kind]


@pytest.mark.parametrize(
    "topo", [LEAF_SPINE, "multi_plane:nodes=4,rails=2,radix=8,planes=2", "torus:dims=3x3", "star:devices=4"]
)
def test_every_network_cable_is_between_switches_or_at_a_device(topo):
    topology = spec.load(topo).topology
    between, hosts = between_switches(topology).tolist(), at_devices(topology).tolist()
    assert sorted(between + hosts) == np.flatnonzero(topology.level != topology.scale_up_level).tolist()
    assert all(topology.ends[cable].min() < topology.devices for cable in hosts)


def test_a_device_on_one_cable_is_cut_off_with_it_and_the_others_go_on():
    (one, three) = of_kind(LEAF_SPINE, "host_links", host_links=[1, 3], seeds=2)
    assert [(row.median, row.cut, row.draws) for row in (one, three)] == [(None, 2, 2)] * 2
    assert [(row.devices_parted, row.devices_lost, row.left) for row in (one, three)] == [(1, 0, 15), (3, 0, 13)]
    assert [row.rest for row in (one, three)] == [pytest.approx(by_hand(left) / by_hand(16), rel=0.02) for left in (15, 13)]


def test_the_node_of_a_device_that_is_cut_off_is_left_out():
    (one,) = of_kind("clos:radix=8,endpoints=32,devices_per_node=4,scale_up=nvswitch", "host_links", host_links=[1], seeds=3)
    assert (one.devices_parted, one.left) == (1, 28)


def test_a_device_on_two_cables_goes_on_with_the_other():
    topo = "multi_plane:nodes=8,rails=2,radix=8,planes=2,scale_up=nvswitch"
    (one,) = of_kind(topo, "host_links", host_links=[1], seeds=2)
    assert (one.cut, one.devices_parted, one.left) == (0, 0, 0)
    assert one.median == pytest.approx(2, rel=0.05), "all its bytes go through one cable, and the others wait"


def test_hosts_cables_are_counted():
    found = resilience(spec.load(LEAF_SPINE), request_of(), routing="spray")
    assert (found.host_cables, found.cables) == (16, 24)


def test_more_cables_than_there_are_between_switches_are_left_out():
    """8 cables between switches, 24 in all: 12 were asked of those 8, which refused the whole candidate."""
    assert [row.failed for row in of_kind(LEAF_SPINE, "links", links=[1, 12])] == [1]


HASHED = "clos:radix=8,endpoints=32"


def test_what_is_lost_at_once_is_told_over_the_seeds():
    """Of every seed its own healthy seconds: the first seed alone is a draw."""
    fabric, request = spec.load(HASHED), request_of(links=[], host_links=[], switches=[])
    found = resilience(fabric, request, routing="ecmp:1-3")
    (drained,) = (row for row in found.lost if row.event.tier == "spine")
    spine = int(np.flatnonzero(fabric.topology.tier == fabric.topology.tiers.index("spine"))[0])
    case, ratios = Case("all_reduce", 64 * 2**20, 32, 32, 1), []
    for seed in (1, 2, 3):
        how = {"algorithm": "ring", "routing": f"ecmp:{seed}", "fidelity": "loaded"}
        (broken,) = predict([case], fabric, failures=Failures(switches=(spine,)), **how)
        (whole,) = predict([case], fabric, **how)
        ratios.append(broken.time / whole.time)
    assert (drained.draws, drained.median, drained.worst) == (3, pytest.approx(sorted(ratios)[1]), pytest.approx(max(ratios)))


def test_a_value_below_one_stands_beside_the_even_split():
    """A ring over a hash: some failures reroute it luckily. Split evenly no failure of a cable gains anything."""
    request = request_of(links=[], host_links=[], switches=[], algorithm="halving_doubling")
    found = resilience(spec.load(HASHED), request, routing="ecmp:1-3").lost
    (drained,) = (row for row in found if row.event.tier == "spine")
    assert drained.median < 1 - GAIN
    assert drained.even >= 1
    (again,) = (row for row in resilience(spec.load(HASHED), request, routing="spray").lost if row.event == drained.event)
    assert (again.median, again.even) == (pytest.approx(drained.even), None), "nothing to explain where all is split"


def test_fewer_ranks_have_less_to_send():
    (row,) = of_kind(LEAF_SPINE, "host_links", host_links=[4], seeds=1)
    assert row.rest < 1
    assert row.rest_even == pytest.approx(row.rest), "the routing splits evenly already"


@pytest.mark.parametrize(
    ("ratio", "even", "digits", "reason"),
    [
        (0.775, 0.998, 2, "hash"),
        (0.996, 0.997, 3, "fewer"),
        (0.98, 1.03, 2, "hash"),
        (0.75, 0.75, 2, "fewer"),
        (0.996, 0.9, 2, ""),
        (0.996, 0.9, 3, "fewer"),
        (1.2, 0.9, 2, ""),
        (None, None, 2, ""),
    ],
)
def test_why_a_value_is_below_one(ratio, even, digits, reason):
    assert below_one(ratio, even, digits) == reason
