"""Where a number of tiers ends, against trying every size and against the textbook."""

import pytest

from fabric.network import spec
from fabric.review.bill import bill
from fabric.review.ceiling import ceiling
from fabric.review.parts import PARTS
from fabric.review.racks import Floor, place
from topologies import catalog
from topologies.errors import InputError


def reach(topo):
    fabric = spec.load(topo)
    return ceiling(topo, bill(fabric, place(fabric.topology, Floor()), PARTS))


def tiers_of(family, params):
    try:
        topology = catalog.build(family, params)
    except InputError:
        return None
    return sum(count > 0 for tier, count in topology.switches_by_tier.items() if tier != "scale-up")


@pytest.mark.parametrize(
    ("topo", "key", "most"),
    [("rail_optimized:nodes=4,rails=2,radix=8", "nodes", 80), ("rail_only:nodes=4,rails=2,radix=8", "nodes", 40)],
)
def test_every_size_tried(topo, key, most):
    family, params = catalog.split_spec(topo)
    tried = {value: tiers_of(family, {**params, key: str(value)}) for value in range(1, most)}
    for found in reach(topo)[:2]:
        assert found.devices == 2 * max(value for value, tiers in tried.items() if tiers == found.tiers)
        assert found.ends


def test_three_tiers_of_64_ports_end_at_65_536():
    two, three = reach("rail_optimized:nodes=1024,rails=8,radix=64,scale_up=nvswitch")
    assert (two.tiers, two.devices, two.ends) == (2, 2048, True)
    assert (three.tiers, three.devices, three.ends) == (3, 65_536, True)
    assert three.switches == 5 * 65_536 // 64
    switch, link = 43_000, 1293.5
    assert two.usd_per_device == pytest.approx((96 * switch + 4096 * link) / 2048)


def test_a_family_of_one_size_has_no_ceiling():
    assert reach("fat_tree:k=4") == ()


def test_a_dragonfly_stays_in_its_tier():
    (found,) = reach("dragonfly:p=2,a=4,h=2,groups=5")
    assert (found.tiers, found.devices) == (1, 72)
