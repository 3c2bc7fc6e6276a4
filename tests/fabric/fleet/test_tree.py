import numpy as np
import pytest

from fabric.fleet.fleet import of_fabric
from fabric.fleet.links import BOTH_ENDS, LinkModel
from fabric.fleet.policy import SchedulingPolicy, policy
from fabric.fleet.ready import fullest
from fabric.fleet.tree import UNIT, flat, oversubscribed, tree_of
from fabric.network.spec import load
from topologies.errors import InputError


@pytest.mark.parametrize(("spec", "node_speed"), [("fat_tree:k=4", 50e9), ("fat_tree:k=4,node=8x4090-dual-root", 12.5e9)])
def test_a_fat_tree_has_leaves_and_pods_and_nothing_is_oversubscribed(spec, node_speed):
    tree = tree_of(load(spec))
    assert [len(c) for c in tree.capacity] == [8, 4]
    assert tree.tiers == ("leaf", "spine")
    assert np.bincount(tree.group[0]).tolist() == [2] * 8
    assert np.bincount(tree.group[1]).tolist() == [4] * 4
    assert tree.ratios == (1.0, 1.0)
    assert tree.node_speed == pytest.approx(node_speed)


def test_the_nodes_of_a_rail_group_are_one_group_whatever_its_leaves():
    fleet = of_fabric(load("rail_optimized:nodes=16,rails=4,radix=8"))
    tree = fleet.tree
    assert fleet.pools[0].devices == 4
    assert len(set(np.bincount(tree.group[0]).tolist())) == 1
    assert all((np.diff(group) >= 0).all() for group in tree.group), "nodes are numbered leaf by leaf"
    assert sorted(tree.site.tolist()) == list(range(tree.nodes))


def test_groups_are_nested_and_a_ratio_can_be_stated():
    tree = tree_of(load("fat_tree:k=4"))
    for leaf in np.unique(tree.group[0]):
        assert len(np.unique(tree.group[1][tree.group[0] == leaf])) == 1
    narrow = oversubscribed(tree, 4, "leaf")
    assert narrow.ratios == (4.0, 1.0)
    assert flat(20, 8, ratio=4).capacity[0].tolist() == [2 * UNIT, 2 * UNIT, UNIT]
    with pytest.raises(InputError, match="leaf, spine"):
        tree.tier("core")


def test_the_fullest_of_two_uplinks_is_what_coins_say():
    # 2 flows on 2 uplinks meet in half of all cases, 4 in one of 8, and 3 of them on one in half.
    assert fullest(2, 1) == pytest.approx(1.5)
    assert fullest(2, 2) == pytest.approx((4 / 8 + 3 / 2 + 2 * 3 / 8) / 2)
    assert fullest(1, 4) == 1
    assert 1 < fullest(16, 64) < fullest(16, 4) < fullest(16, 1)
    assert fullest(129, 4) == pytest.approx(fullest(128, 4), rel=0.01), "one formula takes over from the other without a step"


def test_a_policys_name_reads_back_and_a_wrong_one_is_told():
    for text in ("fifo+scattered", "easy+tree", "fair+easy+preferred:leaf", "shortest+preempt+blocks", "easy:20+aware"):
        assert policy(text).name == text
        assert policy(policy(text).name) == policy(text)
    assert policy("easy") == SchedulingPolicy(backfill=True)
    for wrong in ("fast", "fifo+fair", "tree:leaf", "easy:x", ""):
        with pytest.raises(InputError, match="policy") as caught:
            policy(wrong)
        assert "\n" not in str(caught.value)


def test_link_models_have_names_and_two_ends():
    assert {model.name for model in BOTH_ENDS} == {
        "peak load, all-to-all, hash collisions (4 flows an uplink)",
        "mean load, ring, ideal split",
    }
    with pytest.raises(InputError, match="pattern"):
        LinkModel(pattern="star")
