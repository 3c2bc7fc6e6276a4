"""How MPI does each collective, through mpi4py's buffer functions. It does not time or check anything.

Names: the blocking function's; `I...` returns a request at once, `..._init` one that is started again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from typing import Any

from fabric.collectives.point_to_point import POINT_TO_POINT
from fabric.errors import EnvironmentFault
from fabric.measure.backends import mpi_point_to_point as partners
from fabric.measure.backends.backend import Way, check_contiguous, nothing
from fabric.measure.cells.layout import Layout, incast_senders, layout
from fabric.records.case import Case, Mode

MODES: tuple[Mode, ...] = ("blocking", "nonblocking", "persistent")
BOTH, OUT, IN = (False, True), (False,), (True,)
OPS = {"sum": "SUM", "max": "MAX", "min": "MIN", "prod": "PROD"}
Does = Callable[[], object]


@dataclass(frozen=True)
class _Call:
    """What a function of MPI is called with. given, got: buffers as MPI wants them, IN_PLACE where it does."""

    mpi: Any
    case: Case
    layout: Layout
    source: Any
    target: Any

    @property
    def root(self) -> int:
        return self.case.root or 0

    @property
    def is_root(self) -> bool:
        return bool(self.layout.source if self.case.collective == "scatter" else self.layout.target)

    @property
    def given(self) -> Any:
        return self.mpi.IN_PLACE if self.case.in_place else self.source

    @property
    def op(self) -> Any:
        return getattr(self.mpi, OPS[self.case.op])


def _reduce_args(c: _Call) -> tuple[Any, ...]:
    return (c.given, c.target, c.op, c.root) if c.is_root else (c.source, None, c.op, c.root)


def _gather_args(c: _Call) -> tuple[Any, ...]:
    return (c.given, c.target, c.root) if c.is_root else (c.source, None, c.root)


def _scatter_args(c: _Call) -> tuple[Any, ...]:
    if not c.is_root:
        return (None, c.target, c.root)
    return (c.source, c.mpi.IN_PLACE if c.case.in_place else c.target, c.root)


def _uneven_args(c: _Call) -> tuple[Any, ...]:
    sides = ((c.source, c.layout.sent), (c.target, c.layout.received))
    return tuple([buffer, (counts, list(accumulate(counts, initial=0))[:-1])] for buffer, counts in sides)


FUNCTIONS: Mapping[str, tuple[str, Callable[[_Call], tuple[Any, ...]]]] = {
    "all_reduce": ("Allreduce", lambda c: (c.given, c.target, c.op)),
    "all_gather": ("Allgather", lambda c: (c.given, c.target)),
    "reduce_scatter": ("Reduce_scatter_block", lambda c: (c.given, c.source if c.case.in_place else c.target, c.op)),
    "all_to_all": ("Alltoall", lambda c: (c.given, c.target)),
    "all_to_all_v": ("Alltoallv", _uneven_args),
    "broadcast": ("Bcast", lambda c: (c.target, c.root)),
    "reduce": ("Reduce", _reduce_args),
    "gather": ("Gather", _gather_args),
    "scatter": ("Scatter", _scatter_args),
    "barrier": ("Barrier", lambda _c: ()),
}
"""Collective -> its function and arguments; sendrecv, incast and point to point are made of messages."""
FORMS: Mapping[str, tuple[bool, ...]] = {"all_to_all_v": OUT, "broadcast": IN, "barrier": IN, "sendrecv": OUT, "incast": OUT}
"""Collectives that do not have both forms."""
WAYS: Mapping[str, Way] = {
    "sendrecv": Way(OUT, MODES),
    "incast": Way(OUT, MODES, least=2),
    **{name: Way(FORMS.get(name, BOTH), MODES) for name in FUNCTIONS},
    **dict.fromkeys(POINT_TO_POINT, Way(OUT, ("blocking", "persistent"), least=2)),
}


def mpi_layout(case: Case, rank: int) -> Layout:
    """Return one rank's buffers; MPI leaves the result of a reduce_scatter in place at the buffer's start."""
    own = layout(case, rank)
    return replace(own, target_at=0) if case.collective == "reduce_scatter" else own


def prepare(handle: Any, case: Case, own: Layout, source: Any, target: Any) -> tuple[Does, Does]:
    """Return (run, release) of a case on a communicator.

    Raises:
        EnvironmentFault: this MPI library has no such function.
        InputError: a buffer that is not contiguous.
    """
    from mpi4py import MPI

    check_contiguous(source, target)
    call = _Call(MPI, case, own, source, target)
    try:
        if case.collective in FUNCTIONS:
            return _collective(handle, call)
        if case.collective in POINT_TO_POINT:
            return partners.prepare(handle, MPI, case, own, source, target)
        return _messages(handle, call)
    except NotImplementedError:
        raise EnvironmentFault(f"mpi: this MPI library has no {case.mode} {case.collective}; use --mode blocking") from None


def _collective(handle: Any, call: _Call) -> tuple[Does, Does]:
    name, arguments = FUNCTIONS[call.case.collective]
    given = arguments(call)
    if call.case.mode == "blocking":
        return partial(getattr(handle, name), *given), nothing
    if call.case.mode == "nonblocking":
        return partial(_wait_for, getattr(handle, f"I{name.lower()}"), given), nothing
    request = getattr(handle, f"{name}_init")(*given)
    return partial(_again, request), request.Free


def _wait_for(start: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    start(*arguments).Wait()


def _again(request: Any) -> None:
    request.Start()
    request.Wait()


def _messages(handle: Any, call: _Call) -> tuple[Does, Does]:
    if call.case.collective == "sendrecv" and call.case.mode == "blocking":
        after, before = (handle.rank + 1) % handle.size, (handle.rank - 1) % handle.size
        return partial(handle.Sendrecv, call.source, after, 0, call.target, before, 0), nothing
    sent, received = _sendrecv(handle, call) if call.case.collective == "sendrecv" else _incast(call)
    if call.case.mode == "persistent":
        requests = [handle.Recv_init(*message) for message in received] + [handle.Send_init(*message) for message in sent]
        return partial(_all_again, call.mpi.Prequest, requests), partial(_free, requests)
    return partial(_exchange, handle, call.mpi.Request.Waitall, sent, received), nothing


def _sendrecv(handle: Any, call: _Call) -> tuple[list[Any], list[Any]]:
    """Return what goes to the next rank and what comes from the one before, as (buffer, rank)."""
    return [(call.source, (handle.rank + 1) % handle.size)], [(call.target, (handle.rank - 1) % handle.size)]


def _incast(call: _Call) -> tuple[list[Any], list[Any]]:
    """Return what a sender sends to the root, and what the root gets from every sender."""
    n = call.case.count
    parts = [(call.target[i * n : (i + 1) * n], rank) for i, rank in enumerate(incast_senders(call.case))]
    return [(call.source, call.root)] if call.layout.source else [], parts if call.layout.target else []


def _exchange(handle: Any, wait: Callable[[Any], object], sent: Sequence[Any], received: Sequence[Any]) -> None:
    wait([handle.Irecv(*message) for message in received] + [handle.Isend(*message) for message in sent])


def _all_again(kind: Any, requests: Sequence[Any]) -> None:
    kind.Startall(requests)
    kind.Waitall(requests)


def _free(requests: Sequence[Any]) -> None:
    for request in requests:
        request.Free()
