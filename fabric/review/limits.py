"""What binds: energy quota, budget, racks, efficiency; how much a candidate is over, and what the quota would carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fabric.review.parts import Part
from fabric.review.quote import Range, exact
from fabric.review.racks import Floor
from fabric.review.request import Limits
from topologies.errors import InputError


@dataclass(frozen=True)
class Load:
    """What a candidate takes. watts: of the facility, PUE included; usd: of everything; both low, middle and high."""

    devices: int
    watts: Range
    usd: Range | None
    racks: int
    efficiency: float
    goodput: float


@dataclass(frozen=True)
class Binding:
    """One limit: what it allows and what is taken, at low, middle and high prices and powers. least: it is a floor."""

    name: str
    unit: str
    limit: float
    taken: Range
    least: bool = False

    def over_at(self, taken: float) -> float:
        """Return how far over so much is (0 or less: it fits), as a share of the limit."""
        return (self.limit / taken if self.least else taken / self.limit) - 1

    @property
    def over(self) -> float:
        """How far over the middle is."""
        return self.over_at(self.taken.mid)

    @property
    def over_high(self) -> float:
        """How far over the high end is."""
        return self.over_at(self.taken.high)

    @property
    def over_low(self) -> float:
        """How far over the low end is."""
        return self.over_at(self.taken.low)


FITS = ("high", "middle", "low", "none")
"""Up to which end of prices and powers all limits hold."""


def fits_up_to(found: Sequence[Binding]) -> str:
    """Return up to which end all limits hold: high (so everywhere), middle, low, or none."""
    overs = [[getattr(one, name) for one in found] for name in ("over_high", "over", "over_low")]
    return next((end for end, own in zip(FITS, overs, strict=False) if all(over <= 0 for over in own)), FITS[-1])


def check(limits: Limits) -> None:
    """Raise InputError for limits that nothing can satisfy."""
    for name in ("power", "budget", "racks"):
        value = getattr(limits, name)
        if value is not None and not value > 0:
            raise InputError(f"limits.{name}: must be above 0, got {value:g}")
    if limits.efficiency is not None and not 0 < limits.efficiency <= 1:
        raise InputError(f"limits.efficiency: must be above 0 and at most 1, such as 0.95, got {limits.efficiency:g}")


def check_rack(floor: Floor, rack_units: float) -> None:
    """Raise InputError where the nodes that a rack is said to hold are higher than the rack."""
    if floor.nodes_per_rack * rack_units > floor.rack_units:
        raise InputError(
            f"floor.nodes_per_rack: {floor.nodes_per_rack} nodes of {rack_units:g} rack units must fit in floor.rack_units, "
            f"got {floor.rack_units}; at most {int(floor.rack_units // rack_units)} fit"
        )


def check_nodes(limits: Limits, floor: Floor, nodes: int, node: Part, pue: float) -> None:
    """Raise InputError for limits that the fewest nodes of any candidate exceed alone, at low prices and powers."""
    each = {
        "power": (node.watts.range.low * pue if node.watts else 0.0, "W", f"draw alone (PUE {pue:g})"),
        "budget": (node.price.range.low if node.price else 0.0, "USD", "cost alone at the low price"),
    }
    for name, (one, unit, how) in each.items():
        limit = getattr(limits, name)
        if limit is not None and limit < nodes * one * (1 - 1e-9):
            raise InputError(
                f"limits.{name}: must be at least {_amount(nodes * one, unit)}, what the {nodes:,} nodes of {node.name} {how}; "
                f"got {_amount(limit, unit)}, enough for {int(limit / one):,} of them"
            )
    racks = -(-nodes // floor.nodes_per_rack)
    if limits.racks is not None and limits.racks < racks:
        fits = int(floor.rack_units // node.rack_units) if node.rack_units else floor.nodes_per_rack
        raise InputError(
            f"limits.racks: must be at least {racks:,}, what the {nodes:,} nodes fill alone at floor.nodes_per_rack "
            f"{floor.nodes_per_rack} (at most {fits} of {node.name} fit a rack); got {limits.racks:,}"
        )


def _amount(value: float, unit: str) -> str:
    return f"{value / 1e6:,.4g} MW" if unit == "W" and value >= 1e6 else f"{value:,.0f} {unit}"


def bindings(limits: Limits, load: Load) -> list[Binding]:
    """Return every limit that is given, the tightest at the middle first. A budget is left out where the bill has no price."""
    rows = [
        ("power", "W", limits.power, load.watts, False),
        ("budget", "USD", limits.budget, load.usd, False),
        ("racks", "racks", limits.racks, exact(load.racks), False),
        ("efficiency", "", limits.efficiency, exact(load.efficiency), True),
    ]
    found = [
        Binding(name, unit, float(limit), taken, least)
        for name, unit, limit, taken, least in rows
        if limit is not None and taken is not None
    ]
    return sorted(found, key=lambda binding: -binding.over)


@dataclass(frozen=True)
class Quota:
    """What a power limit carries: devices at this candidate's middle watts a device, effective ones (efficiency x goodput)."""

    watts_per_device: float
    devices: int
    effective: float


def quota(power: float, load: Load) -> Quota:
    """Return how many devices the power carries, network and PUE included; effective at this size's efficiency and goodput."""
    each = load.watts.mid / load.devices
    devices = int(power / each)
    return Quota(each, devices, devices * load.efficiency * load.goodput)
