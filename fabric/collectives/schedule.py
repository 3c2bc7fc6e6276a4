"""The nouns of "how": rank groups, steps and a schedule, compact whatever the world size. Never sees a Fabric.

A step is a set of messages that start together, repeated `repeats` times; every repeat has the same sources, targets
and bytes, only the blocks move on. A schedule of a ring over 65,536 ranks is one step with two arrays of 65,536 numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from topologies.errors import InputError

Ranks = NDArray[np.int32]
Blocks = Callable[[int], Sequence[NDArray[np.int64]]]
"""repeat -> the block numbers of every message; a block is 1 / Schedule.blocks of S. Which block is whose: layout.py."""
MOST_MESSAGES = 2**25


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
    are no ranks but switches of the fabric: within one repeat they add up what arrives and pass the sum on; they keep nothing.
    blocks: how many make up S; with chunks, blocks are numbered within one chunk.
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


def sized(counts: NDArray[np.int64], blocks: int) -> tuple[Fraction, NDArray[np.float64] | None]:
    """Return share and scale of messages of so many blocks each: the largest is the share; scale None where all are equal."""
    most = int(counts.max(initial=0))
    even = most == 0 or bool((counts == most).all())
    return Fraction(most, blocks), None if even else counts / most


def listable(algorithm: str, count: int, instead: str) -> None:
    """Refuse an algorithm whose messages would be too many to be listed.

    Raises:
        InputError: more than 2^25 messages in all steps together, 256 MiB of ranks.
    """
    if count > MOST_MESSAGES:
        raise InputError(f"{algorithm}: at most {MOST_MESSAGES} messages can be listed, got {count}; use {instead}")


def at_least_one(algorithm: str, name: str, value: int) -> int:
    """Return the value.

    Raises:
        InputError: it is below 1.
    """
    if value < 1:
        raise InputError(f"{algorithm}: {name} must be a whole number >= 1, got {value}")
    return value
