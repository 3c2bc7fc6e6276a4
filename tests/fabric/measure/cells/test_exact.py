import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.measure.cells.exact import LARGEST, PERIOD, REDUCE, expected, pattern
from fabric.records.case import DTYPES

NUMPY = {"f16": np.float16, "f32": np.float32, "f64": np.float64, "i32": np.int32, "i8": np.int8}


def test_every_dtype_of_a_case_has_inputs():
    assert set(LARGEST) == set(DTYPES)


@settings(max_examples=60, deadline=None)
@given(dtype=st.sampled_from(sorted(DTYPES)), world_size=st.integers(1, 600))
def test_sums_are_whole_and_exact_in_the_dtype(dtype, world_size):
    total = expected(world_size, dtype)
    assert total.max() <= LARGEST[dtype]
    assert total.min() >= 0
    assert np.array_equal(total, np.round(total))
    assert total.max() > 0


@pytest.mark.parametrize("dtype", sorted(NUMPY))
@pytest.mark.parametrize("world_size", [1, 2, 3, 8, 200])
def test_any_order_of_adding_in_the_dtype_gives_the_same(dtype, world_size):
    parts = [pattern(rank, world_size, dtype).astype(NUMPY[dtype]) for rank in range(world_size)]
    forwards, backwards = np.zeros_like(parts[0]), np.zeros_like(parts[0])
    for part in parts:
        forwards = forwards + part
    for part in reversed(parts):
        backwards = backwards + part
    assert np.array_equal(forwards, expected(world_size, dtype).astype(NUMPY[dtype]))
    assert np.array_equal(forwards, backwards)


@pytest.mark.parametrize("op", sorted(REDUCE))
@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("missing", [0, 1, 3])
def test_a_missing_rank_shows(dtype, missing, op):
    rest = REDUCE[op]([pattern(rank, 4, dtype, op) for rank in range(4) if rank != missing], axis=0)
    assert not np.array_equal(rest, expected(4, dtype, op))


@pytest.mark.parametrize("dtype", sorted(NUMPY))
@pytest.mark.parametrize("world_size", [1, 6, 7, 100])
def test_products_are_exact_in_any_order(dtype, world_size):
    product = np.ones(PERIOD, NUMPY[dtype])
    for rank in range(world_size):
        product = product * pattern(rank, world_size, dtype, "prod").astype(NUMPY[dtype])
    assert np.array_equal(product, expected(world_size, dtype, "prod").astype(NUMPY[dtype]))
    assert 1 < product.max() <= 64


@pytest.mark.parametrize("op", sorted(REDUCE))
def test_blocks_that_are_reduced_differ(op):
    blocks = [expected(4, "f32", op, block) for block in range(8)]
    assert len({block.tobytes() for block in blocks}) == 8


def test_a_chunk_in_the_wrong_place_shows():
    assert PERIOD % 2
    assert not np.array_equal(np.roll(expected(4, "f32"), 1), expected(4, "f32"))
