"""NVLS not in use: one node of NVSwitches with multicast runs an all-reduce at the rate of its rings. It sees no fabric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.judge.judgement import Signature
from fabric.judge.nominal import Nominal
from fabric.judge.table import Table
from fabric.units import show_rate

NAME = "NVLS not in use"
ABOVE_RING, FEWEST = 1.12, 6
"""Busbw / ring that NVLS passes on eight devices; with fewer than so many, a ring is as fast."""
CAUSES = (
    "NCCL_NVLS_ENABLE=0, or a fabric manager without multicast",
    "a virtual machine or container in which multicast memory is not to be had",
    "a library before 2.17",
)


def find(tables: Sequence[Table], nominal: Nominal) -> Iterator[Signature]:
    """Yield a signature per one-node all-reduce of a free choice that does not pass the ring's rate."""
    for table in tables:
        row = table.largest
        if row is None or table.nodes > 1 or table.collective != "all_reduce" or table.algorithm not in ("default", "nvls"):
            continue
        ring = nominal.ring_rate(row.result.case)
        capable = nominal.hardware is not None and nominal.hardware.multicast and table.ranks >= FEWEST
        if table.library == "nccl" and capable and ring and row.result.busbw < ABOVE_RING * ring:
            yield Signature(
                NAME,
                f"busbw is {show_rate(row.result.busbw)} on {table.ranks} devices, rings give {show_rate(ring)} ({table.file})",
                CAUSES,
                "NCCL_DEBUG=INFO: 'NVLS multicast support is available' and 'Connected NVLS tree'; NCCL_ALGO=NVLS forces it",
                files=(table.file,),
                nodes=1,
            )
