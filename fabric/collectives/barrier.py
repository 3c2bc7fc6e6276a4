"""Barriers: messages of 0 bytes after which every rank knows that all have come. Never sees a Fabric.

Dissemination: ceil(log2 p) alpha for any p, rank r tells r + 2^i. Recursive doubling: log2 p alpha for p = 2^m, pairs tell each
other; other p fold, + 2 alpha. Source: Hensgen, Finkel, Manber, IJPP 1988; Thakur, Rabenseifner, Gropp, IJHPCA 2005.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from fabric.collectives.recursive import recursive_doubling
from fabric.collectives.schedule import Groups, Schedule, Step, span


def dissemination(groups: Groups, nbytes: int) -> Schedule:
    """Return the dissemination barrier."""
    p = groups.world_size
    ranks = np.arange(p, dtype=np.int32)
    distances = [1 << i for i in range((p - 1).bit_length())]
    steps = tuple(Step(ranks, (ranks + d) % p, Fraction(0), 1, False, lambda _: span(0, 0, ranks)) for d in distances)
    return Schedule("dissemination", p, 1, steps)


def recursive_doubling_barrier(groups: Groups, nbytes: int) -> Schedule:
    """Return recursive doubling's messages without bytes."""
    whole = recursive_doubling(groups, 0)
    steps = tuple(
        replace(step, share=Fraction(0), reduces=False, blocks=lambda _, s=step.source: span(0, 0, s))  # type: ignore[misc]
        for step in whole.steps
    )
    return replace(whole, steps=steps)
