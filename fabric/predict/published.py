"""Published tables of collective times: reads them from a given file and screens them. It fits and predicts nothing.

Such tables are copied by hand, renamed and now and then invented; whoever calibrates on one screens it first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.catalog import busbw_factor
from topologies.errors import InputError

Floats = NDArray[np.float64]
PRINTED = 0.006
"""GB/s: what rounding to two digits can hide in a printed bandwidth."""
RELATIVE = 0.01
FEWEST = 3
ALIKE = 1e-3
"""Relative spread of the in-place offset below which it is no measurement: real ones differ by 1 % and more."""


@dataclass(frozen=True, eq=False)
class Published:
    """One published table. sizes bytes, seconds: (rows,), out of place; algbw, busbw GB/s and in_place seconds where stated.

    facts: what the table says of its hardware and library, as in the file.
    """

    name: str
    collective: str
    ranks: int
    nodes: int
    source: str
    sizes: Floats
    seconds: Floats
    algbw: Floats | None
    busbw: Floats | None
    in_place: Floats | None
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Efficiency:
    """One row of a table of efficiencies: the part of the NICs' speed that a collective reaches, without a time."""

    nbytes: int
    nodes: int
    ranks: int
    efficiency: float


def load(path: Path) -> list[Published]:
    """Return the tables of times of a file, each sorted by size.

    Raises:
        InputError: a file that cannot be read or is none of this form, naming table and key.
    """
    return [_table(table) for table in _tables(path) if table.get("kind") != "efficiency_ratio"]


def load_efficiencies(path: Path) -> dict[str, list[Efficiency]]:
    """Return the tables of efficiencies of a file by name; rows without an efficiency are left out."""
    return {
        str(table["id"]): [
            Efficiency(row["size"], row["nodes"], row["n_ranks"], row["efficiency"])
            for row in table["rows"]
            if row.get("efficiency")
        ]
        for table in _tables(path)
        if table.get("kind") == "efficiency_ratio"
    }


def _tables(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"published: cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"published: {path} is not JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("tables"), list):
        raise InputError(f"published: {path} must hold an object with a list `tables`")
    return list(content["tables"])


def _table(table: dict[str, Any]) -> Published:
    name = table.get("id", "?")
    try:
        rows = sorted(table["rows"], key=lambda row: row["size"])
        return Published(
            name=name,
            collective=table["collective"],
            ranks=table["n_ranks"],
            nodes=table["nodes"],
            source=table["source"],
            sizes=np.array([row["size"] for row in rows], dtype=float),
            seconds=np.array([row["time_us"] for row in rows], dtype=float) * 1e-6,
            algbw=_column(rows, "algbw"),
            busbw=_column(rows, "busbw"),
            in_place=_scaled(_column(rows, "ip_time_us")),
            facts={key: value for key, value in table.items() if key != "rows"},
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"published: table {name}: lacks {error} of collective, n_ranks, nodes, source, rows") from None


def _column(rows: list[dict[str, Any]], key: str) -> Floats | None:
    return np.array([row[key] for row in rows], dtype=float) if rows and all(key in row for row in rows) else None


def _scaled(microseconds: Floats | None) -> Floats | None:
    return None if microseconds is None else microseconds * 1e-6


def inferred_ranks(table: Published) -> int | None:
    """Return the ranks that the median of busbw / algbw means; None where the table does not say or no p fits.

    all_reduce: 2(p-1)/p; reduce_scatter, all_gather, all_to_all: (p-1)/p.
    """
    if table.algbw is None or table.busbw is None:
        return None
    clear = table.algbw > 100 * PRINTED
    per = {"all_reduce": 2.0, "all_gather": 1.0, "reduce_scatter": 1.0, "all_to_all": 1.0}.get(table.collective)
    if per is None or clear.sum() < FEWEST:
        return None
    ratio = float(np.median(table.busbw[clear] / table.algbw[clear])) / per
    return round(1 / (1 - ratio)) if ratio < 1 else None


def screen(table: Published) -> list[str]:
    """Return what is wrong with a table, one line each; an empty list where nothing was found.

    Checked: times above zero, sizes that differ, algbw = size / time, ranks as busbw / algbw means, and an in-place column
    that is the other one plus or times a constant.
    """
    return [
        *_bad_numbers(table),
        *_bad_bandwidth(table),
        *_bad_ranks(table),
        *_bad_in_place(table),
    ]


def _bad_numbers(table: Published) -> list[str]:
    found = []
    if len(table.seconds) == 0 or not (np.isfinite(table.seconds) & (table.seconds > 0)).all():
        found.append("time: must be > 0 in every row")
    if len(np.unique(table.sizes)) != len(table.sizes):
        found.append("size: must differ from row to row")
    return found


def _bad_bandwidth(table: Published) -> list[str]:
    if table.algbw is None or not (table.seconds > 0).all():
        return []
    meant = table.sizes / table.seconds / 1e9
    wrong = np.flatnonzero(np.abs(table.algbw - meant) > PRINTED + RELATIVE * meant)
    if not len(wrong):
        return []
    row = wrong[0]
    said = f"{table.algbw[row]:g} GB/s, size / time is {meant[row]:.4g}"
    return [f"algbw: {len(wrong)} rows are not size / time, first at {table.sizes[row]:.0f} bytes: {said}"]


def _bad_ranks(table: Published) -> list[str]:
    inferred = inferred_ranks(table)
    if inferred is None or table.busbw is None or table.algbw is None:
        return []
    # Above some hundred ranks the factor hardly changes: only ranks whose factor is really another one are a fault.
    off = abs(busbw_factor(table.collective, inferred) / busbw_factor(table.collective, table.ranks) - 1)
    return [f"ranks: {table.ranks} stated, busbw / algbw means {inferred}"] if off > 2 * ALIKE else []


def _bad_in_place(table: Published) -> list[str]:
    if table.in_place is None or len(table.sizes) < FEWEST or not (table.seconds > 0).all():
        return []
    offset, ratio = table.in_place - table.seconds, table.in_place / table.seconds
    found = []
    for what, values in (("difference", offset), ("ratio", ratio - 1)):
        middle = float(np.median(np.abs(values)))
        if middle > 0 and np.ptp(values) < ALIKE * middle:
            found.append(f"in place: the same {what} to out of place in all {len(values)} rows: computed, not measured")
    return found
