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
SLOWER, FEWEST = 2.0, 3
CAUSES = (
    "the library refuses LL128 on this path (PCIe between GPU and NIC, or another provider's plugin)",
    "NCCL_PROTO in the environment",
)


def find(tables: Sequence[Table], nominal: Nominal) -> Iterator[Signature]:
    """Yield a signature per table over several nodes in which three rows or more fit the model without LL128 only."""
    for table in tables:
        if table.nodes < 2 or table.library != "nccl" or table.collective not in JUDGED or not nominal.hardware:
            continue
        inside = [row for row in table.rows if BLOCKS[0] <= row.result.case.nbytes / table.ranks <= BLOCKS[1]]
        fits = [ratio for row in inside if (ratio := _ratio(row, table, nominal)) is not None]
        if len(fits) >= FEWEST and 2 * len(fits) > len(inside):
            yield Signature(
                NAME,
                f"{len(fits)} of {len(inside)} rows with blocks of 16 to 512 KiB take {min(fits):.1f} to {max(fits):.1f} times "
                f"what LL128 would, and what the other protocols do ({table.file}, {table.nodes} nodes)",
                CAUSES,
                "NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=TUNING prints the protocol; NCCL_PROTO=LL128 against NCCL_PROTO=Simple",
                note=True,
                files=(table.file,),
                nodes=table.nodes,
            )


def _ratio(row: Judgement, table: Table, nominal: Nominal) -> float | None:
    """Return measured / model with LL128 where the row fits the model without it and not that with it, else None."""
    times = [_model(row, table, nominal, without) for without in (None, LL128)]
    if None in times or not times[0] or not times[1]:
        return None
    using, without = row.result.time / times[0], row.result.time / times[1]
    return using if using > SLOWER and abs(log(without)) < log(using) / 2 else None


def _model(row: Judgement, table: Table, nominal: Nominal, without: str | None) -> float | None:
    choices = nominal.choices(row.result.case, without=without)
    kept = [c.seconds for name, c in choices.items() if table.algorithm in ("default", name)]
    return min(kept, default=None)
