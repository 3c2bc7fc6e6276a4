"""What is lost and parted, against a plain search from device to device, and counts by hand."""

from collections import deque

import numpy as np
import pytest

from fabric.network import spec
from fabric.network.failures import Failures
from fabric.review.losses import Event, SinglePoints, losses, network_switches, rack, single_points, together
from fabric.review.racks import Floor, place

TOPOS = [
    "leaf_spine:leaves=4,spines=2,hosts_per_leaf=4",
    "leaf_spine:leaves=3,spines=1,hosts_per_leaf=2",
    "leaf_spine:leaves=3,spines=1,hosts_per_leaf=2,uplinks=2",
    "clos:radix=8,endpoints=32,devices_per_node=4,scale_up=nvswitch",
    "rail_only:nodes=8,rails=2,radix=8,scale_up=nvswitch",
    "multi_plane:nodes=8,rails=2,radix=8,planes=2,scale_up=nvswitch",
    "dual_tor:nodes=4,rails=2,down=4,up=2,core_up=2,radix=16",
    "dragonfly:p=2,a=2,h=1",
    "hypercube:n=3",
    "torus:dims=3x3",
    "bcube:n=3,k=1",
    "star:devices=4",
    "fat_tree:k=4,devices_per_nic=2",
    "leaf_spine:leaves=3,spines=1,hosts_per_leaf=2,node=8x4090-dual-root",
]


def reached(topology, alive):
    """Every device's partners over network cables that are alive, one search each, through vertices that forward."""
    beside = [set() for _ in range(topology.vertices)]
    for cable in np.flatnonzero(alive & (topology.level != topology.scale_up_level)).tolist():
        here, there = topology.ends[cable].tolist()
        beside[here].add(there)
        beside[there].add(here)
    return [_from(device, beside, topology) for device in range(topology.devices)]


def _from(device, beside, topology):
    seen, queue = {device}, deque([device])
    while queue:
        here = queue.popleft()
        if here == device or topology.forwards[here]:
            queue.extend(new := beside[here] - seen)
            seen |= new
    return {vertex for vertex in seen if vertex < topology.devices}


def largest_group(topology, alive, gone):
    """The most devices alive that all still reach each other, per set of devices that did before, added up."""
    before, after = reached(topology, np.ones(len(topology.ends), dtype=bool)), reached(topology, alive)
    count, done = 0, set()
    for device in range(topology.devices):
        if device not in done:
            own = before[device] - gone
            done |= before[device]
            most = max((len(after[one] & own) for one in own), default=0)
            count += most if most > 1 else 0  # one alone is together with nobody
    return count


@pytest.mark.parametrize("topo", TOPOS)
def test_one_switch_and_one_cable_against_a_plain_search(topo):
    topology = spec.load(topo).topology
    nobody = np.zeros(topology.devices, dtype=bool)
    taken = {}
    for switch in np.flatnonzero(network_switches(topology)).tolist():
        failures = Failures(switches=(switch,))
        taken[switch] = int((~together(topology, failures, nobody)).sum())
        assert topology.devices - taken[switch] == largest_group(topology, failures.alive(topology), set()), switch
    cables = 0
    for cable in np.flatnonzero(topology.is_cable).tolist():
        failures = Failures(cables=(cable,))
        cables += not together(topology, failures, nobody).all()
    found = single_points(topology)
    assert found == SinglePoints(sum(count > 0 for count in taken.values()), cables, max(taken.values(), default=0))


@pytest.mark.parametrize(
    ("topo", "points"),
    [
        ("leaf_spine:leaves=4,spines=2,hosts_per_leaf=4", SinglePoints(4, 16, 4)),
        ("leaf_spine:leaves=3,spines=1,hosts_per_leaf=2", SinglePoints(4, 9, 4)),  # the spine leaves one leaf's two
        ("leaf_spine:leaves=3,spines=1,hosts_per_leaf=2,uplinks=2", SinglePoints(4, 6, 4)),
        ("multi_plane:nodes=8,rails=2,radix=8,planes=2", SinglePoints(0, 0, 0)),
        ("star:devices=4", SinglePoints(1, 4, 4)),
        ("fat_tree:k=4,node=8x4090-dual-root", SinglePoints(8, 16, 16)),  # a leaf takes two NICs of eight devices
    ],
)
def test_single_points_by_hand(topo, points):
    assert single_points(spec.load(topo).topology) == points


def test_a_device_goes_with_the_way_to_its_nic_and_eight_with_the_nics_cable():
    topology = spec.load("fat_tree:k=4,node=8x4090-dual-root").topology
    nobody = np.zeros(topology.devices, dtype=bool)
    for level, lost in (("host-nic", [0]), ("nic-leaf", list(range(8)))):
        cable = int(np.flatnonzero(topology.level == topology.levels.index(level))[0])
        assert np.flatnonzero(~together(topology, Failures(cables=(cable,)), nobody)).tolist() == lost


def test_no_nic_is_drained():
    topology = spec.load("fat_tree:k=4,node=8x4090-dual-root").topology
    assert [loss.event.tier for loss in losses(topology, None)] == ["leaf", "spine", "core"]


def of(found, kind):
    return [one for one in found if one.event.kind == kind]


def test_planes_and_rails():
    planes = spec.load("multi_plane:nodes=8,rails=2,radix=8,planes=2").topology
    (plane,) = of(losses(planes, None), "plane")
    assert plane.event == Event("plane", 0, switches=len(plane.switches))
    assert 2 * len(plane.switches) == network_switches(planes).sum()
    assert together(planes, Failures(switches=plane.switches), np.zeros(16, dtype=bool)).all()
    rails = spec.load("rail_only:nodes=8,rails=2,radix=8").topology
    (rail,) = of(losses(rails, None), "rail")
    left = together(rails, Failures(switches=rail.switches), np.zeros(16, dtype=bool))
    assert np.array_equal(left, rails.rail[:16] == 1)
    assert not of(losses(spec.load("clos:radix=8,endpoints=32").topology, None), "plane")


def test_racks():
    topology = spec.load("clos:radix=8,endpoints=32,devices_per_node=4,scale_up=nvswitch").topology
    layout = place(topology, Floor(nodes_per_rack=1, switches_per_rack=2))
    for number in range(layout.racks):
        one = rack(topology, layout, number)
        assert one.event.kind == ("compute_rack" if one.nodes else "network_rack")
        assert all(layout.rack[switch] == number for switch in one.switches)
    found = list(losses(topology, layout))
    assert [one.event for one in of(found, "compute_rack")] == [Event("compute_rack", 0, switches=1, nodes=1)]
    assert [len(one.switches) for one in of(found, "network_rack")] == [2]
    both = rack(topology, layout, 0) | rack(topology, layout, 1)
    assert len(both.nodes) == len({*rack(topology, layout, 0).nodes, *rack(topology, layout, 1).nodes})


def test_one_rack_for_all_is_no_event():
    topology = spec.load("star:devices=4,devices_per_node=2").topology
    assert list(losses(topology, place(topology, Floor(nodes_per_rack=4)))) == []
