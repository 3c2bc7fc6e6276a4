"""How fast a machine's cores copy and reduce, as it stands in a fabric's file. It does not know how it was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fabric.network.working_sets import Rates, WorkingSets
from fabric.units import rate, size
from topologies.errors import InputError

NAME = "working_sets"
"""The key in a file."""


@dataclass(frozen=True)
class RatesText:
    """One working set: bytes that the cores touch together, and a core's speeds."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  # read by pydantic, which is imported where a file is read
    touched: str
    copy_one: str
    copy_all: str
    reduce_one: str
    reduce_all: str


@dataclass(frozen=True)
class WorkingSetsText:
    """All of them, and the speed of new pages."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  # as above
    rates: tuple[RatesText, ...]
    fresh: str
    handed: str
    count: int
    date: str
    source: str


def as_text(known: WorkingSets) -> dict[str, Any]:
    """Return the content of a file; ten digits are kept, as in the fingerprint."""
    rates = [{"touched": f"{one.nbytes} B"} | {key: _text(speed) for key, speed in one.speeds.items()} for one in known.rates]
    speeds = {"fresh": _text(known.fresh), "handed": _text(known.handed), "rates": rates}
    return {"source": known.source, "count": known.count, "date": known.date, **speeds}


def _text(speed: float) -> str:
    return f"{speed / 1e9:.10g}GB/s"


def from_text(where: str, text: WorkingSetsText) -> WorkingSets:
    """Return the rates by working set as they stand in a file.

    Raises:
        InputError: none, sizes that do not rise, or a speed that is none.
    """
    rates = tuple(
        Rates(
            size(one.touched, f"{NAME}.touched"),
            *(_speed(where, said) for said in (one.copy_one, one.copy_all, one.reduce_one, one.reduce_all)),
        )
        for one in text.rates
    )
    sizes = [one.nbytes for one in rates]
    if not sizes or sizes != sorted(set(sizes)) or sizes[0] < 1:
        raise InputError(f"{where}: {NAME}.touched must be sizes above 0 that rise from line to line, got {sizes}")
    fresh, handed = (_speed(where, said) for said in (text.fresh, text.handed))
    return WorkingSets(rates, fresh, handed, text.count, text.date, text.source)


def _speed(where: str, text: str) -> float:
    speed = rate(text, f"{where}: {NAME}")
    if speed <= 0:
        raise InputError(f"{where}: {NAME}: speeds must be above zero, got {text}")
    return speed
