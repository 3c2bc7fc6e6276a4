"""Minimal ways, detours and their best mixture: against closed forms, a linear program, and the mean of many draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from fabric.network.fabric import Fabric
from fabric.network.failures import Failures, cut
from fabric.network.routing.adaptive_shares import shares
from fabric.network.routing.balance import GAP
from fabric.network.routing.detours import groups_of
from fabric.network.routing.policies import read_policy
from fabric.network.routing.route import route, route_all, router_of, ways
from fabric.network.spec import load
from topologies import catalog
from topologies.errors import InputError

GROUPED = [
    "dragonfly:p=2,a=4,h=2",
    "dragonfly:p=1,a=4,h=2,groups=4,arrangement=circulant",
    "dragonfly_plus:p=2,leaves=3,spines=2,h=2",
]
FLAT = ["slim_fly:q=5,hosts=4", "hyperx:dims=4x4,hosts=4", "polarfly:q=3,hosts=2", "full_mesh:dims=5,hosts=8"]
SLACK = 1 + 1e-6


def fullest(topology, source, target, policy, weight=None):
    return route(topology, source, target, policy, weight).per_link.max()


def next_group(topology, groups):
    """Return messages from every device to the same place of the next group."""
    source = np.arange(topology.devices)
    return source, (source + topology.devices // groups) % topology.devices


@pytest.mark.parametrize("spec", [*GROUPED, *FLAT])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000))
def test_never_fuller_than_minimal_or_valiant_alone(spec, seed):
    topology, rng = catalog.parse(spec), np.random.default_rng(seed)
    source, target = np.arange(topology.devices), rng.permutation(topology.devices)
    weight = rng.random(topology.devices) ** 3
    most = min(fullest(topology, source, target, policy, weight) for policy in ("minimal", "valiant"))
    assert fullest(topology, source, target, "ugal", weight) <= most * SLACK


@pytest.mark.parametrize("spec", [*GROUPED, *FLAT])
def test_everybody_to_everybody_is_minimal_where_all_links_are_alike(spec):
    topology = catalog.parse(spec)
    devices = np.arange(topology.devices)
    found, minimal, valiant = (route_all(topology, devices, policy) for policy in ("ugal", "minimal", "valiant"))
    assert found.per_link.max() <= minimal.per_link.max() * SLACK
    assert valiant.per_link.max() > found.per_link.max()
    if spec == "dragonfly:p=2,a=4,h=2" or spec in FLAT[:2]:
        assert np.allclose(found.per_link, minimal.per_link), "no detour helps, so none is taken"
        assert np.array_equal(found.hops, minimal.hops)


def test_group_to_next_group_meets_the_closed_forms():
    """One cable a pair of g groups, n messages a group: minimal n, Valiant 2 n / (g - 2), the best mixture 2 n / g."""
    topology = catalog.parse("dragonfly_plus:p=4,leaves=4,spines=4,h=2")
    groups, each = 9, 16
    source, target = next_group(topology, groups)
    assert fullest(topology, source, target, "minimal") == each
    assert fullest(topology, source, target, "valiant") == pytest.approx(2 * each / (groups - 2))
    assert 2 * each / groups * (1 - 1e-9) <= fullest(topology, source, target, "ugal") <= 2 * each / groups * (1 + GAP)


def test_a_dragonfly_halves_under_the_worst_traffic_and_no_more():
    """Half of what hosts send is what Valiant promises (Kim et al. 2008); minimal gives 1 / (a p)."""
    topology = catalog.parse("dragonfly:p=4,a=8,h=4")
    source, target = next_group(topology, 33)
    assert fullest(topology, source, target, "minimal") == 32
    assert 64 / 33 <= fullest(topology, source, target, "ugal") <= 64 / 31


@pytest.mark.parametrize("spec", ["dragonfly:p=2,a=4,h=2", "slim_fly:q=5,hosts=4", "hyperx:dims=4x4,hosts=4"])
def test_a_linear_program_finds_nothing_better_than_the_gap(spec):
    topology = catalog.parse(spec)
    router, rng = router_of(topology), np.random.default_rng(3)
    source, target = np.arange(topology.devices), rng.permutation(topology.devices)
    spots = [router.detours.spots(ends) for ends in (source, target)]
    demand = router.detours.listed(*spots, np.ones(len(source)))
    share = shares(demand, read_policy("ugal"), np.ones(2 * len(topology.ends)), 0.0)
    free = np.flatnonzero(demand.high > 0)
    unit = np.zeros((len(free), len(share)))
    unit[np.arange(len(free)), free] = 1
    base = demand.loads(np.zeros(len(share)))
    change = np.stack([demand.loads(row) - base for row in unit], axis=1)
    rows = np.hstack([change, -np.ones((len(base), 1))])
    bounds = [*((0, 1),) * len(free), (0, None)]
    best = linprog([*np.zeros(len(free)), 1], A_ub=rows, b_ub=-base, bounds=bounds).fun
    assert best * (1 - 1e-9) <= demand.loads(share).max() <= best * (1 + 2 * GAP)


@pytest.mark.parametrize("kind", ["minimal", "valiant"])
@pytest.mark.parametrize("spec", GROUPED)
def test_without_a_seed_is_the_mean_of_all_draws(spec, kind):
    topology = catalog.parse(spec)
    group = groups_of(topology)
    home = topology.ends[np.argsort(topology.ends[: topology.devices, 0]), 1]
    source = np.zeros(topology.devices - 1, dtype=int)
    target = np.arange(1, topology.devices)
    apart = group[home[source]] != group[home[target]]
    source, target = source[apart], target[apart]
    draws = [route(topology, source, target, f"{kind}:{seed}") for seed in range(600)]
    found = route(topology, source, target, kind)
    mean = np.mean([one.per_link for one in draws], axis=0)
    assert np.allclose(mean, found.per_link, atol=0.25 + 0.03 * len(source))
    assert mean.sum() == pytest.approx(found.per_link.sum(), rel=0.02)
    assert found.hops.sum() == pytest.approx(np.mean([one.hops.sum() for one in draws]), rel=0.02)


@pytest.mark.parametrize("policy", ["minimal", "valiant", "ugal"])
@pytest.mark.parametrize("spec", [*GROUPED, *FLAT, "torus:dims=3x4", "fat_tree:k=4"])
def test_what_enters_a_switch_leaves_it_and_hops_add_up(spec, policy):
    topology, rng = catalog.parse(spec), np.random.default_rng(1)
    source, target = (rng.integers(0, topology.devices, 60) for _ in range(2))
    found = route(topology, source, target, policy)
    low, high = topology.ends.T
    through = np.zeros(topology.vertices)
    np.add.at(through, np.concatenate([low, high]), np.concatenate([found.per_link[1::2], found.per_link[0::2]]))
    np.add.at(through, np.concatenate([low, high]), -np.concatenate([found.per_link[0::2], found.per_link[1::2]]))
    moving = source != target
    due = np.bincount(target[moving], minlength=topology.vertices) - np.bincount(source[moving], minlength=topology.vertices)
    assert np.allclose(through, due)
    assert found.hops.sum() == pytest.approx(found.per_link.sum())
    assert (found.hops[~moving] == 0).all()


@pytest.mark.parametrize("policy", ["minimal", "valiant"])
@pytest.mark.parametrize("spec", [*GROUPED, *FLAT, "dragonfly:p=4,a=4,h=1,devices_per_node=8,scale_up=nvswitch"])
def test_all_pairs_at_once_are_all_pairs_listed(spec, policy):
    topology = catalog.parse(spec)
    devices = np.random.default_rng(1).permutation(topology.devices)[: topology.devices - 2]
    source, target = (a.ravel() for a in np.meshgrid(devices, devices, indexing="ij"))
    listed, found = route(topology, source, target, policy), route_all(topology, devices, policy, weight=3.0)
    assert np.allclose(found.per_link, 3 * listed.per_link)
    assert found.hops.sum(axis=1).max() == pytest.approx(listed.hops.sum(axis=1).max())


def test_where_a_cable_between_groups_is_cut_its_messages_take_the_detour():
    topology = catalog.parse("dragonfly:p=2,a=4,h=2")
    group = groups_of(topology)
    apart = np.flatnonzero((group[topology.ends] >= 0).all(axis=1) & (np.diff(group[topology.ends], axis=1)[:, 0] != 0))
    left = cut(topology, Failures(cables=(int(apart[0]),)))
    source, target = next_group(topology, 9)
    assert fullest(left, source, target, "minimal") == 8, "the other pairs of groups go as before"
    assert 16 / 9 <= fullest(left, source, target, "ugal") < 2 * 16 / 7
    assert route(left, source, target, "ugal").hops.sum() > 0


@pytest.mark.parametrize("spec", ["dragonfly:p=2,a=4,h=2", "dragonfly_plus:p=2,leaves=3,spines=2,h=2"])
def test_a_cut_cable_inside_a_group_is_gone_around(spec):
    topology = catalog.parse(spec)
    group = groups_of(topology)
    inside = np.flatnonzero((group[topology.ends] >= 0).all(axis=1) & (np.diff(group[topology.ends], axis=1)[:, 0] == 0))
    left = cut(topology, Failures(cables=(int(inside[0]),)))
    devices = np.arange(topology.devices)
    for policy in ("minimal", "valiant", "ugal"):
        found = route_all(left, devices, policy)
        assert found.per_link.max() >= route_all(topology, devices, policy).per_link.max() * (1 - 1e-9)


def test_a_slow_cable_is_avoided_where_speeds_are_known():
    fabric = load("full_mesh:dims=4,hosts=4")
    topology = fabric.topology
    cable = int(np.flatnonzero((topology.ends >= topology.devices).all(axis=1))[0])
    slow = Fabric(**{**vars_of(fabric), "degraded": {cable: float(fabric.link_speed[2 * cable]) / 8}})
    low, high = topology.ends[cable]
    home = topology.ends[np.argsort(topology.ends[: topology.devices, 0]), 1]
    source, target = np.flatnonzero(home == low), np.flatnonzero(home == high)
    blind = route(topology, source, target, "ugal").per_link[2 * cable]
    seeing = route(topology, source, target, "ugal", speed=slow.link_speed).per_link[2 * cable]
    assert seeing < blind / 2


def vars_of(fabric):
    return {name: getattr(fabric, name) for name in type(fabric).__dataclass_fields__}


def test_what_cannot_be_shared_out_is_refused():
    with pytest.raises(InputError, match=r"^routing: ugal must be asked at the loaded fidelity"):
        ways(load("slim_fly:q=5,hosts=4"), np.array([0]), np.array([9]), "ugal")
    with pytest.raises(InputError, match=r"^routing: ugal must be where every device hangs on one switch, got dual_tor"):
        route(catalog.parse("dual_tor:nodes=6,rails=2,down=2,up=2,core_up=1,radix=16"), np.array([0]), np.array([3]), "ugal")
