"""Part of the rails: busbw stands on a rung, 3/4, 1/2, 1/4 or 1/8 of what the NICs give. It cannot see which rail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.judge.judgement import Signature
from fabric.judge.nominal import Nominal
from fabric.judge.signatures.share import at, certain, rung, shares
from fabric.judge.table import Table

NAME = "part of the rails"
CAUSES = (
    "rails not in use: a port down, or NICs that NCCL_IB_HCA leaves out",
    "NICs at a lower speed than the fabric says (port speed, PCIe width)",
    "the fabric that was named has faster NICs than this one: the rung names the cause in one case of three",
)


def find(tables: Sequence[Table], nominal: Nominal) -> Iterator[Signature]:
    """Yield a signature per table whose largest row is bad and stands on a rung; a note where it is only to be watched."""
    for table, share in shares(tables, nominal):
        step = rung(share)
        if step:
            yield Signature(
                NAME,
                f"busbw is {share:.2f} of the NICs' rate, {step} of what they give, at {at(table)}",
                CAUSES,
                "NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=INIT,NET: count the NICs under 'Using'; then ib_write_bw NIC by NIC",
                note=not certain(table, tables),
                files=(table.file,),
                nodes=table.nodes,
            )
