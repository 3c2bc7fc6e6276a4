from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fabric.collectives.algorithms import ALGORITHMS, algorithm
from fabric.collectives.catalog import COLLECTIVES
from fabric.collectives.execute import execute, heard, layout_of
from fabric.collectives.schedule import Groups, flat

EVERY = [(collective, name) for collective, known in ALGORITHMS.items() for name in known]
POWERS_OF_TWO = {("all_gather", "recursive_doubling"), ("reduce_scatter", "recursive_halving"), ("all_to_all", "pairwise_xor")}


def even(nodes, per_node):
    return Groups(np.repeat(np.arange(nodes, dtype=np.int32), per_node))


def agrees(collective, schedule, seed=0, root=0, params=None):
    """Whether the schedule on random numbers gives the catalogue's reference on every rank."""
    params, p = params or {}, schedule.world_size
    given_blocks = layout_of(collective, schedule, root=root, params=params).given
    rng = np.random.default_rng(seed)
    inputs = [rng.integers(-99, 99, 3 * len(own)).astype(float) for own in given_blocks]
    outputs = execute(collective, schedule, inputs, root=root, params=params)
    expected = COLLECTIVES[collective].reference(inputs, root=root, params=params)
    return len(outputs) == p and all(np.array_equal(o, e) for o, e in zip(outputs, expected, strict=True))


def fits(collective, name, nodes, per_node):
    p = nodes * per_node
    return (name != "nvls" or nodes == 1) and ((collective, name) not in POWERS_OF_TWO or p & (p - 1) == 0)


