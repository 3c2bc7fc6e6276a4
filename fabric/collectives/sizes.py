"""Who sends how much where sizes are unequal (skewed all-to-all, incast), and the length of a window. It knows no algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from topologies.errors import InputError

UNITS = 64
"""Units that an unevenly split buffer has per rank: the resolution of a skewed split."""
WINDOW, MOST_WINDOW = 64, 4096
"""Messages of a window, OSU's default, and the most that can be asked for."""
Params = Mapping[str, float | str]


@dataclass(frozen=True)
class Options:
    """The parameters of a case that change who sends what, as numbers.

    skew, seed: of all_to_all_v. fan_in: of an incast. window: messages in flight, of point to point but latency;
    buffers: how many buffers they go round in (None: one each, as memory allows).
    """

    skew: float = 0.0
    seed: int = 0
    fan_in: int | None = None
    window: int = WINDOW
    buffers: int | None = None


def options(params: Params) -> Options:
    """Return a case's parameters as numbers; others are left alone.

    Raises:
        InputError: a skew that is no number >= 0, a seed, fan_in, window or buffers that is no whole number, a window above
            4096.
    """
    fan_in, buffers = params.get("fan_in"), params.get("buffers")
    return Options(
        skew=_number("skew", params.get("skew", 0)),
        seed=_whole("seed", params.get("seed", 0), 0),
        fan_in=None if fan_in is None else _whole("fan_in", fan_in, 1),
        window=_window(params.get("window", WINDOW)),
        buffers=None if buffers is None else _whole("buffers", buffers, 1),
    )


def split_sizes(world_size: int, skew: float = 0.0, seed: int = 0) -> NDArray[np.int64]:
    """Return the units (p, p) that rank s (row) has for rank t (column); every row adds up to the same W, which is S.

    Every rank holds the same bytes, as in mixture-of-experts dispatch, and sends most to the rank of the most popular
    expert: popularity of the i-th of p is i^-skew (Zipf), dealt out to ranks by the seed; 0 is even, all ones. Rounded to
    W = 64 p units by largest remainder, so that a part may be empty. Source: Zipf's law; the rule is ours.
    """
    return np.tile(_row(world_size, skew, seed), (world_size, 1))


def column_sums(world_size: int, skew: float = 0.0, seed: int = 0) -> NDArray[np.int64]:
    """Return the units (p,) that every rank receives, its own part included: split_sizes summed over rows, without it.

    Divided by p, they are the units that any one rank has for every rank: all rows of split_sizes are the same.
    """
    return world_size * _row(world_size, skew, seed)


def _row(world_size: int, skew: float, seed: int) -> NDArray[np.int64]:
    """Return the units (p,) that one rank has for every rank."""
    if skew == 0:
        return np.ones(world_size, dtype=np.int64)
    popular = np.arange(1, world_size + 1, dtype=float) ** -float(skew)
    wanted = np.random.default_rng(seed).permutation(popular / popular.sum() * UNITS * world_size)
    units = np.floor(wanted).astype(np.int64)
    missing = UNITS * world_size - int(units.sum())
    units[np.argsort(units - wanted, kind="stable")[:missing]] += 1
    return units


def senders(world_size: int, root: int, fan_in: int | None = None) -> NDArray[np.int32]:
    """Return the ranks that send to the root of an incast: the lowest fan_in other ranks (all where None).

    Raises:
        InputError: more senders than there are other ranks.
    """
    others = np.delete(np.arange(world_size, dtype=np.int32), root)
    if fan_in is not None and not 1 <= fan_in <= max(len(others), 1):
        raise InputError(f"incast: fan_in must be 1 ... {len(others)} (ranks other than the root), got {fan_in}")
    return others[:fan_in]


def _window(value: float | str) -> int:
    window = _whole("window", value, 1)
    if window > MOST_WINDOW:
        raise InputError(f"window: must be 1 ... {MOST_WINDOW} messages, got {window}")
    return window


def _number(name: str, value: float | str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not (isfinite(number) and number >= 0):
        raise InputError(f"{name}: must be a number >= 0, got {value!r}")
    return number


def _whole(name: str, value: float | str, least: int) -> int:
    number = float(value) if str(value).replace(".", "", 1).isdecimal() else -1.0
    if number < least or number != int(number):
        raise InputError(f"{name}: must be a whole number >= {least}, got {value!r}")
    return int(number)
