"""What the hardware catalogue says of a device of a fleet: watts, rent, speed, with their sources. It knows no fleet."""

from __future__ import annotations

from fabric.hardware.catalog import find, sources
from fabric.hardware.facts import Fact, counts
from fabric.text.escape import shown
from topologies.errors import InputError

PER_HOUR = ("/GPU/h", "/card/h")
"""Units of a rent, behind the currency, that are for an hour of one device."""
IDLE = 0.3
"""Share of busy watts that an idle device draws where nothing else is said; as in `review`."""


def watts(device: str) -> tuple[float, str]:
    """Return the watts of a busy device, the card alone, and where they come from.

    Raises:
        InputError: no such device, or none known of it.
    """
    fact = find("devices", device, "power.device").fact("power")
    if fact is None:
        raise InputError(f"power.device: the catalogue knows no watts of {shown(device)}; give busy and idle")
    return fact.value, f"{device}, the card alone: {_said(fact)}"


def rent(device: str, currency: str) -> tuple[float, str]:
    """Return what an hour of a device is rented for in a currency, and where that comes from.

    Raises:
        InputError: no such device, or no rent in this currency: with the currencies that there are.
    """
    figure = find("devices", device, "prices.rent_of").facts.get("rent", ())
    hourly = [fact for fact in figure if fact.unit.endswith(PER_HOUR)]
    fact = counts(tuple(fact for fact in hourly if fact.unit.startswith(f"{currency}/")))
    if fact is None:
        known = ", ".join(dict.fromkeys(fact.unit[:3] for fact in hourly))
        why = f"it is known in {known}" if known else "none is known"
        raise InputError(f"prices.rent_of: the catalogue has no rent of {shown(device)} in {currency}; {why}; give charged")
    return fact.value, f"rent of {device}: {_said(fact)}"


def speed(device: str, over: str) -> float:
    """Return how many times as fast a device is as another by their peak rates of dense bf16.

    Raises:
        InputError: no such device, or one whose rate is not known.
    """
    rates = []
    for name in (device, over):
        rate = find("devices", name, "changes.device").number("bf16")
        if not rate:
            raise InputError(f"changes.device: the catalogue knows no bf16 rate of {shown(name)}; give speed")
        rates.append(rate)
    return rates[0] / rates[1]


def _said(fact: Fact) -> str:
    """Return a fact with its source and date."""
    title = sources().get(fact.source, {}).get("title", fact.source)
    return f"{fact.text()}{f', {fact.note}' if fact.note else ''} ({title}, {fact.date or 'undated'})"
