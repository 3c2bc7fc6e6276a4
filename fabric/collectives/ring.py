"""Rings: reduce-scatter, all-gather and all-reduce around one ring, both ways around it, or one ring per rail.

Half a ring: (p-1) alpha + (p-1)/p S beta / c, the reduce-scatter half + (p-1)/p S gamma; all-reduce is both halves. c is
`channels`, or 2 for the bidirectional ring where both neighbours are on links of their own (through one port it is 1).
The ring of MPI libraries is this one. Source: Patarasuk and Yuan, JPDC 2009; Huawei HCCL documentation. It never sees a
Fabric.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.lines import scatter_and_gather
from fabric.collectives.schedule import Groups, Ranks, Schedule, Step
from topologies.errors import InputError

ALONG, ZIGZAG = "along", "zigzag"


def ring(groups: Groups, nbytes: int, *, channels: int = 1, walk: str = ALONG) -> Schedule:
    """Return the ring schedule: rank r sends to rank r + 1; with channels > 1, `channels` rings that keep to their rails.

    Channel c walks a node's devices c, c+1, ... and the next node's backwards, so that every hop between two nodes
    stays on one rail (all of them where the number of nodes is even) and every device sends out for one channel only.
    walk: `along`, or `zigzag` (c, c+1, c-1, c+2, ...), for nodes whose devices have links of their own pair by pair: as many
    channels as an even number of devices use every link once each way (Walecki's paths, Lucas 1892), those along the same few.

    Raises:
        InputError: more channels than ranks on a node, nodes of unequal ranks, or a walk that is none.
    """
    return _schedule("ring", ring_orders("ring", groups, channels, walk), slice(None))


def ring_all_gather(groups: Groups, nbytes: int, *, channels: int = 1, walk: str = ALONG) -> Schedule:
    """Return the all-gather half of ring, by the same rules."""
    return _schedule("ring", ring_orders("ring", groups, channels, walk), slice(1, None))


def ring_reduce_scatter(groups: Groups, nbytes: int, *, channels: int = 1, walk: str = ALONG) -> Schedule:
    """Return the reduce-scatter half of ring, by the same rules."""
    return _schedule("ring", ring_orders("ring", groups, channels, walk), slice(0, 1))


def bidirectional_ring(groups: Groups, nbytes: int) -> Schedule:
    """Return two rings at once over half the buffer each, one to the next rank and one to the rank before."""
    return _schedule("bidirectional_ring", _both_ways(groups), slice(None))


def bidirectional_ring_all_gather(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-gather half of bidirectional_ring."""
    return _schedule("bidirectional_ring", _both_ways(groups), slice(1, None))


def bidirectional_ring_reduce_scatter(groups: Groups, nbytes: int) -> Schedule:
    """Return the reduce-scatter half of bidirectional_ring."""
    return _schedule("bidirectional_ring", _both_ways(groups), slice(0, 1))


def ring_steps(orders: Ranks) -> tuple[Step, ...]:
    """Return the reduce-scatter and the all-gather step of parallel rings.

    orders (channels, p): the rank at each position of each ring. Rank r's part is blocks r channels + c, one per ring c.
    """
    channels, p = orders.shape

    def parts() -> NDArray[np.int64]:
        numbers: NDArray[np.int64] = orders.astype(np.int64) * channels + np.arange(channels)[:, None]
        return numbers[:, :, None]

    return scatter_and_gather(orders, Fraction(1, channels * p), parts)


def _schedule(name: str, orders: Ranks, kept: slice) -> Schedule:
    channels, p = orders.shape
    return Schedule(name, p, channels * p, ring_steps(orders)[kept], channels)


def _both_ways(groups: Groups) -> Ranks:
    order = np.arange(groups.world_size, dtype=np.int32)
    return np.stack([order, order[::-1]])


def ring_orders(name: str, groups: Groups, channels: int, walk: str = ALONG) -> Ranks:
    """Return the rank at each position of each channel's ring (channels, p), as ring walks them.

    Raises:
        InputError: more channels than ranks on a node, nodes of unequal ranks, or a walk that is none.
    """
    if walk not in (ALONG, ZIGZAG):
        raise InputError(f"{name}: walk must be {ALONG} or {ZIGZAG}, got {walk!r}")
    if channels == 1:
        return np.arange(groups.world_size, dtype=np.int32)[None, :]
    grid = groups.grid(f"{name} with channels")
    nodes, per_node = grid.shape
    if not 1 <= channels <= per_node:
        raise InputError(f"{name}: channels must be 1 ... {per_node} (ranks on a node), got {channels}")
    far = np.arange(per_node)
    steps = far if walk == ALONG else np.where(far % 2, (far + 1) // 2, -(far // 2))
    own = (np.arange(channels)[:, None] + steps) % per_node
    snake = np.stack([grid[n][own if n % 2 == 0 else own[:, ::-1]] for n in range(nodes)], axis=1)
    return snake.reshape(channels, -1)
