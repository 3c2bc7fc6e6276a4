"""Inputs whose sums are exact in their dtype, and those sums. It does not know who adds them, or in which order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PERIOD = 251
"""Length of the pattern: a prime, so that a chunk written to the wrong place shows."""
LARGEST = {"f16": 2**11, "bf16": 2**8, "f32": 2**24, "f64": 2**53, "i32": 2**31 - 1, "i8": 2**7 - 1}
"""The largest whole number up to which every whole number is exact, per dtype."""


def pattern(rank: int, world_size: int, dtype: str) -> NDArray[np.float64]:
    """Return one rank's input, to be repeated: whole numbers >= 0, different on every rank.

    Over all ranks they sum to no more than the dtype's largest exact number, so every partial sum is exact in any
    order. Beyond that many ranks, element j gets a contribution of 1 from only some ranks, others for every j.
    """
    limit = LARGEST[dtype]
    j = np.arange(PERIOD)
    top = max(1, min(PERIOD - 1, limit // world_size))
    stride = -(-world_size // limit)
    value = (j + 7 * rank) % PERIOD % (top + 1)
    return np.where((j + rank) % stride == 0, value, 0).astype(np.float64)


def expected(world_size: int, dtype: str) -> NDArray[np.float64]:
    """Return the exact sum of all ranks' patterns."""
    total: NDArray[np.float64] = np.sum([pattern(rank, world_size, dtype) for rank in range(world_size)], axis=0)
    return total
