"""The share of the NICs' rate that a table's largest row reaches, and the rungs that lost rails leave. It names no cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.judge.judgement import BAD, GOOD, WATCH
from fabric.judge.nominal import Nominal
from fabric.judge.table import Table
from fabric.units import show_size

OTHERS = 2
"""Good runs of the same case after which a bad one is no proof of a part that is missing."""
RUNGS = {"3/4": 0.75, "1/2": 0.5, "1/4": 0.25, "1/8": 0.125}
REACHED, NEAR = 0.96, 0.08
"""What healthy NICs give of their nominal rate; how near a share is to its rung."""
BY_DESIGN = ("tree", "double_binary_tree", "send_recv", "collnet", "sharp")
"""Algorithms whose share says nothing of rails: a forced tree is at 0.47 by design, half of SHARP's rails still at 0.8."""
COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter")


def shares(tables: Sequence[Table], nominal: Nominal) -> Iterator[tuple[Table, float]]:
    """Yield every table over several nodes whose largest row is not good, with busbw / W there."""
    for table in tables:
        row = table.largest
        if row is None or table.nodes < 2 or table.algorithm in BY_DESIGN or table.collective not in COLLECTIVES:
            continue
        rate = nominal.rate(row.result.case)
        if row.verdict in (WATCH, BAD) and table.library == "nccl" and rate > 0:
            yield table, row.result.busbw / rate


def rung(share: float) -> str | None:
    """Return the rung that a share of W stands on, None between rungs."""
    return next((name for name, part in RUNGS.items() if abs(share / (REACHED * part) - 1) <= NEAR), None)


def at(table: Table) -> str:
    """Return a table's largest row in words: bytes, ranks and nodes."""
    row = table.largest or table.rows[-1]
    return f"{show_size(row.result.case.nbytes)} on {table.ranks} ranks of {table.nodes} nodes ({table.file})"


def certain(table: Table, tables: Sequence[Table]) -> bool:
    """Return whether a table's largest row is bad, and not good in two other runs: what comes and goes is no lost part.

    3/4 of the NICs' rate alone proves nothing: untuned healthy sites give it too.
    """
    if table.largest is None or table.largest.verdict != BAD:
        return False
    case = (table.library, table.collective, table.algorithm, table.nodes, table.ranks)
    like = [t for t in tables if (t.library, t.collective, t.algorithm, t.nodes, t.ranks) == case and t.largest]
    return sum(t.largest is not None and t.largest.verdict == GOOD for t in like) < OTHERS
