"""Which algorithm a library runs when nobody forces one, as a table by ranks and bytes. It does not know what that costs.

gloo: always its chunked ring. Open MPI tuned (4.1.6 = 5.0.8 = 5.0.9, commutative operations): by ranks and bytes; for 2
and 3 ranks the row of 4 to 7 is taken without its ring below 16 B, since 8 B take as long as 16 B there (measured).
MPICH: recursive doubling up to 2 KiB, else reduce-scatter and all-gather. NCCL: here one ring per device of a node; its
tuning model is not rebuilt yet.
"""

from __future__ import annotations

from collections.abc import Callable

from fabric.records.case import Case
from topologies.errors import InputError

KIB = 1024


def _gloo(_case: Case) -> str:
    return "gloo_ring"


def _openmpi(case: Case) -> str:
    """Return Open MPI's choice; its segmented ring below 64 B at 16 to 31 ranks is taken as a ring."""
    p, size = case.world_size, case.nbytes
    if (4 <= p < 8 and size < 16) or (16 <= p < 32 and size < 64):
        return "ring"
    doubling_below = 8 * KIB if p < 16 else 4 * KIB if p < 32 else 128 if p < 64 else 256 * KIB
    return "recursive_doubling" if size < doubling_below else "halving_doubling"


def _mpich(case: Case) -> str:
    return "recursive_doubling" if case.nbytes <= 2 * KIB else "halving_doubling"


def _nccl(case: Case) -> str:
    return f"ring:channels={case.ranks_per_node}" if case.nodes > 1 else "ring"


DEFAULTS: dict[str, Callable[[Case], str]] = {
    "gloo": _gloo,
    "mpi:openmpi": _openmpi,
    "mpi:mpich": _mpich,
    "nccl": _nccl,
}
"""Source of a measurement -> the algorithm it runs for a case."""


def default_algorithm(backend: str, case: Case) -> str:
    """Return the text of the algorithm a library picks for this case; InputError naming the known libraries."""
    known = next((name for name in DEFAULTS if backend.startswith(name)), None)
    if known is None:
        raise InputError(f"algorithm: default is known for {', '.join(DEFAULTS)}, got backend {backend!r}; name an algorithm")
    return DEFAULTS[known](case)
