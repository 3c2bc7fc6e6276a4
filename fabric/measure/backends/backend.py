"""What a library must offer to be measured. It does not know any library, nor how long anything may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fabric.measure.cells.exact import POISON, Pattern
from fabric.measure.cells.layout import REDUCING, Layout
from fabric.measure.launch.launcher import Launch
from fabric.records.case import Case, Mode
from fabric.records.result import Barrier
from fabric.units import show_size
from topologies.errors import InputError

PAGE = 4096
"""Bytes that our own buffers are aligned to: 7-9 % at 16 KiB."""


@dataclass(frozen=True)
class Way:
    """How a library does one collective. forms: the values of `in_place` that it has; least: the fewest ranks."""

    forms: tuple[bool, ...] = (False,)
    modes: tuple[Mode, ...] = ("blocking",)
    least: int = 1


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Samples:
    """What one rank saw in one round, in seconds, a value per sample.

    starts: the clock before the calls; seconds: of all calls together; barriers: of a barrier alone where it is timed and
    taken off, else empty.
    """

    starts: NDArray[np.float64]
    seconds: NDArray[np.float64]
    barriers: NDArray[np.float64]


@dataclass(frozen=True)
class Operation:
    """One collective of one case on one rank, on buffers that are ready.

    run: does it once, back only when this rank's result is there. source, target: numpy arrays or torch tensors, parts of
    one buffer in place. like: turns a pattern into the buffers' kind. release: gives back what the library keeps for it.
    samples(count, calls, barrier): takes count samples of so many calls, each after a barrier of the group, without Python
    in between; None where the plain loop over run() must do. at_once: a sample's calls are a multiple of it; clock: of samples.
    """

    run: Callable[[], object]
    source: Any
    target: Any
    layout: Layout
    like: Callable[[Pattern], Any]
    release: Callable[[], object] = nothing
    samples: Callable[[int, int, Barrier], Samples] | None = None
    at_once: int = 1
    clock: str = "perf_counter"

    def fill(self) -> None:
        """Poison the output, then put in what this rank gives."""
        self.target[:] = POISON
        for block in self.layout.given:
            repeat_into(self.source[block.at : block.at + block.count], self.like(block.pattern))

    def wrong(self) -> int:
        """Return how many elements of this rank's output are not what they must be."""
        return sum(
            differing(self.target[block.at : block.at + block.count], self.like(block.pattern)) for block in self.layout.wanted
        )


class Group(Protocol):
    """Some ranks of a world, in an order of their own: what a case calls rank i is the group's rank i."""

    @property
    def rank(self) -> int:
        """This process's rank inside the group."""

    @property
    def size(self) -> int:
        """The number of ranks."""

    def barrier(self) -> object:
        """Wait for all ranks of the group, as fast as the library can."""

    def agree(self, value: int) -> int:
        """Return the value of the group's rank 0 on every rank."""

    def maximum(self, values: Sequence[float]) -> list[float]:
        """Return the element-wise maximum over ranks."""

    def total(self, value: int) -> int:
        """Return the sum over ranks."""

    def operation(self, case: Case, rank: int) -> Operation:
        """Return the case's collective on new buffers of this rank; the group has exactly the case's ranks."""

    def close(self) -> None:
        """Give back the group's connections; all its ranks call it, and none uses the group afterwards."""


class World(Protocol):
    """All ranks of a launch, connected."""

    @property
    def source(self) -> str:
        """Who answers, e.g. `mpi:openmpi`."""

    @property
    def context(self) -> Mapping[str, Any]:
        """Versions, devices, thread level: what a result says about the library."""

    def group(self, ranks: Sequence[int]) -> Group | None:
        """Return the group of these ranks in this order, None on the other ranks. All ranks call it, with the same ranks.

        Raises:
            EnvironmentFault: the library cannot make a group in this order.
        """

    def wait(self) -> None:
        """Wait for all ranks of the world without burning a core, however long it takes."""

    def gather(self, value: object) -> list[Any]:
        """Return every rank's value, in rank order."""

    def close(self) -> None:
        """Leave in good order; all ranks call it."""

    def abandon(self, code: int) -> None:
        """See to it that this process can end with the code although other ranks may never answer again."""


