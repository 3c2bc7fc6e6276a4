"""Every argument of the fixture with every kind of wrong value: one line that names it, never another error."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.measure.cells.asked import Asked, OwnAsked, asked
from topologies.errors import InputError

WRONG = [None, "x", -1, 1.5, float("nan"), float("inf"), [], [1], {"a": "b"}, {1: 2}, (1, 2), object(), np.zeros(3)]
RIGHT = {"name": "all_reduce", "nbytes": 64}


@pytest.mark.parametrize("argument", Asked.model_fields)
@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
def test_a_wrong_value_is_taken_for_what_it_is_or_named_in_one_line(argument, value):
    try:
        found = asked((), RIGHT | {argument: value})
        _ = found.what, found.plan
    except InputError as error:
        assert str(error).startswith(f"{argument}: must be ")  # noqa: PT017  # None is a backend too
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert getattr(found, argument) == value


@given(st.sampled_from(sorted(Asked.model_fields)), st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists))
def test_any_value_is_read_or_refused(argument, value):
    try:
        found = asked((), RIGHT | {argument: value})
        _ = found.what, found.plan
    except InputError as error:
        assert len(str(error)) < 200  # noqa: PT017  # it may also be read


@pytest.mark.parametrize(
    ("words", "given", "line"),
    [
        ((), {}, "name: must be a collective such as 'all_reduce', or a callable, got nothing"),
        (("all_reduce",), {}, "nbytes: must be a whole number of bytes such as 65536, got nothing"),
        (("all_reduce",), {"nbytes": "4KiB"}, "nbytes: must be a whole number of bytes such as 65536, got '4KiB'"),
        (("all_reduce", 64), {}, "collective: takes one name, then by name nbytes, backend, .*; got 64 too"),
        (("all_reduce",), {"name": "barrier"}, "collective: takes one name, .*; got 'barrier' too"),
        (("all_reduce",), {"nbytes": 64, "colour": 1}, "collective: takes nbytes, backend, dtype, .*, got colour"),
        (
            ("all_reduce",),
            {"nbytes": 64, "params": {"skew": "x"}},
            r"params: must be a dict of numbers such as \{'skew': 1.2\}",
        ),
        (("all_reduce",), {"nbytes": 64, "iters": 1.5}, "iters: must be a whole number of iterations, got 1.5"),
    ],
)
def test_what_is_missing_or_too_much_is_named(words, given, line):
    with pytest.raises(InputError, match=line):
        asked(words, given)


def test_numbers_of_numpy_are_numbers():
    found = asked(("all_reduce",), {"nbytes": np.int64(64), "budget": np.float64(0.5)})
    assert (found.nbytes, found.budget) == (64, 0.5)
    assert found.plan.budget == 0.5


def test_a_callable_is_the_users_own_with_the_same_plan():
    found = asked((len,), {"backend": "mpi", "iters": 7})
    assert isinstance(found, OwnAsked)
    assert (found.name, found.plan.iters, found.backend) == ("len", 7, "mpi")
    assert asked((partial(len, "x"),), {}).name == "partial"


@pytest.mark.parametrize(
    ("words", "given", "line"),
    [
        ((len,), {"nbytes": 64}, "collective: with a callable it takes backend, budget, iters, warmup, barrier, got nbytes"),
        ((len, 64), {}, "collective: takes one call, then by name backend, .*; got 64 too"),
        ((len,), {"iters": "x"}, "iters: must be a whole number of iterations, got 'x'"),
        ((64,), {"nbytes": 64}, "name: must be a collective such as 'all_reduce', or a callable, got 64"),
    ],
)
def test_what_a_callable_cannot_have_is_named(words, given, line):
    with pytest.raises(InputError, match=line):
        asked(words, given)
