"""Speeds as other tools' files state them, under many names and units, to bytes per second. It knows no format.

A number without a unit is never guessed: it is left out and told, except where the name itself fixes the unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fabric.text.numbers import maybe_real
from fabric.units import rate
from topologies.errors import InputError

NAMES = ("bytes_per_second", "speed", "bandwidth", "capacity", "link_speed", "linkspeed", "rate", "bw")
"""What a cable's speed may be called, in lower case; the first that can be read counts."""
FIXED = {"bytes_per_second": 1.0, "linkspeedraw": 1 / 8}
"""Names whose unit is fixed: ours, and the Internet Topology Zoo's, in bits per second."""
UNIT = re.compile(r"\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*([kMGT]?i?)(bps|Bps|bit/s|bits/s|b/s|B/s|bit)\s*")


def stated(row: Mapping[str, Any]) -> tuple[float | None, list[str]]:
    """Return a cable's bytes per second, None where no attribute tells them, and the attributes that hold no readable speed."""
    by_name = {str(key).lower().replace("-", "_"): (str(key), value) for key, value in row.items()}
    left_out: list[str] = []
    for name in (*FIXED, *NAMES):
        key, value = by_name.get(name, ("", None))
        if value in (None, ""):
            continue
        found = _fixed(value, FIXED[name]) if name in FIXED else _with_unit(str(value))
        if found is not None:
            return found, left_out
        left_out += [key] * (key not in left_out)
    return None, left_out


def _fixed(value: object, scale: float) -> float | None:
    found = (maybe_real(value) or 0.0) * scale
    return found if 0 < found < float("inf") else None


def _with_unit(text: str) -> float | None:
    """Return the speed of a text with a unit that tells bits from bytes, None for any other."""
    match = UNIT.fullmatch(text)
    if match is None:
        return None
    number, prefix, unit = match.groups()
    try:
        found = rate(f"{number}{prefix}{'B' if unit[0] == 'B' else 'b'}/s")
    except InputError:
        return None
    return found if 0 < found < float("inf") else None
