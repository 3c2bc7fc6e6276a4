"""Steps and bytes of every algorithm against its formula; what travels where."""

from fractions import Fraction
from math import ceil, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.collectives.double_binary_tree import depths, trees
from fabric.collectives.gloo_ring import gloo_ring, segments
from fabric.collectives.schedule import flat

MIB = 2**20


def up(p):
    return ceil(log2(p)) if p > 1 else 0


def part(p):
    return (p - 1) / p


FLAT = {
    ("all_reduce", "ring"): lambda p: (2 * (p - 1), 2 * part(p)),
    ("all_reduce", "bidirectional_ring"): lambda p: (2 * (p - 1), 2 * part(p)),
    ("all_reduce", "nhr"): lambda p: (2 * up(p), 2 * part(p)),
    ("all_reduce", "pat"): lambda p: (2 * up(p), 2 * part(p)),
    ("all_reduce", "full_mesh"): lambda p: (2 * (p > 1), 2 * part(p)),
    ("all_reduce", "bucket"): lambda p: (2 * (p - 1), 2 * part(p)),
    ("all_gather", "ring"): lambda p: (p - 1, part(p)),
    ("all_gather", "bidirectional_ring"): lambda p: (p - 1, part(p)),
    ("all_gather", "bruck"): lambda p: (up(p), part(p)),
    ("all_gather", "nhr"): lambda p: (up(p), part(p)),
    ("all_gather", "pat"): lambda p: (up(p), part(p)),
    ("all_gather", "full_mesh"): lambda p: (p > 1, part(p)),
    ("reduce_scatter", "ring"): lambda p: (p - 1, part(p)),
    ("reduce_scatter", "bidirectional_ring"): lambda p: (p - 1, part(p)),
    ("reduce_scatter", "nhr"): lambda p: (up(p), part(p)),
    ("reduce_scatter", "pat"): lambda p: (up(p), part(p)),
    ("reduce_scatter", "full_mesh"): lambda p: (p > 1, part(p)),
    ("reduce_scatter", "pairwise"): lambda p: (p - 1, part(p)),
    ("all_to_all", "direct"): lambda p: (p > 1, part(p)),
    ("all_to_all", "pairwise"): lambda p: (p - 1, part(p)),
    ("all_to_all_v", "direct"): lambda p: (p > 1, part(p)),
    ("all_to_all_v", "pairwise"): lambda p: (p - 1, part(p)),
    ("sendrecv", "ring"): lambda p: (p > 1, float(p > 1)),
    ("barrier", "dissemination"): lambda p: (up(p), 0),
}
"""(collective, algorithm) -> p -> messages one after the other, and what every rank sends and receives in S."""


@pytest.mark.parametrize(("collective", "name"), FLAT)
@settings(max_examples=15, deadline=None)
@given(p=st.integers(1, 40))
def test_every_rank_of_a_flat_algorithm_moves_what_the_formula_says(collective, name, p, built, traffic):
    schedule = built(collective, name, flat(p))
    messages, moved = FLAT[collective, name](p)
    sent, received = traffic(schedule)
    assert schedule.messages == messages
    assert sent == pytest.approx(np.full(p, moved))
    assert received == pytest.approx(np.full(p, moved))


@pytest.mark.parametrize(
    ("collective", "name", "messages", "moved"),
    [
        ("all_reduce", "recursive_doubling", 5, 5),
        ("all_reduce", "halving_doubling", 10, 2 * 31 / 32),
        ("all_reduce", "swing", 10, 2 * 31 / 32),
        ("all_gather", "recursive_doubling", 5, 31 / 32),
        ("reduce_scatter", "recursive_halving", 5, 31 / 32),
        ("all_to_all", "pairwise_xor", 31, 31 / 32),
        ("all_to_all", "bruck", 5, 5 / 2),
        ("barrier", "recursive_doubling", 5, 0),
    ],
)
def test_algorithms_of_halves_on_32_ranks(collective, name, messages, moved, built, traffic):
    schedule = built(collective, name, flat(32))
    assert schedule.messages == messages
    assert traffic(schedule)[0] == pytest.approx(np.full(32, moved))


@pytest.mark.parametrize("name", ["recursive_doubling", "halving_doubling", "swing"])
@pytest.mark.parametrize("p", [3, 6, 13])
def test_other_numbers_of_ranks_cost_a_fold_of_s_before_and_after(name, p, built, traffic):
    power = 1 << (p.bit_length() - 1)
    whole, core = built("all_reduce", name, flat(p)), built("all_reduce", name, flat(power))
    assert whole.messages == core.messages + 2
    assert traffic(whole)[0].sum() == pytest.approx(traffic(core)[0].sum() + 2 * (p - power))


