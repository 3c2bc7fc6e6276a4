"""Seeded draws of per-flow hashing, the same in numpy and in the kernels. It knows no network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.network.routing.ways import Ints

Words = NDArray[np.uint64]
GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def mix(value: Words | np.uint64) -> Words:
    """Return 64 well-mixed bits per value (the finaliser of SplitMix64; Steele, Lea, Flood, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        z = np.asarray(value + np.uint64(GOLDEN))
        for shift, factor in ((30, FIRST), (27, SECOND)):
            z ^= z >> np.uint64(shift)
            z *= np.uint64(factor)
        z ^= z >> np.uint64(31)
        return z


def flow_words(source: Ints, target: Ints, seed: int) -> Words:
    """Return 64 bits per flow, from its source, its target and the seed."""
    word = mix(source.astype(np.uint64) + mix(np.uint64(seed)))
    word ^= target.astype(np.uint64)
    return mix(word)


def key(hop: int) -> np.uint64:
    """Return the word that tells the draws at one hop from those at another."""
    return np.uint64(mix(np.uint64(hop)))


def drawn(flow: Words, hop: int, count: Ints | int) -> Ints:
    """Return each flow's draw among `count` ways at this hop."""
    word = mix(flow ^ key(hop))
    if isinstance(count, int):
        if count & (count - 1) == 0:
            return (word & np.uint64(count - 1)).view(np.int64)
        return (word % np.uint64(count)).view(np.int64)
    return (word % count.astype(np.uint64)).view(np.int64)
