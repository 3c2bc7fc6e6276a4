"""The nouns of "how": rank groups, steps and a schedule, compact whatever the world size. Never sees a Fabric.

A step is a set of messages that start together, repeated `repeats` times; every repeat has the same sources, targets
and bytes, only the blocks move on. A schedule of a ring over 65,536 ranks is one step with two arrays of 65,536 numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from topologies.errors import InputError

Ranks = NDArray[np.int32]
Blocks = Callable[[int], tuple[NDArray[np.int64], NDArray[np.int64]]]
"""repeat -> (first block, blocks) of every message; a block is 1 / Schedule.blocks of the buffer; 0 blocks: idle."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Which node each rank sits on: node_of (p,), numbered from 0 without gaps."""

    node_of: Ranks

    @property
    def world_size(self) -> int:
        """The number of ranks."""
        return len(self.node_of)

    @property
    def nodes(self) -> int:
        """The number of nodes that hold ranks."""
        return int(self.node_of.max()) + 1

    def grid(self, algorithm: str) -> Ranks:
        """Return the ranks as (nodes, ranks per node), in rank order inside a node.

        Raises:
            InputError: the nodes do not hold the same number of ranks.
        """
        counts = np.bincount(self.node_of)
        if counts.min() != counts.max():
            raise InputError(
                f"{algorithm}: ranks must fill their nodes evenly, got {counts.min()} to {counts.max()} on a node "
                f"({self.world_size} ranks, {self.nodes} nodes); use a multiple of {counts.max()} ranks, or ring"
            )
        return np.argsort(self.node_of, kind="stable").astype(np.int32).reshape(self.nodes, -1)


def flat(world_size: int) -> Groups:
    """Return groups in which every rank is a node of its own."""
    return Groups(np.arange(world_size, dtype=np.int32))


@dataclass(frozen=True, eq=False)
class Step:
    """Messages that start together: source, target (m,), each `share` of the buffer, `repeats` times over.

    reduces: the receiver adds what arrives to what it holds (else it replaces it).
    """

    source: Ranks
    target: Ranks
    share: Fraction
    repeats: int
    reduces: bool
    blocks: Blocks


@dataclass(frozen=True, eq=False)
class Schedule:
    """An algorithm for one world size: steps in order, over a buffer cut in `blocks`; `channels` parallel copies."""

    algorithm: str
    world_size: int
    blocks: int
    steps: tuple[Step, ...]
    channels: int = 1

    @property
    def messages(self) -> int:
        """Steps counted with their repeats: what alpha is paid for."""
        return sum(step.repeats for step in self.steps)


def span(first: NDArray[np.int64] | int, count: int, like: Ranks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (first, count) as one pair of arrays as long as `like`."""
    return np.broadcast_to(first, like.shape).astype(np.int64), np.full(like.shape, count, dtype=np.int64)


def execute(schedule: Schedule, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks' buffers (p, elements) after running the schedule on real numbers, message by message.

    elements must be a multiple of schedule.blocks. All messages of a step read before any writes, as on a network.
    """
    width = inputs.shape[1] // schedule.blocks
    held = inputs.reshape(schedule.world_size, schedule.blocks, width).copy()
    for source, target, blocks, reduces in _messages(schedule):
        moved = [held[s, b].copy() for s, b in zip(source, blocks, strict=True)]
        for t, b, data in zip(target, blocks, moved, strict=True):
            if reduces:
                np.add.at(held[t], b, data)
            else:
                held[t, b] = data
    return held.reshape(inputs.shape)


def _messages(schedule: Schedule) -> Iterator[tuple[Ranks, Ranks, list[NDArray[np.int64]], bool]]:
    for step in schedule.steps:
        for repeat in range(step.repeats):
            first, count = step.blocks(repeat)
            blocks = [np.arange(f, f + c) % schedule.blocks for f, c in zip(first, count, strict=True)]
            if any(len(b) not in (0, step.share * schedule.blocks) for b in blocks):
                raise AssertionError(f"{schedule.algorithm}: a message's blocks are not its share of the buffer")
            yield step.source, step.target, blocks, step.reduces
