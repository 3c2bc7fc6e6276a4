"""What each collective is: its busbw factor and its numpy reference; not how it is done (algorithms.py). Never sees a Fabric.

busbw factors: nccl-tests, doc/PERFORMANCE.md: 2(p-1)/p for all_reduce.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topologies.errors import InputError

Buffers = Sequence[NDArray[np.generic]]


@dataclass(frozen=True)
class Collective:
    """A collective: factor(p) turns algbw into busbw; reference(inputs) gives every rank's expected output (sum)."""

    name: str
    factor: Callable[[int], float]
    reference: Callable[[Buffers], list[NDArray[np.generic]]]


def _all_reduce(inputs: Buffers) -> list[NDArray[np.generic]]:
    total = np.sum(np.stack(list(inputs)), axis=0)
    return [total for _ in inputs]


COLLECTIVES: Mapping[str, Collective] = {
    "all_reduce": Collective("all_reduce", lambda p: 2 * (p - 1) / p, _all_reduce),
}


def collective(name: str) -> Collective:
    """Return the collective of this name; InputError naming what exists."""
    if name not in COLLECTIVES:
        near = difflib.get_close_matches(name.lower().replace("-", "_"), COLLECTIVES, 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"collective: must be one of {', '.join(COLLECTIVES)}, got {name!r}{hint}")
    return COLLECTIVES[name]


def busbw_factor(name: str, world_size: int) -> float:
    """Return busbw / algbw of a collective over world_size ranks."""
    return collective(name).factor(world_size)
