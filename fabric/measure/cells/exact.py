"""Inputs whose results are exact in their dtype, and those results. It does not know who adds or moves them, or in which order.

Every block of every rank has a pattern of its own, to be repeated over the block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

PERIOD = 251
"""Length of the pattern that is reduced: a prime, so that a chunk written to the wrong place shows."""
LARGEST = {"f16": 2**11, "bf16": 2**8, "f32": 2**24, "f64": 2**53, "i32": 2**31 - 1, "i8": 2**7 - 1}
"""The largest whole number up to which every whole number is exact, per dtype."""
PRIMES = {"i8": 127}
"""How many values a moved pattern has, where it is not PERIOD: a prime, all values exact in the dtype."""
POISON = -1
"""What stands in an output before a check: no input and no result has it, so what was not written shows."""
FACTORS = 6
"""At most so many ranks give a 2 to the same product: 64 is exact in every dtype."""
Pattern = NDArray[np.float64]
REDUCE: Mapping[str, Callable[..., Any]] = {"sum": np.sum, "max": np.max, "min": np.min, "prod": np.prod}
"""The operations that are checked, in numpy."""


def pattern(rank: int, world_size: int, dtype: str, op: str = "sum", block: int = 0) -> Pattern:
    """Return what one rank gives to one block that is reduced: whole numbers >= 0, different on every rank and block.

    sum: over all ranks they sum to no more than the dtype's largest exact number, so every partial sum is exact in any
    order; beyond that many ranks, element j gets a contribution of 1 from only some ranks, others for every j. prod: ones
    and at most FACTORS twos. max, min: every value is exact.
    """
    j = np.arange(PERIOD) + 13 * block
    if op == "sum":
        return _summed(j, rank, world_size, LARGEST[dtype])
    if op == "prod":
        chosen = ((j + rank) % -(-world_size // FACTORS) == 0) & ((j + 7 * rank) ** 2 % PERIOD % 2 == 1)
        return np.where(chosen, 2.0, 1.0)
    return ((j + 7 * rank) % PERIOD % _values(dtype)).astype(np.float64)


def _summed(j: NDArray[np.int64], rank: int, world_size: int, limit: int) -> Pattern:
    top = max(1, min(PERIOD - 1, limit // world_size))
    value = (j + 7 * rank) % PERIOD % (top + 1)
    return np.where((j + rank) % -(-world_size // limit) == 0, value, 0).astype(np.float64)


def expected(world_size: int, dtype: str, op: str = "sum", block: int = 0) -> Pattern:
    """Return the exact sum, product, largest or smallest of all ranks' patterns of a block."""
    all_ranks = [pattern(rank, world_size, dtype, op, block) for rank in range(world_size)]
    result: Pattern = REDUCE[op](all_ranks, axis=0)
    return result


def moved(rank: int, block: int, dtype: str) -> Pattern:
    """Return what a rank's block holds that is only moved: whole numbers >= 0, start + j stride modulo a prime.

    Two blocks agree in at most one element of a period: blocks of one number start apart, others differ in stride. An
    element that slips by less than a period shows as well. True up to 126 ranks (i8) or 250; beyond, blocks repeat.
    """
    prime = _values(dtype)
    start, stride = 7 * rank + 31 * block, 1 + block % (prime - 1)
    return ((start + stride * np.arange(prime)) % prime).astype(np.float64)


def _values(dtype: str) -> int:
    return PRIMES.get(dtype, PERIOD)
