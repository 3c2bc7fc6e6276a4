"""The chunked ring that gloo runs for every all-reduce: rank r sends to rank r - 1, two segments per rank in flight.

It does not know which library asks for it. Segments q = max(ceil(S / 1 MiB), 2p) rounded up to a multiple of p; each
phase sends (p-1) q/p segments of S/q bytes, so 4(p-1) messages in all while S <= 2p MiB, and 2(p-1)/p S on the wire.
Time: 2(p-1)q/p alpha + 2(p-1)/p S beta + (p-1)/p S gamma. Source: gloo, allreduce.cc (ring), counted on the wire.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Groups, Schedule, Step, span

SEGMENT = 2**20
"""Bytes of the largest segment."""


def segments(world_size: int, nbytes: int) -> int:
    """Return how many segments the buffer is cut into."""
    count = max(-(-nbytes // SEGMENT), 2 * world_size)
    return -(-count // world_size) * world_size


def gloo_ring(groups: Groups, nbytes: int) -> Schedule:
    """Return gloo's chunked ring for this buffer."""
    p = groups.world_size
    total = segments(p, nbytes)
    per_rank = total // p
    source = np.arange(p, dtype=np.int32)
    target = np.roll(source, 1)

    def block(shift: int, repeat: int) -> NDArray[np.int64]:
        turn, part = divmod(repeat, per_rank)
        return (source.astype(np.int64) + turn + shift) % p * per_rank + part

    repeats = (p - 1) * per_rank
    steps = (
        Step(source, target, Fraction(1, total), repeats, True, lambda t: span(block(0, t), 1, source)),
        Step(source, target, Fraction(1, total), repeats, False, lambda t: span(block(-1, t), 1, source)),
    )
    return Schedule("gloo_ring", p, total, steps if p > 1 else ())
