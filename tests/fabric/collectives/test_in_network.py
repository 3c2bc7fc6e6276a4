import numpy as np
import pytest

from fabric.collectives.double_binary_tree import depths, trees


@pytest.mark.parametrize("chunks", [1, 4, 16])
@pytest.mark.parametrize("p", [2, 4, 8])
def test_nvls_moves_p_plus_1_over_p_of_s_per_direction(p, chunks, built, traffic, even):
    schedule = built("all_reduce", f"nvls:chunks={chunks}", even(1, p))
    for moved in traffic(schedule):
        assert moved[:p] == pytest.approx(np.full(p, (p + 1) / p))
    assert schedule.messages == chunks + 1
    assert schedule.switches == 1


def test_sharp_moves_s_each_way_at_once(built, traffic, even):
    schedule = built("all_reduce", "sharp", even(3, 4))
    assert schedule.messages == 1
    for moved in traffic(schedule):
        assert moved[:12] == pytest.approx(np.ones(12))


@pytest.mark.parametrize(("nodes", "per_node"), [(2, 8), (5, 4), (8, 1)])
def test_nvls_tree_moves_nvls_inside_and_up_and_down_the_trees_between_nodes(nodes, per_node, built, traffic, even):
    schedule = built("all_reduce", "nvls_tree:chunks=4", even(nodes, per_node))
    sent, _ = traffic(schedule)
    between = 2 * (nodes - 1)
    inside = nodes * (per_node + 1) if per_node > 1 else 0
    assert sent[: nodes * per_node].sum() == pytest.approx(between + inside)
    assert schedule.switches == (nodes if per_node > 1 else 0)


def test_nvls_tree_keeps_messages_of_switches_and_of_ranks_in_steps_of_their_own(built, even):
    schedule = built("all_reduce", "nvls_tree:chunks=4", even(5, 4))
    kinds = [set((np.maximum(step.source, step.target) >= 20).tolist()) for step in schedule.steps]
    assert kinds[0] == kinds[-1] == {True}
    assert all(kind == {False} for kind in kinds[1:-1])
    deepest = max(int(depths(tree).max()) for tree in trees(5))
    assert schedule.stages == (1,) * (2 + 2 * deepest)
    assert [step.reduces for step in schedule.steps] == [False] + [True] * deepest + [False] * (deepest + 1)
