"""Reading a review's file: every mistake is one line that names the key, the rule and the value."""

import pytest

from fabric.review.request import load, parse
from topologies.errors import InputError

GOOD = {
    "title": "t",
    "candidates": [{"name": "a", "topo": "star:devices=4"}],
    "cases": [{"collective": "all_reduce", "size": "1MiB"}],
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"candidates": []}, "candidates: must be 1 to 10, got 0"),
        ({"candidates": [{"name": "a", "topo": "ring"}] * 2}, "candidates: names must differ, got 'a' twice"),
        ({"candidates": [{"name": "a"}]}, r"candidates\.0\.topo: field required"),
        ({"cases": []}, "cases: must name at least one collective and size, got none"),
        (
            {"cases": [{"collective": "all_reduce", "size": "1MiB", "count": 0}]},
            r"cases\.0\.count: input should be greater than 0, got '0'",
        ),
        ({"sise": 3}, "sise: extra inputs are not permitted, got '3'"),
        ({"step": {"compute": 1, "overlap": 2}}, r"step\.overlap: input should be less than or equal to 1, got '2'"),
        ({"failing": {"seeds": 0}}, r"failing\.seeds: input should be greater than or equal to 1"),
        ({"parts": {"x": {"price": {"low": 1}}}}, r"parts\.x\.price\.high: field required"),
    ],
)
def test_mistakes(change, words):
    with pytest.raises(InputError, match=words) as caught:
        parse({**GOOD, **change})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: x\ncandidates: [", "must be YAML, got while parsing a flow node"),
        ("title: x\ncandi", "must be YAML"),
        ("- a\n- b\n", "must be a mapping with title, candidates and cases, got list"),
        ("", "must be a mapping with title, candidates and cases, got NoneType"),
        ("title: x\n", "candidates: field required"),
    ],
)
def test_a_half_written_file(tmp_path, text, words):
    path = tmp_path / "half.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*none\.yaml: No such file"):
        load(tmp_path / "none.yaml")


def test_sizes_are_bytes():
    assert parse(GOOD).cases[0].nbytes == 2**20
