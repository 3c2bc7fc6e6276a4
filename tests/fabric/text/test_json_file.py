"""JSON with limits: what Python's own reader takes and nobody else does is one line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.text.json_file import MOST_DEPTH, NotJson, parse_json, read_json

WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
ANY = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200)
@given(ANY)
def test_what_json_holds_is_read_back(content):
    assert parse_json(json.dumps(content), "x") == content
    assert parse_json(json.dumps(content).encode(), "x") == content


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", r"line 1: Expecting"),
        ("[1,\n2", r"line 2: Expecting"),
        ("NaN", "NaN, which is no number"),
        ('{"a": -Infinity}', "-Infinity, which is no number"),
        ("1e999", "the number '1e999', which is too large"),
        ("[1, -1e400]", "too large"),
        ("9223372036854775808", "which 64 bits do not hold"),
        ("1" * 5001, "which 64 bits do not hold"),
        ('"\\ud800"', "half a character"),
        ("[" * 200_000, "more than 100 lists"),
        ("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1), "more than 100 lists"),
        (b"\xff", "byte 0 is no UTF-8"),
    ],
)
def test_what_is_none_is_one_line(text, said):
    with pytest.raises(NotJson, match=rf"\Ax: must be JSON, got [^\n]*{said}[^\n]*\Z"):
        parse_json(text, "x")


def test_the_deepest_that_is_read():
    text = "[" * MOST_DEPTH + "]" * MOST_DEPTH
    assert json.dumps(parse_json(text, "x")) == text


def test_a_file_is_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(NotJson, match=r"\Aconstants: .*a\.json: must be JSON, got line 1"):
        read_json(tmp_path / "a.json", "constants")
