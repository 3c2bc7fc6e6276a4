import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.collectives.algorithms import ALGORITHMS, algorithm
from fabric.collectives.catalog import COLLECTIVES, busbw_factor
from fabric.collectives.double_binary_tree import depths, trees
from fabric.collectives.gloo_ring import gloo_ring, segments
from fabric.collectives.schedule import Groups, execute, flat
from topologies.errors import InputError

MIB = 2**20


def even(nodes: int, per_node: int) -> Groups:
    return Groups(np.repeat(np.arange(nodes, dtype=np.int32), per_node))


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(ALGORITHMS["all_reduce"])),
    nodes=st.integers(1, 9),
    per_node=st.integers(1, 5),
    seed=st.integers(0, 9),
)
def test_every_schedule_on_real_numbers_gives_the_reference(name, nodes, per_node, seed):
    groups = even(nodes, per_node)
    schedule = algorithm("all_reduce", name).schedule(groups, 3 * MIB)
    inputs = np.random.default_rng(seed).integers(-9, 9, (groups.world_size, 2 * schedule.blocks)).astype(float)
    expected = COLLECTIVES["all_reduce"].reference(list(inputs))
    assert np.array_equal(execute(schedule, inputs), np.stack(expected))


@pytest.mark.parametrize("nodes", [1, 2, 3, 6])
@pytest.mark.parametrize(
    "text",
    [
        "ring:channels=1",
        "ring:channels=3",
        "ring:channels=4",
        "double_binary_tree:chunks=1",
        "double_binary_tree:chunks=5",
    ],
)
def test_parameters_keep_the_sum_right(nodes, text):
    schedule = algorithm("all_reduce", text).schedule(even(nodes, 4), MIB)
    inputs = np.random.default_rng(1).integers(-9, 9, (4 * nodes, schedule.blocks)).astype(float)
    assert np.array_equal(execute(schedule, inputs), np.tile(inputs.sum(axis=0), (4 * nodes, 1)))


def test_execution_notices_a_wrong_schedule():
    schedule = algorithm("all_reduce", "ring").schedule(flat(4), MIB)
    broken = type(schedule)("ring", 4, 4, schedule.steps[:1])
    inputs = np.arange(16.0).reshape(4, 4)
    assert not np.array_equal(execute(broken, inputs), np.tile(inputs.sum(axis=0), (4, 1)))


@pytest.mark.parametrize("nodes", [2, 4, 8])
def test_rings_with_channels_stay_on_their_rails_between_nodes(nodes):
    grid = np.arange(8 * nodes).reshape(nodes, 8)
    step = algorithm("all_reduce", "ring:channels=8").schedule(even(nodes, 8), MIB).steps[0]
    between = step.source // 8 != step.target // 8
    assert (step.source[between] % 8 == step.target[between] % 8).all()
    assert np.array_equal(np.sort(step.source[between]), grid.ravel()), "every device sends out for exactly one channel"


@pytest.mark.parametrize(("p", "nbytes", "expected"), [(2, 8, 4), (4, 8 * MIB, 12), (3, MIB, 8), (4, 64 * MIB, 96)])
def test_gloo_sends_4_times_p_minus_1_messages_up_to_2p_mebibytes(p, nbytes, expected):
    schedule = gloo_ring(flat(p), nbytes)
    assert schedule.messages == expected
    assert segments(p, nbytes) % p == 0
    wire = sum(step.repeats * step.share for step in schedule.steps)
    assert float(wire) == pytest.approx(2 * (p - 1) / p)


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


@pytest.mark.parametrize("name", ["ring", "recursive_doubling", "halving_doubling"])
def test_schedules_stay_compact_at_65536_ranks(name):
    schedule = algorithm("all_reduce", name).schedule(flat(65_536), MIB)
    assert len(schedule.steps) <= 32
    assert all(step.source.nbytes <= 4 * 65_536 for step in schedule.steps)


def test_ring_needs_even_nodes_only_for_channels():
    ragged = Groups(np.array([0, 0, 0, 1], dtype=np.int32))
    assert algorithm("all_reduce", "ring").schedule(ragged, 8).world_size == 4
    with pytest.raises(InputError, match=r"rail_aligned: ranks must fill their nodes evenly, got 1 to 3 on a node"):
        algorithm("all_reduce", "rail_aligned").schedule(ragged, 8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rong", r"algorithm: must be one of ring, .* got 'rong'; did you mean ring\?"),
        ("ring:channel=2", "ring: parameters are channels, got 'channel'"),
        ("ring:channels=0", "ring: channels must be a whole number >= 1, got '0'"),
        ("gloo_ring:x=1", "gloo_ring: parameters are none, got 'x'"),
    ],
)
def test_bad_algorithm_text_gets_one_line(text, message):
    with pytest.raises(InputError, match=message):
        algorithm("all_reduce", text)


def test_too_many_channels_are_refused():
    with pytest.raises(InputError, match=r"ring: channels must be 1 \.\.\. 2 \(ranks on a node\), got 3"):
        algorithm("all_reduce", "ring:channels=3").schedule(even(2, 2), 8)


def test_busbw_factor_is_nccl_tests_and_unknown_collectives_are_named():
    assert busbw_factor("all_reduce", 8) == pytest.approx(1.75)
    assert busbw_factor("all_reduce", 1) == 0
    with pytest.raises(InputError, match=r"got 'allreduce'; did you mean all_reduce\?"):
        busbw_factor("allreduce", 2)
