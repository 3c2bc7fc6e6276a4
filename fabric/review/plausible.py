"""What a review's figures can plausibly be, in one table: a slip of unit or of decimal point is refused. It works nothing out.

Ranges are ours and wide: they hold anything that was found sold, billed or built, and a factor more at either end. What is
wrong whatever it means (a negative price, a share above 1) is refused elsewhere, and cannot be insisted on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fabric.review.cost import UNITS
from fabric.review.parts import Part
from fabric.review.request import Request, economy_of
from topologies.errors import InputError


@dataclass(frozen=True)
class Plausible:
    """low to high of one figure in a unit, and what stands at the ends."""

    low: float
    high: float
    unit: str
    why: str


ALLOCATED = "a device computes only while it is allocated"
PLAUSIBLE: Mapping[str, Plausible] = {
    "cost.life": Plausible(1, 15, UNITS["life"], "accelerators are written off in 3 to 7"),
    "cost.opex_per_device": Plausible(
        0,
        5,
        UNITS["opex_per_device"],
        "about 0.5 in a centre of 1,000 cards (30 million CNY a year, 2025); all of an H100 rents at 2 to 5 (2026)",
    ),
    "cost.opex_of_centre": Plausible(0, 500_000, UNITS["opex_of_centre"], "5 for each of 100,000 devices"),
    "cost.idle_share": Plausible(0.01, 0.9, UNITS["idle_share"], "idle servers draw 0.1 to 0.6"),
    "cost.pue": Plausible(1, 3, UNITS["pue"], "1.58 on average in 2023, 2.5 in 2007 (Uptime Institute)"),
    "cost.energy": Plausible(0.005, 1, UNITS["energy"], "industry paid about 0.075 (US) to 0.28 (Ireland) in 2024"),
    "cost.busy": Plausible(0.01, 1, UNITS["busy"], f"{ALLOCATED}, so at most cost.allocation"),
    "cost.allocation": Plausible(0.02, 1, UNITS["allocation"], "idle centres stand at 0.1 to 0.3"),
    "cost.capex": Plausible(50, 1e6, UNITS["capex"], "30,000 to 60,000 for an accelerator with its share of everything"),
    "cost.watts": Plausible(5, 10_000, UNITS["watts"], "300 to 2,000 with its share of everything"),
    "cost.efficiency": Plausible(0.01, 1, UNITS["efficiency"], "below that nobody trains"),
    "cost.goodput": Plausible(0.01, 1, UNITS["goodput"], "below that nobody trains"),
    "rates": Plausible(1e-5, 5, "USD for one unit", "0.00004 (dong) to 3.3 (Kuwaiti dinar)"),
    "parts.switch.price": Plausible(50, 2e6, "USD each", "from a gigabit switch to a chassis"),
    "parts.link.price": Plausible(0.5, 30_000, "USD each", "from a patch cord to long-haul optics"),
    "parts.nic.price": Plausible(5, 30_000, "USD each", "25GbE at 80 to a DPU at 5,000"),
    "parts.node.price": Plausible(100, 2e7, "USD each", "up to a rack of 72 at 3 to 4 million"),
    "parts.device.price": Plausible(20, 500_000, "USD each", "accelerators at 500 to 50,000"),
    "parts.switch.watts": Plausible(1, 60_000, "W each", "50 to 7,000 for a box"),
    "parts.link.watts": Plausible(0, 200, "W each", "two ends, 0 for copper to 40 at 800G"),
    "parts.nic.watts": Plausible(0.5, 500, "W each", "5 to 150"),
    "parts.node.watts": Plausible(5, 1e6, "W each", "10,200 for 8 H100; up to a rack of 120,000 to 600,000"),
    "parts.device.watts": Plausible(1, 20_000, "W each", "75 to 1,400"),
    "limits.power": Plausible(1000, 1e11, "W", "2e7 for 20 MW"),
    "limits.budget": Plausible(1000, 1e12, "USD", "4e8 for 400 million"),
    "step.compute": Plausible(1e-5, 3600, "s", "tenths of a second to a minute"),
    "failing.restart": Plausible(0, 86_400, "s", "a minute to half an hour"),
    "failing.checkpoint": Plausible(0, 604_800, "s", "minutes to hours"),
    "floor.rack_width": Plausible(0.2, 3, "m", "0.6 to 0.8"),
    "floor.row_pitch": Plausible(0.5, 30, "m", "2 to 4, aisle included"),
    "floor.tray": Plausible(0, 20, "m", "1 to 3"),
    "floor.slack": Plausible(0, 50, "m", "0 to 5"),
    "floor.in_rack": Plausible(0, 10, "m", "1 to 3"),
    "floor.rack_units": Plausible(4, 100, "rack units", "42 to 52"),
    "floor.nodes_per_rack": Plausible(1, 200, "nodes", "1 to 40"),
    "floor.switches_per_rack": Plausible(1, 100, "switches", "8 to 40"),
    "floor.racks_per_row": Plausible(1, 1000, "racks", "5 to 40"),
}
"""Figure -> what it can plausibly be. `spans` go by the field's own row under `cost`."""


@dataclass(frozen=True)
class Beyond:
    """A figure of a review that is outside of its range. name: as the file has it."""

    name: str
    value: float
    range: Plausible

    def line(self) -> str:
        """Return the refusal: the parameter, the rule, what is plausible, the value."""
        low, high = (f"{end:,.15g}" for end in (self.range.low, self.range.high))
        return (
            f"{self.name}: must be plausible, {low} to {high} {self.range.unit} ({self.range.why}), got {self.value:,.15g}; "
            "--force insists"
        )


def check_plausible(request: Request, parts: Mapping[str, Part]) -> None:
    """Raise InputError for the first figure that is beyond its range."""
    if found := next(beyond(request, parts), None):
        raise InputError(found.line())


def beyond(request: Request, parts: Mapping[str, Part]) -> Iterator[Beyond]:
    """Yield every figure of a review that is outside of its range. parts: the catalogue with the review's own, in USD."""
    allocation = economy_of(request).allocation
    for name, row, value in _figures(request, parts):
        own = PLAUSIBLE[row]
        if row == "cost.busy":
            own = Plausible(own.low, allocation, own.unit, own.why)
        if not own.low <= value <= own.high:
            yield Beyond(name, value, own)


def _figures(request: Request, parts: Mapping[str, Part]) -> Iterator[tuple[str, str, float]]:
    """Yield name, row of the table and value of every figure that a file says."""
    yield from ((f"cost.{name}", f"cost.{name}", value) for name, value in request.cost.items())
    for name, ends in request.spans.items():
        yield from ((f"spans.{name}", f"cost.{name}", value) for value in ends)
    yield from ((f"rates.{name}", "rates", value) for name, value in request.rates.items())
    yield from _figures_of_parts(request, parts)
    for where in ("limits", "step", "failing"):
        model = getattr(request, where)
        for name in type(model).model_fields:
            if f"{where}.{name}" in PLAUSIBLE and getattr(model, name) is not None:
                yield f"{where}.{name}", f"{where}.{name}", getattr(model, name)
    yield from ((f"floor.{name}", f"floor.{name}", value) for name, value in request.floor.items())


def _figures_of_parts(request: Request, parts: Mapping[str, Part]) -> Iterator[tuple[str, str, float]]:
    for name, text in request.parts.items():
        for what in ("price", "watts"):
            if getattr(text, what) is not None and (quote := getattr(parts[name], what)):
                ends = (quote.range.low, quote.range.mid, quote.range.high)
                yield from ((f"parts.{name}.{what}", f"parts.{parts[name].kind}.{what}", end) for end in ends)
