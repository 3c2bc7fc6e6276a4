"""What a waterfall costs: kWh and money per step, per effective device-hour, break-even, a power cap. It simulates nothing.

energy of a step = device-hours x watts x PUE / 1000, with busy watts for what jobs hold and use, idle watts for what is free,
down, or held and not used. money of a step = device-hours x (cost of owning one + its part of what is fixed) + kWh x price.
"""

from __future__ import annotations

from dataclasses import dataclass

from fabric.fleet.fleet import Fleet, Power, Prices
from fabric.fleet.waterfall import STEPS, Waterfall
from topologies.errors import InputError

YEAR_HOURS = 8760.0
DRAWS = {
    "off": "off", "down": "idle", "idle": "idle", "blocked": "idle", "slowed_by_placement": "busy",
    "slowed_by_contention": "busy", "lost_to_restarts": "busy", "unused_by_job": "idle", "effective": "busy",
}  # fmt: skip
"""Step -> what a device draws in it. A device that waits for the network is taken as busy: it spins or holds its clocks."""


@dataclass(frozen=True)
class Cost:
    """One step, or all of it: device-hours, kWh (None without power), money (None without any price)."""

    name: str
    hours: float
    kwh: float | None
    money: float | None


@dataclass(frozen=True)
class Economy:
    """What follows from a waterfall and prices; None where a price is missing. money per hour of one device.

    per_effective: cost of an effective device-hour; per_allocated: of an allocated one. charged: what is asked for one
    allocated. break_even: allocated share of what is installed at which what is charged covers all costs; above 1: never.
    margin_year: what is charged less all costs, a year of the whole fleet. cost_year: all costs.
    """

    per_effective: float | None
    per_allocated: float | None
    charged: float | None
    break_even: float | None
    allocated: float
    cost_year: float | None
    margin_year: float | None


def costs(waterfall: Waterfall, fleet: Fleet) -> list[Cost]:
    """Return every step in device-hours, kWh and money, and their sum as `installed`."""
    found = [_cost(name, waterfall.hours(name), fleet) for name in STEPS]
    kwh = None if fleet.power is None else sum(cost.kwh or 0.0 for cost in found)
    money = None if found[0].money is None else sum(cost.money or 0.0 for cost in found)
    return [*found, Cost("installed", waterfall.hours("installed"), kwh, money)]


def _cost(name: str, hours: float, fleet: Fleet) -> Cost:
    kwh = None if fleet.power is None else hours * watts(fleet.power, DRAWS[name]) / 1000
    return Cost(name, hours, kwh, _money(hours, kwh, fleet))


def watts(power: Power, state: str) -> float:
    """Return what one device draws at the meter, PUE included. state: busy, idle or off."""
    return float(getattr(power, state)) * power.pue


def _money(hours: float, kwh: float | None, fleet: Fleet) -> float | None:
    """Return what device-hours cost with their energy; None where no price is known."""
    prices = fleet.prices
    if prices is None:
        return None
    owned = owning(prices, fleet.devices)
    energy = 0.0 if kwh is None or prices.kwh is None else kwh * prices.kwh
    return None if owned is None and prices.kwh is None else hours * (owned or 0.0) + energy


def owning(prices: Prices, devices: int) -> float | None:
    """Return what one installed device costs an hour, energy apart: its own and its part of what is fixed; None if unknown."""
    if prices.device_hour is None and prices.fixed_per_year is None:
        return None
    return (prices.device_hour or 0.0) + (prices.fixed_per_year or 0.0) / (YEAR_HOURS * devices)


def economy(waterfall: Waterfall, fleet: Fleet) -> Economy:
    """Return costs per effective and per allocated device-hour, break-even and margin."""
    total = costs(waterfall, fleet)[-1].money
    effective, allocated = waterfall.hours("effective"), waterfall.hours("allocated")
    charged = fleet.prices.charged if fleet.prices else None
    hours = waterfall.hours("installed")
    year = YEAR_HOURS * fleet.devices / hours if hours else 0.0
    return Economy(
        per_effective=total / effective if total is not None and effective else None,
        per_allocated=total / allocated if total is not None and allocated else None,
        charged=charged,
        break_even=break_even(fleet),
        allocated=allocated / hours if hours else 0.0,
        cost_year=None if total is None else total * year,
        margin_year=None if total is None or charged is None else (charged * allocated - total) * year,
    )


def break_even(fleet: Fleet) -> float | None:
    """Return the allocated share of installed devices at which what is charged covers all costs; None without a price.

    charged u = owning + idle energy + u (busy - idle) energy, per installed device-hour, so u = (owning + idle) / (charged -
    busy + idle); infinite where an allocated hour brings no more than its own energy. Devices that are off are taken as idle.
    """
    prices = fleet.prices
    owned = owning(prices, fleet.devices) if prices else None
    if prices is None or owned is None or prices.charged is None:
        return None
    idle = busy = 0.0
    if fleet.power is not None and prices.kwh is not None:
        idle, busy = (watts(fleet.power, state) / 1000 * prices.kwh for state in ("idle", "busy"))
    left = prices.charged - (busy - idle)
    return (owned + idle) / left if left > 0 else float("inf")


@dataclass(frozen=True)
class Cap:
    """What a power cap allows: devices busy at once of those switched on, and the share of installed that is."""

    watts: float
    busy: int
    share: float
    draws_full: float


def power_cap(fleet: Fleet, cap: float) -> Cap:
    """Return how many devices may be busy at once under a cap in watts at the meter, all others on and idle.

    Raises:
        InputError: no power known, or a cap below what the fleet draws idle.
    """
    if fleet.power is None:
        raise InputError("power cap: needs the fleet's power, watts busy and idle of a device")
    idle, busy = watts(fleet.power, "idle"), watts(fleet.power, "busy")
    off = (fleet.devices - fleet.devices_on) * watts(fleet.power, "off")
    base = fleet.devices_on * idle + off
    if cap < base:
        raise InputError(f"power cap: must be at least what the fleet draws idle, {base / 1e6:.4g} MW, got {cap / 1e6:.4g} MW")
    each = busy - idle
    allowed = fleet.devices_on if not each else min(fleet.devices_on, int((cap - base) / each))
    return Cap(cap, allowed, allowed / fleet.devices, base + fleet.devices_on * each)
