"""The nouns of "how": rank groups, steps and a schedule, compact whatever the world size. Never sees a Fabric.

A step is a set of messages that start together, repeated `repeats` times; every repeat has the same sources, targets
and bytes, only the blocks move on. A schedule of a ring over 65,536 ranks is one step with two arrays of 65,536 numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from topologies.errors import InputError

Ranks = NDArray[np.int32]
Blocks = Callable[[int], Sequence[NDArray[np.int64]]]
"""repeat -> the block numbers of every message, modulo Schedule.blocks; a block is 1 / Schedule.blocks of the buffer."""


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

    reduces: the receiver adds what arrives to what it holds (else it replaces it). scale: every message's bytes as a part
    of share, where they differ (None: all equal). active: repeat -> which messages move in it (None: all, in every one).
    complete: the messages are all ordered pairs of different ranks out of source x target, too many to be listed; pairs()
    lists them.
    """

    source: Ranks
    target: Ranks
    share: Fraction
    repeats: int
    reduces: bool
    blocks: Blocks
    scale: NDArray[np.float64] | None = None
    active: Callable[[int], NDArray[np.bool_]] | None = None
    complete: bool = False

    def pairs(self) -> tuple[Ranks, Ranks]:
        """Return source and target of every message."""
        if not self.complete:
            return self.source, self.target
        source, target = np.repeat(self.source, len(self.target)), np.tile(self.target, len(self.source))
        return source[source != target], target[source != target]


@dataclass(frozen=True, eq=False)
class Schedule:
    """An algorithm for one world size: steps in order, over a buffer cut in `blocks`; `channels` parallel copies.

    chunks: the steps are gone through once per chunk of the buffer (share is of the whole buffer all the same); a stage
    begins with a chunk when the stage before is done with that chunk and it is itself done with the one before. stages:
    how many steps each stage has; () is one stage of all steps. switches: ranks world_size ... world_size + switches - 1
    are no ranks but switches of the fabric that add up and copy what arrives.
    """

    algorithm: str
    world_size: int
    blocks: int
    steps: tuple[Step, ...]
    channels: int = 1
    chunks: int = 1
    stages: tuple[int, ...] = ()
    switches: int = 0

    @property
    def messages(self) -> int:
        """Steps counted with their repeats and chunks: what alpha is paid for."""
        return self.chunks * sum(step.repeats for step in self.steps)


def span(first: NDArray[np.int64] | int, count: int, like: Ranks) -> Sequence[NDArray[np.int64]]:
    """Return `count` blocks from first on for every message; first is one number, or one per message as in `like`."""
    starts = np.broadcast_to(first, like.shape)
    return [np.arange(start, start + count) for start in starts]


def execute(schedule: Schedule, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks' buffers (p, elements) after running the schedule on real numbers, message by message.

    elements must be a multiple of schedule.blocks. All messages of a step read before any writes, as on a network.
    """
    width = inputs.shape[1] // schedule.blocks
    held = np.zeros((schedule.world_size + schedule.switches, schedule.blocks, width))
    held[: schedule.world_size] = inputs.reshape(schedule.world_size, schedule.blocks, width)
    for source, target, blocks, reduces in _messages(schedule):
        moved = [held[s, b].copy() for s, b in zip(source, blocks, strict=True)]
        for t, b, data in zip(target, blocks, moved, strict=True):
            if reduces:
                np.add.at(held[t], b, data)
            else:
                held[t, b] = data
    return held[: schedule.world_size].reshape(inputs.shape)


def _messages(schedule: Schedule) -> Iterator[tuple[Ranks, Ranks, list[NDArray[np.int64]], bool]]:
    """Yield the messages of every repeat of every step, chunk by chunk: source, target, blocks, whether they are added."""
    own = schedule.blocks // schedule.chunks
    for chunk in range(schedule.chunks):
        for step in schedule.steps:
            source, target = step.pairs()
            for repeat in range(step.repeats):
                blocks = [chunk * own + b % own for b in step.blocks(repeat)]
                _check_sizes(schedule, step, repeat, blocks)
                yield source, target, blocks, step.reduces


def _check_sizes(schedule: Schedule, step: Step, repeat: int, blocks: list[NDArray[np.int64]]) -> None:
    """Refuse a step whose blocks are not the bytes that it states.

    Raises:
        AssertionError: an error in an algorithm, never in a user's input.
    """
    stated = np.full(len(blocks), float(step.share * schedule.blocks)) * (1.0 if step.scale is None else step.scale)
    if step.active is not None:
        stated = np.where(step.active(repeat), stated, 0.0)
    if not np.allclose([len(b) for b in blocks], stated):
        raise AssertionError(f"{schedule.algorithm}: a message's blocks are not its share of the buffer")
