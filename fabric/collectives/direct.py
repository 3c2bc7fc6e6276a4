"""Direct: one step in which every message of the collective starts at once. Never sees a Fabric.

alpha + m beta, m what passes the fullest port: (p-1)/p S for all-to-all, gather and scatter; (p-1) S for broadcast and reduce
(+ (p-1) S gamma); fan_in S at an incast's root; the largest sum of a rank's parts for uneven ones; S for sendrecv (rank r to
r + 1, as nccl-tests). Source: arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.pairwise import pair_blocks
from fabric.collectives.schedule import Groups, Ranks, Schedule, Step, listable, sized, span
from fabric.collectives.sizes import senders, split_sizes


def direct(groups: Groups, nbytes: int) -> Schedule:
    """Return the all-to-all at once: one step that stands for all p (p - 1) messages without listing them."""
    p = groups.world_size
    ranks = np.arange(p, dtype=np.int32)

    def blocks(_: int) -> Sequence[NDArray[np.int64]]:
        source, target = step.pairs()
        return span(source.astype(np.int64) * p + target, 1, source)

    step = Step(ranks, ranks, Fraction(1, p), 1, False, blocks, complete=True)
    return Schedule("direct", p, p, (step,) if p > 1 else ())


def direct_v(groups: Groups, nbytes: int, *, skew: float = 0.0, seed: int = 0) -> Schedule:
    """Return the all-to-all of uneven parts (split_sizes) at once; listed where they are uneven.

    Raises:
        InputError: uneven and more than 2^25 messages.
    """
    p = groups.world_size
    if skew == 0:
        return direct(groups, nbytes)
    listable("direct", p * (p - 1), "skew 0 or all_to_all")
    units = split_sizes(p, skew, seed)
    total = int(units[0].sum())
    ranks = np.arange(p, dtype=np.int32)
    source, target = Step(ranks, ranks, Fraction(1, p), 1, False, lambda _: [], complete=True).pairs()
    share, scale = sized(units[source, target], total)
    step = Step(source, target, share, 1, False, lambda _: pair_blocks(source, target, units), scale)
    return Schedule("direct", p, total, (step,) if p > 1 else ())


def linear_gather(groups: Groups, nbytes: int, *, root: int = 0) -> Schedule:
    """Return the gather at once: every other rank sends the root its part."""
    others, roots = _others(groups.world_size, root)
    return _parts("linear", groups.world_size, others, roots, others)


def linear_scatter(groups: Groups, nbytes: int, *, root: int = 0) -> Schedule:
    """Return the scatter at once: the root sends every other rank its part."""
    others, roots = _others(groups.world_size, root)
    return _parts("linear", groups.world_size, roots, others, others)


def linear_broadcast(groups: Groups, nbytes: int, *, root: int = 0) -> Schedule:
    """Return the broadcast at once: the root sends every other rank the whole buffer."""
    others, roots = _others(groups.world_size, root)
    return _whole(groups.world_size, roots, others, reduces=False)


def linear_reduce(groups: Groups, nbytes: int, *, root: int = 0) -> Schedule:
    """Return the reduce at once: every other rank sends the root its whole buffer."""
    others, roots = _others(groups.world_size, root)
    return _whole(groups.world_size, others, roots, reduces=True)


def shift(groups: Groups, nbytes: int) -> Schedule:
    """Return the sendrecv: every rank sends its whole buffer to the next."""
    p = groups.world_size
    ranks = np.arange(p, dtype=np.int32)
    step = Step(ranks, np.roll(ranks, -1), Fraction(1), 1, False, lambda _: span(ranks.astype(np.int64), 1, ranks))
    return Schedule("ring", p, 1, (step,) if p > 1 else ())


def incast(groups: Groups, nbytes: int, *, root: int = 0, fan_in: int | None = None) -> Schedule:
    """Return the incast: fan_in ranks (default all others) send the root their whole buffers at once.

    Raises:
        InputError: more senders than other ranks.
    """
    p = groups.world_size
    source = senders(p, root, fan_in)
    step = Step(source, np.full_like(source, root), Fraction(1), 1, False, lambda _: span(source.astype(np.int64), 1, source))
    return Schedule("direct", p, 1, (step,) if p > 1 else ())


def _others(p: int, root: int) -> tuple[Ranks, Ranks]:
    others = senders(p, root)
    return others, np.full_like(others, root)


def _whole(p: int, source: Ranks, target: Ranks, *, reduces: bool) -> Schedule:
    """Return one step of messages of the whole buffer."""
    step = Step(source, target, Fraction(1), 1, reduces, lambda _: span(0, 1, source))
    return Schedule("linear", p, 1, (step,) if p > 1 else ())


def _parts(name: str, p: int, source: Ranks, target: Ranks, owner: Ranks) -> Schedule:
    """Return one step of messages of one part each, the owner's."""
    step = Step(source, target, Fraction(1, p), 1, False, lambda _: span(owner.astype(np.int64), 1, owner))
    return Schedule(name, p, p, (step,) if p > 1 else ())
