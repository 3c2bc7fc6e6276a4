"""Ring all-reduce: reduce-scatter and all-gather around one ring, or around one ring per rail. Never sees a Fabric.

Time on an uncongested fabric: 2(p-1) alpha + 2(p-1)/p S beta / channels + (p-1)/p S gamma. Source: Patarasuk and Yuan,
JPDC 2009; Huawei HCCL documentation.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups, Ranks, Schedule, Step, span
from topologies.errors import InputError


def ring(groups: Groups, nbytes: int, *, channels: int = 1) -> Schedule:
    """Return the ring schedule: rank r sends to rank r + 1; with channels > 1, `channels` rings that keep to their rails.

    Channel c walks a node's devices c, c+1, ... and the next node's backwards, so that every hop between two nodes
    stays on one rail (all of them where the number of nodes is even) and every device sends out for one channel only.

    Raises:
        InputError: more channels than ranks on a node, or nodes of unequal ranks.
    """
    orders = _orders(groups, channels)
    return Schedule("ring", groups.world_size, channels * groups.world_size, ring_steps(orders), channels)


def ring_steps(orders: Ranks) -> tuple[Step, ...]:
    """Return the reduce-scatter and the all-gather step of parallel rings.

    orders (channels, p): the rank at each position of each ring; ring c moves blocks c p ... c p + p - 1.
    """
    channels, p = orders.shape
    if p == 1:
        return ()
    source, target = orders.ravel(), np.roll(orders, -1, axis=1).ravel()
    share = Fraction(1, channels * p)

    def blocks(shift: int) -> NDArray[np.int64]:
        position = (np.arange(p)[None, :] + shift) % p
        moved: NDArray[np.int64] = position + p * np.arange(channels)[:, None]
        return moved.ravel()

    return (
        Step(source, target, share, p - 1, True, lambda t: span(blocks(-t), 1, source)),
        Step(source, target, share, p - 1, False, lambda t: span(blocks(1 - t), 1, source)),
    )


def _orders(groups: Groups, channels: int) -> Ranks:
    if channels == 1:
        return np.arange(groups.world_size, dtype=np.int32)[None, :]
    grid = groups.grid("ring with channels")
    nodes, per_node = grid.shape
    if not 1 <= channels <= per_node:
        raise InputError(f"ring: channels must be 1 ... {per_node} (ranks on a node), got {channels}")
    walk = (np.arange(channels)[:, None] + np.arange(per_node)) % per_node
    snake = np.stack([grid[n][walk if n % 2 == 0 else walk[:, ::-1]] for n in range(nodes)], axis=1)
    return snake.reshape(channels, -1)
