"""Contradicted rank count: busbw / algbw names another number of ranks than the table does. It needs both columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fabric.collectives.catalog import busbw_factor
from fabric.judge.judgement import Signature
from fabric.judge.nominal import Nominal
from fabric.judge.table import Table
from fabric.records.screen import Columns, Floats, inferred_ranks

NAME = "contradicted rank count"
SAME = 2e-3


def find(tables: Sequence[Table], _nominal: Nominal) -> Iterator[Signature]:
    """Yield a signature per table whose printed bandwidths mean other ranks than it states."""
    for table in tables:
        found = inferred_ranks(_columns(table))
        if found is None or found < 1:
            continue
        meant, stated = busbw_factor(table.collective, found), busbw_factor(table.collective, table.ranks)
        if abs(meant - stated) > SAME * stated:
            yield Signature(
                NAME,
                f"{table.ranks} ranks are stated, busbw / algbw means {found} ({table.file})",
                ("the list of ranks is another run's", "several groups ran side by side (NCCL_TESTS_SPLIT)", "a typed table"),
                "run again with the list of ranks in the log; one rank per device, no split",
                files=(table.file,),
                nodes=table.nodes,
            )


def _columns(table: Table) -> Columns:
    printed = [row.result.context.get("printed_gb_per_second", {}) for row in table.rows]
    rows = [(row.result, said) for row, said in zip(table.rows, printed, strict=True) if {"algbw", "busbw"} <= set(said)]

    def column(key: str) -> Floats:
        return np.array([said[key] for _, said in rows], dtype=float)

    sizes = np.array([result.case.nbytes for result, _ in rows], dtype=float)
    seconds = np.array([result.time for result, _ in rows], dtype=float)
    return Columns(table.collective, table.ranks, sizes, seconds, column("algbw"), column("busbw"))
