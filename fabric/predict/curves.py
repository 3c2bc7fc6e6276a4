"""Measured times by size or block as curves: between the points, beyond them, and without holes. It knows no law of scale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import exp, log, log2
from statistics import median

MIB = 1024**2
HOLE = 1.25
"""How much longer than a larger size a size takes in a hole."""
PACKET = 4096
"""Bytes up to which a message's time does not depend on its bytes."""
Curve = Mapping[float, float]


def at(x: float, curve: Curve) -> tuple[float, float]:
    """Return a curve's value in log-log at x, and the octaves by which x is outside of it.

    Above: in proportion to x. Below: affine through the first two, flat where the first is no more than a packet.
    """
    known = sorted(curve)
    below = [one for one in known if one <= x * 1.001]
    above = [one for one in known if one >= x * 0.999]
    if not below:
        return _beneath(x, known, curve), log2(known[0] / x)
    if not above:
        return curve[known[-1]] * x / known[-1], log2(x / known[-1])
    low, high = below[-1], above[0]
    if high <= low:
        return curve[low], 0.0
    part = log(x / low) / log(high / low)
    return exp((1 - part) * log(curve[low]) + part * log(curve[high])), 0.0


def _beneath(x: float, known: Sequence[float], curve: Curve) -> float:
    first = known[0]
    if first <= PACKET or len(known) == 1:
        return curve[first] * (x / first if len(known) == 1 and first >= MIB else 1.0)
    second = known[1]
    slope = min(max(0.0, (curve[second] - curve[first]) / (second - first)), curve[first] / first)
    return curve[first] - slope * (first - x)


def without_holes(curve: Curve) -> Curve:
    """Return times by size with those that are beyond HOLE x a larger size's bridged from the sizes around the hole."""
    whole, least = dict[float, float](), float("inf")
    for size in sorted(curve, reverse=True):
        least = min(least, curve[size])
        if curve[size] <= HOLE * least:
            whole[size] = curve[size]
    first = min(whole, default=0.0)
    return {size: whole.get(size) or (at(size, whole)[0] if size > first else whole[first]) for size in sorted(curve)}


def medians(pairs: Iterable[tuple[float, float]]) -> dict[float, float]:
    """Return the median of the values of every key, by key."""
    found = defaultdict[float, list[float]](list)
    for key, value in pairs:
        found[key].append(value)
    return {key: median(values) for key, values in sorted(found.items())}
