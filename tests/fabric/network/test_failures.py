"""Failures: drawn as said, taken out, and routed around exactly as on the cut wiring from scratch."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.failures import Failures, cut, draw, router_without, without
from fabric.network.routing.graph import outside
from fabric.network.routing.policies import read_policy
from fabric.network.routing.route import route, route_all
from fabric.network.routing.router import router_of
from fabric.network.spec import load
from topologies import catalog
from topologies.errors import InputError

SPECS = ["fat_tree:k=4", "rail_optimized:nodes=9,rails=2,radix=8", "multi_plane:nodes=5,rails=2,radix=4,planes=2"]
SPECS += ["torus:dims=4x4", "jellyfish:switches=12,degree=4,hosts=2", "dragonfly_plus:p=1,leaves=2,spines=2,h=2"]
TOPOLOGIES = {spec: catalog.parse(spec) for spec in SPECS}


@settings(max_examples=60, deadline=None)
@given(spec=st.sampled_from(SPECS), links=st.integers(0, 6), switches=st.integers(0, 2), seed=st.integers(0, 50))
def test_distances_taken_over_are_those_searched_from_scratch(spec, links, switches, seed):
    topology = TOPOLOGIES[spec]
    failures = draw(topology, f"links:{links}", seed)
    if not topology.forwards[0]:
        failures |= draw(topology, f"switches:{switches}", seed)
    taken_over = router_without(topology, failures).outside.graph
    scratch = outside(cut(topology, failures))
    assert np.array_equal(taken_over.distance, scratch.distance)
    assert np.array_equal(taken_over.kind, scratch.kind)


@pytest.mark.parametrize("policy", ["ideal", "spray", "ecmp:3", "adaptive:1"])
@pytest.mark.parametrize("spec", SPECS)
def test_routes_around_failures_are_those_of_the_cut_wiring(spec, policy):
    fabric = load(spec)
    topology = fabric.topology
    failures = draw(topology, "links:2", 1)
    source = np.arange(topology.devices)
    target = np.roll(source, 3)
    found = router_without(topology, failures).route(source, target, read_policy(policy), None)
    expected = route(replace(without(fabric, failures).topology), source, target, policy)  # a copy was cut from nothing
    assert np.allclose(found.per_link, expected.per_link)
    assert np.array_equal(found.hops, expected.hops)


@pytest.mark.parametrize("policy", ["ideal", "spray"])
@pytest.mark.parametrize("spec", [*SPECS, "rail_optimized:nodes=9,rails=2,radix=8,scale_up=nvswitch"])
def test_all_pairs_around_nested_failures_are_those_listed_from_scratch(spec, policy):
    fabric = load(spec)
    devices = np.arange(fabric.topology.devices)
    source, target = (ends.ravel() for ends in np.meshgrid(devices, devices, indexing="ij"))
    for count in (1, 2, 4):
        left = without(fabric, draw(fabric.topology, f"links:{count}", 3)).topology
        assert router_of(left) is router_without(fabric.topology, draw(fabric.topology, f"links:{count}", 3))
        found, listed = route_all(left, devices, policy), route(replace(left), source, target, policy)
        assert np.allclose(found.per_link, listed.per_link, rtol=1e-9, atol=1e-9)
        assert (found.hops @ fabric.level_latency).max() == pytest.approx((listed.hops @ fabric.level_latency).max())


def test_only_failed_cables_go_and_speeds_stay_with_theirs():
    fabric = replace(load("fat_tree:k=4"), degraded={3: 1e9, 20: 2e9, 40: 3e9})
    failures = Failures(cables=(0, 20), switches=(fabric.topology.vertices - 1,))
    left = without(fabric, failures)
    alive = failures.alive(fabric.topology)
    assert len(left.topology.ends) == alive.sum() == 48 - 2 - 4
    assert np.array_equal(left.topology.ends, fabric.topology.ends[alive])
    assert np.array_equal(left.link_speed, fabric.link_speed[np.repeat(alive, 2)])
    assert np.array_equal(left.topology.tier, fabric.topology.tier)


def test_a_device_without_cables_is_named_only_where_a_message_needs_it():
    topology = without(load("fat_tree:k=4"), Failures(cables=(5,))).topology
    route(topology, np.array([0]), np.array([9]))
    for policy in ("ideal", "ecmp:1"):
        with pytest.raises(InputError, match=r"from device 0 to device 5$"):
            route(topology, np.array([0]), np.array([5]), policy)


def test_a_larger_draw_holds_the_smaller_one():
    topology = catalog.parse("fat_tree:k=8")
    draws = [set(draw(topology, f"links:{count}", 4).cables) for count in (1, 5, 20)]
    assert [len(d) for d in draws] == [1, 5, 20]
    assert draws[0] < draws[1] < draws[2]
    assert (topology.ends[sorted(draws[2]), 0] >= topology.devices).all(), "no device is cut off by links"
    assert draw(topology, "links:5", 4) == draw(topology, "links:5", 4) != draw(topology, "links:5", 5)


def test_what_a_text_takes_down():
    topology = catalog.parse("multi_plane:nodes=5,rails=2,radix=4,planes=2")
    plane = draw(topology, "plane:1")
    assert set(topology.plane[list(plane.switches)].tolist()) == {1}
    assert len(plane.switches) == (topology.plane[topology.devices :] == 1).sum()
    assert draw(topology, "cable:3").cables == (3,)
    assert draw(topology, "switch:leaf0").switches == (topology.devices,)
    assert draw(topology, f"switch:{topology.devices + 2}+cable:1") == Failures((1,), (topology.devices + 2,))
    spine = draw(topology, "switches:spine:2", 3).switches
    assert {topology.tiers[topology.tier[s]] for s in spine} == {"spine"}


def test_a_plane_down_leaves_every_device_its_other_plane():
    fabric = load("multi_plane:nodes=5,rails=2,radix=4,planes=2")
    left = without(fabric, draw(fabric.topology, "plane:1"))
    source = np.arange(10)
    assert router_of(left.topology).tiered is not None, "what is left is even again"
    found = route(left.topology, source, np.roll(source, 1))
    ports = left.topology.ends[:, 0] < 10
    assert found.per_link[0::2][ports].max() == 1
    assert route(fabric.topology, source, np.roll(source, 1)).per_link[0::2][fabric.topology.ends[:, 0] < 10].max() == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rack:1", r"^failures: must be links:COUNT, .* got 'rack:1'$"),
        ("links", r"^failures: must be links:COUNT"),
        ("links:99", r"^failures: links must be a whole number from 0 to 32, got '99'$"),
        ("links:x", r"^failures: links must be a whole number from 0 to 32, got 'x'$"),
        ("switches:roof:1", r"^failures: switches: tiers are leaf, spine, core, got 'roof'$"),
        ("switches:core:5", r"^failures: switches must be a whole number from 0 to 4, got '5'$"),
        ("plane:7", r"^failures: planes of fat_tree:k=4 are 0, got '7'$"),
        ("cable:48", r"^failures: cables of fat_tree:k=4 are 0 ... 47, got '48'$"),
        ("switch:leaf9", r"^failures: fat_tree:k=4 has vertices 0 ... 35 and leaf0 ... leaf7, .*, got 'leaf9'$"),
        ("switch:3", r"^failures: switch must be a switch, got '3', which is device 3$"),
    ],
)
def test_texts_that_mean_nothing_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        draw(catalog.parse("fat_tree:k=4"), text)


def test_failures_that_do_not_exist_are_refused():
    topology = catalog.parse("fat_tree:k=4")
    with pytest.raises(InputError, match=r"^failures: cables of fat_tree:k=4 are 0 ... 47, got 48$"):
        cut(topology, Failures(cables=(48,)))
    with pytest.raises(InputError, match=r"^failures: switches of fat_tree:k=4 are 16 ... 35, got 2$"):
        cut(topology, Failures(switches=(2,)))


def test_cables_inside_a_node_keep_their_speeds_where_others_of_the_device_fail():
    fabric = load("star:devices=8,devices_per_node=8,scale_up=nvl72,scale_up_speed=450GB/s")
    first = int(np.flatnonzero(fabric.topology.level == fabric.topology.scale_up_level)[0])
    left = without(without(fabric, Failures(cables=(first,))), Failures(cables=(first,)))
    assert len(left.topology.ends) == len(fabric.topology.ends) - 2
    inside = left.topology.level == left.topology.scale_up_level
    assert set(left.link_speed[::2][inside]) == {450e9 / 18}
