"""Whether the links or the processor decide how long a collective takes on a twin. It measures nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fabric.twin.plan import GOODPUT
from topologies.errors import InputError

SECONDS_PER_SEGMENT = 45e-6
"""Processor time of one message on a two-core machine; a collective of p ranks sends in the order of p^2 of them."""
BANDWIDTH, MIXED = 8.0, 2.0
"""Quotients from which a point is scored, and below which it is refused."""
SLOWEST, FASTEST = 5e6, 50e6
"""Bits per second between which the rate is chosen."""


@dataclass(frozen=True)
class Regime:
    """quotient: q = S / (p^2 * 45 us * B), the links' seconds over the processor's. name: bandwidth, mixed or processor."""

    quotient: float
    name: str


def goodput(rate: float) -> float:
    """Return the payload bytes per second of a link of so many bits per second: rate / 8 * 1448 / 1514."""
    return rate / 8 * GOODPUT


def regime(nbytes: int, ranks: int, rate: float) -> Regime:
    """Return the regime of S bytes on p ranks whose own links run at `rate` bits per second."""
    quotient = nbytes / (ranks**2 * SECONDS_PER_SEGMENT * goodput(rate))
    if quotient >= BANDWIDTH:
        return Regime(quotient, "bandwidth")
    return Regime(quotient, "mixed" if quotient >= MIXED else "processor")


def choose_rate(sizes: Iterable[int], ranks: int) -> float:
    """Return the bits per second at which the smallest size is bound by bandwidth, within SLOWEST and FASTEST, two digits."""
    exact = 8 * min(sizes) / (ranks**2 * SECONDS_PER_SEGMENT * BANDWIDTH * GOODPUT)
    inside = min(max(exact, SLOWEST), FASTEST)
    step = 10 ** (len(str(int(inside))) - 2)
    return float(int(inside) // step * step)


def check(nbytes: int, ranks: int, rate: float) -> Regime:
    """Return the regime of a point that can be measured.

    Raises:
        InputError: the processor would decide it.
    """
    found = regime(nbytes, ranks, rate)
    if found.name == "processor":
        least = -(-int(MIXED * ranks**2 * SECONDS_PER_SEGMENT * goodput(rate)) // 1024)
        raise InputError(
            f"sizes: {nbytes} bytes on {ranks} ranks at {rate / 1e6:g} Mbit/s are CPU-bound (q = {found.quotient:.1f}, below "
            f"{MIXED:g}), not evidence; take {least} KiB or more, a lower --rate or fewer ranks"
        )
    return found
