"""Costs per effective device-hour for every place of the page's sliders, worked out beforehand. It draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fabric.review.cost import Economy, at_allocation, computing, device_hour
from fabric.review.evaluate import Design
from fabric.review.quote import Range

ALLOCATIONS = tuple(n / 20 for n in range(1, 21))
SCALES = tuple(n / 20 for n in range(10, 21))
ENERGIES = tuple(n / 50 for n in range(1, 11))
"""USD per kWh."""
DIGITS = 4
"""Decimals of a cost in USD: a hundredth of a cent."""
Place = tuple[int, int, int]


@dataclass(frozen=True)
class Grid:
    """cost: by candidate, then allocation, scale of efficiency, energy price. start: the request's own place.

    computing: the share of its allocated time for which a device computes, wherever the sliders stand.
    """

    candidates: tuple[str, ...]
    allocations: tuple[float, ...]
    scales: tuple[float, ...]
    energies: tuple[float, ...]
    start: Place
    computing: float
    cost: tuple[tuple[tuple[tuple[Range, ...], ...], ...], ...]

    def at(self, candidate: int, place: Place) -> Range:
        """Return the cost of a candidate at a place of the sliders."""
        allocation, scale, energy = place
        return self.cost[candidate][allocation][scale][energy]

    def content(self) -> dict[str, Any]:
        """Return the grid for the page's script, costs flat as low, middle, high in the order of `cost`."""
        flat = [
            value
            for candidate in self.cost
            for by_scale in candidate
            for by_energy in by_scale
            for found in by_energy
            for value in (found.low, found.mid, found.high)
        ]
        return {
            "candidates": self.candidates,
            "axes": [self.allocations, self.scales, self.energies],
            "start": self.start,
            "computing": self.computing,
            "cost": flat,
        }


def grid(designs: Sequence[Design]) -> Grid | None:
    """Return the grid of all candidates that have a cost; None where there is none."""
    priced = [(d.candidate.name, d.economy, d.price / d.bill.endpoints) for d in designs if d.economy and d.price]
    if not priced:
        return None
    first = priced[0][1]
    axes = _with(ALLOCATIONS, first.allocation), SCALES, _with(ENERGIES, first.energy)
    start = axes[0].index(first.allocation), axes[1].index(1.0), axes[2].index(first.energy)
    costs = tuple(_costs(own, each, *axes) for _, own, each in priced)
    return Grid(tuple(name for name, *_ in priced), *axes, start, computing(first), costs)


def _with(points: Sequence[float], own: float) -> tuple[float, ...]:
    return tuple(sorted({*points, own}))


def _costs(
    economy: Economy, each: Range, allocations: Sequence[float], scales: Sequence[float], energies: Sequence[float]
) -> tuple[tuple[tuple[Range, ...], ...], ...]:
    return tuple(tuple(tuple(_cost(moved(economy, u, s, e), each) for e in energies) for s in scales) for u in allocations)


def moved(economy: Economy, allocation: float, scale: float, energy: float) -> Economy:
    """Return the economy with the sliders elsewhere: a device that is allocated for less time also computes for less."""
    return replace(at_allocation(economy, allocation), efficiency=economy.efficiency * scale, energy=energy)


def _cost(economy: Economy, each: Range) -> Range:
    """Return the cost at low, middle and high capital per device."""
    return Range(*(round(device_hour(replace(economy, capex=usd)), DIGITS) for usd in (each.low, each.mid, each.high)))
