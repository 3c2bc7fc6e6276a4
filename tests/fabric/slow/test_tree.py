"""Suspects of a fabric: nodes, then what leads out of groups, level by level; names and fill against the wiring."""

import numpy as np
import pytest

from benchmarks.slow_sites import Site
from fabric.network.names import Given, give_names
from fabric.network.spec import load
from fabric.slow.adaptive import search
from fabric.slow.plan import Test as PlannedTest
from fabric.slow.rings import ranks_of, tree_for
from fabric.slow.tree import flat, tree_of
from topologies.errors import InputError


@pytest.mark.parametrize(
    ("spec", "nodes", "groups", "fill", "switches"),
    [
        ("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8", 32, [4], [4.0], 0),
        ("fat_tree:k=4", 16, [8, 4], [1.0, 1.0], 0),
        ("fat_tree:k=4,node=8x4090-dual-root", 16, [8, 4], [1.0, 1.0], 0),  # groups of two nodes
        ("rail_optimized:nodes=16,rails=4,radix=16", 16, [2], [1.0], 2),
        ("star:devices=8", 8, [], [], 0),
        ("torus:dims=4x4", 16, [16], [1.0], 0),
        ("hyperx:dims=4x4,hosts=2", 32, [16], [1.0], 0),
        ("dragonfly:p=4,a=4,h=2,devices_per_node=4,scale_up=nvswitch", 36, [9], [1.0], 0),
        ("hamming_mesh:a=2,b=2,x=2,y=2", 4, [], [], 0),
    ],
)
def test_groups_follow_the_tiers(spec, nodes, groups, fill, switches):
    tree = tree_of(load(spec))
    assert (tree.nodes, [len(layer.names) for layer in tree.layers]) == (nodes, groups)
    assert [float(layer.fill[0]) for layer in tree.layers] == pytest.approx(fill)
    tiers = [g for g, layer in zip(groups, tree.layers, strict=True) if not layer.direct]
    assert tree.first_pair == nodes + sum(1 if g == 2 else g for g in tiers) + switches
    for layer in tree.layers:
        assert np.bincount(layer.group).min() == np.bincount(layer.group).max()


def test_every_suspect_has_a_name_of_its_own():
    tree = tree_of(load("fat_tree:k=4"))
    names = [tree.word(s) for s in range(tree.suspects)]
    assert len(set(names)) == tree.suspects
    assert (names[0], names[16], names[24]) == ("device 0", "leaf0 | the others", "spine0..spine1 | the others")
    assert [tree.layer_of(s) for s in (0, 15, 16, 23, 24)] == [-1, -1, 0, 0, 1]


def test_two_groups_have_one_boundary():
    tree = tree_of(load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=4"))
    assert tree.suspects == 9
    assert tree.boundary(0, 0) == tree.boundary(0, 1) == 8
    assert tree.word(8) == "leaf0 | leaf1"


def test_some_nodes_of_a_fabric_and_wrong_ones():
    tree = tree_of(load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8"), [0, 1, 8, 9])
    assert (tree.nodes, [len(layer.names) for layer in tree.layers]) == (4, [2])
    assert flat(3).suspects == 3
    with pytest.raises(InputError, match="nodes: must be some of the fabric's 32, got"):
        tree_of(load("leaf_spine:leaves=4,spines=2,hosts_per_leaf=8"), [99])


def test_nodes_of_one_scale_up_domain_are_one_where_ranks_run():
    """Messages between them go over NVLink: they would be ten times as fast as those of any other test."""
    fabric = load("rail_optimized:nodes=16,rails=4,radix=16,scale_up=nvl72,domain=8")
    tree = tree_for([[rank] for rank in range(64)], 64, "rank", fabric)
    assert tree.nodes == 8
    assert tree.names[1] == "node2..node3"
    assert tree.devices[1] == tuple(range(8, 16))
    assert all(len({*own}) == 1 for own in fabric.topology.together[np.array(tree.devices)].tolist())
    ring = ranks_of(tree, PlannedTest((0, 3, 5)))
    domains = fabric.topology.together[ring]
    assert (domains != np.roll(domains, 1)).all()
    one = load("rail_optimized:nodes=8,rails=4,radix=16,scale_up=nvl72,domain=32")
    assert tree_for([[rank] for rank in range(32)], 32, "rank", one).nodes == 8, "of one domain alone its nodes are told apart"
    two = load("rail_optimized:nodes=8,rails=4,radix=16,scale_up=nvl72,domain=16")
    with pytest.raises(InputError, match="4 scale-up domains or more, or one, got 2 of 8 nodes; use --method pairs"):
        tree_for([[rank] for rank in range(32)], 32, "rank", two)


def test_a_slow_device_of_a_scale_up_domain_is_told_as_its_nodes_own():
    fabric = load("rail_optimized:nodes=16,rails=4,radix=16,scale_up=nvl72,domain=8")
    tree = tree_for([[rank] for rank in range(64)], 64, "rank", fabric)
    found = search(tree, Site(fabric, tree, 2, devices={22: 2.0}).ask)
    assert [(v.kind, v.name, v.parts, v.suspects) for v in found.verdicts] == [("device", "node5", (2,), (2,))]
    assert tree.whose(2, ()) == ("node4..node5", ())
    assert tree.whose(2, (1, 5)) == ("node4..node5", (1, 5)), "of two nodes"


def test_nodes_that_do_not_share_the_switches_of_each_device_are_no_group():
    """Racks of 72 on leaves of 32 ports: device 40 of one hangs beside device 8 of the next, a ring of both leaves the leaf."""
    assert tree_of(load("gb200-nvl72:nodes=36")).layers == ()


def test_nodes_of_several_devices_have_the_names_that_a_file_gives():
    """A line that takes one out of service needs the host's own name."""
    fabric = load("rail_optimized:nodes=8,rails=4,radix=16")
    hosts = [f"gpu{100 + n}" for n in range(8)]
    count = fabric.topology.vertices
    own = [f"{hosts[d // 4]}:{d % 4}" if d < fabric.topology.devices else f"s{d}" for d in range(count)]
    give_names(fabric.topology, Given(tuple(own), tuple(hosts)))
    assert tree_of(fabric).names == tuple(hosts)
