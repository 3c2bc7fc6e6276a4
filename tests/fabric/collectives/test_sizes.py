import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.collectives.sizes import Options, column_sums, options, senders, split_sizes
from topologies.errors import InputError


@given(p=st.integers(1, 64), skew=st.floats(0, 4), seed=st.integers(0, 99))
def test_every_rank_holds_the_same_and_popularity_is_zipf_to_one_unit(p, skew, seed):
    units = split_sizes(p, skew, seed)
    total = p if skew == 0 else 64 * p
    assert units.shape == (p, p)
    assert (units.sum(axis=1) == total).all()
    assert (units >= 0).all()
    zipf = np.arange(1, p + 1) ** -skew
    assert np.abs(np.sort(units[0])[::-1] - total * zipf / zipf.sum()).max() < 1 + 1e-9


@given(p=st.integers(1, 64), skew=st.floats(0, 4), seed=st.integers(0, 99))
def test_sums_are_those_of_the_matrix(p, skew, seed):
    units = split_sizes(p, skew, seed)
    assert column_sums(p, skew, seed).tolist() == units.sum(axis=0).tolist()
    assert (column_sums(p, skew, seed) == p * units[0]).all()


def test_sums_of_a_million_ranks_need_no_matrix():
    p = 2**20
    received = column_sums(p, 1.0)
    assert received.shape == (p,)
    assert received.sum() == 64 * p * p


def test_no_skew_is_even_and_the_seed_deals_out_the_ranks():
    assert (split_sizes(5) == 1).all()
    assert (split_sizes(5, 1.0, 3) == split_sizes(5, 1.0, 3)).all()
    assert len({int(split_sizes(16, 1.0, seed)[0].argmax()) for seed in range(20)}) > 5
    assert split_sizes(16, 2.0).max() > split_sizes(16, 1.0).max() > 64


def test_senders_are_the_lowest_other_ranks():
    assert senders(5, 2).tolist() == [0, 1, 3, 4]
    assert senders(5, 1, 2).tolist() == [0, 2]
    assert senders(1, 0).tolist() == []


def test_options_are_numbers():
    assert options({"skew": "1.5", "seed": 7.0, "fan_in": "3", "other": "x"}) == Options(1.5, 7, 3)
    assert options({}) == Options()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"skew": -1}, "skew: must be a number >= 0, got -1"),
        ({"skew": "much"}, "skew: must be a number >= 0, got 'much'"),
        ({"skew": float("nan")}, "skew: must be a number >= 0, got nan"),
        ({"seed": 1.5}, "seed: must be a whole number >= 0, got 1.5"),
        ({"fan_in": 0}, "fan_in: must be a whole number >= 1, got 0"),
    ],
)
def test_parameters_that_are_no_such_numbers_are_refused(params, message):
    with pytest.raises(InputError, match=message):
        options(params)
