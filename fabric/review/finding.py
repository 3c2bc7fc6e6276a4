"""What a verdict is made of: findings with their facts and sources, figures with units. It judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Source = Literal["bill", "formula", "model", "failures", "request", "defaults", "floor"]
"""Where a finding's numbers come from: the bill of materials, the cost formula (cost.py), a prediction at the loaded
fidelity, published failure rates, the review's own file, our defaults for the cost (cost.py) and for the hall (racks.py)."""
Unit = Literal["usd_per_hour", "usd", "watts", "share", "ratio", "devices", "plain"]


@dataclass(frozen=True)
class Figure:
    """A range or, where low is high, a number of something with a name. value: what was taken of an input, else None."""

    name: str
    low: float
    high: float
    unit: Unit
    value: float | None = None


Value = float | str | tuple[str, ...] | Figure | tuple[Figure, ...]


@dataclass(frozen=True)
class Finding:
    """One thing found. about: decision, change or assumed; kind: of what; values: its facts; sources: of its numbers.

    Of a limit, `taken` is at the middle, `low` and `high` at the ends of prices and powers, `allowed` the limit, all in the
    unit of the limit; shares and ratios are plain numbers, names of several candidates or parts a tuple.
    """

    about: Literal["decision", "change", "assumed"]
    kind: str
    values: Mapping[str, Value]
    sources: tuple[Source, ...]
