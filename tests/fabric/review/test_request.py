"""Reading a review's file: every mistake is one line that names the key, the rule and the value."""

import datetime as dt

import pytest

from fabric.review.request import Limits, load, parse, parts_of
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
        ({"candidates": [{"name": "a"}]}, r"candidates\.0 \(a\)\.topo: must be given, got only name"),
        ({"cases": []}, "cases: must name at least one collective and size, or training a model, got none"),
        (
            {"cases": [{"collective": "all_reduce", "size": "1MiB", "count": 0}]},
            r"cases\.0\.count: must be above 0, got '0'",
        ),
        ({"sise": 3}, "sise: no such key; must be of title, .*, got 'sise'"),
        ({"step": {"compute": 1, "overlap": 2}}, r"step\.overlap: must be at most 1 \(a share, such as 0\.5\), got '2'"),
        ({"failing": {"seeds": 0}}, r"failing\.seeds: must be at least 1, got '0'"),
        ({"parts": {"x": {"price": {"low": 1}}}}, r"parts\.x\.price\.high: must be given, got only low"),
    ],
)
def test_mistakes(change, words):
    with pytest.raises(InputError, match=words) as caught:
        parse({**GOOD, **change})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "title: x\ncandidates: [",
            r"must be YAML, got line 2, column 14: expected the node content, but found '<stream end>'",
        ),
        ("title: x\nlimits: {power: 1}\nlimits: {racks: 2}\n", "limits: must be given once, got it twice"),
        ("title: x\ncandidates:\n- {name: a, name: b}\n", r"line 3, column 3: name: must be given once, got it twice"),
        ("title: x\ncandi", "must be YAML"),
        ("- a\n- b\n", "must be a mapping with title, candidates and cases, got list"),
        ("", "must be a mapping with title, candidates and cases, got NoneType"),
        ("title: x\n", "candidates: must be given, got only title"),
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


@pytest.mark.parametrize("date", ["2026", 2026, dt.date(2026, 11, 5)])
def test_dates_as_yaml_reads_them(date):
    price = {"low": 1, "high": 2, "source": "a quotation", "date": date}
    request = parse({**GOOD, "parts": {"dac-400g": {"price": price}}})
    assert parts_of(request)["dac-400g"].price.date == str(date)


def test_sizes_are_bytes():
    assert parse(GOOD).cases[0].nbytes == 2**20


def test_a_power_limit_may_carry_its_unit():
    for text, watts in (("4.5MW", 4.5e6), ("900 kW", 9e5), (2e6, 2e6)):
        assert Limits.model_validate({"power": text}).power == watts
