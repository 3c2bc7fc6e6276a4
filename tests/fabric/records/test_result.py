import pytest

from fabric.records.case import Case
from fabric.records.result import Result
from topologies.errors import InputError


def test_bandwidths_are_nccl_tests():
    result = Result(Case("all_reduce", 1000, 4, 1, 4), "gloo", (1e-6, 2e-6, 9e-6))
    assert result.time == 2e-6
    assert result.algbw == pytest.approx(5e8)
    assert result.busbw == pytest.approx(5e8 * 1.5)


@pytest.mark.parametrize(
    ("collective", "params", "factor"),
    [("all_gather", {}, 0.75), ("broadcast", {}, 1), ("incast", {}, 3), ("incast", {"fan_in": 2}, 2), ("barrier", {}, 0)],
)
def test_busbw_takes_the_collectives_factor_and_the_cases_parameters(collective, params, factor):
    result = Result(Case(collective, 1000, 4, 1, 4, params=params), "gloo", (1e-6,))
    assert result.busbw == pytest.approx(1e9 * factor)


def test_brackets_by_statistic():
    case = Case("all_reduce", 8, 2, 1, 2)
    noise = (4.0, 2.0, 5.0, 1.0, 9.0, 3.0, 8.0, 6.0, 7.0)
    assert Result(case, "gloo", noise).bracket == (1, 9)
    assert Result(case, "gloo", noise[:8]).bracket is None
    assert [Result(case, "gloo", noise).needed_for(q) for q in (0.5, 0.1, 0.99)] == [None, 51, 528]
    assert Result(case, "gloo", noise).quantile(0.1) == 1.0
    assert Result(case, "gloo", (2.0,), statistic="mean").quantile(0.5) is None
    assert Result(case, "gloo", (1.0,)).bracket is None
    assert Result(case, "model:loaded", (1.0, 2.0, 4.0), statistic="interval").bracket == (1.0, 4.0)
    assert Result(case, "model:loaded", (1.0, 2.0, 4.0), statistic="interval").time == 2.0
    assert Result(case, "model:loaded", (2.0,), statistic="point").bracket is None


def test_a_case_is_a_join_key():
    assert Case("all_reduce", 8, 2, 1, 2) == Case("all_reduce", 8, 2, 1, 2)
    assert (
        len({Case("all_reduce", 8, 2, 1, 2), Case("all_reduce", 8, 2, 1, 2), Case("all_reduce", 8, 2, 1, 2, in_place=False)})
        == 2
    )
    assert Case("all_reduce", 1024, 2, 1, 2, dtype="f64").count == 128


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"world_size": 0}, "world_size: must be >= 1, got 0"),
        ({"nbytes": -1}, "nbytes: must be >= 0, got -1"),
        ({"dtype": "f8"}, "dtype: must be one of f16, .* got 'f8'"),
    ],
)
def test_impossible_cases_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        Case(**{"collective": "all_reduce", "nbytes": 8, "world_size": 2, "nodes": 2, "ranks_per_node": 1} | change)
