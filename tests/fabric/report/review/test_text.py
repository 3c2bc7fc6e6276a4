"""A review as text: what fits up to which end, what failures take, and why a value is below 1."""

import re
from dataclasses import replace

import pytest

from fabric.report.review.text import markdown, tables
from fabric.review.damage import Damage
from fabric.review.losses import Event

CUT = {"median": None, "worst": None, "cut": 3, "devices_parted": 3, "left": 8}


def failed(review, **change):
    """The review with one random failure of its first candidate, told in Markdown."""
    row = Damage(Event("links"), 3, "all_reduce", 1.08, 1.1, 3, 0)
    design = replace(review.designs[0], resilience=replace(review.designs[0].resilience, damage=(replace(row, **change),)))
    line = markdown(replace(review, designs=(design,))).splitlines()[-1]
    return line.split(" | ")[-2]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "3 cables between switches: x 1.10"),
        ({"cut": 2}, "3 cables between switches: x 1.10, 2 of 3 cut"),
        ({"worst": 0.8, "even": 1.02}, "3 cables between switches: x 0.80 (luck of the hash: 1.02 split evenly)"),
        (
            {
                "event": Event("host_links"),
                "median": None,
                "worst": None,
                "cut": 3,
                "devices_parted": 3,
                "left": 8,
                "rest": 1.5,
            },
            "3 cables at devices: cut, 3 off, x 1.50 on 8 left",
        ),
        (
            {**CUT, "rest": 0.9, "rest_even": 0.9},
            "3 cables between switches: cut, 3 off, x 0.90 (fewer ranks send less) on 8 left",
        ),
    ],
)
def test_what_failures_take_is_told_in_a_cell(review, change, told):
    assert failed(review, **change) == told


def test_up_to_which_end_limits_hold_is_a_word(review):
    (_, columns, body), *_ = tables(review)
    told = [row[columns.index("fits")] for row in body]
    words = {"high": "yes", "middle": "not at high", "low": "at low only", "none": "no"}
    assert told == [words[design.fits_up_to] for design in review.designs]


def test_a_table_says_who_is_cut_off_and_what_is_left(review):
    _, columns, body = next(table for table in tables(review) if table[1][1] == "what")
    rows = [dict(zip(columns, row, strict=True)) for row in body if row[1] == "cables at devices"]
    losses = [one for design in review.designs for one in design.resilience.damage if one.event.kind == "host_links"]
    assert [row["cut off"] for row in rows] == [f"{one.devices_parted:,}" for one in losses]
    assert all(re.fullmatch(r"all|\d+", row["left whole"]) for row in rows)
    assert any(row["on those"] != "-" for row in rows)
