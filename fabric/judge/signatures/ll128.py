"""LL128 not in use: blocks of 16 to 512 KiB take what the model says without LL128, and twice what it says with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log

from fabric.judge.judgement import Judgement, Signature
from fabric.judge.nominal import JUDGED, Nominal
from fabric.judge.table import Table
from fabric.predict.libraries.nccl import LL128

NAME = "LL128 not in use"
BLOCKS = 16 * 1024, 512 * 1024
SLOWER, FITS, FEWEST = 2.0, 1.25, 3
CAUSES = (
    "the library refuses LL128 on this path (PCIe between GPU and NIC, or another provider's plugin)",
    "NCCL_PROTO in the environment",
)


def find(tables: Sequence[Table], nominal: Nominal) -> Iterator[Signature]:
    """Yield a note per table over several nodes in which three rows, and half of them, fit the model without LL128 only."""
    for table in tables:
        if table.nodes < 2 or table.library != "nccl" or table.collective not in JUDGED or not nominal.hardware:
            continue
        inside = [row for row in table.rows if BLOCKS[0] <= row.result.case.nbytes / table.ranks <= BLOCKS[1]]
        fits = [ratio for row in inside if (ratio := _ratio(row, table, nominal)) is not None]
        if len(fits) >= FEWEST and 2 * len(fits) >= len(inside):
            yield Signature(
                NAME,
                f"{len(fits)} of {len(inside)} rows with blocks of 16 to 512 KiB take {min(fits):.1f} to {max(fits):.1f} times "
                f"what LL128 would, and what another protocol does ({table.file}, {table.nodes} nodes)",
                CAUSES,
                "NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=TUNING prints the protocol; NCCL_PROTO=LL128 against NCCL_PROTO=Simple",
                note=True,
                files=(table.file,),
                nodes=table.nodes,
            )


def _ratio(row: Judgement, table: Table, nominal: Nominal) -> float | None:
    """Return measured / model with LL128 where the row takes what some algorithm takes without it, else None.

    With LL128 a free choice is held against its best algorithm; without, any may be the one that ran.
    """
    using = _models(row, table, nominal, None)
    without = _models(row, table, nominal, LL128)
    if not using or not without:
        return None
    ratio = row.result.time / min(using)
    fits = any(abs(log(row.result.time / seconds)) < log(FITS) for seconds in without)
    return ratio if ratio > SLOWER and fits else None


def _models(row: Judgement, table: Table, nominal: Nominal, without: str | None) -> list[float]:
    """Return the model's times of the algorithms that may have run."""
    choices = nominal.choices(row.result.case, without=without)
    return [choice.seconds for name, choice in choices.items() if table.algorithm in ("default", name)]
