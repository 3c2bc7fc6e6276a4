"""What one launch measures: the cells of sizes, world sizes and forms. It does not know how they are timed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from fabric.measure.ask import Sizes, What, check_what, names_of, sizes_of
from fabric.measure.backends.catalog import backend
from fabric.measure.layout import block_elements
from fabric.measure.plan import Plan
from fabric.records.case import DTYPES
from topologies.errors import InputError


@dataclass(frozen=True)
class Cell:
    """One case still without its placement. nbytes: what is moved; asked: what was asked for."""

    collective: str
    nbytes: int
    world_size: int
    in_place: bool
    asked: int = 0


@dataclass(frozen=True)
class Job:
    """One backend's part of a run. seed: of the order in which the cells are measured; collectives: names, or `all`."""

    backend: str
    sizes: tuple[int, ...]
    world_sizes: tuple[int, ...]
    collectives: tuple[str, ...] = ("all_reduce",)
    what: What = field(default_factory=What)
    plan: Plan = field(default_factory=Plan)
    seed: int = 0

    def __post_init__(self) -> None:
        dtype = self.what.dtype
        if dtype not in DTYPES:
            raise InputError(f"dtype: must be one of {', '.join(DTYPES)}, got {dtype!r}")
        backend(self.backend).check_dtype(dtype)
        check_world_sizes(self.world_sizes)
        check_sizes(self.sizes, dtype)
        check_what(self.what, self.names, self.world_sizes)
        for name in self.names:
            if not any(part.whole for part in self.parts() if part.name == name):
                block = min(block_elements(name, p, self.what.params_of(name)) for p in self.world_sizes) * DTYPES[dtype]
                raise InputError(f"sizes: {name} needs {block} bytes or more, an element for every part, got {max(self.sizes)}")

    @property
    def names(self) -> tuple[str, ...]:
        """The collectives that are measured."""
        return names_of(self.collectives, backend(self.backend), self.world_sizes, self.what)

    @property
    def ranks(self) -> int:
        """The ranks that a launch needs."""
        return max(self.world_sizes)

    def parts(self) -> list[Sizes]:
        """Return the sizes of every collective and world size, without world sizes that are too small for it."""
        ways = backend(self.backend).ways
        pairs = [(name, p) for name in self.names for p in self.world_sizes if p >= ways[name].least]
        return [sizes_of(name, world_size, self.sizes, self.what) for name, world_size in pairs]

    def notes(self) -> list[str]:
        """Return one line for each collective and world size of which something was rounded or left out."""
        lines = [part.note(self.what.dtype, self.what.params_of(part.name)) for part in self.parts()]
        return [line for line in lines if line is not None]

    def cells(self) -> list[Cell]:
        """Return all cells, as often as they are visited, every visit in an order of its own.

        So slow drifts of the machine hit no size or world size alone, and no state of it decides a cell.
        """
        ways = backend(self.backend).ways
        cells = [
            Cell(part.name, nbytes, part.world_size, in_place, asked)
            for part in self.parts()
            for asked, nbytes in part.whole.items()
            for in_place in ways[part.name].forms
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
