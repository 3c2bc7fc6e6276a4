"""Host path or TCP: busbw is far below every rung of the NICs. Latencies cannot show it: EFA takes longer than sockets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.judge.judgement import Signature
from fabric.judge.nominal import Nominal
from fabric.judge.signatures.share import at, rung, shares
from fabric.judge.table import Table

NAME = "host path or TCP"
BELOW = 0.2
"""Busbw / W below which no rung but 1/8 is left."""
CAUSES = (
    "NCCL runs over TCP sockets: no RDMA device in the container, or the provider's plugin is missing",
    "data goes through host memory",
    "one NIC for all devices",
)


def find(tables: Sequence[Table], nominal: Nominal) -> Iterator[Signature]:
    """Yield a signature per table whose largest row is far below every rung."""
    for table, share in shares(tables, nominal):
        if share < BELOW and rung(share) is None:
            yield Signature(
                NAME,
                f"busbw is {share:.3f} of the NICs' rate at {at(table)}",
                CAUSES,
                "NCCL_DEBUG=INFO: 'NET/Socket' is TCP, 'NET/IB' or 'NET/OFI' the NICs, '/GDRDMA' behind a channel GPUDirect",
                files=(table.file,),
                nodes=table.nodes,
            )
