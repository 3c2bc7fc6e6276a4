"""Numbers from foreign text, in ASCII and with ranges: the one place that turns text into int or float.

Python's own `int` and `float` also read `²`-like digits, `1_000`, `nan`, `inf` and 1e999 as infinity, and fail with a
message of their own on 5,001 digits. It does not know units (units.py), nor what the numbers mean.
"""

from __future__ import annotations

import re
from math import inf, isfinite, nan

from fabric.text.escape import shown
from topologies.errors import InputError

MOST_WHOLE = 2**63 - 1
"""The largest whole number: what 64 bits hold, in an array, in JSON's readers and in other languages."""
MOST_TEXT = 400
"""Characters of a number's text; the longest exact float without an exponent has 309 digits before its point."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_REAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)


def whole(value: object, name: str, low: int = 0, high: int = MOST_WHOLE) -> int:
    """Return a whole number from low to high. value: text in ASCII digits, or a number that is whole; name: for messages.

    Raises:
        InputError: anything else: one line with the name, the range and what was given.
    """
    found = maybe_whole(value)
    if found is None or not low <= found <= high:
        raise InputError(f"{name}: must be a whole number {_range(low, high)}, got {shown(value)}")
    return found


def real(value: object, name: str, low: float = -inf, high: float = inf, *, above: bool = False) -> float:
    """Return a finite number from low to high, above low where `above` says so. value: text in ASCII, or a number.

    Raises:
        InputError: anything else: one line with the name, the range and what was given.
    """
    found = maybe_real(value)
    if found is None or not low <= found <= high or (above and found == low):
        limits = (
            f"above {_plain(low)}" + (f", at most {_plain(high)}" if isfinite(high) else "") if above else _range(low, high)
        )
        raise InputError(f"{name}: must be a finite number {limits}".rstrip() + f", got {shown(value)}")
    return found


def maybe_whole(value: object) -> int | None:
    """Return the whole number that a value is or says, within 64 bits; None for all else, `1.5`, True and `²` among it."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        found = value
    elif isinstance(value, float):
        if not value.is_integer():  # nor are nan and infinity
            return None
        found = int(value)
    else:
        text = str(value).strip()
        if not _WHOLE.fullmatch(text):
            return None
        found = int(text)
    return found if abs(found) <= MOST_WHOLE else None


def maybe_real(value: object) -> float | None:
    """Return the finite number that a value is or says; None for all else: nan, infinity, 1e999, True, `1_000`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        found = float(value) if isinstance(value, float) or abs(value) < 10**308 else inf
    else:
        text = str(value).strip()
        if len(text) > MOST_TEXT or not _REAL.fullmatch(text):
            return None
        found = float(text)
    return found if isfinite(found) else None


def printed(text: str) -> float | None:
    """Return a number as C prints it: finite, or its `nan`, `-nan` and `inf`, which real logs hold; None for all else."""
    word = text.strip().lower().lstrip("+-")
    if word in ("nan", "inf"):
        return nan if word == "nan" else -inf if text.strip().startswith("-") else inf
    return maybe_real(text)


def natural(value: object) -> int | None:
    """Return the whole number >= 0 that a text of ASCII digits alone says; None for all else, a sign or blanks among it."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _range(low: float, high: float) -> str:
    """Return the range in words: what 64 bits hold is not said as a rule, since nobody has set it."""
    if high in (inf, MOST_WHOLE):
        return "" if low == -inf else f">= {low:,}"
    return f"<= {_plain(high)}" if low == -inf else f"from {_plain(low)} to {_plain(high)}"


def _plain(number: float) -> str:
    """Return a limit as it is written: 3,600 and not 3600.0."""
    return f"{int(number):,}" if float(number).is_integer() else f"{number:g}"
