"""Which blocks every rank holds before and after a collective, as block numbers. It knows no algorithm.

Where all ranks share one buffer of S (all_reduce, all_gather, ...), blocks 0 ... B - 1 are that buffer, rank r's part the
r-th p-th of it. Where every rank has a buffer of its own (all_to_all, sendrecv, incast, point to point), rank r's begins at
block r B.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.point_to_point import POINT_TO_POINT, sources
from fabric.collectives.sizes import Options, senders, split_sizes

Numbers = list[NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Layout:
    """blocks: how many block numbers there are; given, wanted: every rank's input and output blocks, in order."""

    blocks: int
    given: Numbers
    wanted: Numbers


def _whole(p: int, blocks: int) -> Numbers:
    return [np.arange(blocks) for _ in range(p)]


def _parts(p: int, blocks: int) -> Numbers:
    return [np.arange(rank * blocks // p, (rank + 1) * blocks // p) for rank in range(p)]


def _own(p: int, blocks: int) -> Numbers:
    return [np.arange(rank * blocks, (rank + 1) * blocks) for rank in range(p)]


def _only(root: int, numbers: Numbers) -> Numbers:
    return [own if rank == root else own[:0] for rank, own in enumerate(numbers)]


def _pairs(p: int, blocks: int, units: NDArray[np.int64]) -> Layout:
    """Return the layout of an all-to-all; units (p, p) is split_sizes' matrix, whose rows add up to a divisor of blocks."""
    own = _own(p, blocks)
    ends = np.cumsum(units * (blocks // int(units[0].sum())), axis=1)[:, :-1]
    cut = [np.split(numbers, end) for numbers, end in zip(own, ends, strict=True)]
    return Layout(p * blocks, own, [np.concatenate(column) for column in zip(*cut, strict=True)])


def _incast(p: int, blocks: int, root: int, how: Options) -> Layout:
    own, from_ranks = _own(p, blocks), senders(p, root, how.fan_in)
    wanted = np.concatenate([np.arange(0), *(own[rank] for rank in from_ranks)])
    return Layout(p * blocks, own, [wanted if rank == root else wanted[:0] for rank in range(p)])


def _partners(name: str) -> Callable[[int, int, int, Options], Layout]:
    def numbers(p: int, blocks: int, _root: int, _how: Options) -> Layout:
        own = _own(p, blocks)
        wanted = [np.arange(0) if source is None else own[source] for source in sources(name, p)]
        return Layout(p * blocks, own, wanted)

    return numbers


LAYOUTS: Mapping[str, Callable[[int, int, int, Options], Layout]] = {
    "all_reduce": lambda p, b, _root, _o: Layout(b, _whole(p, b), _whole(p, b)),
    "all_gather": lambda p, b, _root, _o: Layout(b, _parts(p, b), _whole(p, b)),
    "reduce_scatter": lambda p, b, _root, _o: Layout(b, _whole(p, b), _parts(p, b)),
    "all_to_all": lambda p, b, _root, _o: _pairs(p, b, split_sizes(p)),
    "all_to_all_v": lambda p, b, _root, o: _pairs(p, b, split_sizes(p, o.skew, o.seed)),
    "broadcast": lambda p, b, root, _o: Layout(b, _only(root, _whole(p, b)), _whole(p, b)),
    "reduce": lambda p, b, root, _o: Layout(b, _whole(p, b), _only(root, _whole(p, b))),
    "gather": lambda p, b, root, _o: Layout(b, _parts(p, b), _only(root, _whole(p, b))),
    "scatter": lambda p, b, root, _o: Layout(b, _only(root, _whole(p, b)), _parts(p, b)),
    "sendrecv": lambda p, b, _root, _o: Layout(p * b, _own(p, b), [_own(p, b)[rank - 1] for rank in range(p)]),
    "barrier": lambda p, _b, _root, _o: Layout(0, _whole(p, 0), _whole(p, 0)),
    "incast": _incast,
    **{name: _partners(name) for name in POINT_TO_POINT},
}
"""Collective -> (world size, Schedule.blocks, root, options) -> its layout."""


def layout(collective: str, world_size: int, blocks: int, root: int, how: Options) -> Layout:
    """Return a collective's layout over blocks that make up S."""
    return LAYOUTS[collective](world_size, blocks, root, how)
