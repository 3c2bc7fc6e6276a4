"""Chain (pipelined ring): chunks run from rank to rank, broadcast from the root on, reduce towards it. Never sees a Fabric.

c chunks over p - 1 edges: (p - 2 + c)(alpha + S beta / c), the reduce + S gamma / c each; limit S beta for large S. Source:
arithmetic; NCCL's ring broadcast and Open MPI's pipeline run so.
"""

from __future__ import annotations

import numpy as np

from fabric.collectives.schedule import Groups, Schedule, at_least_one
from fabric.collectives.slots import messages, slotted


def chain_broadcast(groups: Groups, nbytes: int, *, chunks: int = 16, root: int = 0) -> Schedule:
    """Return the broadcast root, root + 1, ... root - 1; InputError where there is not one chunk."""
    return _schedule(groups, chunks, root, reduces=False)


def chain_reduce(groups: Groups, nbytes: int, *, chunks: int = 16, root: int = 0) -> Schedule:
    """Return the reduce root - 1, ... root + 1, root; InputError where there is not one chunk."""
    return _schedule(groups, chunks, root, reduces=True)


def _schedule(groups: Groups, chunks: int, root: int, *, reduces: bool) -> Schedule:
    p = groups.world_size
    at_least_one("chain", "chunks", chunks)
    if p == 1:
        return Schedule("chain", 1, chunks, ())
    edge = np.arange(p - 1, dtype=np.int64)
    near, far = (edge + root) % p, (edge + 1 + root) % p
    moves = messages(far, near, p - 2 - edge, 0, 1) if reduces else messages(near, far, edge, 0, 1)
    return Schedule("chain", p, chunks, (slotted([moves], 1, chunks, reduces=reduces),))
