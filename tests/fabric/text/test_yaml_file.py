"""Files that are mappings, and every way in which one is not."""

from itertools import pairwise

import pytest

from fabric.text.yaml_file import parse_yaml, parse_yaml_documents, read_mapping
from topologies.errors import InputError


def test_a_mapping_is_given_back(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("sizes: [8]\n")
    assert read_mapping(path, "run", "of sizes") == {"sizes": [8]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"sizes: [8", r"a\.yaml: must be YAML, got [^\n]*"),
        (b"- 8\n", r"a\.yaml: must be a mapping of sizes, got list"),
        (b"", r"a\.yaml: must be a mapping of sizes, got NoneType"),
        (b"\xff\xfe\x00", r"run: cannot read [^\n]*: not text in UTF-16-LE, byte 0 is none"),
    ],
)
def test_what_is_none_is_one_line(tmp_path, content, words):
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"{words}\Z"):
        read_mapping(path, "run", "of sizes")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"review: cannot read .*none\.yaml: No such file"):
        read_mapping(tmp_path / "none.yaml", "review", "with a title")


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]" for before, one in pairwise("abcdefghi")
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, "more than 2,000,000 values"),
        ("a: &a [*a]", "an alias of what it stands in"),
        ("[" * 61 + "]" * 61, "more than 60 lists and mappings"),
        ("{a: " * 3000, "more than 60 lists and mappings"),
        ("{[1]: 2}", "unhashable key"),
        ("? {a: 1}\n: 2", "unhashable key"),
        ("a: 1\nb: 2\na: 3", "a: must be given once, got it twice"),
        ("a: 2026-13-45", "tag does not allow"),
        ("a: !!int x", "tag does not allow"),
        ("a: !!int ''", "tag does not allow"),
        ("a: !!bool x", "tag does not allow"),
        ("a: !!timestamp x", "tag does not allow"),
        ("a: !!float x", "tag does not allow"),
        ("a: !!python/object/apply:os.system [id]", "could not determine a constructor"),
        ("a: .inf", "a finite number was expected, not '.inf'"),
        ("a: .nan", "a finite number was expected"),
        (f"a: {'9' * 5001}", "a whole number that 64 bits hold was expected"),
        (f"a: {2**63}", "a whole number that 64 bits hold was expected"),
        ("a: \x1b", "unacceptable character #x001b"),
    ],
)
def test_what_yaml_allows_and_nothing_can_hold_is_one_line(text, words):
    with pytest.raises(InputError, match=rf"\Ax: must be YAML, got line \d+, column \d+: [^\n\x1b]*({words})[^\n\x1b]*\Z"):
        parse_yaml(text, "x")


def test_documents_are_read_and_the_limits_hold_for_all_of_them_together():
    assert parse_yaml_documents("a: 1\n---\n- 2\n---\n", "x") == [{"a": 1}, [2], None]
    most = "\n---\n".join(["\n".join(LAUGHS.splitlines()[:6])] * 4)  # 670,000 values each
    with pytest.raises(InputError, match=r"\Ax: must be YAML, got line \d+, column 1: more than 2,000,000 values"):
        parse_yaml_documents(most, "x")
    with pytest.raises(InputError, match="an alias of what it stands in"):
        parse_yaml_documents("\n---\n".join(["a: [x, y]"] * 50 + ["a: &a [*a]"]), "x")


def test_aliases_within_reason_are_read():
    assert parse_yaml("a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}", "x") == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}
    assert parse_yaml("a: -1.5\nb: 0x10\nc: 1_000", "x") == {"a": -1.5, "b": 16, "c": 1000}
