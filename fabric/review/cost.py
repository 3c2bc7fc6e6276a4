"""What an effective device-hour costs, and what moves it. It does not know what gave the efficiency or the prices.

cost = (capex / (life * 8760) + opex_per_device + P(u) * PUE * price) / (allocation * efficiency * goodput) per device,
P(u) = P_idle + u (P_busy - P_idle), u = busy. An effective device-hour is an hour in which a device that somebody asked for
does work that counts as if the network were free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from topologies.errors import InputError

HOURS = 8760
"""A year's."""
SHARES = ("busy", "idle_share", "allocation", "efficiency", "goodput")
UNITS = {
    "capex": "USD per device",
    "watts": "W per device",
    "life": "years",
    "opex_per_device": "USD per device-hour",
    "opex_of_centre": "USD per hour, all devices together",
    "idle_share": "of busy power",
    "pue": "facility power / IT power",
    "energy": "USD per kWh",
    "busy": "of all time",
    "allocation": "of all time",
    "efficiency": "of a free network's",
    "goodput": "of allocated time",
}
"""Input -> its unit."""


@dataclass(frozen=True)
class Economy:
    """One device's share of everything.

    capex: USD; life: years; opex_per_device: USD per hour of one device, energy apart; watts: drawn when busy; idle_share:
    of watts, drawn when idle; pue: facility power over IT power; energy: USD per kWh; busy: share of all time in which it
    computes; allocation: share of all time in which somebody pays for it; efficiency: of scaling, the network's; goodput:
    share of allocated time that failures leave.
    """

    capex: float
    watts: float
    life: float = 5.0
    opex_per_device: float = 0.0
    idle_share: float = 0.3
    pue: float = 1.3
    energy: float = 0.08
    busy: float = 1.0
    allocation: float = 1.0
    efficiency: float = 1.0
    goodput: float = 1.0

    def __post_init__(self) -> None:
        for name in SHARES:
            value = getattr(self, name)
            if not 0 <= value <= 1 or (value == 0 and name in SHARES[2:]):
                rule = "above 0 and at most 1" if name in SHARES[2:] else "between 0 and 1"
                raise InputError(f"cost.{name}: must be {rule}, got {value:g}")
        if not self.life > 0 or not self.pue >= 1:
            raise InputError(f"cost: life must be above 0 years and pue >= 1, got life {self.life:g} and pue {self.pue:g}")
        for name in ("capex", "watts", "opex_per_device", "energy"):
            if not getattr(self, name) >= 0:
                raise InputError(f"cost.{name}: must be >= 0, got {getattr(self, name):g}")


def device_hour(economy: Economy) -> float:
    """Return USD per effective device-hour."""
    drawn = economy.watts * (economy.idle_share + economy.busy * (1 - economy.idle_share))
    spent = economy.capex / (economy.life * HOURS) + economy.opex_per_device + drawn / 1000 * economy.pue * economy.energy
    return spent / (economy.allocation * economy.efficiency * economy.goodput)


def at_allocation(economy: Economy, allocation: float) -> Economy:
    """Return the economy where a device is paid for another share of the time and computes for the same part of that."""
    return replace(economy, allocation=allocation, busy=min(1.0, allocation * computing(economy)))


def computing(economy: Economy) -> float:
    """Return the share of its allocated time for which a device computes."""
    return economy.busy / economy.allocation


@dataclass(frozen=True)
class Swing:
    """How far one input moves the cost: at its low and at its high end, all others at their middle."""

    name: str
    low: float
    high: float
    cost_at_low: float
    cost_at_high: float

    @property
    def size(self) -> float:
        """USD per effective device-hour between the two ends."""
        return abs(self.cost_at_high - self.cost_at_low)


def _with(economy: Economy, name: str, value: float) -> Economy:
    return at_allocation(economy, value) if name == "allocation" else replace(economy, **{name: value})


def tornado(economy: Economy, spans: Mapping[str, tuple[float, float]]) -> list[Swing]:
    """Return the swing of every input, the largest first.

    spans: a field of Economy -> (low, high). Devices that are allocated for less time also compute for less.

    Raises:
        InputError: no such field, or low above high.
    """
    known = {field.name for field in fields(Economy)}
    swings = []
    for name, (low, high) in spans.items():
        if name not in known:
            raise InputError(f"spans: must be of {', '.join(sorted(known))}, got {name!r}")
        if low > high:
            raise InputError(f"spans.{name}: low must be <= high, got {low:g} and {high:g}")
        try:
            ends = [device_hour(_with(economy, name, value)) for value in (low, high)]
        except InputError as error:
            raise InputError(f"spans.{name}: {error}") from None
        swings.append(Swing(name, low, high, *ends))
    return sorted(swings, key=lambda swing: -swing.size)
