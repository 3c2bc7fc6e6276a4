"""Which candidate comes first, and which others are a tie with it: their ranges overlap. It words nothing."""

from __future__ import annotations

from collections.abc import Sequence

from fabric.review.evaluate import Design, Review
from fabric.review.quote import Range

DIGITS = 3
"""Decimals of a cost per device-hour that are printed."""


def ranking(review: Review) -> list[Design]:
    """Return the candidates, those that fit first, by USD per effective device-hour, else by price, else by power.

    All at the middle: which ends of ranges hold is said beside it.
    """
    return sorted(review.designs, key=lambda one: (not one.fits, _over(one) if not one.fits else 0.0, *_key(one)))


def _key(design: Design) -> tuple[int, float]:
    kind, interval = worth(design)
    return kind, interval.mid


def _over(design: Design) -> float:
    return max(binding.over for binding in design.bindings)


def worth(design: Design) -> tuple[int, Range]:
    """Return what a candidate is ranked by: 0 and its cost per hour, 1 and its price, 2 and its watts; low to high."""
    if design.cost:
        return 0, design.cost
    return (1, design.price) if design.price else (2, design.watts)


def overlap(one: Range, other: Range, digits: int = 9) -> bool:
    """Return whether two ranges overlap or touch, as printed with so many decimals: which is less is not known then."""
    low, high = round(max(one.low, other.low), digits), round(min(one.high, other.high), digits)
    return low <= high


def ties(ranked: Sequence[Design]) -> list[Design]:
    """Return the candidates that fit and whose range overlaps the first one's, in order; none where the first does not fit."""
    if not ranked or not ranked[0].fits:
        return []
    kind, best = worth(ranked[0])
    found = [(one, *worth(one)) for one in ranked[1:] if one.fits]
    return [one for one, own, interval in found if own == kind and overlap(best, interval, DIGITS)]


def first_at_both_ends(best: Design, others: Sequence[Design]) -> bool:
    """Return whether the first stays first with all figures low and with all figures high."""
    own = worth(best)[1]
    return all(own.low <= worth(one)[1].low and own.high <= worth(one)[1].high for one in others)