@settings(max_examples=40, deadline=None)
@given(p=st.integers(1, 40), root=st.integers(0, 39), chunks=st.integers(1, 9))
def test_rooted_algorithms_take_the_steps_and_bytes_of_their_formulas(p, root, chunks, built, traffic):
    root, depth = root % p, up(p)
    expected = {
        ("broadcast", "binomial"): (depth, p - 1),
        ("broadcast", "scatter_ring"): (depth + p - 1, None),
        ("broadcast", f"chain:chunks={chunks}"): ((p - 2 + chunks) * (p > 1), p - 1),
        ("broadcast", "linear"): (p > 1, p - 1),
        ("broadcast", f"double_binary_tree:chunks={chunks}"): (slots(p, chunks), p - 1),
        ("reduce", "linear"): (p > 1, p - 1),
        ("reduce", "ring_gather"): (p * (p > 1), p - 1 + part(p)),
        ("reduce", f"double_binary_tree:chunks={chunks}"): (slots(p, chunks), p - 1),
        ("reduce", "binomial"): (depth, p - 1),
        ("reduce", f"chain:chunks={chunks}"): ((p - 2 + chunks) * (p > 1), p - 1),
        ("gather", "linear"): (p > 1, part(p)),
        ("gather", "binomial"): (depth, None),
        ("scatter", "linear"): (p > 1, part(p)),
        ("scatter", "binomial"): (depth, None),
        ("incast", "direct"): (p > 1, p - 1),
    }
    for (collective, text), (messages, total) in expected.items():
        schedule = built(collective, text, flat(p), root=root)
        assert schedule.messages == messages, (collective, text)
        if total is not None:
            assert traffic(schedule)[0].sum() == pytest.approx(total)


def slots(p, chunks):
    """Depth of the trees of all but the root, the edge to the root, and the chunks after the first."""
    return max(int(depths(tree).max()) for tree in trees(p - 1)) + chunks if p > 1 else 0


@pytest.mark.parametrize("p", [3, 8, 33])
@pytest.mark.parametrize("collective", ["broadcast", "reduce"])
def test_the_root_s_link_carries_s_times_all_others_in_linear_and_s_in_trees_and_chains(collective, p, built, traffic):
    for name, most in [("linear", p - 1), ("double_binary_tree:chunks=64", 1), ("chain", 1)]:
        sent, received = traffic(built(collective, name, flat(p), root=1))
        assert (sent if collective == "broadcast" else received)[1] == pytest.approx(most)
        assert (sent if collective == "broadcast" else received).max() <= most + 1e-9


@pytest.mark.parametrize("nodes", [2, 4, 8])
@pytest.mark.parametrize("root", [0, 5])
def test_chains_with_channels_leave_every_node_on_every_rail_at_most_once(nodes, root, built, even):
    schedule = built("broadcast", "chain:channels=8,chunks=4", even(nodes, 8), root=root)
    (step,) = schedule.steps
    between = step.source // 8 != step.target // 8
    assert (step.source[between] % 8 == step.target[between] % 8).all()
    assert np.bincount(step.source[between]).max() == np.bincount(step.target[between]).max() == 1
    assert step.share == Fraction(1, 32)


@pytest.mark.parametrize("p", [2, 8, 64])
def test_binomial_scatter_and_scatter_ring_move_their_bytes_in_series(p, built, serial):
    assert serial(built("scatter", "binomial", flat(p))) == pytest.approx(part(p))
    assert serial(built("gather", "binomial", flat(p))) == pytest.approx(part(p))
    assert serial(built("broadcast", "scatter_ring", flat(p))) == pytest.approx(2 * part(p))


@pytest.mark.parametrize(("nodes", "per_node"), [(2, 4), (6, 3), (4, 8), (1, 4), (5, 1)])
def test_hierarchies_move_what_their_levels_say(nodes, per_node, built, traffic, serial, even):
    k, g = nodes, per_node
    groups = even(k, g)
    rails = 2 * part(g) + 2 * part(k) / g
    for text, messages, moved in [
        ("rail_aligned", 2 * (g - 1) + 2 * (k - 1), rails),
        ("two_level:inside=ring", 2 * (g - 1) + 2 * (k - 1), rails),
        ("two_level", 2 * (g > 1) + 2 * (k - 1), rails),
        ("rail_aligned:chunks=4", 4 * (2 * (g - 1) + 2 * (k - 1)), rails),
        ("pipeline", 2 * k if g > 1 else 2 * (k - 1), 2 * part(k * g)),
    ]:
        schedule = built("all_reduce", text, groups)
        assert schedule.messages == messages, text
        assert traffic(schedule)[0] == pytest.approx(np.full(k * g, moved if text != "pipeline" else pipelined(k, g))), text
    leaders = built("all_reduce", "hierarchical", groups)
    assert leaders.messages == 2 * up(g) + 2 * (k - 1)
    assert serial(leaders) == pytest.approx(2 * up(g) + 2 * part(k))


def pipelined(k, g):
    """Both halves: k times g - 1 blocks of S/p inside, k - 1 between nodes."""
    return 2 * (k * (g - 1) + k - 1) / (k * g)


