"""Tables of collective times from elsewhere, checked for what cannot be true. It reads no file and mends nothing.

Such tables are copied by hand, renamed and now and then invented. The rules hold for published tables and for the output of
other tools alike: algbw = size / time, busbw / algbw is a factor that names the ranks, and two columns are never one
constant apart. What was printed is a range: half the last digit to either side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.catalog import busbw_factor

Floats = NDArray[np.float64]
Severity = Literal["error", "warning", "note"]
PRINTED = 0.006
"""GB/s: what rounding to two digits can hide in a printed bandwidth whose digits are not known."""
RELATIVE = 0.01
FEWEST = 3
ALIKE = 1e-3
"""Relative spread of the in-place offset below which it is no measurement: real ones differ by 1 % and more."""
FEWEST_ROUNDED = 5
"""Rows from which an offset that is constant but for rounding is flagged: below, chance would do."""
EXACT = 1e-5
"""Relative slack of a factor's bounds: what a tool's own arithmetic may lose."""
PER_RANKS = {"all_reduce": 2.0} | dict.fromkeys(("all_gather", "reduce_scatter", "all_to_all", "gather", "scatter"), 1.0)
"""Collectives whose busbw / algbw = c (p - 1) / p tells the ranks, with c."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (error), unlikely (warning) or worth knowing (note); row: its index, None is the whole table."""

    severity: Severity
    text: str
    row: int | None = None


@dataclass(frozen=True, eq=False)
class Columns:
    """One table: sizes bytes, seconds (rows,); algbw, busbw GB/s and in_place seconds where stated; ranks None: not stated.

    rounding: half the last printed digit of `seconds`, `algbw`, `busbw`, `in_place`, in their units, (rows,) each; of a column
    without it, two digits of GB/s and nccl-tests' form of microseconds are taken.
    """

    collective: str
    ranks: int | None
    sizes: Floats
    seconds: Floats
    algbw: Floats | None = None
    busbw: Floats | None = None
    in_place: Floats | None = None
    rounding: Mapping[str, Floats] = field(default_factory=dict)

    def hidden(self, column: str) -> Floats:
        """Return what rounding can hide in every row of a column, in its units."""
        if column in self.rounding:
            return self.rounding[column]
        values: Floats = getattr(self, column)
        return _last_digit(values) if column in ("seconds", "in_place") else np.full(len(values), PRINTED)

    @property
    def timed(self) -> bool:
        """Whether there are rows and every time is finite and above zero."""
        return len(self.seconds) > 0 and bool((np.isfinite(self.seconds) & (self.seconds > 0)).all())


def inferred_ranks(table: Columns) -> int | None:
    """Return the ranks that the median of busbw / algbw means; None where the table does not say or no p fits.

    all_reduce: 2(p-1)/p; reduce_scatter, all_gather, all_to_all, gather, scatter: (p-1)/p. Used are the rows whose
    bandwidth is far above what rounding hides, three at least.
    """
    per = PER_RANKS.get(table.collective)
    if table.algbw is None or table.busbw is None or per is None:
        return None
    clear = np.isfinite(table.algbw) & np.isfinite(table.busbw) & (table.algbw > 100 * PRINTED)
    if clear.sum() < FEWEST:
        return None
    ratio = float(np.median(table.busbw[clear] / table.algbw[clear])) / per
    return round(1 / (1 - ratio)) if ratio < 1 else None


def meant_ranks(table: Columns) -> tuple[int, int] | None:
    """Return the fewest and the most ranks that busbw / algbw of the rows means; None where they say nothing certain.

    Each row bounds the factor: (busbw -+ r) / (algbw +- r), r half the last printed digit. The bounds of all rows must
    have a factor in common, and one below that of ranks without end.
    """
    bounds = _factor_bounds(table)
    if bounds is None or not len(bounds[0]):
        return None
    low, high = (bound / PER_RANKS[table.collective] for bound in (bounds[0].max(), bounds[1].min()))
    if low > high or high >= 1 or high <= 0:
        return None
    fewest, most = math.ceil(1 / (1 - max(low, 0.0)) - 1e-6), math.floor(1 / (1 - high) + 1e-6)
    return (fewest, most) if fewest <= most else None


def _factor_bounds(table: Columns) -> tuple[Floats, Floats] | None:
    """Return the least and the greatest busbw / algbw of the rows whose bandwidth is above its rounding; None without both."""
    if table.algbw is None or table.busbw is None or table.collective not in PER_RANKS:
        return None
    a, b = table.hidden("algbw"), table.hidden("busbw")
    clear = np.isfinite(table.algbw) & np.isfinite(table.busbw) & (table.algbw > 2 * a) & (table.busbw >= 0)
    algbw, busbw, a, b = (values[clear] for values in (table.algbw, table.busbw, a, b))
    return (busbw - b) / (algbw + a) * (1 - EXACT), (busbw + b) / (algbw - a) * (1 + EXACT)


