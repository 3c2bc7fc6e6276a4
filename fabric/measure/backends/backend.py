"""What a library must offer to be measured. It does not know any library, nor how long anything may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fabric.measure.launch import Launch
from fabric.records.case import Case
from topologies.errors import InputError

PAGE = 4096
"""Bytes that our own buffers are aligned to: 7-9 % at 16 KiB."""
Pattern = NDArray[np.float64]


class Operation(Protocol):
    """One collective of one case, on buffers that are ready."""

    @property
    def run(self) -> Callable[[], object]:
        """What does it once: back only when this rank's result is there."""

    def fill(self, pattern: Pattern) -> None:
        """Fill this rank's input with the pattern, repeated."""

    def wrong(self, expected: Pattern) -> int:
        """Return how many elements of this rank's output differ from the pattern, repeated."""


class Group(Protocol):
    """The first `size` ranks of a world."""

    @property
    def size(self) -> int:
        """The number of ranks."""

    def barrier(self) -> object:
        """Wait for all ranks of the group, as fast as the library can."""

    def agree(self, value: int) -> int:
        """Return rank 0's value on every rank."""

    def maximum(self, values: Sequence[float]) -> list[float]:
        """Return the element-wise maximum over ranks."""

    def total(self, value: int) -> int:
        """Return the sum over ranks."""

    def operation(self, case: Case) -> Operation:
        """Return the case's collective on new buffers; the group has exactly the case's ranks."""


class World(Protocol):
    """All ranks of a launch, connected."""

    @property
    def source(self) -> str:
        """Who answers, e.g. `mpi:openmpi`."""

    @property
    def context(self) -> Mapping[str, Any]:
        """Versions, devices, thread level: what a result says about the library."""

    def group(self, size: int) -> Group | None:
        """Return the group of the first `size` ranks, None on the other ranks. All ranks call it."""

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

    forms: the values of `in_place` that the library has. missing() returns one line, or None where it can run.
    """

    name: str
    dtypes: tuple[str, ...]
    forms: tuple[bool, ...]
    launchers: tuple[str, ...]
    missing: Callable[[], str | None]
    connect: Callable[[Launch, float], World]

    def check_dtype(self, dtype: str) -> None:
        """Raise InputError where the library does not reduce this dtype."""
        if dtype not in self.dtypes:
            raise InputError(f"dtype: {self.name} takes {', '.join(self.dtypes)}, got {dtype!r}")


def page_aligned(nbytes: int) -> NDArray[np.uint8]:
    """Return nbytes of uninitialised memory that start on a page."""
    raw = np.empty(nbytes + PAGE, dtype=np.uint8)
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
