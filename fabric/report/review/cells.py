"""One cell of the review's tables: a number as text with its unit, its range, and what it sorts by. It knows no candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from statistics import median

from fabric.report.words.review import Words
from fabric.review.quote import Quote, Range
from fabric.units import show_duration, show_size

POWER = ((1e6, 1e6, "MW"), (1e3, 1e3, "kW"), (0.0, 1.0, "W"))
DECIMAL = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
Steps = tuple[tuple[float, float, str], ...]


@dataclass(frozen=True)
class Cell:
    """text: what is shown; below: its range, in small letters; value: what a column is sorted by, the text where None.

    known: False for a number that is missing, which stands last in either order. key: the cell's name for the page's script.
    """

    text: str
    value: float | None = None
    below: str = ""
    known: bool = True
    key: str = ""


def missing(words: Words) -> Cell:
    """Return the cell of a number that is not known."""
    return Cell(words["none"], known=False)


def number(value: float, unit: str = "") -> Cell:
    """Return a count, or a number of at most four digits, with its unit."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
    return Cell(f"{text} {unit}".strip(), float(value))


def share(value: float | None, words: Words) -> Cell:
    """Return a share as per cent with one decimal, two below a tenth, none where it is nothing."""
    if value is None:
        return missing(words)
    digits_shown = 0 if value == 0 else 1 if value >= 0.1 else 2
    return Cell(f"{100 * value:.{digits_shown}f} %", value)


def size(nbytes: int) -> Cell:
    """Return bytes in decimal units where they are whole (14 GB), else in binary ones (64 MiB)."""
    whole = ((scale, unit) for scale, unit in DECIMAL if nbytes and nbytes % scale == 0)
    found = next(whole, None)
    return Cell(f"{nbytes // found[0]:,} {found[1]}" if found else show_size(nbytes), nbytes)


def seconds(value: float) -> Cell:
    """Return a duration in the unit that fits."""
    return Cell(show_duration(value), value)


def times(value: float | None, words: Words) -> Cell:
    """Return a ratio."""
    return missing(words) if value is None else Cell(f"{value:#.3g}".rstrip("."), value)


def over_seeds(found: Sequence[float], words: Words) -> Cell:
    """Return the median of a ratio with, below it, both ends and of how many seeds."""
    if not found:
        return missing(words)
    low, middle, high = (times(value, words) for value in (min(found), median(found), max(found)))
    below = words["seeds" if len(found) > 1 else "seeds.one"].format(low=low.text, high=high.text, count=len(found))
    return Cell(middle.text, middle.value, below)


def money(found: Range | Quote | float | None, words: Words, like: float | None = None) -> Cell:
    """Return USD with low and high below, in the steps that the language counts in, in the unit of `like` if given."""
    return _ranged(found, _money_steps(words), words, like)


def watts(found: Range | Quote | float | None, words: Words, like: float | None = None) -> Cell:
    """Return watts with low and high below, in the unit that fits `like` if given."""
    return _ranged(found, POWER, words, like)


def hour(found: Range | None, words: Words, key: str = "") -> Cell:
    """Return USD per hour with three decimals, with low and high below."""
    if found is None:
        return missing(words)
    below = words["range"].format(low=f"{found.low:.3f}", high=f"{found.high:.3f}")
    return Cell(words["money.hour"].format(cost=f"{found.mid:.3f}"), found.mid, below, key=key)


def _money_steps(words: Words) -> Steps:
    steps = [step.split(" ", 2) for step in words["money.steps"].split("|")]
    return tuple((float(least), float(scale), unit) for least, scale, unit in steps)


def _ranged(found: Range | Quote | float | None, steps: Steps, words: Words, like: float | None) -> Cell:
    if found is None:
        return missing(words)
    values = found.range if isinstance(found, Quote) else found
    middle = values.mid if isinstance(values, Range) else values
    scale, unit = next((scale, unit) for least, scale, unit in steps if (middle if like is None else like) >= least)
    ends = (values.low, middle, values.high) if isinstance(values, Range) else (middle,)
    shown = digits([end / scale for end in ends], middle / scale)
    below = words["range"].format(low=shown[0], high=shown[-1]) if shown[0] != shown[-1] else ""
    return Cell(f"{shown[len(shown) // 2]} {unit}", middle, below)


def digits(values: Sequence[float], middle: float) -> list[str]:
    """Return numbers with as many decimals as show four digits of the middle one, less the zeros that all end with."""
    places = 0 if middle == 0 or abs(middle) >= 1000 else min(4, max(0, 3 - floor(log10(abs(middle)))))
    while places and all(round(value, places) == round(value, places - 1) for value in values):
        places -= 1
    return [f"{value:,.{places}f}" for value in values]
