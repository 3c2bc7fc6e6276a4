"""What would change the decision: where the cost per effective device-hour of two candidates meets. No sentences.

All from cost.py's formula solved for one input: with D = allocation * efficiency * goodput and E(u) the energy per hour,
cost = (capex / H + opex_per_device + E(u)) / D, H = life * 8760.
"""

from __future__ import annotations

from dataclasses import replace

from fabric.review.cost import HOURS, Economy, device_hour


def efficiency_to_match(economy: Economy, cost: float) -> float:
    """Return the scaling efficiency at which this economy costs so much; above 1 none would do."""
    return economy.efficiency * device_hour(economy) / cost


def capex_to_match(economy: Economy, cost: float) -> float:
    """Return the USD of capex per device at which this economy costs so much; below 0 not even a gift would do."""
    share = economy.allocation * economy.efficiency * economy.goodput
    return economy.capex + (cost - device_hour(economy)) * share * economy.life * HOURS


def busy_to_meet(one: Economy, other: Economy) -> float | None:
    """Return the busy share of all time at which both cost the same; None where the two lines never meet in 0 ... 1.

    Cost is linear in it, and allocation does not change which of two with the same one is cheaper.
    """
    idle = device_hour(replace(one, busy=0.0)) - device_hour(replace(other, busy=0.0))
    full = device_hour(replace(one, busy=1.0)) - device_hour(replace(other, busy=1.0))
    if idle == full or idle * full > 0:
        return None
    return idle / (idle - full)


def moved_by_use(economy: Economy, good: tuple[float, float] = (1.0, 1.0), bad: tuple[float, float] = (0.15, 0.6)) -> float:
    """Return how many times dearer bad use is than good; each (share of time allocated and computing, efficiency).

    The defaults are the ends of the published example: 1.27 against 13.28 USD.
    """
    ends = [
        device_hour(replace(economy, busy=share, allocation=share, efficiency=efficiency)) for share, efficiency in (good, bad)
    ]
    return ends[1] / ends[0]


def moved_by_network(economies: list[Economy]) -> float:
    """Return dearest / cheapest - 1 of candidates at equal efficiency and goodput: what their own price and power move."""
    same = replace(economies[0], busy=1.0, allocation=1.0)
    costs = [device_hour(replace(same, capex=one.capex, watts=one.watts)) for one in economies]
    return max(costs) / min(costs) - 1
