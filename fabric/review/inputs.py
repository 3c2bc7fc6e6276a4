"""What the cost per effective device-hour takes from a review's file and what from our defaults. It works no cost out."""

from __future__ import annotations

from dataclasses import dataclass, fields

from fabric.review.cost import UNITS, Economy
from fabric.review.request import OPEX_OF_CENTRE, Request, economy_of

WORKED_OUT = {"capex": "the bill", "watts": "the bill", "efficiency": "the cases and the step", "goodput": "the failures"}
"""Field of the cost formula -> what the review takes it from."""
OPEN = tuple(field.name for field in fields(Economy) if field.name not in WORKED_OUT)
"""Fields that a file may say."""


@dataclass(frozen=True)
class Input:
    """One input: its value and unit, and where it is from: file, default, or allocation (busy where only that is said)."""

    name: str
    value: float
    unit: str
    origin: str


def inputs(request: Request) -> list[Input]:
    """Return the inputs that are no candidate's own, one device's; what is the whole centre's last and only if it is said."""
    own = economy_of(request)
    found = [Input(name, getattr(own, name), UNITS[name], _origin(request, name)) for name in OPEN]
    if OPEX_OF_CENTRE in request.cost:
        found.append(Input(OPEX_OF_CENTRE, request.cost[OPEX_OF_CENTRE], UNITS[OPEX_OF_CENTRE], "file"))
    return found


def _origin(request: Request, name: str) -> str:
    if name in request.cost:
        return "file"
    return "allocation" if name == "busy" and "allocation" in request.cost else "default"
