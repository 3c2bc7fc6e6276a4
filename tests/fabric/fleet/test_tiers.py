"""Trees with other tiers: what goes out of them is what went out before, and nodes stay nested."""

import numpy as np
import pytest

from fabric.fleet.tiers import larger_leaves, nodes_of_a_leaf, one_more_tier
from fabric.fleet.tree import UNIT, flat, tree_of
from fabric.network.spec import load
from topologies.errors import InputError


def test_joined_leaves_pass_on_what_all_of_them_did():
    tree = flat(20, 4, ratio=4)
    joined = larger_leaves(tree, 2)
    assert np.bincount(joined.group[0]).tolist() == [8, 8, 4]
    assert joined.capacity[0].tolist() == [2 * UNIT, 2 * UNIT, UNIT]
    assert joined.ratios == tree.ratios
    assert (nodes_of_a_leaf(tree), nodes_of_a_leaf(joined)) == (4, 8)
    assert joined.uplinks[0].sum() == tree.uplinks[0].sum()


def test_a_tier_more_is_oversubscribed_as_the_leaves_are():
    tree = one_more_tier(flat(32, 4, ratio=4), 4)
    assert tree.tiers == ("leaf", "pod")
    assert np.bincount(tree.group[1]).tolist() == [16, 16]
    assert tree.ratios == (4.0, 16.0)


@pytest.mark.parametrize("change", [larger_leaves, one_more_tier])
def test_leaves_are_put_together_below_one_parent_only(change):
    tree = tree_of(load("fat_tree:k=4"))  # pods of two leaves
    found = change(tree, 3)
    for below, above in zip(found.group[:-1], found.group[1:], strict=True):
        for group in np.unique(below):
            assert len(np.unique(above[below == group])) == 1
    merged = found.group[0] if change is larger_leaves else found.group[1]
    assert np.bincount(merged).tolist() == [4] * 4, "no pod has three"


def test_what_cannot_be_put_together_is_one_line():
    with pytest.raises(InputError, match="tier: leaves must put 2 to 4 of the 5 leaves together, got 5"):
        larger_leaves(flat(20, 4), 5)