def test_three_levels_cut_the_ring_of_a_rail_in_two(built, traffic, even):
    schedule = built("all_reduce", "three_level:group=4", even(16, 8))
    assert schedule.messages == 2 * (7 + 3 + 3)
    assert traffic(schedule)[0] == pytest.approx(np.full(128, 2 * (7 / 8 + 3 / 4 / 8 + 3 / 4 / 32)))
    top = schedule.steps[2]
    assert (np.abs(top.source // 32 - top.target // 32) > 0).all()
    assert ((top.source - top.target) % 32 == 0).all()


def test_pipelined_hierarchies_name_a_stage_per_level_and_direction(built, even):
    assert built("all_reduce", "rail_aligned:chunks=4", even(4, 8)).stages == (1, 2, 1)
    assert built("all_reduce", "three_level:group=2,chunks=4", even(4, 8)).stages == (1, 1, 2, 1, 1)
    assert built("all_reduce", "rail_aligned:chunks=4", even(1, 8)).stages == (1, 1)
    assert built("all_reduce", "rail_aligned", even(4, 8)).stages == ()


@pytest.mark.parametrize(
    ("collective", "text"),
    [
        *(("all_reduce", text) for text in ("ring:channels=8", "rail_aligned", "two_level", "pipeline")),
        ("all_gather", "hierarchical"),
        ("reduce_scatter", "hierarchical"),
        ("all_to_all", "rail_aligned"),
    ],
)
@pytest.mark.parametrize("nodes", [2, 4, 8])
def test_rail_aligned_algorithms_stay_on_their_rails_between_nodes(collective, text, nodes, built, even):
    for step in built(collective, text, even(nodes, 8)).steps:
        between = step.source // 8 != step.target // 8
        assert (step.source[between] % 8 == step.target[between] % 8).all()


@pytest.mark.parametrize("nodes", [2, 4, 8])
def test_every_device_sends_out_for_exactly_one_channel(nodes, built, even):
    step = built("all_reduce", "ring:channels=8", even(nodes, 8)).steps[0]
    between = step.source // 8 != step.target // 8
    assert np.array_equal(np.sort(step.source[between]), np.arange(8 * nodes))


def test_all_to_all_in_two_levels_moves_what_leaves_a_node_once(built, traffic, even):
    k, g = 4, 8
    rails, leaders = (built("all_to_all", name, even(k, g)) for name in ("rail_aligned", "hierarchical"))
    assert rails.messages == 2
    assert traffic(rails)[0] == pytest.approx(np.full(k * g, part(g) + part(k)))
    assert np.bincount(rails.steps[1].source).tolist() == [k - 1] * k * g
    assert leaders.messages == 4
    source, target = leaders.steps[2].pairs()
    assert len(source) == k * (k - 1)
    assert set(source) == set(target) == {0, 8, 16, 24}
    assert float(leaders.steps[2].share) * (k - 1) == pytest.approx(g * part(k))


@settings(max_examples=25, deadline=None)
@given(p=st.integers(2, 16), skew=st.sampled_from([0.5, 1.0, 3.0]), seed=st.integers(0, 9))
def test_skewed_all_to_all_moves_the_same_bytes_whichever_way(p, skew, seed, built, traffic):
    params = {"skew": skew, "seed": seed}
    direct, pairwise = (built("all_to_all_v", name, flat(p), params=params) for name in ("direct", "pairwise"))
    for one, other in zip(traffic(direct), traffic(pairwise), strict=True):
        assert one == pytest.approx(other)
    assert traffic(direct)[1].max() > part(p), "the most popular rank receives more than with no skew"
    assert (direct.steps[0].scale is None) or direct.steps[0].scale.max() == 1


@pytest.mark.parametrize(("p", "nbytes", "expected"), [(2, 8, 4), (4, 8 * MIB, 12), (3, MIB, 8), (4, 64 * MIB, 96)])
def test_gloo_sends_4_times_p_minus_1_messages_up_to_2p_mebibytes(p, nbytes, expected, serial):
    schedule = gloo_ring(flat(p), nbytes)
    assert schedule.messages == expected
    assert segments(p, nbytes) % p == 0
    assert serial(schedule) == pytest.approx(2 * part(p))


@pytest.mark.parametrize("per_node", [2, 4, 6, 8])
@pytest.mark.parametrize("nodes", [2, 4])
def test_rings_that_zigzag_use_every_link_of_a_node_once_each_way(nodes, per_node, built, even):
    """And between nodes every device sends out for one of the rings, as rings along do."""
    step = built("all_reduce", f"ring:channels={per_node},walk=zigzag", even(nodes, per_node)).steps[0]
    source, target = step.pairs()
    inside = source // per_node == target // per_node
    pairs = sorted(zip(source[inside].tolist(), target[inside].tolist(), strict=True))
    first = range(nodes * per_node)
    assert pairs == [(a, b) for a in first for b in first if a != b and a // per_node == b // per_node]
    assert sorted(source[~inside].tolist()) == list(first)
