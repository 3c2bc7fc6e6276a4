"""Which libraries can be measured: one explicit line each. It does not know whether they are installed."""

from __future__ import annotations

from collections.abc import Mapping

from fabric.measure.backends.backend import Backend
from fabric.measure.backends.cuda import check_graph
from fabric.measure.backends.gloo import GLOO, GLOO_CUDA
from fabric.measure.backends.mpi import MPI_BACKEND
from fabric.measure.backends.nccl import NCCL, with_graph
from topologies.errors import InputError
from topologies.guess import did_you_mean

BACKENDS: Mapping[str, Backend] = {
    "gloo": GLOO,
    "nccl": NCCL,
    "mpi": MPI_BACKEND,
}


DEVICES: Mapping[str, tuple[str, ...]] = {"gloo": ("cpu", "cuda"), "nccl": ("cuda",), "mpi": ("cpu",)}
"""Backend -> where its buffers can be; the first where nobody says."""


def variant(name: str, device: str | None = None, graph: int = 0) -> Backend:
    """Return the backend on a device (None: the usual one) with so many calls in a CUDA graph (0: none).

    Raises:
        InputError: no such backend, or it has no such device or no graphs.
    """
    found = backend(name)
    if device not in (None, *DEVICES[name]):
        raise InputError(f"device: {name} is measured on {' or '.join(DEVICES[name])}, got {device!r}")
    check_graph(graph)
    if graph and name != "nccl":
        raise InputError(f"graph: only nccl's calls go into CUDA graphs, got {graph} for {name}")
    if graph:
        return with_graph(graph)
    return GLOO_CUDA if (name, device) == ("gloo", "cuda") else found


def backend(name: str) -> Backend:
    """Return the backend of this name; InputError naming what exists."""
    if name not in BACKENDS:
        raise InputError(f"backend: must be one of {', '.join(BACKENDS)}, got {name!r}{did_you_mean(name, BACKENDS)}")
    return BACKENDS[name]
