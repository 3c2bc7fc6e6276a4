"""Two routers check each other: ours, and a plain walk over all shortest ways of the networkx graph."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from plain_router import cut, messages, plain_loads, shortest, topology_of

from fabric.network.routing.route import route, route_all, router_of, ways
from fabric.network.spec import load
from topologies import catalog
from topologies.errors import InputError

EVEN = [
    "star:devices=5",
    "leaf_spine:leaves=3,spines=2,hosts_per_leaf=4",
    "leaf_spine:leaves=3,spines=2,hosts_per_leaf=2,uplinks=4",
    "fat_tree:k=4",
    "fat_tree:k=4,devices_per_node=2,scale_up=nvswitch",
    "rail_optimized:nodes=7,rails=2,radix=8",
    "rail_optimized:nodes=4,rails=3,radix=4,scale_up=nvswitch",
    "multi_plane:nodes=5,rails=2,radix=4,planes=2",
    "dual_tor:nodes=6,rails=2,down=2,up=2,core_up=1,radix=16",
    "pgft:h=3,m=2x3x2,w=2x2x2,p=1x2x1",
    "rail_only:nodes=6,rails=2,radix=4,scale_up=nvswitch",
]
DIRECT = [
    "torus:dims=4x3",
    "torus:dims=3x3,hosts=2",
    "hypercube:n=3",
    "ring:switches=7,hosts=2",
    "dragonfly:p=2,a=2,h=1",
    "dragonfly_plus:p=2,leaves=2,spines=2,h=1",
    "slim_fly:q=5,hosts=1",
    "jellyfish:switches=12,degree=3,hosts=2",
    "bcube:n=3,k=1",
    "dcell:n=3,k=1",
    "hyperx:dims=3x3",
    "full_mesh:dims=5",
    "hamming_mesh:a=2,b=2,x=2,y=2",
]
INSIDE = [
    f"fat_tree:k=4,devices_per_node={count},scale_up={kind}"
    for kind, count in [
        ("nvswitch_chips", 8),
        ("nvl72", 4),
        ("full_mesh", 4),
        ("ring", 8),
        ("pcie_tree", 8),
        ("cloudmatrix", 16),
    ]
]
SPECS = [*EVEN, *DIRECT, *INSIDE]


def reachable(topology, source, target):
    """Leave out pairs on two rails that nothing joins."""
    keep = np.ones(len(source), dtype=bool)
    if topology.family == "rail_only":
        keep = (topology.rail[source] == topology.rail[target]) | (topology.node[source] == topology.node[target])
    return source[keep], target[keep]


@pytest.mark.parametrize("policy", ["ideal", "spray"])
@pytest.mark.parametrize("spec", SPECS)
def test_split_ways_equal_the_plain_walk(spec, policy):
    topology = topology_of(spec)
    source, target = reachable(topology, *messages(topology, count=25))
    expected = plain_loads(topology, source, target, policy)
    found = route(topology, source, target, policy)
    assert np.allclose(found.per_link, expected)
    assert found.hops.sum() == pytest.approx(found.per_link.sum())


@pytest.mark.parametrize("policy", ["ideal", "spray"])
@pytest.mark.parametrize("spec", ["fat_tree:k=4", "rail_optimized:nodes=7,rails=2,radix=8", "pgft:h=3,m=2x3x2,w=2x2x2,p=1x2x1"])
def test_split_ways_of_a_cut_wiring_equal_the_plain_walk(spec, policy):
    whole = topology_of(spec)
    inner = np.flatnonzero(whole.ends[:, 0] >= whole.devices)
    for seed in range(4):
        topology = cut(whole, *np.random.default_rng(seed).choice(inner, 2, replace=False))
        source, target = messages(topology, seed, count=25)
        assert np.allclose(route(topology, source, target, policy).per_link, plain_loads(topology, source, target, policy))


@pytest.mark.parametrize("spec", EVEN)
def test_hashed_ways_average_to_the_ideal_split(spec):
    topology = topology_of(spec)
    source, target = reachable(topology, *messages(topology, seed=1, count=10))
    hashed = [route(topology, source, target, f"ecmp:{seed}").per_link for seed in range(400)]
    ideal = route(topology, source, target).per_link
    assert all(np.array_equal(h, np.round(h)) for h in hashed)
    assert all(h.sum() == pytest.approx(ideal.sum()) for h in hashed), "the same hops, whatever the way"
    assert np.abs(np.mean(hashed, axis=0) - ideal).max() < 0.35


def chained(topology, source, target, paths):
    """Return whether every way leads from its source to its target over consecutive links."""
    for flow, (s, t) in enumerate(zip(source.tolist(), target.tolist(), strict=True)):
        at = s
        for link in paths.links[paths.first[flow] : paths.first[flow + 1]].tolist():
            low, high = topology.ends[link // 2]
            tail, head = (low, high) if link % 2 == 0 else (high, low)
            if tail != at:
                return False
            at = head
        if at != t:
            return False
    return True


MINIMAL = ["ecmp:3", "adaptive:3", "dmodk", "rail_aligned"]


@pytest.mark.parametrize("policy", [*MINIMAL, "valiant:3"])
@pytest.mark.parametrize("spec", SPECS)
def test_every_single_way_is_chained_and_minimal_ones_are_shortest(spec, policy):
    topology, fabric = topology_of(spec), load(spec)
    source, target = reachable(topology, *messages(topology, seed=2, count=20))
    found = ways(fabric, source, target, policy)
    assert chained(topology, source, target, found.paths)
    if policy in MINIMAL:
        expected = [0 if s == t else shortest(topology, s, t) for s, t in zip(source, target, strict=True)]
        assert found.paths.hops.tolist() == expected
    routed = route(topology, source, target, policy)
    if not policy.startswith("adaptive"):  # its load is relative to speeds where the fabric is known
        assert np.array_equal(np.bincount(found.paths.links, minlength=len(routed.per_link)), routed.per_link)
    assert np.array_equal(routed.hops.sum(axis=1), found.paths.hops) or policy.startswith("adaptive")
    latency = routed.hops @ fabric.level_latency
    assert np.allclose(found.latency, latency) or policy.startswith("adaptive")


@pytest.mark.parametrize("policy", ["ideal", "spray", "ecmp:3", "adaptive:1", "dmodk", "rail_aligned", "valiant:1"])
@pytest.mark.parametrize("spec", [spec for spec in SPECS if not topology_of(spec).forwards[0]])
def test_no_route_crosses_a_device(spec, policy):
    topology = topology_of(spec)
    source, target = reachable(topology, *messages(topology))
    per_link = route(topology, source, target, policy).per_link
    low, high = topology.ends.T
    moving = source != target
    out = np.zeros(topology.vertices)
    into = np.zeros(topology.vertices)
    np.add.at(out, low, per_link[0::2])
    np.add.at(out, high, per_link[1::2])
    np.add.at(into, high, per_link[0::2])
    np.add.at(into, low, per_link[1::2])
    devices = slice(0, topology.devices)
    assert np.allclose(out[devices], np.bincount(source[moving], minlength=topology.devices)), (
        "a message leaves its source once"
    )
    assert np.allclose(into[devices], np.bincount(target[moving], minlength=topology.devices)), "and enters its target once"
    assert np.allclose(out[topology.devices :], into[topology.devices :]), "what enters a switch leaves it"


@pytest.mark.parametrize(
    ("spec", "digest"),
    [
        ("fat_tree:k=8", "50cfc2fa857de03e"),
        ("rail_optimized:nodes=40,rails=4,radix=16,scale_up=nvswitch", "38dbbfe6bcab758a"),
        ("dual_tor:nodes=40,rails=2,down=8,up=4,core_up=2,radix=32", "e6fa4ba91811b190"),
        ("leaf_spine:leaves=5,spines=2,hosts_per_leaf=6,uplinks=6", "0d42504436a7e8fd"),
        ("clos:radix=8,endpoints=50,tiers=3", "da7f535df75aa61c"),
    ],
)
def test_hashed_draws_stay_what_published_figures_were_made_with(spec, digest):
    topology = catalog.parse(spec)
    source, target = np.divmod(np.arange(topology.devices**2), topology.devices)
    crossings = route(topology, source, target, "ecmp:7").per_link.astype(np.int64)
    assert hashlib.sha256(crossings.tobytes()).hexdigest()[:16] == digest


@pytest.mark.parametrize("policy", ["ideal", "spray", "ecmp:5", "dmodk", "rail_aligned"])
@pytest.mark.parametrize("spec", EVEN)
def test_arithmetic_and_distances_give_the_same_ways(spec, policy):
    """Even tiered fabrics are routed by arithmetic; the router for any graph must draw the very same ways."""
    topology = topology_of(spec)
    source, target = reachable(topology, *messages(topology, seed=4, count=60))
    general = router_of(replace(topology))
    object.__setattr__(general, "tiered", None)
    from fabric.network.routing.policies import read_policy

    found = general.route(source, target, read_policy(policy), None)
    expected = route(topology, source, target, policy)
    assert expected.per_link.sum() > 0
    assert np.allclose(found.per_link, expected.per_link)
    assert np.allclose(found.hops, expected.hops)


@pytest.mark.parametrize("policy", ["ideal", "spray", "ecmp:2", "dmodk", "valiant:1", "pxn:ideal", "pxn:ecmp:1"])
@pytest.mark.parametrize("spec", SPECS)
def test_all_pairs_at_once_equal_all_pairs_listed(spec, policy):
    topology = topology_of(spec)
    if topology.family == "rail_only" and not policy.startswith("pxn"):
        with pytest.raises(InputError, match=r"routing: no way in rail_only:.* from device \d+ to device \d+(;|$)"):
            route_all(topology, np.arange(topology.devices), policy)
        return
    devices = np.random.default_rng(1).permutation(topology.devices)[: max(topology.devices - 2, 3)]
    source, target = (a.ravel() for a in np.meshgrid(devices, devices, indexing="ij"))
    listed = route(topology, source, target, policy)
    found = route_all(topology, devices, policy, weight=3.0)
    assert np.allclose(found.per_link, 3 * listed.per_link)
    rows = {tuple(np.round(row, 6)) for row in listed.hops.tolist()}
    latency = load(spec).level_latency
    assert {tuple(np.round(row, 6)) for row in found.hops.tolist()} <= rows
    assert (found.hops @ latency).max() == pytest.approx((listed.hops @ latency).max())


def expanded(fabric, found, messages):
    """Return crossings by link of ways: bundles are spread evenly over their links, told by tier and part."""
    return np.bincount(found.link[found.paths.links], found.share, minlength=len(fabric.link_speed))


@pytest.mark.parametrize("spec", EVEN)
def test_bundles_carry_what_the_split_carries(spec):
    """All messages through a bundle, over its capacity, is the load of its fullest link over that link's speed."""
    fabric = load(spec)
    topology = fabric.topology
    source, target = reachable(topology, *messages(topology, seed=3, count=30))
    found, routed = ways(fabric, source, target, "ideal"), route(topology, source, target)
    load_of = np.bincount(found.paths.links, minlength=len(found.capacity))
    used = np.flatnonzero(load_of)
    named = found.link[used]
    assert found.share is None
    assert np.allclose(load_of[used] / found.capacity[used], routed.per_link[named] / fabric.link_speed[named])
    assert found.paths.hops.max() <= 2 * len(topology.tiers)
    assert np.allclose(found.latency, routed.hops @ fabric.level_latency)


@pytest.mark.parametrize("policy", ["ideal", "spray"])
@pytest.mark.parametrize("spec", [*DIRECT, *INSIDE])
def test_shares_add_up_to_the_split(spec, policy):
    fabric = load(spec)
    topology = fabric.topology
    source, target = messages(topology, seed=3, count=30)
    found, routed = ways(fabric, source, target, policy), route(topology, source, target, policy)
    if found.paths.links.max() < 2 * len(topology.ends):
        shared = np.bincount(found.paths.links, found.share, minlength=len(routed.per_link))
        assert np.allclose(shared, routed.per_link)
    assert np.allclose(found.latency, routed.hops @ fabric.level_latency)
