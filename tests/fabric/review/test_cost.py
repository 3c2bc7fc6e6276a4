"""The price of an effective device-hour, against the worked figures."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.review.cost import Economy, at_allocation, computing, device_hour, tornado
from topologies.errors import InputError

WORKED = Economy(capex=50_000, watts=1275)


@pytest.mark.parametrize(
    ("share", "efficiency", "cost"), [(1, 1, 1.27), (0.6, 0.9, 2.29), (0.3, 0.6, 6.72), (0.15, 0.6, 13.28)]
)
def test_worked_figures(share, efficiency, cost):
    economy = replace(WORKED, busy=share, allocation=share, efficiency=efficiency)
    assert round(device_hour(economy), 2) == cost


@given(st.floats(0.05, 1), st.floats(0.05, 1), st.floats(0.05, 1))
def test_shares_divide_and_energy_adds(allocation, efficiency, goodput):
    economy = replace(WORKED, allocation=allocation, efficiency=efficiency, goodput=goodput)
    assert device_hour(economy) == pytest.approx(device_hour(WORKED) / (allocation * efficiency * goodput))
    dearer = replace(economy, energy=WORKED.energy + 0.01)
    assert (device_hour(dearer) - device_hour(economy)) * allocation * efficiency * goodput == pytest.approx(0.01 * 1.275 * 1.3)


def test_an_idle_device_still_draws():
    idle = replace(WORKED, busy=0.0)
    assert device_hour(idle) == pytest.approx(50_000 / 5 / 8760 + 1.275 * 0.3 * 1.3 * 0.08)


@given(st.floats(0.1, 1), st.floats(0.0, 1), st.floats(0.05, 1))
def test_another_allocation_keeps_what_a_device_does_with_its_time(allocation, part, other):
    economy = replace(WORKED, allocation=allocation, busy=allocation * part)
    moved = at_allocation(economy, other)
    assert computing(moved) == pytest.approx(computing(economy))
    assert at_allocation(economy, allocation).busy == pytest.approx(economy.busy), "where it stands nothing moves"


def test_a_tornado_moves_allocation_as_the_sliders_do():
    economy = replace(WORKED, allocation=0.8, busy=0.4)
    (swing,) = tornado(economy, {"allocation": (0.4, 1.0)})
    assert swing.cost_at_low == pytest.approx(device_hour(replace(economy, allocation=0.4, busy=0.2)))
    assert swing.cost_at_high == pytest.approx(device_hour(replace(economy, allocation=1.0, busy=0.5)))


def test_a_tornado_has_the_largest_swing_first():
    swings = tornado(WORKED, {"efficiency": (0.5, 1.0), "energy": (0.05, 0.12), "capex": (45_000, 55_000)})
    assert [swing.name for swing in swings] == ["efficiency", "capex", "energy"]
    assert swings[0].cost_at_low == pytest.approx(2 * swings[0].cost_at_high)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"efficiency": 0.0}, "cost.efficiency: must be above 0 and at most 1, got 0"),
        ({"busy": 1.2}, "cost.busy: must be between 0 and 1, got 1.2"),
        ({"pue": 0.9}, "pue >= 1, got life 5 and pue 0.9"),
        ({"capex": -1.0}, "cost.capex: must be >= 0, got -1"),
    ],
)
def test_bad_economies(change, words):
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        replace(WORKED, **change)


def test_bad_spans():
    with pytest.raises(InputError, match=r"spans: must be of .*, got 'price'"):
        tornado(WORKED, {"price": (1, 2)})
    with pytest.raises(InputError, match="low must be <= high, got 2 and 1"):
        tornado(WORKED, {"capex": (2, 1)})
