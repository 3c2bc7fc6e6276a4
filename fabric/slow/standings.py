"""How much slower each rank or node is than the others, and which one is to be named. It does not know what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from numpy.typing import ArrayLike

from fabric.statistics import CONFIDENCE, interval, median, needed


@dataclass(frozen=True)
class Standing:
    """One rank or node. factor: its time over that of the others; low, high: its interval, None where samples are too few."""

    unit: int
    factor: float
    low: float | None
    high: float | None
    count: int
    slow: bool


def standings(logs: Sequence[ArrayLike], least: float, confidence: float = CONFIDENCE) -> list[Standing]:
    """Return one standing per unit from samples of the log of its factor.

    slow: the whole interval is above 1 + least. The intervals hold for all units together: each is one of the median at
    1 - (1 - confidence) / units (Bonferroni), so that at most 1 - confidence of all runs without a slow unit name one,
    where samples are independent.
    """
    each = 1 - (1 - confidence) / max(len(logs), 1)
    return [_standing(unit, samples, least, each) for unit, samples in enumerate(logs)]


def _standing(unit: int, samples: ArrayLike, least: float, confidence: float) -> Standing:
    centre, bracket = exp(median(samples)), interval(samples, confidence)
    low, high = (None, None) if bracket is None else (exp(bracket[0]), exp(bracket[1]))
    return Standing(unit, centre, low, high, len(list(samples)), low is not None and low > 1 + least)  # type: ignore[arg-type]


def verdict(found: Sequence[Standing], word: str, least: float) -> str:
    """Return one line: who is slow and by how much, that nobody is, or that nobody can tell. word: `rank` or `node`."""
    slow = sorted((standing for standing in found if standing.slow), key=lambda standing: -standing.factor)
    if slow:
        return "slow: " + "; ".join(_words(standing, word) for standing in slow)
    if any(standing.low is None for standing in found):
        samples = needed(confidence=1 - (1 - CONFIDENCE) / len(found))
        return f"inconclusive: {min(s.count for s in found)} samples of a {word}, needs {samples}; raise --repeats"
    worst = max(found, key=lambda standing: standing.factor)
    widest = max(found, key=lambda standing: standing.high or 0.0)
    if worst.factor > 1 + least:
        return f"inconclusive: {_words(worst, word)} may be {100 * least:g} % slower or not; raise --repeats"
    if widest.high is not None and widest.high > 1 + least:
        return f"none seen, none excluded: {_words(widest, word)}; raise --repeats or --block"
    return f"none: no {word} is {100 * least:g} % slower than the others; slowest: {_words(worst, word)}"


def _words(standing: Standing, word: str) -> str:
    if standing.low is None:
        return f"{word} {standing.unit} takes {standing.factor:.2f}x ({standing.count} samples, no interval)"
    bracket = f"{standing.low:.2f}-{standing.high:.2f}"
    return f"{word} {standing.unit} takes {standing.factor:.2f}x the others' time ({bracket}, {standing.count} samples)"
