"""Chain (pipelined ring): chunks run from rank to rank, broadcast from the root on, reduce towards it. Never sees a Fabric.

c chunks over p - 1 edges: (p - 2 + c)(alpha + S beta / c), the reduce + S gamma / c each; limit S beta for large S. With n
channels n chains carry S/n each, one per rail, along the orders of the ring with channels. Source: arithmetic; NCCL's ring
broadcast (with channels) and Open MPI's pipeline run so.
"""

from __future__ import annotations

import numpy as np

from fabric.collectives.ring import ring_orders
from fabric.collectives.schedule import Groups, Schedule, at_least_one
from fabric.collectives.slots import messages, slotted


def chain_broadcast(groups: Groups, nbytes: int, *, chunks: int = 16, channels: int = 1, root: int = 0) -> Schedule:
    """Return the broadcast root, root + 1, ... root - 1, or with channels along each channel's ring from the root on.

    Raises:
        InputError: fewer than one chunk, more channels than ranks on a node, or with channels nodes of unequal ranks.
    """
    return _schedule(groups, chunks, channels, root, reduces=False)


def chain_reduce(groups: Groups, nbytes: int, *, chunks: int = 16, channels: int = 1, root: int = 0) -> Schedule:
    """Return the reduce root - 1, ... root + 1, root, the broadcast backwards; InputError as chain_broadcast."""
    return _schedule(groups, chunks, channels, root, reduces=True)


def _schedule(groups: Groups, chunks: int, channels: int, root: int, *, reduces: bool) -> Schedule:
    p = groups.world_size
    at_least_one("chain", "chunks", chunks)
    if p == 1:
        return Schedule("chain", 1, chunks, ())
    chains = np.stack(
        [np.roll(order, -int(np.flatnonzero(order == root)[0])) for order in ring_orders("chain", groups, channels)]
    )
    channel, edge = (x.ravel() for x in np.indices((channels, p - 1)))
    near, far = chains[:, :-1].ravel(), chains[:, 1:].ravel()
    moves = messages(far, near, p - 2 - edge, channel, 1) if reduces else messages(near, far, edge, channel, 1)
    return Schedule("chain", p, channels * chunks, (slotted([moves], channels, chunks, reduces=reduces),), channels)
