"""What single policies promise: contention-free shifts, even piles, weights, and lines for what is refused."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from plain_router import cut, messages, topology_of

from fabric.network.routing.route import policies_known, route, ways
from fabric.network.spec import load
from topologies import catalog
from topologies.errors import InputError


@pytest.mark.parametrize("k", [4, 8])
@settings(max_examples=20, deadline=None)
@given(shift=st.integers(1, 127))
def test_counted_ways_carry_shifts_without_contention(k, shift):
    topology = topology_of(f"fat_tree:k={k}")
    source = np.arange(topology.devices)
    target = np.roll(source, -(shift % topology.devices or 1))
    for policy in ("dmodk", "rail_aligned"):
        assert route(topology, source, target, policy).per_link.max() == 1
    assert route(topology, source, target, "ideal").per_link.max() <= 1 + 1e-12


def test_rail_aligned_keeps_every_device_on_its_own_uplink():
    topology = topology_of("leaf_spine:leaves=3,spines=4,hosts_per_leaf=4")
    source = np.repeat(np.arange(4), 4)
    target = np.tile(np.arange(4, 8), 4)
    uplink = topology.level == topology.levels.index("leaf-spine")
    climbing = route(topology, source, target, "rail_aligned").per_link[0::2][uplink]
    assert sorted(climbing[climbing > 0].tolist()) == [4, 4, 4, 4]
    climbing = route(topology, source, target, "dmodk").per_link[0::2][uplink]
    assert sorted(climbing[climbing > 0].tolist()) == [4, 4, 4, 4]


def test_adaptive_ways_even_out_what_hashes_pile_up():
    topology = topology_of("leaf_spine:leaves=2,spines=4,hosts_per_leaf=8,uplinks=8")
    source, target = np.arange(8), np.arange(8, 16)
    assert route(topology, source, target, "adaptive:0").per_link.max() == 1
    assert max(route(topology, source, target, f"ecmp:{seed}").per_link.max() for seed in range(5)) > 1


def test_adaptive_ways_follow_the_speed_of_links():
    fabric = load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=6,uplinks=2,speed=100Gb/s")
    slow = np.flatnonzero(fabric.topology.level == 1)[[0, 2]]
    slower = replace(fabric, degraded={int(c): float(fabric.link_speed[2 * c]) / 5 for c in slow})
    found = ways(slower, np.arange(6), np.arange(6, 12), "adaptive:1")
    used = np.bincount(found.paths.links, minlength=len(fabric.link_speed))
    assert used[2 * slow[0]] == 1, "one message of six on a cable five times as slow as the other"


def test_weights_count_as_messages():
    for spec in ("fat_tree:k=4", "dragonfly:p=2,a=2,h=1", "fat_tree:k=4,devices_per_node=8,scale_up=ring"):
        topology = topology_of(spec)
        source, target = messages(topology, seed=5)
        weight = np.random.default_rng(0).integers(0, 4, len(source)).astype(float)
        for policy in ("ideal", "spray", "ecmp:1", "valiant:1"):
            twice = np.repeat(np.arange(len(source)), weight.astype(int))
            expected = route(topology, source[twice], target[twice], policy).per_link
            assert np.allclose(route(topology, source, target, policy, weight).per_link, expected)


def test_the_same_seed_gives_the_same_ways_and_hops_count_links():
    topology = catalog.parse("fat_tree:k=4")
    source, target = np.arange(16), np.roll(np.arange(16), 5)
    for policy in ("ecmp:7", "adaptive:7", "valiant:7"):
        first, second = (route(topology, source, target, policy) for _ in range(2))
        assert np.array_equal(first.per_link, second.per_link)
        assert first.hops.sum() == first.per_link.sum()
    assert route(topology, np.array([3]), np.array([3])).per_link.sum() == 0


def test_many_listed_ways_are_those_of_few(monkeypatch):
    """The compiled kernel for many messages writes what numpy writes for few."""
    from fabric.network.routing import tiered

    fabric = load("pgft:h=3,m=2x3x2,w=2x2x2,p=1x2x1")
    source, target = messages(fabric.topology, count=200)
    for policy in ("ecmp:4", "dmodk", "rail_aligned"):
        few = ways(fabric, source, target, policy)
        monkeypatch.setattr(tiered, "MANY", 1)
        many = ways(fabric, source, target, policy)
        monkeypatch.undo()
        assert np.array_equal(few.paths.links, many.paths.links)


def test_devices_without_a_way_are_named():
    topology = catalog.parse("rail_only:nodes=4,rails=2,radix=4")
    with pytest.raises(InputError, match=r"^routing: no way in rail_only:nodes=4,rails=2,radix=4 from device 0 to device 1$"):
        route(topology, np.array([0]), np.array([1]))
    star = cut(catalog.parse("star:devices=3"), 1)
    for policy in ("ideal", "ecmp:1", "adaptive:1", "valiant:1"):
        with pytest.raises(InputError, match=r"no way in star:devices=3 from device 0 to device 1$"):
            route(star, np.array([0]), np.array([1]), policy)


def test_devices_that_do_not_exist_are_refused():
    with pytest.raises(InputError, match=r"^routing: devices of star:devices=2 are 0 ... 1, got 2$"):
        route(catalog.parse("star:devices=2"), np.array([0]), np.array([2]))


@pytest.mark.parametrize("policy", ["sprey", "ecmp", "ecmp:x", "ideal:1", "table:", "pxn:", "pxn:pxn:ideal", "dmodk:3"])
def test_unknown_policies_are_refused(policy):
    with pytest.raises(InputError, match=r"^routing: must be ideal, spray, ecmp:SEED, .*; got"):
        route(catalog.parse("star:devices=2"), np.array([0]), np.array([1]), policy)


def test_every_policy_is_named_with_its_meaning():
    assert [text for text, meaning in policies_known() if not meaning] == []
    assert len(policies_known()) == 13