@pytest.mark.parametrize(("collective", "name"), EVERY)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_algorithm_of_every_collective_gives_the_reference(collective, name, data):
    per_node = data.draw(st.integers(1, 17 if name == "nvls" else 6), "per_node")
    nodes = data.draw(st.just(1) if name == "nvls" else st.integers(1, 17 // per_node), "nodes")
    if (collective, name) in POWERS_OF_TWO:
        nodes, per_node = data.draw(st.sampled_from([(1, 1), (2, 1), (1, 4), (2, 4), (16, 1)]), "power of two")
    assume(fits(collective, name, nodes, per_node))
    p = nodes * per_node
    root = data.draw(st.integers(0, p - 1), "root")
    params = {
        "all_to_all_v": {"skew": data.draw(st.sampled_from([0, 0.7, 2.5])), "seed": data.draw(st.integers(0, 9))},
        "incast": {"fan_in": data.draw(st.integers(1, max(p - 1, 1)))},
    }.get(collective, {})
    nbytes = data.draw(st.integers(0, 2**22), "nbytes")
    schedule = algorithm(collective, name).schedule(even(nodes, per_node), nbytes, root=root, params=params)
    assert schedule.world_size == p
    assert agrees(collective, schedule, root=root, params=params)


@pytest.mark.parametrize(("collective", "name"), [each for each in EVERY if each[1] != "nvls"])
def test_every_algorithm_runs_on_ranks_dealt_out_over_nodes(collective, name):
    dealt = Groups(np.array([0, 1, 2, 3] * 2, dtype=np.int32))
    schedule = algorithm(collective, name).schedule(dealt, 999, root=5)
    assert agrees(collective, schedule, root=5)


@pytest.mark.parametrize(
    ("collective", "text", "nodes", "per_node"),
    [
        ("all_reduce", "ring:channels=3", 2, 3),
        ("all_reduce", "ring:channels=4", 3, 4),
        ("all_gather", "ring:channels=4", 3, 4),
        ("reduce_scatter", "ring:channels=2", 4, 3),
        ("all_reduce", "double_binary_tree:chunks=1", 3, 4),
        ("all_reduce", "double_binary_tree:chunks=5", 7, 2),
        ("all_reduce", "rail_aligned:chunks=3", 3, 4),
        ("all_reduce", "rail_aligned:chunks=3", 1, 4),
        ("all_reduce", "two_level:inside=ring,chunks=2", 3, 3),
        ("all_reduce", "three_level:group=3,chunks=2", 6, 2),
        ("all_reduce", "three_level:group=4,inside=mesh", 4, 3),
        ("all_reduce", "bucket:dims=2x3x2", 12, 1),
        ("all_reduce", "bucket:dims=4x3,ports=2", 3, 4),
        ("all_reduce", "bucket:dims=3x3,ports=4", 9, 1),
        ("all_gather", "bucket:dims=2x2x2,ports=6", 8, 1),
        ("reduce_scatter", "bucket:dims=3x3,ports=4", 3, 3),
        ("all_reduce", "swing:dims=4x2", 8, 1),
        ("all_reduce", "swing:dims=2x2x4", 4, 4),
        ("all_reduce", "pat:aggregation=2", 13, 1),
        ("all_gather", "pat:aggregation=3", 16, 1),
        ("reduce_scatter", "pat:aggregation=1", 11, 1),
        ("all_gather", "hierarchical:inside=mesh", 3, 3),
        ("reduce_scatter", "hierarchical:inside=mesh", 2, 4),
        ("all_reduce", "nvls:chunks=3", 1, 8),
        ("all_reduce", "nvls_tree:chunks=5", 5, 3),
        ("broadcast", "chain:chunks=3", 7, 1),
        ("reduce", "chain:chunks=1", 5, 1),
        ("broadcast", "chain:chunks=3,channels=4", 3, 4),
        ("reduce", "chain:chunks=5,channels=3", 4, 3),
        ("broadcast", "double_binary_tree:chunks=1", 9, 1),
        ("reduce", "double_binary_tree:chunks=6", 6, 2),
        ("all_reduce", "tree:chunks=1", 5, 3),
        ("all_reduce", "tree:chunks=7", 4, 4),
    ],
)
def test_parameters_keep_the_result_right(collective, text, nodes, per_node):
    assert agrees(collective, algorithm(collective, text).schedule(even(nodes, per_node), 12_345))


def test_a_sum_that_misses_a_step_is_noticed():
    schedule = algorithm("all_reduce", "ring").schedule(flat(4), 64)
    assert agrees("all_reduce", schedule)
    assert not agrees("all_reduce", replace(schedule, steps=schedule.steps[:1]))


def test_a_rank_left_without_its_output_is_noticed():
    schedule = algorithm("broadcast", "binomial").schedule(flat(4), 64)
    with pytest.raises(AssertionError, match="binomial: a rank ends without a part of its output"):
        agrees("broadcast", replace(schedule, steps=schedule.steps[:1]))


def test_moving_what_is_not_held_is_noticed():
    schedule = algorithm("broadcast", "binomial").schedule(flat(4), 64)
    with pytest.raises(AssertionError, match="binomial: a message moves what its sender does not hold"):
        agrees("broadcast", replace(schedule, steps=schedule.steps[::-1]))


def test_a_switch_passes_on_only_what_arrives_in_the_same_slot():
    schedule = algorithm("all_reduce", "sharp").schedule(flat(4), 64)
    (step,) = schedule.steps
    up, down = ([replace(step, source=step.source[half], target=step.target[half], blocks=lambda _: [np.arange(1)] * 4)]
                for half in (slice(0, 4), slice(4, 8)))  # fmt: skip
    with pytest.raises(AssertionError, match="does not hold"):
        agrees("all_reduce", replace(schedule, steps=(*up, *down)))


@pytest.mark.parametrize(("collective", "name"), [("all_reduce", "double_binary_tree"), ("gather", "binomial")])
def test_bytes_other_than_stated_are_noticed(collective, name):
    schedule = algorithm(collective, name).schedule(flat(6), 64)
    wrong = replace(schedule.steps[0], share=Fraction(1, 2))
    with pytest.raises(AssertionError, match="a message's blocks are not its share of the buffer"):
        agrees(collective, replace(schedule, steps=(wrong, *schedule.steps[1:])))


@pytest.mark.parametrize("name", ALGORITHMS["barrier"])
@pytest.mark.parametrize("p", [2, 5, 8, 13])
def test_nobody_leaves_a_barrier_before_all_have_come(name, p):
    schedule = algorithm("barrier", name).schedule(flat(p), 0)
    assert heard(schedule).all()
    short = replace(schedule, steps=schedule.steps[:-1])
    assert not heard(short).all()
    with pytest.raises(AssertionError, match="a rank leaves the barrier before all have come"):
        agrees("barrier", short)
