"""Hole or threshold: a size takes longer than twice its bytes. A note, for healthy tables have them too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from fabric.judge.judgement import Judgement, Signature
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
    """Yield a note per size from 4 KiB on and number of nodes that takes more than 1.5 times what the next larger size does.

    Several tables with the same hole are one note, with the first one's times.
    """
    seen: dict[tuple[str, int, int], list[tuple[Table, Judgement, Judgement]]] = {}
    for table in tables:
        for row, after in pairwise(table.rows):
            small, large = row.result.case.nbytes, after.result.case.nbytes
            if small >= FROM and large >= 2 * small and row.result.time > SLOWER * after.result.time:
                seen.setdefault((table.collective, table.nodes, small), []).append((table, row, after))
    for (_, nodes, small), found in seen.items():
        table, row, after = found[0]
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        yield Signature(
            NAME,
            f"{show_size(small)} takes {show_duration(row.result.time)}, {show_size(after.result.case.nbytes)} "
            f"{show_duration(after.result.time)} on {nodes} nodes ({table.file}{more})",
            CAUSES,
            "repeat with NCCL_PROTO=Simple, then NCCL_ALGO=Ring: the hole of a provider stays, the library's goes",
            note=True,
            files=tuple(dict.fromkeys(table.file for table, _, _ in found)),
            nodes=nodes,
            nbytes=small,
        )
