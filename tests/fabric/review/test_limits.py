"""Limits against plain division, and those that no network could satisfy."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.review.limits import Load, bindings, check_nodes, fits_up_to, quota
from fabric.review.parts import PARTS
from fabric.review.quote import Range, exact
from fabric.review.racks import Floor
from fabric.review.request import Limits
from topologies.errors import InputError

LOAD = Load(devices=1000, watts=exact(1.5e6), usd=exact(5e7), racks=40, efficiency=0.9, goodput=0.95)


def test_the_tightest_stands_first():
    found = bindings(Limits(power=1e6, budget=6e7, racks=40, efficiency=0.95), LOAD)
    assert [one.name for one in found] == ["power", "efficiency", "racks", "budget"]
    assert [round(one.over, 4) for one in found] == [0.5, 0.0556, 0, -0.1667]


def test_a_budget_without_prices_binds_nobody():
    assert bindings(Limits(budget=1.0), Load(1, exact(1.0), None, 1, 1.0, 1.0)) == []


@pytest.mark.parametrize(
    ("budget", "power", "end"),
    [
        (8e7, 2e6, "high"),
        (6e7, 2e6, "middle"),
        (8e7, 1.6e6, "middle"),
        (4.5e7, 2e6, "low"),
        (3e7, 2e6, "none"),
        (6e7, 1e6, "none"),
    ],
)
def test_limits_hold_up_to_an_end_of_the_ranges(budget, power, end):
    load = replace(LOAD, usd=Range(4e7, 5e7, 7e7), watts=Range(1.4e6, 1.5e6, 1.7e6))
    assert fits_up_to(bindings(Limits(budget=budget, power=power), load)) == end


def test_racks_and_efficiency_have_no_other_end():
    found = bindings(Limits(racks=50, efficiency=0.8), LOAD)
    assert all(one.over_low == one.over == one.over_high < 0 for one in found)
    assert fits_up_to(found) == "high"


@given(st.floats(1e4, 1e8), st.integers(1, 10**6), st.floats(1e3, 1e9))
def test_the_quota_fits_and_one_more_does_not(power, devices, watts):
    found = quota(power, Load(devices, exact(watts), None, 1, 0.8, 0.9))
    assert found.devices * found.watts_per_device <= power * (1 + 1e-9)
    assert (found.devices + 1) * found.watts_per_device > power * (1 - 1e-9)
    assert found.effective == pytest.approx(found.devices * 0.72)


NODE = PARTS["node-8xh100"]  # 310,000 USD at least, 10.2 kW, 8 rack units


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (
            Limits(power=2e6),
            r"limits\.power: must be at least 13\.58 MW, what the 1,024 nodes of node-8xh100 draw alone \(PUE 1\.3\); "
            r"got 2 MW, enough for 150 of them",
        ),
        (
            Limits(budget=1e8),
            r"limits\.budget: must be at least 317,440,000 USD, what the 1,024 nodes of node-8xh100 cost alone at the low "
            r"price; got 100,000,000 USD, enough for 322 of them",
        ),
        (
            Limits(racks=255),
            r"limits\.racks: must be at least 256, what the 1,024 nodes fill alone at floor\.nodes_per_rack 4 "
            r"\(at most 5 of node-8xh100 fit a rack\); got 255",
        ),
    ],
)
def test_limits_that_nodes_alone_exceed(limits, words):
    with pytest.raises(InputError, match=words):
        check_nodes(limits, Floor(), 1024, NODE, 1.3)


@given(st.integers(1, 10_000), st.floats(1, 2))
def test_what_is_named_would_do(nodes, pue):
    watts, usd, racks = nodes * NODE.watts.range.low * pue, nodes * NODE.price.range.low, -(-nodes // 4)
    check_nodes(Limits(power=watts, budget=usd, racks=racks), Floor(), nodes, NODE, pue)
    for limits in (Limits(power=watts * 0.999), Limits(budget=usd * 0.999), Limits(racks=racks - 1)):
        with pytest.raises(InputError, match="must be at least"):
            check_nodes(limits, Floor(), nodes, NODE, pue)


def test_what_nobody_knows_contradicts_nothing():
    check_nodes(Limits(power=1.0, budget=1.0), Floor(), 1024, replace(NODE, price=None, watts=None), 1.3)
