"""NCCL's tree: its slots, the bytes of every rank between and inside nodes, and what a level of it carries."""

import numpy as np
import pytest

from fabric.collectives.double_binary_tree import depths, trees
from fabric.collectives.schedule import Groups


@pytest.mark.parametrize("chunks", [1, 16, 512])
@pytest.mark.parametrize(("nodes", "per_node"), [(2, 8), (4, 8), (5, 3), (16, 4), (1, 8), (6, 1)])
def test_slots_are_chains_depth_and_chunks_each_way(nodes, per_node, chunks, built, even):
    schedule = built("all_reduce", f"tree:chunks={chunks}", even(nodes, per_node))
    depth = max(int(depths(tree).max()) for tree in trees(nodes)) if nodes > 1 else 0
    assert schedule.messages == 2 * (per_node - 1 + depth + chunks - 1)
    assert [step.reduces for step in schedule.steps] == [True, False]


@pytest.mark.parametrize(("nodes", "per_node"), [(2, 8), (4, 8), (5, 3), (16, 4), (1, 8), (6, 1)])
def test_every_part_crosses_every_edge_of_its_trees_and_chains_once_each_way(nodes, per_node, built, even):
    schedule = built("all_reduce", "tree:chunks=4", even(nodes, per_node))
    ranks = nodes * per_node
    between, inside = np.zeros((2, ranks)), np.zeros((2, ranks))
    for step in schedule.steps:
        for repeat in range(step.repeats):
            moved = np.array([len(b) for b in step.blocks(repeat)]) / schedule.blocks
            apart = step.source // per_node != step.target // per_node
            assert (step.source[apart] % per_node == step.target[apart] % per_node).all(), "a rail is left"
            for way, ends in enumerate((step.source, step.target)):
                between[way] += np.bincount(ends[apart], moved[apart], ranks)
                inside[way] += np.bincount(ends[~apart], moved[~apart], ranks)
    assert between.sum(axis=1) == pytest.approx([2 * (nodes - 1)] * 2)
    assert inside == pytest.approx(np.full((2, ranks), 2 * (per_node - 1) / per_node))
    assert between.max() <= 2 / per_node + 1e-9
    if nodes > 2:
        assert between.max() == pytest.approx(2 / per_node)


def test_one_rank_per_node_is_the_double_binary_tree(built, even):
    flat, ours = (built("all_reduce", f"{name}:chunks=5", even(7, 1)) for name in ("double_binary_tree", "tree"))
    for one, other in zip(flat.steps, ours.steps, strict=True):
        assert one.repeats == other.repeats
        for repeat in range(one.repeats):
            moves = [
                {(s, t, tuple(b)) for s, t, b in zip(step.source, step.target, step.blocks(repeat), strict=True) if len(b)}
                for step in (one, other)
            ]
            assert moves[0] == moves[1]


def test_ranks_dealt_out_over_nodes_keep_to_their_node(built):
    dealt = Groups(np.array([0, 1, 2] * 4, dtype=np.int32))
    schedule = built("all_reduce", "tree:chunks=2", dealt)
    chains = [step.scale == 1 for step in schedule.steps]
    for step, chain in zip(schedule.steps, chains, strict=True):
        assert (dealt.node_of[step.source[chain]] == dealt.node_of[step.target[chain]]).all()
        assert (dealt.node_of[step.source[~chain]] != dealt.node_of[step.target[~chain]]).all()
