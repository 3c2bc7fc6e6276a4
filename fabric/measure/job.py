"""What one launch measures: the cells of sizes, world sizes and forms. It does not know how they are timed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from fabric.collectives.catalog import collective
from fabric.measure.backends.catalog import backend
from fabric.measure.plan import Plan
from fabric.records.case import DTYPES
from topologies.errors import InputError

MEASURED = ("all_reduce",)
"""Collectives that the backends run; the model knows more."""


@dataclass(frozen=True)
class Cell:
    """One case still without its placement."""

    collective: str
    nbytes: int
    world_size: int
    in_place: bool


@dataclass(frozen=True)
class Job:
    """One backend's part of a run. seed: of the order in which the cells are measured."""

    backend: str
    sizes: tuple[int, ...]
    world_sizes: tuple[int, ...]
    collectives: tuple[str, ...] = ("all_reduce",)
    dtype: str = "f32"
    plan: Plan = field(default_factory=Plan)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in self.collectives:
            if collective(name).name not in MEASURED:
                raise InputError(f"collective: {', '.join(MEASURED)} can be measured, got {name}; predict knows it")
        if self.dtype not in DTYPES:
            raise InputError(f"dtype: must be one of {', '.join(DTYPES)}, got {self.dtype!r}")
        backend(self.backend).check_dtype(self.dtype)
        check_sizes(self.sizes, self.dtype)
        check_world_sizes(self.world_sizes)

    @property
    def ranks(self) -> int:
        """The ranks that a launch needs."""
        return max(self.world_sizes)

    def cells(self) -> list[Cell]:
        """Return all cells, as often as they are visited, every visit in an order of its own.

        So slow drifts of the machine hit no size or world size alone, and no state of it decides a cell.
        """
        cells = [
            Cell(name, nbytes, world_size, in_place)
            for name in self.collectives
            for world_size in self.world_sizes
            for nbytes in self.sizes
            for in_place in backend(self.backend).forms
        ]
        order = random.Random(self.seed)  # noqa: S311  # an order, not a secret
        return [cell for _ in range(self.plan.visits) for cell in order.sample(cells, len(cells))]


def geometric(low: int, high: int, factor: int) -> tuple[int, ...]:
    """Return low, low * factor, ... up to high, nccl-tests' sweep."""
    if factor < 2:
        raise InputError(f"factor: must be a whole number >= 2, got {factor}")
    if low < 1 or high < low:
        raise InputError(f"min: must be >= 1 byte and <= max, got min {low} and max {high}")
    sizes = [low]
    while sizes[-1] * factor <= high:
        sizes.append(sizes[-1] * factor)
    return tuple(sizes)


def check_sizes(sizes: Sequence[int], dtype: str) -> None:
    """Raise InputError unless there are sizes, each a whole number of elements >= 1."""
    if not sizes:
        raise InputError("sizes: must name at least one size such as 64KiB, got none")
    for nbytes in sizes:
        if nbytes < 1 or nbytes % DTYPES[dtype]:
            raise InputError(f"sizes: must be whole {dtype} elements of {DTYPES[dtype]} bytes, got {nbytes}")


def check_world_sizes(world_sizes: Sequence[int]) -> None:
    """Raise InputError unless there are world sizes, each >= 1."""
    if not world_sizes:
        raise InputError("world_sizes: must name at least one world size such as 2, got none")
    for world_size in world_sizes:
        if world_size < 1:
            raise InputError(f"world_sizes: must be >= 1, got {world_size}")
