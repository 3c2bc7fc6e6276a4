"""Every rank's buffers against the catalogue's own results, a second way to the same numbers; and what faults must show."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fabric.collectives.catalog import COLLECTIVES
from fabric.measure.backends.backend import differing, places, repeat_into
from fabric.measure.cells.ask import PARAMS
from fabric.measure.cells.exact import LARGEST, POISON, moved
from fabric.measure.cells.layout import LAYOUTS, REDUCING, block_elements, layout, partner, whole_bytes, window_slots
from fabric.measure.timing.loop import per_message
from fabric.records.case import DTYPES, Case

MOVES = ("all_gather", "all_to_all", "gather", "scatter")
REDUCE = {"sum": np.sum, "max": np.max, "min": np.min, "prod": np.prod}


def buffer(count, blocks):
    found = np.full(count, float(POISON))
    for block in blocks:
        repeat_into(found[block.at : block.at + block.count], block.pattern)
    return found


def all_ranks(case):
    layouts = [layout(case, rank) for rank in range(case.world_size)]
    inputs = [buffer(own.source, own.given) for own in layouts]
    return inputs, [buffer(own.target, own.wanted) for own in layouts]


cases = st.fixed_dictionaries(
    {
        "name": st.sampled_from(sorted(COLLECTIVES)),
        "world_size": st.integers(1, 7),
        "root": st.integers(0, 6),
        "parts": st.integers(1, 40),
        "dtype": st.sampled_from(sorted(DTYPES)),
        "skew": st.sampled_from([0.0, 1.0, 2.5]),
        "seed": st.integers(0, 3),
        "fan_in": st.integers(1, 6),
        "window": st.integers(1, 9),
        "buffers": st.integers(1, 9),
    }
)


def case_of(drawn, op="sum"):
    name, p = drawn["name"], drawn["world_size"]
    assume(drawn["root"] < p and drawn["fan_in"] <= max(p - 1, 1) and not (name == "incast" and p == 1))
    own = PARAMS.get(name, ())
    params = {key: drawn[key] for key in own}
    elements = 0 if name == "barrier" else drawn["parts"] * block_elements(name, p, params)
    nbytes = elements * DTYPES[drawn["dtype"]]
    root = drawn["root"] if COLLECTIVES[name].rooted else None
    return Case(name, nbytes, p, 1, p, op=op, root=root, dtype=drawn["dtype"], params=params)


def test_every_collective_of_the_catalogue_has_buffers():
    assert list(LAYOUTS) == list(COLLECTIVES)


@settings(max_examples=300, deadline=None)
@given(drawn=cases)
def test_results_are_the_catalogues(drawn):
    case = case_of(drawn)
    inputs, outputs = all_ranks(case)
    if case.collective == "broadcast":
        root = inputs[case.root or 0]
        inputs = [root if rank == case.root else np.full_like(root, POISON) for rank in range(case.world_size)]
    if case.collective in ("scatter", "incast"):  # the catalogue wants an input of every rank
        longest = max(len(own) for own in inputs)
        inputs = [own if len(own) else np.full(longest, float(POISON)) for own in inputs]
    wanted = COLLECTIVES[case.collective].reference(inputs, root=case.root or 0, params=case.params)
    assert [len(own) for own in outputs] == [len(own) for own in wanted]
    assert all(np.array_equal(own, right) for own, right in zip(outputs, wanted, strict=True))


@settings(max_examples=60, deadline=None)
@given(drawn=cases, op=st.sampled_from(sorted(REDUCE)), name=st.sampled_from(REDUCING))
def test_every_operation_is_numpys(drawn, op, name):
    case = case_of({**drawn, "name": name}, op)
    inputs, outputs = all_ranks(case)
    whole = REDUCE[op](inputs, axis=0)
    assert whole.max() <= LARGEST[case.dtype]
    right = [whole] * case.world_size
    if name == "reduce":
        right = [whole if rank == (case.root or 0) else whole[:0] for rank in range(case.world_size)]
    elif name == "reduce_scatter":
        right = np.split(whole, case.world_size)
    assert all(np.array_equal(own, wanted) for own, wanted in zip(outputs, right, strict=True))


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("width", [1, 127, 251, 1000])
def test_swapped_blocks_show_even_where_patterns_fit_a_whole_number_of_times(name, dtype, width):
    case = Case(name, width * 4 * DTYPES[dtype], 4, 1, 4, dtype=dtype)
    seen = {bytes(block.pattern.tobytes()) for rank in range(4) for block in layout(case, rank).wanted}
    assert len(seen) == {"all_gather": 4, "all_to_all": 16, "gather": 4, "scatter": 4}[name]
    starts = [block.pattern[0] for block in layout(case, 0).wanted]
    assert len(set(starts)) == len(starts), "parts of one element differ as well"


@pytest.mark.parametrize("dtype", sorted(DTYPES))
def test_two_blocks_agree_in_at_most_one_element_of_a_period(dtype):
    blocks = [moved(rank, block, dtype) for rank in range(9) for block in range(9)]
    for number, one in enumerate(blocks):
        assert one.min() >= 0
        assert one.max() <= LARGEST[dtype]
        assert (one != np.roll(one, 1)).all(), "a slip by one element"
        assert all((one == other).sum() <= 1 for other in blocks[:number])


@pytest.mark.parametrize("name", [name for name in COLLECTIVES if name != "barrier"])
def test_an_output_that_nothing_wrote_is_wrong_everywhere(name):
    case = Case(name, 4 * 12, 3, 1, 3)
    for rank in range(3):
        own = layout(case, rank)
        untouched = buffer(own.target, ())
        wrong = sum(differing(untouched[b.at : b.at + b.count], b.pattern) for b in own.wanted)
        assert wrong == own.target


@pytest.mark.parametrize("name", ["all_gather", "reduce_scatter", "gather", "scatter", "all_reduce"])
def test_in_place_both_sides_share_one_buffer_at_nccl_tests_places(name):
    case = Case(name, 4 * 12, 3, 1, 3)
    for rank in range(3):
        own = layout(case, rank)
        source, target = places(own, np.zeros, in_place=True)
        assert (len(source), len(target)) == (own.source, own.target)
        assert np.shares_memory(source, target) == bool(own.source and own.target)
        apart = places(own, np.zeros, in_place=False)
        assert not np.shares_memory(*apart)


@pytest.mark.parametrize(
    ("name", "nbytes", "whole"),
    [("all_reduce", 100, 100), ("all_gather", 100, 96), ("all_gather", 8, 0), ("sendrecv", 100, 100), ("barrier", 100, 0)],
)
def test_sizes_are_rounded_down_to_whole_blocks(name, nbytes, whole):
    assert whole_bytes(name, nbytes, 3, "f32", {}) == whole


@pytest.mark.parametrize(
    ("nbytes", "params", "slots"),
    [(8, {}, 64), (2**20, {}, 64), (2**22, {}, 16), (2**27, {}, 1), (8, {"window": 5}, 5), (8, {"buffers": 3}, 3), (0, {}, 64)],
)
def test_a_window_has_a_buffer_a_message_as_long_as_memory_allows(nbytes, params, slots):
    case = Case("bandwidth", nbytes, 2, 1, 2, params=params)
    assert window_slots(case) == slots
    assert layout(case, 0).source == layout(case, 1).target == slots * case.count
    assert len({bytes(block.pattern) for block in layout(case, 1).wanted}) == slots, "a message in another's place shows"


@pytest.mark.parametrize("p", [1, 2, 5, 8])
def test_partners_are_each_others_and_the_rest_is_idle(p):
    case = Case("message_rate", 8, p, 1, p)
    partners = [partner(case, rank) for rank in range(p)]
    found = {rank: other for rank, other in enumerate(partners) if other is not None}
    assert all(found[other] == rank and abs(other - rank) == p // 2 for rank, other in found.items())
    assert len(found) == p // 2 * 2
    assert [partner(Case("latency", 8, p, 1, p), rank) for rank in range(p)].count(None) == p - 2 * (p > 1)


def test_an_uneven_split_has_more_units():
    assert block_elements("all_to_all_v", 4, {}) == 4
    assert block_elements("all_to_all_v", 4, {"skew": 1.0}) == 256


def test_seconds_of_a_call_become_those_of_one_message():
    calls = [2.0, 4.0]
    assert per_message(Case("latency", 8, 2, 1, 2), calls) == (1.0, 2.0)
    assert per_message(Case("message_rate", 8, 4, 1, 4, params={"window": 8.0}), calls) == (0.25, 0.5)
    assert per_message(Case("all_reduce", 8, 2, 1, 2, params={"window": 8.0}), calls) == (2.0, 4.0)
