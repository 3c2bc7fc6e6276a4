"""Hole or threshold: a size takes longer than twice its bytes. A note, for healthy tables have them too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from fabric.judge.judgement import Signature
from fabric.judge.nominal import Nominal
from fabric.judge.table import Table
from fabric.units import show_duration, show_size

NAME = "hole or threshold"
SLOWER, FROM = 1.5, 4096
CAUSES = (
    "a protocol or a provider's threshold changes there (rendezvous, copy, registration)",
    "the library's choice of algorithm changes one size too late",
)


def find(tables: Sequence[Table], _nominal: Nominal) -> Iterator[Signature]:
    """Yield a note per size from 4 KiB on that takes more than 1.5 times what the next larger one does."""
    for table in tables:
        for row, after in pairwise(table.rows):
            small, large = row.result.case.nbytes, after.result.case.nbytes
            if small >= FROM and large >= 2 * small and row.result.time > SLOWER * after.result.time:
                yield Signature(
                    NAME,
                    f"{show_size(small)} takes {show_duration(row.result.time)}, {show_size(large)} "
                    f"{show_duration(after.result.time)} ({table.file}, {table.nodes} nodes)",
                    CAUSES,
                    "repeat with NCCL_PROTO=Simple, then NCCL_ALGO=Ring: the hole of a provider stays, the library's goes",
                    note=True,
                    files=(table.file,),
                    nodes=table.nodes,
                    nbytes=small,
                )
