"""Published tables of collective times: reads them from a given file and screens them. It fits and predicts nothing.

Such tables are copied by hand, renamed and now and then invented; whoever calibrates on one screens it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.records import screen as records
from fabric.text.json_file import read_json
from topologies.errors import InputError

Floats = NDArray[np.float64]


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
    content = read_json(path, "published")
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
    """Return the ranks that the median of busbw / algbw means; None where the table does not say or no p fits."""
    return records.inferred_ranks(_columns(table))


def screen(table: Published) -> list[str]:
    """Return what is wrong with a table, one line each; an empty list where nothing was found. Rules: records/screen.py."""
    return [finding.text for finding in records.screen(_columns(table))]


def _columns(table: Published) -> records.Columns:
    return records.Columns(table.collective, table.ranks, table.sizes, table.seconds, table.algbw, table.busbw, table.in_place)
