import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.measure.exact import LARGEST, PERIOD, expected, pattern
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


@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("missing", [0, 1, 3])
def test_a_missing_rank_shows(dtype, missing):
    rest = sum(pattern(rank, 4, dtype) for rank in range(4) if rank != missing)
    assert not np.array_equal(rest, expected(4, dtype))


def test_a_chunk_in_the_wrong_place_shows():
    assert PERIOD % 2
    assert not np.array_equal(np.roll(expected(4, "f32"), 1), expected(4, "f32"))
