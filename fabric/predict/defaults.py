"""Which algorithm a library runs when nobody forces one, by ranks and bytes: the libraries' tables under one name each.

The tables, their versions and sources are in libraries/. It does not know what an algorithm costs.
"""

from __future__ import annotations

from collections.abc import Callable

from fabric.predict.libraries import gloo, hccl, mpich, nccl, openmpi, rccl
from fabric.records.case import Case
from topologies.errors import InputError

DEFAULTS: dict[str, Callable[[Case], str]] = {
    "gloo": gloo.default,
    "mpi:openmpi": openmpi.default,
    "mpi:mpich": mpich.default,
    "nccl": nccl.default,
    "hccl": hccl.default,
    "rccl": rccl.default,
}
"""Source of a measurement -> the algorithm it runs for a case."""


def default_algorithm(backend: str, case: Case, *, multicast: bool | None = None) -> str:
    """Return the text of the algorithm a library picks for this case.

    backend: `gloo`, `mpi:openmpi`, `mpi:mpich`, `hccl`, `rccl`, `nccl` or `nccl:NAME` with its hardware (h100, b200, ...).
    multicast: for nccl, whether the switches inside a node add and copy (NVLS); None: as the named hardware, for plain
    `nccl` no.

    Raises:
        InputError: naming the libraries, or the collectives of a library, whose default is known.
    """
    known = next((name for name in DEFAULTS if backend.startswith(name)), None)
    if known is None:
        raise InputError(f"algorithm: default is known for {', '.join(DEFAULTS)}, got backend {backend!r}; name an algorithm")
    return nccl.default(case, backend, multicast=multicast) if known == "nccl" else DEFAULTS[known](case)
