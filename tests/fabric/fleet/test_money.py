"""Money and energy of a waterfall: sums by hand, no margin at break-even, a cap below idle power refused."""

from dataclasses import replace

import pytest

from fabric.fleet.fleet import Power, Prices, stated
from fabric.fleet.money import YEAR_HOURS, break_even, costs, economy, power_cap
from fabric.fleet.waterfall import HOURS, Waterfall
from topologies.errors import InputError

POWER = Power(busy=800.0, idle=200.0, off=10.0, pue=1.5)
PRICES = Prices("CNY", device_hour=5.0, charged=12.0, kwh=0.8, fixed_per_year=100 * 8760.0)


def fleet(**more):
    return replace(stated(100, 8, leaf=10), power=POWER, prices=PRICES, **more)


def hours(**steps):
    """A waterfall of so many device-hours a step."""
    names = (
        "off", "down", "idle", "blocked", "slowed_by_placement", "slowed_by_contention", "lost_to_restarts", "unused_by_job",
        "effective",
    )  # fmt: skip
    parts = {name: steps.get(name, 0) * HOURS for name in names}
    return Waterfall(installed=sum(parts.values()), window_us=1, **parts)


def test_every_step_has_its_watts_and_its_money():
    found = {cost.name: cost for cost in costs(hours(off=10, idle=20, effective=30), fleet())}
    owned = 5.0 + 100 / 800
    assert found["off"].kwh == pytest.approx(10 * 0.015)
    assert found["idle"].kwh == pytest.approx(20 * 0.3)
    assert found["effective"].kwh == pytest.approx(30 * 1.2)
    assert found["effective"].money == pytest.approx(30 * owned + 30 * 1.2 * 0.8)
    assert found["installed"].hours == 60
    assert found["installed"].money == pytest.approx(sum(c.money for n, c in found.items() if n != "installed"))


def test_without_prices_hours_and_energy_still_come():
    found = costs(hours(idle=2, effective=3), replace(fleet(), prices=None))
    assert found[-1].kwh is not None
    assert all(cost.money is None for cost in found)
    bare = costs(hours(idle=2), stated(1, 8, leaf=1))
    assert all(cost.kwh is None and cost.money is None for cost in bare)
    assert economy(hours(effective=2), stated(1, 8, leaf=1)).per_effective is None


def test_at_break_even_the_margin_is_nought():
    own = fleet()
    share = break_even(own)
    at = hours(idle=1_000_000 - round(1_000_000 * share), effective=round(1_000_000 * share))
    found = economy(at, own)
    assert 0 < share < 1
    assert abs(found.margin_year) < 1e-5 * found.cost_year
    assert found.per_effective == pytest.approx(PRICES.charged, rel=1e-5)


def test_a_price_below_the_energy_of_an_hour_never_breaks_even():
    assert break_even(replace(fleet(), prices=replace(PRICES, charged=0.1))) == float("inf")


def test_half_the_effective_hours_cost_twice_as_much_each_but_for_energy():
    one, half = (economy(hours(idle=100 - e, effective=e), fleet()) for e in (100, 50))
    assert 1.6 < half.per_effective / one.per_effective < 2


def test_a_power_cap_allows_what_its_watts_allow():
    base, full = 800 * 300.0, 800 * 1200.0
    assert power_cap(fleet(), full).busy == 800
    assert power_cap(fleet(), base).busy == 0
    assert power_cap(fleet(), (base + full) / 2).share == pytest.approx(0.5)
    with pytest.raises(InputError, match=r"power cap: must be at least what the fleet draws idle, 0\.24 MW, got 0\.1 MW"):
        power_cap(fleet(), 1e5)
    with pytest.raises(InputError, match="power cap: needs the fleet's power"):
        power_cap(replace(fleet(), power=None), 1e6)


def test_a_year_is_a_years_hours():
    found = economy(hours(effective=800), fleet())
    assert found.cost_year == pytest.approx(costs(hours(effective=800), fleet())[-1].money * YEAR_HOURS)
