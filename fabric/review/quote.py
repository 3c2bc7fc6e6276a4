"""A figure that nobody knows exactly: low, mid and high, with unit, source and date. It does not know what it is of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import isfinite

from topologies.errors import InputError


@dataclass(frozen=True)
class Range:
    """low <= mid <= high of one quantity, in whatever unit its owner states."""

    low: float
    mid: float
    high: float

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and 0 <= self.low <= self.mid <= self.high):
            raise InputError(f"range: must be 0 <= low <= mid <= high, got {self.low:g}, {self.mid:g}, {self.high:g}")

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.mid + other.mid, self.high + other.high)

    def __mul__(self, factor: float) -> Range:
        return Range(self.low * factor, self.mid * factor, self.high * factor)

    def __truediv__(self, divisor: float) -> Range:
        return self * (1 / divisor)


NOTHING = Range(0.0, 0.0, 0.0)


def exact(value: float) -> Range:
    """Return the range of a figure that is known."""
    return Range(value, value, value)


def total(ranges: Iterable[Range]) -> Range:
    """Return the sum: lows, mids and highs each added up, so that it brackets errors that all point one way."""
    return sum(ranges, NOTHING)


@dataclass(frozen=True)
class Quote:
    """A range with its unit (USD, W), where it comes from and when. weak: one secondary source, or assumed."""

    range: Range
    unit: str
    source: str
    date: str
    weak: bool = False
    note: str = ""


def quote(low: float, high: float, unit: str, source: str, date: str, *, mid: float | None = None, weak: bool = False) -> Quote:
    """Return a quote; mid is the middle of low and high unless given.

    Raises:
        InputError: no source or no date.
    """
    if not source.strip() or not date.strip():
        raise InputError(f"source: every price and power needs a source and a date, got source {source!r}, date {date!r}")
    return Quote(Range(low, (low + high) / 2 if mid is None else mid, high), unit, source, date, weak)


def priced_in(found: Quote, unit: str, rates: dict[str, float]) -> Quote:
    """Return the quote in another currency. rates: currency -> how many units of `unit` one buys.

    Raises:
        InputError: a currency without a rate.
    """
    if found.unit == unit:
        return found
    if found.unit not in rates:
        known = ", ".join(sorted({unit, *rates}))
        raise InputError(f"currency: must be one with an exchange rate ({known}), got {found.unit!r}; add it under rates")
    return replace(found, range=found.range * rates[found.unit], unit=unit)