@dataclass(frozen=True)
class Backend:
    """One library: what it can do, how to get it, how to connect its ranks.

    ways: collective -> how the library does it. missing() returns one line, or None where it can run. dtypes: that it moves
    and reduces; moved: that it can only move. apart: whether ranks that wait while fewer are measured cost those their time, so
    that every world size is to have a launch of its own.
    """

    name: str
    dtypes: tuple[str, ...]
    ways: Mapping[str, Way]
    launchers: tuple[str, ...]
    missing: Callable[[], str | None]
    connect: Callable[[Launch, float], World]
    moved: tuple[str, ...] = ()
    apart: bool = False

    def takes(self, collective: str) -> tuple[str, ...]:
        """Return the dtypes that a collective of this library can have."""
        return self.dtypes if collective in REDUCING else (*self.dtypes, *self.moved)

    def check_dtype(self, dtype: str, collective: str) -> None:
        """Raise InputError where the library does not have the collective of this dtype."""
        if dtype not in self.takes(collective):
            raise InputError(f"dtype: {collective} of {self.name} takes {', '.join(self.takes(collective))}, got {dtype!r}")

    def way(self, collective: str, mode: str) -> Way:
        """Return how the library does a collective; InputError where it does not, or not in this mode."""
        if collective not in self.ways:
            raise InputError(f"collective: {self.name} has {', '.join(self.ways)}, got {collective!r}")
        way = self.ways[collective]
        if mode not in way.modes:
            raise InputError(f"mode: {collective} of {self.name} is {', '.join(way.modes)}, got {mode!r}")
        return way


def places(layout: Layout, new: Callable[[int], Any], *, in_place: bool) -> tuple[Any, Any]:
    """Return (source, target) in memory from new(elements); in place, both are parts of one buffer."""
    if not in_place:
        return new(layout.source), new(layout.target)
    source_end, target_end = layout.source_at + layout.source, layout.target_at + layout.target
    whole = new(max(source_end, target_end))
    return whole[layout.source_at : source_end], whole[layout.target_at : target_end]


def check_contiguous(*buffers: Any) -> None:
    """Raise InputError unless every numpy array or torch tensor is one stretch of memory: libraries send what lies there."""
    for buffer in buffers:
        contiguous = buffer.is_contiguous() if hasattr(buffer, "is_contiguous") else buffer.flags.c_contiguous
        if not contiguous:
            strides = buffer.stride() if hasattr(buffer, "stride") else tuple(s // buffer.itemsize for s in buffer.strides)
            raise InputError(
                f"buffer: must be contiguous, got strides {tuple(strides)} of shape {tuple(buffer.shape)}; copy it first"
            )


def page_aligned(nbytes: int) -> NDArray[np.uint8]:
    """Return nbytes of uninitialised memory that start on a page; InputError where there is not so much."""
    try:
        raw = np.empty(nbytes + PAGE, dtype=np.uint8)
    except (MemoryError, ValueError, OverflowError):  # the last two: more than an array can have
        raise InputError(f"sizes: a buffer must fit into the memory of this machine, got {show_size(nbytes)}") from None
    start = -raw.ctypes.data % PAGE
    return raw[start : start + nbytes]


def repeat_into(buffer: Any, pattern: Any) -> None:
    """Fill a numpy array or a torch tensor with the pattern, repeated, without a second buffer of its size."""
    whole = len(buffer) // len(pattern) * len(pattern)
    if whole:
        buffer[:whole].reshape(-1, len(pattern))[:] = pattern
    buffer[whole:] = pattern[: len(buffer) - whole]


def differing(buffer: Any, pattern: Any) -> int:
    """Return how many elements of a numpy array or a torch tensor differ from the pattern, repeated."""
    whole = len(buffer) // len(pattern) * len(pattern)
    wrong = int((buffer[whole:] != pattern[: len(buffer) - whole]).sum())
    if whole:
        wrong += int((buffer[:whole].reshape(-1, len(pattern)) != pattern).sum())
    return wrong
