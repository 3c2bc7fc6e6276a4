"""Slips of unit and of decimal point: every figure has a range, what is outside is one line, --force insists and is told."""

import re
from pathlib import Path

import pytest

from fabric.report.review.sentences import sentence
from fabric.report.words.review import words
from fabric.review.cost import device_hour
from fabric.review.evaluate import evaluate
from fabric.review.parts import PARTS
from fabric.review.plausible import PLAUSIBLE, beyond
from fabric.review.request import load, parse, parts_of
from fabric.review.verdict import verdict
from fabric.search.search import search
from topologies.errors import InputError

RAILS = "rail_optimized:nodes=8,rails=4,radix=8,scale_up=nvswitch"
ROOT = Path(__file__).parents[3]


def asked(**change):
    base = {
        "title": "t",
        "candidates": [{"name": "a", "topo": RAILS}],
        "cases": [{"collective": "all_reduce", "size": "1MiB"}],
        "node": "node-8xh100",
        "step": {"compute": 0.1},
        "failing": {"links": [], "host_links": [], "switches": [], "racks": [], "seeds": 1},
    }
    return parse({**base, **change})


def figure(value):
    return {"low": value, "high": value, "source": "a quotation", "date": "2026-11"}


def with_figure(row, value):
    """A review that says one figure of the table; shares that are worked out are said as the end of a span."""
    where, _, rest = row.partition(".")
    if row == "rates":
        return asked(rates={"CNY": value})
    if where == "parts":
        kind, _, what = rest.partition(".")
        return asked(parts={"mine": {"kind": kind, what: figure(value)}})
    if where == "cost" and rest in ("capex", "watts", "efficiency", "goodput"):
        return asked(spans={rest: (value, value)})
    known = asked().failing.model_dump() if where == "failing" else {}
    return asked(**{where: {**known, rest: value}})


def found(request):
    return [one.name for one in beyond(request, parts_of(request))]


@pytest.mark.parametrize("row", PLAUSIBLE)
def test_both_ends_of_every_range_are_plausible_and_nothing_beyond(row):
    own = PLAUSIBLE[row]
    assert own.low < own.high
    for value in (own.low, own.high):
        assert found(with_figure(row, value)) == []
    hard = {"cost.busy": (0, 1), "cost.allocation": (0, 1), "cost.pue": (1, 1e9)}.get(row, (0, 1e99))
    for value in (own.high * 1.01 + 1e-9, own.low * 0.99 - 1e-9):
        if hard[0] <= value <= hard[1]:  # what is wrong whatever it means has no range
            assert found(with_figure(row, value))


def test_what_ships_is_plausible():
    for part in PARTS.values():
        for what in ("price", "watts"):
            if quote := getattr(part, what):
                own = PLAUSIBLE[f"parts.{part.kind}.{what}"]
                assert own.low <= quote.range.low <= quote.range.high <= own.high
    for path in sorted((ROOT / "benchmarks" / "reviews").glob("*.yaml")):
        assert found(load(path)) == []
    assert found(asked()) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"cost": {"energy": 90}},
            r"cost\.energy: must be plausible, 0\.005 to 1 USD per kWh \(industry paid .*\), got 90; --force insists",
        ),
        (
            {"cost": {"opex_per_device": 125}},
            r"cost\.opex_per_device: must be plausible, 0 to 5 USD per device-hour \(.*\), got 125; --force insists",
        ),
        (
            {"cost": {"pue": 13}},
            r"cost\.pue: must be plausible, 1 to 3 facility power / IT power \(.*\), got 13; --force insists",
        ),
        ({"cost": {"life": 60}}, r"cost\.life: must be plausible, 1 to 15 years \(.*\), got 60; --force insists"),
        (
            {"cost": {"busy": 0.9, "allocation": 0.6}},
            r"cost\.busy: must be plausible, 0\.01 to 0\.6 of all time \(.*at most cost\.allocation\), got 0\.9; --force",
        ),
        ({"spans": {"energy": [4, 16]}}, r"spans\.energy: must be plausible, 0\.005 to 1 USD per kWh \(.*\), got 4; --force"),
        (
            {"rates": {"CNY": 7.1}},
            r"rates\.CNY: must be plausible, 1e-05 to 5 USD for one unit \(.*\), got 7\.1; --force insists",
        ),
        (
            {"parts": {"switch-64x400g": {"watts": figure(900_000)}}},
            r"parts\.switch-64x400g\.watts: must be plausible, 1 to 60,000 W each \(.*\), got 900,000; --force insists",
        ),
        (
            {"limits": {"power": 20}, "node": None},
            r"limits\.power: must be plausible, 1,000 to 100,000,000,000 W .*, got 20; --force",
        ),
        ({"step": {"compute": 7200}}, r"step\.compute: must be plausible, 1e-05 to 3,600 s \(.*\), got 7,200; --force insists"),
    ],
)
def test_a_slip_is_one_line_before_any_work_and_can_be_insisted_on(change, words):
    with pytest.raises(InputError, match=f"^{words}") as caught:
        evaluate(asked(**change), tell=lambda *_: pytest.fail("work has begun"))
    assert "\n" not in str(caught.value)
    with pytest.raises(AssertionError, match="work has begun"):
        evaluate(asked(**change), tell=begun, force=True)


def begun(*_):
    raise AssertionError("work has begun")


def test_what_is_wrong_whatever_it_means_cannot_be_insisted_on():
    with pytest.raises(InputError, match=r"^cost\.busy: must be between 0 and 1, got 2$"):
        evaluate(asked(cost={"busy": 2}), force=True)


def test_what_was_insisted_on_is_told():
    review = evaluate(asked(cost={"energy": 90}), force=True)
    (told,) = (one for one in verdict(review) if one.kind == "insisted")
    said = sentence(told, words("en"))
    assert said == "Taken by --force although beyond what is plausible (in brackets): cost.energy 90 (0.005 - 1)."
    assert review.designs[0].cost.mid == device_hour(review.designs[0].economy)
    assert [one.kind for one in verdict(evaluate(asked())) if one.kind == "insisted"] == []


def test_a_search_refuses_the_same():
    from fabric.search.generate import Demand

    demand = Demand(32, 4, radices=(8,), families=("clos",), oversubscriptions=("1",), planes=(2,), oversize=0.0)
    with pytest.raises(InputError, match=r"^cost\.energy: must be plausible"):
        search(demand, ("400Gb/s",), asked(cost={"energy": 90}))


def test_the_documented_table_is_the_code_s():
    text = (ROOT / "docs" / "review.md").read_text()
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\S+) to (\S+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert {name: tuple(rest) for name, *rest in rows} == {
        name: (f"{own.low:,.15g}", f"{own.high:,.15g}", own.unit, own.why) for name, own in PLAUSIBLE.items()
    }
