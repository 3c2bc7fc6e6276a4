"""Rings that go round groups so that pairs stand side by side: each pair once, or those first that are suspected most.

Source: Walecki's construction as told by Alspach, "The wonderful Walecki construction", Bulletin of the ICA 52 (2008).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
TURNS = 60
"""Times that a ring is made better, at most."""
NEVER = -10.0
"""Suspicion that stands for minus infinity where rings are made better."""


def rings_of(groups: int) -> list[tuple[int, ...]]:
    """Return groups // 2 orders of so many groups, once round, so that any two stand side by side in one: 0, 1, 2 ... first."""
    half = groups // 2
    if groups < 3:
        return [tuple(range(groups))]
    turned = 2 * half
    zigzag = [((k + 1) // 2 if k % 2 else -(k // 2)) % turned for k in range(turned)]
    hub = [turned] if groups % 2 else []
    rings = [[*hub, *((place + turn) % turned for place in zigzag)] for turn in range(half)]
    name = {group: at for at, group in enumerate(rings[0])}
    return [tuple(name[group] for group in ring) for ring in rings]


def weight(ring: Sequence[int], number: Ints, mass: Floats) -> float:
    """Return the suspicion on the pairs that are side by side in a ring."""
    sides = {(min(a, b), max(a, b)) for a, b in zip(ring, (*ring[1:], ring[0]), strict=True)}
    return float(sum(mass[number[a, b]] for a, b in sides if number[a, b] >= 0))


def most_suspect(groups: Sequence[int], number: Ints, mass: Floats, most: int) -> list[tuple[int, ...]]:
    """Return so many rings of these groups, at most, the most suspect first; none that has no suspicion left."""
    left, found = mass.copy(), list[tuple[int, ...]]()
    known = [tuple(groups[place] for place in ring) for ring in rings_of(len(groups))]
    while len(found) < most:
        ring = max([*known, best_ring(groups, number, left)], key=lambda ring: weight(ring, number, left))
        if weight(ring, number, left) <= 0:
            break
        found.append(ring)
        for a, b in zip(ring, (*ring[1:], ring[0]), strict=True):
            left[number[a, b]] = min(0.0, left[number[a, b]])
    return found


def best_ring(groups: Sequence[int], number: Ints, mass: Floats) -> tuple[int, ...]:
    """Return the groups once round: from each to the one with the most suspect pair, then parts turned as far as that gains."""
    own = np.array(groups)
    table = np.where((pair := number[np.ix_(own, own)]) >= 0, np.maximum(mass[pair], NEVER), 0.0)
    at = int(np.maximum(table, 0.0).sum(axis=1).argmax())
    ring, there = [at], np.ones(len(own), dtype=bool)
    there[at] = False
    while there.any():
        left = np.flatnonzero(there)
        at = int(left[table[at, left].argmax()])
        ring.append(at)
        there[at] = False
    return tuple(int(own[place]) for place in _turned(ring, table))


def _turned(ring: list[int], table: Floats) -> list[int]:
    """Return a ring with parts of it turned round, as long as that gains."""
    for _ in range(TURNS if len(ring) > 3 else 0):
        here = np.array(ring)
        then = np.roll(here, -1)
        before = table[here, then]
        gain = table[np.ix_(here, here)] + table[np.ix_(then, then)] - before[:, None] - before[None, :]
        first, last = np.unravel_index(int(np.triu(gain, 2).argmax()), gain.shape)
        if gain[first, last] <= 1e-9 or last < first + 2:
            break
        ring = [*ring[: first + 1], *reversed(ring[first + 1 : last + 1]), *ring[last + 1 :]]
    return ring