def screen(table: Columns) -> list[Finding]:
    """Return what is wrong with a table; an empty list where nothing was found.

    Checked: times above zero, sizes that differ and rise, algbw = size / time, ranks as busbw / algbw means, and an in-place
    column that is the other one plus or times a constant.
    """
    return [
        *_bad_times(table),
        *_bad_sizes(table),
        *_bad_bandwidth(table),
        *_bad_ranks(table),
        *_bad_in_place(table),
    ]


def _bad_times(table: Columns) -> list[Finding]:
    if table.timed:
        return []
    wrong = np.flatnonzero(~(np.isfinite(table.seconds) & (table.seconds > 0)))
    return [Finding("error", "time: must be > 0 in every row", int(wrong[0]) if len(wrong) else None)]


def _bad_sizes(table: Columns) -> list[Finding]:
    seen: set[float] = set()
    repeated = [row for row, size in enumerate(table.sizes) if size in seen or seen.add(size)]  # type: ignore[func-returns-value]
    if repeated:
        text = f"size: must differ from row to row, {table.sizes[repeated[0]]:.0f} bytes stand twice"
        return [Finding("warning", text, repeated[0])]
    falling = np.flatnonzero(np.diff(table.sizes) < 0)
    if len(falling):
        return [Finding("warning", "size: does not rise from row to row", int(falling[0]) + 1)]
    return []


def _bad_bandwidth(table: Columns) -> list[Finding]:
    if table.algbw is None or not table.timed:
        return []
    meant = table.sizes / table.seconds / 1e9
    shorter = np.maximum(table.seconds - table.hidden("seconds"), 1e-12)
    hidden = table.hidden("algbw") + (table.sizes / shorter / 1e9 - meant)
    wrong = np.flatnonzero(~(np.abs(table.algbw - meant) <= hidden + RELATIVE * meant))
    if not len(wrong):
        return []
    row = int(wrong[0])
    said = f"{table.algbw[row]:g} GB/s, size / time is {meant[row]:.4g}"
    text = f"algbw: {len(wrong)} rows are not size / time, first at {table.sizes[row]:.0f} bytes: {said}"
    return [Finding("error", text, row)]


def _bad_ranks(table: Columns) -> list[Finding]:
    """Return a finding where the stated ranks' factor lies outside what was printed in most rows that say anything."""
    bounds = _factor_bounds(table)
    if bounds is None or table.ranks is None or len(bounds[0]) < FEWEST:
        return []
    stated = busbw_factor(table.collective, table.ranks)
    # Above some hundred ranks the factor hardly changes: only ranks whose factor is really another one are a fault.
    outside = (stated < bounds[0] * (1 - 2 * ALIKE)) | (stated > bounds[1] * (1 + 2 * ALIKE))
    if 2 * outside.sum() <= len(outside):
        return []
    return [Finding("error", f"ranks: {table.ranks} stated, busbw / algbw means {_said(table)}")]


def _said(table: Columns) -> str:
    """Return the ranks that busbw / algbw means, in words."""
    meant = meant_ranks(table)
    if meant is None:
        inferred = inferred_ranks(table)
        return "another factor" if inferred is None else str(inferred)
    return str(meant[0]) if meant[0] == meant[1] else f"{meant[0]} to {meant[1]}"


def _bad_in_place(table: Columns) -> list[Finding]:
    if table.in_place is None or len(table.sizes) < FEWEST or not table.timed or not (table.in_place > 0).all():
        return []
    rows, said = len(table.sizes), "to out of place in all"
    rounding = table.hidden("in_place") + table.hidden("seconds")
    found = [
        Finding("warning", f"in place: the same {what} {said} {rows} rows: computed, not measured")
        for what, values, hidden in (
            ("difference", table.in_place - table.seconds, rounding),
            ("ratio", table.in_place / table.seconds - 1, rounding / table.seconds),
        )
        if _constant(values, hidden)
    ]
    if rows >= FEWEST_ROUNDED and bool((table.in_place == table.seconds).all()):
        found.append(Finding("warning", f"in place: equal {said} {rows} rows: copied, not measured"))
    return found


def _constant(values: Floats, rounding: Floats) -> bool:
    """Whether all values are one constant other than zero: exactly, or within what rounding of the columns allows."""
    middle = float(np.median(values))
    sharp = rounding < abs(middle) / 4  # where rounding is as large as the offset, the row says nothing
    if middle == 0 or not np.isfinite(values).all() or sharp.sum() < FEWEST:
        return False
    if np.ptp(values) < ALIKE * abs(middle):
        return True
    return bool(sharp.sum() >= FEWEST_ROUNDED and (np.abs(values - middle) <= 1.01 * rounding).all())


def _last_digit(seconds: Floats) -> Floats:
    """Return half of the last digit of a time as nccl-tests prints it: microseconds, two decimals or five digits at most."""
    digits = np.floor(np.log10(np.maximum(seconds * 1e6, 1e-9)))
    decimals: Floats = np.where(digits >= 4, 0.5, np.where(digits >= 2, 0.05, 0.005)) * 1e-6
    return decimals
