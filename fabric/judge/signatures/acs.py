"""ACS or GPUDirect off: busbw is between 0.2 and 0.62 of the NICs' rate and on no rung. It cannot see the PCIe tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.judge.judgement import Signature
from fabric.judge.nominal import Nominal
from fabric.judge.signatures.share import at, certain, rung, shares
from fabric.judge.table import Table

NAME = "ACS or GPUDirect off"
BETWEEN = 0.2, 0.62
CAUSES = (
    "ACS sends traffic between GPU and NIC through the processor's root",
    "GPUDirect RDMA is off: nvidia-peermem or dma-buf is missing",
    "one leg of a bond carries everything",
)


def find(tables: Sequence[Table], nominal: Nominal) -> Iterator[Signature]:
    """Yield a signature per table whose largest row is bad and between the rungs; a note where it is only to be watched."""
    for table, share in shares(tables, nominal):
        if BETWEEN[0] <= share <= BETWEEN[1] and rung(share) is None:
            yield Signature(
                NAME,
                f"busbw is {share:.2f} of the NICs' rate, on no rung of lost rails, at {at(table)}",
                CAUSES,
                "lspci -vvv | grep ACSCtl ('SrcValid+' is ACS on); NCCL_DEBUG=INFO: '/GDRDMA' behind every channel of NET",
                note=not certain(table, tables),
                files=(table.file,),
                nodes=table.nodes,
            )
