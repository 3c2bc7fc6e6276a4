"""Chunks that follow each other through messages in slots: trees, chains and switches. It knows no algorithm.

With c chunks and a largest lag of l, the step takes l + c slots: in slot t a message of lag l' moves chunk t - l', if any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Ranks, Step, sized

Integers = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Messages:
    """Messages of a chunk: source, target, the slot after the chunk's first in which they move, which of its blocks."""

    source: Ranks
    target: Ranks
    lag: NDArray[np.int64]
    first: NDArray[np.int64]
    count: NDArray[np.int64]


def messages(source: Integers, target: Integers, lag: Integers | int, first: Integers | int, count: int) -> Messages:
    """Return messages, numbers that hold for all of them spread out."""
    wide = [np.broadcast_to(np.asarray(value, dtype=np.int64), source.shape) for value in (lag, first, count)]
    return Messages(source.astype(np.int32), target.astype(np.int32), *wide)


def one_chunk(moves: Sequence[Messages], per_chunk: int, chunks: int, *, reduces: bool) -> Step:
    """Return the step that moves one chunk of per_chunk blocks through the messages at once, for a schedule of chunks."""
    source, target, first, count = _joined(moves, "source", "target", "first", "count")
    share, scale = sized(count, per_chunk * chunks)

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        return [np.arange(b, b + n) for b, n in zip(first, count, strict=True)]

    return Step(source, target, share, 1, reduces, blocks, scale)


def _joined(moves: Sequence[Messages], *names: str) -> list[NDArray[Any]]:
    return [np.concatenate([getattr(m, name) for m in moves]) for name in names]


def slotted(moves: Sequence[Messages], per_chunk: int, chunks: int, *, reduces: bool) -> Step:
    """Return the step that moves every chunk of per_chunk blocks through the messages, one slot after the other."""
    source, target, lag, first, count = _joined(moves, "source", "target", "lag", "first", "count")
    share, scale = sized(count, per_chunk * chunks)

    def active(slot: int) -> NDArray[np.bool_]:
        moving: NDArray[np.bool_] = (slot >= lag) & (slot < lag + chunks)
        return moving

    def blocks(slot: int) -> Sequence[NDArray[np.int64]]:
        begin = (slot - lag) * per_chunk + first
        return [np.arange(b, b + n) for b, n in zip(begin, np.where(active(slot), count, 0), strict=True)]

    slots = int(lag.max()) + chunks
    steady = bool((lag == lag[0]).all())
    return Step(source, target, share, slots, reduces, blocks, scale, None if steady else active)
