"""Minimal and Valiant routes: how many cables between groups they take, and what they refuse."""

import numpy as np
import pytest

from fabric.network.failures import Failures, cut
from fabric.network.routing.detours import groups_of
from fabric.network.routing.route import route, ways
from fabric.network.spec import load
from topologies import catalog
from topologies.errors import InputError

SPECS = [
    "dragonfly:p=2,a=4,h=2",
    "dragonfly:p=1,a=4,h=2,groups=4,arrangement=circulant",
    "dragonfly_plus:p=2,leaves=3,spines=2,h=2",
    "dragonfly_plus:p=1,leaves=2,spines=3,h=2,groups=3",
]


def crossed_groups(topology, found):
    """Return per message the groups of the switches on its way, in order, each once in a row."""
    group, rows = groups_of(topology), []
    for flow in range(len(found.paths.hops)):
        row = []
        for link in found.paths.links[found.paths.first[flow] : found.paths.first[flow + 1]].tolist():
            here = group[topology.ends[link // 2][1 - link % 2]]
            if here >= 0 and (not row or row[-1] != here):
                row.append(int(here))
        rows.append(row)
    return rows


def all_pairs(topology):
    source, target = np.divmod(np.arange(topology.devices**2), topology.devices)
    return source[source != target], target[source != target]


@pytest.mark.parametrize("spec", SPECS)
def test_minimal_takes_one_cable_between_groups_and_few_inside(spec):
    fabric = load(spec)
    topology = fabric.topology
    source, target = all_pairs(topology)
    home = topology.ends[np.argsort(topology.ends[: topology.devices, 0]), 1]
    for seed in range(3):
        found = ways(fabric, source, target, f"minimal:{seed}")
        group = groups_of(topology)[home]
        for row, s, t in zip(crossed_groups(topology, found), source, target, strict=True):
            assert row == list(dict.fromkeys([int(group[s]), int(group[t])]))
        assert found.paths.hops.max() <= 5, "up, local, global, local, down"


@pytest.mark.parametrize("spec", SPECS)
def test_valiant_goes_through_one_drawn_group_more(spec):
    fabric = load(spec)
    topology = fabric.topology
    source, target = all_pairs(topology)
    through = set()
    for seed in range(3):
        found = ways(fabric, source, target, f"valiant:{seed}")
        rows = crossed_groups(topology, found)
        assert max(map(len, rows)) == 3, "at most twice as many cables between groups as minimal"
        assert all(len(row) == 3 or row[0] == row[-1] for row in rows)
        assert all(len(set(row)) == len(row) for row in rows)
        through |= {row[1] for row in rows if len(row) == 3}
    assert through == set(range(int(groups_of(topology).max()) + 1))


def test_plain_shortest_ways_may_take_two_cables_between_groups():
    topology = catalog.parse("dragonfly:p=1,a=8,h=1")
    found = ways(load(topology.name), *all_pairs(topology), "ecmp:0")
    assert max(map(len, crossed_groups(topology, found))) >= 2


def test_valiant_evens_out_traffic_between_two_groups():
    topology = catalog.parse("dragonfly:p=2,a=4,h=2")
    source, target = np.arange(8), np.arange(8, 16)
    assert route(topology, source, target, "minimal:0").per_link.max() == 8, "all over the one cable between the groups"
    assert route(topology, source, target, "valiant:0").per_link.max() <= 4


def test_parallel_cables_between_groups_are_all_drawn():
    topology = catalog.parse("dragonfly:p=2,a=4,h=2,groups=3")
    source, target = np.repeat(np.arange(8), 8), np.tile(np.arange(8, 16), 8)
    group = groups_of(topology)
    between = (group[topology.ends[:, 0]] == 0) & (group[topology.ends[:, 1]] == 1)
    used = sum(route(topology, source, target, f"minimal:{seed}").per_link[0::2] for seed in range(4))
    assert between.sum() == 4
    assert (used[between] > 0).all()


def test_cut_cables_inside_a_group_are_gone_around_and_between_groups_refused():
    topology = catalog.parse("dragonfly:p=1,a=4,h=2")
    group = groups_of(topology)
    apart = group[topology.ends[:, 0]] != group[topology.ends[:, 1]]
    local = np.flatnonzero(~apart & (topology.ends[:, 0] >= topology.devices))[0]
    source, target = all_pairs(topology)
    left = cut(topology, Failures(cables=(int(local),)))
    assert route(left, source, target, "minimal:1").hops.sum() > route(topology, source, target, "minimal:1").hops.sum()
    low = int(np.flatnonzero(apart & (topology.ends[:, 0] >= topology.devices))[0])
    left = cut(topology, Failures(cables=(low,)))
    with pytest.raises(InputError, match=r"must have a cable from group \d to group \d for minimal and valiant"):
        route(left, source, target, "minimal:1")


def test_minimal_is_for_dragonflies():
    with pytest.raises(InputError, match=r"^routing: minimal must be on dragonfly or dragonfly_plus, got fat_tree:k=4; "):
        route(catalog.parse("fat_tree:k=4"), np.array([0]), np.array([1]), "minimal:0")


def test_valiant_elsewhere_spreads_over_drawn_switches():
    topology = catalog.parse("torus:dims=8x8")
    source, target = np.zeros(200, dtype=int), np.full(200, 9)
    through = [route(topology, source[:1], target[:1], f"valiant:{seed}") for seed in range(20)]
    assert len({int(found.hops.sum()) for found in through}) > 2
    assert all(2 <= found.hops.sum() <= 16 for found in through), "at most two diameters"
