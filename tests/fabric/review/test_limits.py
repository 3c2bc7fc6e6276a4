"""Limits against plain division."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.review.limits import Load, bindings, quota
from fabric.review.request import Limits

LOAD = Load(devices=1000, watts=1.5e6, usd=5e7, racks=40, efficiency=0.9, goodput=0.95)


def test_the_tightest_stands_first():
    found = bindings(Limits(power=1e6, budget=6e7, racks=40, efficiency=0.95), LOAD)
    assert [one.name for one in found] == ["power", "efficiency", "racks", "budget"]
    assert [round(one.over, 4) for one in found] == [0.5, 0.0556, 0, -0.1667]


def test_a_budget_without_prices_binds_nobody():
    assert bindings(Limits(budget=1.0), Load(1, 1.0, None, 1, 1.0, 1.0)) == []


@given(st.floats(1e4, 1e8), st.integers(1, 10**6), st.floats(1e3, 1e9))
def test_the_quota_fits_and_one_more_does_not(power, devices, watts):
    found = quota(power, Load(devices, watts, None, 1, 0.8, 0.9))
    assert found.devices * found.watts_per_device <= power * (1 + 1e-9)
    assert (found.devices + 1) * found.watts_per_device > power * (1 - 1e-9)
    assert found.effective == pytest.approx(found.devices * 0.72)
