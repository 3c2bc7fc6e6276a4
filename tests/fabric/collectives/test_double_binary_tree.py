import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.collectives.double_binary_tree import depths, trees
from fabric.collectives.schedule import flat


@given(p=st.integers(2, 200))
def test_both_trees_span_all_ranks_and_no_rank_forwards_twice(p):
    parents = trees(p)
    for tree in parents:
        assert (tree < 0).sum() == 1
        assert depths(tree).max() <= 2 * np.ceil(np.log2(p)) + 1
        assert np.bincount(tree[tree >= 0]).max() <= 2
    if p % 2 == 0:
        forwards = [set(tree[tree >= 0].tolist()) - {int(np.flatnonzero(tree < 0)[0])} for tree in parents]
        assert not forwards[0] & forwards[1]


@pytest.mark.parametrize("chunks", [1, 8, 512])
def test_double_binary_tree_takes_depth_plus_chunks_slots_each_way_towards_2_s(chunks, built, traffic):
    schedule = built("all_reduce", f"double_binary_tree:chunks={chunks}", flat(32))
    deepest = max(int(depths(tree).max()) for tree in trees(32))
    assert schedule.messages == 2 * (deepest + chunks - 1)
    busiest = max(moved.max() for moved in traffic(schedule))
    assert busiest == pytest.approx(2)
