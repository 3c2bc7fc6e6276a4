"""Timing MPI's own C functions from machine code, so that Python is in no sample. It does not know what a good time is."""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.measure.backends.backend import Samples
from fabric.measure.backends.native_calls import Asked, Call, program
from fabric.measure.cells.layout import Layout
from fabric.records.case import Case
from fabric.records.result import Barrier

MACHINES = ("x86_64", "aarch64")
"""Processors whose calling convention the kernel relies on."""
Words = NDArray[np.int64]


def available() -> str | None:
    """Return why there is no native loop on this machine, None where there is one; MPI itself is not asked."""
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        return f"the native loop is for Linux on {' or '.join(MACHINES)}, this is {sys.platform} on {platform.machine()}"
    return None if find_spec("numba") else "numba is not installed; get it with `pip install numba`"


@dataclass(frozen=True)
class Library:
    """The MPI library that mpi4py has loaded. take: the compiled kernel; clock: the address of clock_gettime."""

    mpi: Any
    functions: Any
    take: Callable[..., tuple[int, int]]
    clock: int

    def address(self, name: str) -> int | None:
        """Return a C function's address, None where this library lacks it."""
        function = getattr(self.functions, name, None)
        return None if function is None else _address(function)


def load(mpi: Any) -> Library | str:
    """Return the library behind mpi4py.MPI with the kernel compiled and called once, or why there is none."""
    absent = available()
    if absent is not None:
        return absent
    try:
        from fabric.measure.backends.native_kernel import take

        functions = ctypes.CDLL(mpi.__file__)  # what its extension module was linked with answers too
    except (ImportError, OSError, RuntimeError) as error:  # numba's RuntimeError: nowhere to keep what it compiled
        return f"the native loop could not be made: {(str(error).splitlines() or ['no reason'])[0][:120]}"
    library = Library(mpi, functions, take, _address(ctypes.CDLL(None).clock_gettime))
    missing = [name for name in ("MPI_Barrier", "MPI_Allreduce") if library.address(name) is None]
    if missing:
        return f"the MPI library does not show {', '.join(missing)}"
    take(np.zeros((1, 13), np.int64), 0, 0, False, library.clock, np.zeros(2, np.int64), np.zeros((0, 3), np.int64))
    return library


def _address(function: Any) -> int:
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


@dataclass(frozen=True)
class Loop:
    """One case's calls as the kernel wants them. rows: first MPI_Barrier; kept: what the rows point at."""

    library: Library
    names: tuple[str, ...]
    rows: Words
    kept: Sequence[NDArray[Any]]
    after: tuple[Call, ...]

    def samples(self, count: int, calls: int, barrier: Barrier) -> Samples:
        """Return this rank's samples.

        Raises:
            RuntimeError: an MPI function returned an error code.
        """
        stamps = np.zeros((count, 3), np.int64)
        time, excluded = np.zeros(2, np.int64), barrier == "excluded"
        row, code = self.library.take(self.rows, count, calls, excluded, self.library.clock, time, stamps)
        if code:
            raise RuntimeError(f"{self.names[row]} returned error code {code}: {_words(self.library.mpi, code)}")
        before, starts, ends = stamps.T
        return Samples(_seconds(starts), _seconds(ends - starts), _seconds((starts - before)[: count * excluded]))

    def release(self) -> None:
        """Free the requests of a persistent collective."""
        _at_once(self.library, self.after)


def prepare(library: Library, comm: Any, case: Case, own: Layout, source: Any, target: Any) -> Loop | None:
    """Return the native loop of a case on mpi4py's communicator, None where the plain loop must do.

    All ranks of the communicator call it: persistent collectives are set up here.
    """
    asked = Asked(library.mpi, comm, case, own, source, target)
    found = program(asked)
    if found is None:
        return None
    if any(library.address(name) is None for name, _ in (*found.once, *found.calls, *found.after)):
        return None
    _at_once(library, found.once)
    calls = (("MPI_Barrier", (asked.handle,)), *found.calls)
    return Loop(library, tuple(name for name, _ in calls), _rows(library, calls), asked.kept, found.after)


def _rows(library: Library, calls: Sequence[Call]) -> Words:
    from fabric.measure.backends.native_kernel import WORDS

    rows = np.zeros((len(calls), WORDS + 1), np.uint64)
    for row, (name, arguments) in zip(rows, calls, strict=True):
        words = (library.address(name) or 0, *arguments)
        row[: len(words)] = [word % 2**64 for word in words]
    return rows.view(np.int64)


def _at_once(library: Library, calls: Sequence[Call]) -> None:
    """Make calls one time, outside of any sample."""
    for name, arguments in calls:
        code = getattr(library.functions, name)(*(ctypes.c_void_p(word) for word in arguments))
        if code:
            raise RuntimeError(f"{name} returned error code {code}: {_words(library.mpi, code)}")


def _seconds(nanoseconds: Words) -> NDArray[np.float64]:
    return np.asarray(nanoseconds * 1e-9, dtype=np.float64)


def _words(mpi: Any, code: int) -> str:
    return str(mpi.Get_error_string(code)).splitlines()[0]
