"""Numbers from foreign text: what is one, in which range, and one line for all else."""

import re
from math import isinf, isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.text.numbers import MOST_WHOLE, maybe_real, maybe_whole, natural, printed, real, whole
from topologies.errors import InputError

NONE = [
    "",
    " ",
    "x",
    "²",
    "٣",
    "1_000",
    "0x10",
    "1e999",
    "nan",
    "inf",
    "-inf",
    "Infinity",
    "9" * 5001,
    "1" * 5001,
    "--1",
    "1,0",
]


@pytest.mark.parametrize("text", [*NONE, "1.5", str(MOST_WHOLE + 1), True, None, float("nan"), float("inf"), 1.5, b"1", [1]])
def test_what_is_no_whole_number_is_one_line(text):
    assert maybe_whole(text) is None
    with pytest.raises(InputError, match=r"\Aranks: must be a whole number >= 1, got [^\n]{1,80}\Z"):
        whole(text, "ranks", 1)


@pytest.mark.parametrize("text", [*NONE, "1e400", "-1e400", True, None, float("nan"), float("inf"), 10**400])
def test_what_is_no_number_is_one_line(text):
    assert maybe_real(text) is None
    with pytest.raises(InputError, match=r"\Askew: must be a finite number, got [^\n]{1,80}\Z"):
        real(text, "skew")


def test_the_range_is_said():
    for call, said in (
        (lambda: whole("65", "ranks", 1, 64), "ranks: must be a whole number from 1 to 64, got '65'"),
        (lambda: whole("-1", "seed"), "seed: must be a whole number >= 0, got '-1'"),
        (lambda: real("2", "share", 0.0, 1.0), "share: must be a finite number from 0 to 1, got '2'"),
        (lambda: real("0", "rate", 0.0, above=True), "rate: must be a finite number above 0, got '0'"),
        (lambda: real("9", "rate", 0.0, 8.0, above=True), "rate: must be a finite number above 0, at most 8, got '9'"),
    ):
        with pytest.raises(InputError, match=f"^{re.escape(said)}$"):
            call()


@settings(max_examples=100)
@given(st.integers(-MOST_WHOLE, MOST_WHOLE))
def test_whole_numbers_are_read_back(number):
    assert maybe_whole(str(number)) == maybe_whole(number) == number


@settings(max_examples=100)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_finite_numbers_are_read_back(number):
    assert maybe_real(repr(number)) == maybe_real(number) == number


@settings(max_examples=200)
@given(st.text(max_size=30))
def test_any_text_is_a_number_as_python_reads_it_or_none(text):
    for found, python in ((maybe_whole(text), int), (maybe_real(text), float), (natural(text), int)):
        assert found is None or found == python(text)


def test_natural_numbers_are_digits_alone():
    assert [natural(text) for text in ("0", "07", "+1", "-1", " 1", "1 ", "²", "", "9" * 19)] == [0, 7, *[None] * 7]


def test_what_c_prints_is_read():
    assert printed("1.7e+07") == 1.7e7
    assert isnan(printed("-nan"))
    assert isinf(printed("-inf"))
    assert printed("-inf") < 0
    assert [printed(text) for text in ("N/A", "1e999", "infinity", "")] == [None] * 4
