"""Which libraries can be measured: one explicit line each. It does not know whether they are installed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from fabric.measure.backends.backend import Backend
from fabric.measure.backends.gloo import GLOO
from fabric.measure.backends.mpi import MPI_BACKEND
from fabric.measure.backends.nccl import NCCL
from topologies.errors import InputError

BACKENDS: Mapping[str, Backend] = {
    "gloo": GLOO,
    "nccl": NCCL,
    "mpi": MPI_BACKEND,
}


def backend(name: str) -> Backend:
    """Return the backend of this name; InputError naming what exists."""
    if name not in BACKENDS:
        near = difflib.get_close_matches(name.lower(), BACKENDS, 1, 0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"backend: must be one of {', '.join(BACKENDS)}, got {name!r}{hint}")
    return BACKENDS[name]
