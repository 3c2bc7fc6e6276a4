"""What a device's links carry together: its stated speed inside nodes, whatever the graph there."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.spec import load
from topologies.scale_up_kinds import KINDS, SHARED


def inside(fabric):
    """Return the two ends and the bytes per second of every cable inside nodes."""
    topology = fabric.topology
    chosen = np.flatnonzero(topology.level == topology.scale_up_level)
    return topology.ends[chosen], fabric.link_speed[2 * chosen]


def totals(fabric):
    """Return bytes per second of every device's links inside its node together."""
    ends, speed = inside(fabric)
    return np.bincount(ends.ravel(), np.repeat(speed, 2), minlength=fabric.topology.vertices)[: fabric.topology.devices]


NODES_OF = {"cube_mesh": st.just(8), "hypercube": st.sampled_from([2, 4, 8, 16])}
"""Devices of a node, for the graphs that not every number of devices can be wired as."""


@settings(max_examples=60, deadline=None)
@given(data=st.data(), kind=st.sampled_from(sorted(KINDS)), speed=st.integers(1, 2000))
def test_a_devices_links_inside_its_node_carry_what_is_stated_for_it(data, kind, speed):
    per_node = data.draw(NODES_OF.get(kind, st.integers(2, 12)))
    nodes = st.integers(1, 4).map(lambda count: count * per_node)
    devices = data.draw(nodes if kind in NODES_OF else st.integers(2, 40))
    fabric = load(f"star:devices={devices},devices_per_node={per_node},scale_up={kind},scale_up_speed={speed}GB/s", force=True)
    alone = np.bincount(fabric.topology.node[:devices])[fabric.topology.node[:devices]] == 1
    assert (totals(fabric) <= speed * 1e9 * (1 + 1e-9)).all()
    each_way = 2 if kind in SHARED else 1
    assert each_way * totals(fabric)[~alone] == pytest.approx(speed * 1e9)


@pytest.mark.parametrize(
    ("kind", "devices", "total", "links"),
    [
        ("nvswitch", 8, "450GB/s", {450e9}),
        ("nvswitch_chips", 8, "450GB/s", {125e9, 100e9}),
        ("nvl72", 72, "900GB/s", {50e9}),
        ("full_mesh", 8, "448GB/s", {64e9}),
        ("full_mesh", 8, "196GB/s", {28e9}),
        ("ring", 8, "120GB/s", {60e9}),
        ("pcie_tree", 8, "63GB/s", {63e9}),
        ("cloudmatrix", 384, "392GB/s", {56e9, 28e9}),
    ],
)
def test_known_machines_have_the_links_that_their_makers_print(kind, devices, total, links):
    """H100 25 GB/s an NVLink, GB200 50, MI300X 64 an xGMI link, 910B 28 and 910C 2 x 28 a plane, PCIe 5 x16 63."""
    fabric = load(f"star:devices={devices},devices_per_node={devices},scale_up={kind},scale_up_speed={total}")
    assert {float(f"{speed:.9g}") for speed in inside(fabric)[1]} == links


def test_a_cloudmatrix_board_sends_up_what_its_devices_can_and_a_pcie_switch_as_much_as_one():
    for kind, devices, share in (("cloudmatrix", 384, 1.0), ("pcie_tree", 8, 0.5)):
        fabric = load(f"star:devices={devices},devices_per_node={devices},scale_up={kind}")
        (low, high), speed = inside(fabric)[0].T, inside(fabric)[1]
        down, up = (np.bincount(end, speed, minlength=fabric.topology.vertices) for end in (high, low))
        first = np.unique(high[low < devices])
        assert up[first] == pytest.approx(share * down[first])


def test_a_smaller_node_has_fewer_and_faster_links():
    fabric = load("star:devices=7,devices_per_node=4,scale_up=full_mesh,scale_up_speed=300GB/s")
    assert inside(fabric)[1].tolist() == [100e9] * 6 + [150e9] * 3


@pytest.mark.parametrize(
    ("kind", "before", "changes"),
    [
        ("nvswitch", "c3d927577a56", False),
        ("pcie_tree", "2a5346b95171", False),
        ("nvl72", "3eb4f193f55e", True),
        ("nvswitch_chips", "e163064b2845", True),
        ("full_mesh", "268e715b87b0", True),
        ("ring", "50da99bd6179", True),
        ("cloudmatrix", "7202c0e3437f", True),
    ],
)
def test_fingerprints_change_where_a_speed_was_put_on_every_cable_and_nowhere_else(kind, before, changes):
    """before: taken when a device's speed was given to each of its cables."""
    spec = f"star:devices=16,devices_per_node=8,scale_up={kind},scale_up_speed=450GB/s,scale_up_latency=300ns"
    assert (load(spec).fingerprint != before) == changes


@pytest.mark.parametrize(
    ("spec", "lines"),
    [
        ("star:devices=4", ["host-leaf: 50 GB/s one way, 300 ns"]),
        ("star:devices=4,devices_per_node=2,scale_up=nvswitch", [..., "scale-up: 450 GB/s one way a device, 300 ns"]),
        ("star:devices=8,devices_per_node=8,scale_up=nvl72", [..., "scale-up: 900 GB/s one way a device over 18 lanes, "]),
        ("star:devices=7,devices_per_node=4,scale_up=full_mesh", [..., "450 GB/s one way a device over 2 to 3 lanes, "]),
        (
            "dual_tor:nodes=4,rails=2",
            ["50 GB/s one way, 300 ns", "leaf-spine: 50 GB/s one way a lane, 2 lanes a cable, 300 ns"],
        ),
    ],
)
def test_assumptions_say_whose_speed_it_is(spec, lines):
    for said, expected in zip(load(spec).assumptions(), lines, strict=True):
        assert expected is ... or re.search(expected, said), said
