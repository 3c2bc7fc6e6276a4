"""Plans: every cable a wire with the fabric's ratios, every address once, and what is refused, with the reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.failures import draw, without
from fabric.network.spec import load
from fabric.twin.plan import GOODPUT, groups, host_speed, payload_fabric, plan_of
from topologies.errors import InputError

FABRICS = [
    "leaf_spine:leaves=2,spines=2,hosts_per_leaf=2",
    "leaf_spine:leaves=3,spines=2,hosts_per_leaf=4,uplinks=4",
    "fat_tree:k=4",
    "clos:radix=12,endpoints=16,oversubscription=2",
    "rail_optimized:nodes=4,rails=2,radix=8",
    "multi_plane:nodes=4,rails=1,radix=8,planes=2",
    "dragonfly:p=2,a=2,h=1",
]


def walk(plan, source, target):
    """Follow the plan's own routes from device to device: a second router that only reads the plan."""
    far = {}
    for wire in plan.wires:
        far[wire.lower.box, wire.lower.interface] = wire.upper
        far[wire.upper.box, wire.upper.interface] = wire.lower
    routes = {(route.box, route.destination): route for route in plan.routes}
    box, seen = plan.host_of(source), []
    while box != plan.host_of(target):
        hop = routes[box, plan.address_of(target)].hops[0]
        end = far[box, hop.interface]
        owner = next(one for one in plan.boxes if one.name == end.box)
        assert hop.via in [address for _, address in owner.addresses], "the next hop must own the address it is reached by"
        box = end.box
        assert box not in seen, "a loop"
        seen.append(box)
    return seen


@pytest.mark.parametrize("topo", FABRICS)
@pytest.mark.parametrize("routing", ["dmodk", "kernel_ecmp:1"])
def test_every_pair_that_may_talk_arrives(topo, routing):
    plan = plan_of(load(topo), 50e6, routing)
    topology = plan.fabric.topology
    for group in groups(topology, range(topology.devices)):
        for source in group:
            for target in group:
                walk(plan, source, target)


@pytest.mark.parametrize("topo", FABRICS)
def test_static_routes_are_those_of_the_model(topo):
    from fabric.network.names import vertex_name
    from fabric.network.routing.route import ways
    from fabric.twin.next_hops import pairs

    plan = plan_of(load(topo), 50e6)
    topology = plan.fabric.topology
    source, target = pairs(topology)
    found = ways(plan.fabric, source, target, "dmodk")
    for number, (s, t) in enumerate(zip(source.tolist(), target.tolist(), strict=True)):
        links = found.link[found.paths.links[found.paths.first[number] : found.paths.first[number + 1]]]
        ends = [int(topology.ends[link // 2, 1 - link % 2]) for link in links]
        assert walk(plan, s, t)[:-1] == [vertex_name(topology, v) for v in ends[:-1]]


@given(
    leaves=st.integers(2, 4),
    spines=st.integers(1, 4),
    hosts=st.integers(1, 4),
    times=st.integers(1, 3),
    rate=st.sampled_from([1e6, 50e6]),
)
@settings(max_examples=25, deadline=None)
def test_wires_keep_the_ratios_and_addresses_are_unique(leaves, spines, hosts, times, rate):
    fabric = load(f"leaf_spine:leaves={leaves},spines={spines},hosts_per_leaf={hosts},uplinks={spines * times}")
    plan = plan_of(fabric, rate)
    speeds = [rate for wire in plan.wires for rate in (wire.lower.rate, wire.upper.rate)]
    assert len(plan.wires) == len(fabric.topology.ends)
    assert np.allclose(np.array(speeds), 8 * plan.scale * fabric.link_speed, rtol=1e-6)
    assert plan.wires[0].lower.rate == rate
    addresses = [address for box in plan.boxes for _, address in box.addresses]
    assert len(addresses) == len(set(addresses)) == fabric.topology.vertices
    ends = [(end.box, end.interface) for wire in plan.wires for end in (wire.lower, wire.upper)]
    assert len(ends) == len(set(ends)), "two wires on one interface"


def test_payload_sees_scaled_speeds_without_headers_or_latency():
    plan = plan_of(load("fat_tree:k=4,speed=400Gb/s"), 50e6)
    seen = payload_fabric(plan)
    assert np.allclose(seen.link_speed, 50e6 / 8 * GOODPUT)
    assert not seen.level_latency.any()


def test_a_degraded_cable_is_slower_and_nothing_else_changes():
    from dataclasses import replace

    fabric = load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=2")
    speed = fabric.link_speed[0]
    worse = plan_of(replace(fabric, degraded={0: speed / 4}), 40e6)
    assert (worse.wires[0].lower.rate, worse.wires[0].upper.rate, worse.wires[1].lower.rate) == (10e6, 10e6, 40e6)
    assert host_speed(worse.fabric) == speed


def test_a_failed_cable_has_no_wire_and_nobody_is_sent_there():
    fabric = load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=2")
    plan = plan_of(without(fabric, draw(fabric.topology, "switch:spine0")), 50e6)
    assert len(plan.wires) == len(fabric.topology.ends) - 2
    assert all("spine0" not in walk(plan, 0, target) for target in (2, 3))


def test_one_group_per_rail_and_rails_stay_apart():
    plan = plan_of(load("rail_optimized:nodes=4,rails=2,radix=8"), 50e6)
    assert groups(plan.fabric.topology, range(8)) == [[0, 2, 4, 6], [1, 3, 5, 7]]
    assert [plan.interface_of(device) for device in (0, 1)] == ["eth0", "eth1"]
    assert plan.host_of(0) == plan.host_of(1) == "host0"
    sent = {route.destination: route.hops[0].interface for route in plan.routes if route.box == "host0"}
    assert sent == {plan.address_of(d): f"eth{d % 2}" for d in range(2, 8)}


@pytest.mark.parametrize(
    ("topo", "line"),
    [
        ("bcube:n=4,k=1", "devices of bcube:n=4,k=1 forward for others"),
        ("torus:dims=2x2", "forward for others"),
        ("rail_optimized:nodes=4,rails=2,radix=8,scale_up=nvswitch", "take scale_up=none"),
        ("leaf_spine:leaves=2,spines=1,hosts_per_leaf=65", "at most 128 hosts, got 130"),
        ("slim_fly:q=17", "at most 128 hosts, got"),
    ],
)
def test_what_cannot_be_emulated_is_refused_with_the_reason(topo, line):
    with pytest.raises(InputError, match=line):
        plan_of(load(topo), 50e6)


@pytest.mark.parametrize(
    ("routing", "line"),
    [
        ("ideal", "ideal splits messages over paths, which kernels do not; take dmodk or kernel_ecmp:SEED"),
        ("rail_aligned", "a kernel's table decides by the destination alone"),
        ("kernel_ecmp", "must have a seed, such as kernel_ecmp:0, got 'kernel_ecmp'"),
        ("nonsense", "routing: must be ideal"),
    ],
)
def test_routing_that_kernels_cannot_do_is_refused(routing, line):
    with pytest.raises(InputError, match=line):
        plan_of(load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=2"), 50e6, routing)


def test_rates_that_no_bucket_keeps_up_with_are_refused():
    with pytest.raises(InputError, match="with hosts at 50000 Mbit/s"):
        plan_of(load("fat_tree:k=4"), 50e9)
