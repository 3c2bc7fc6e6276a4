"""The C calls of every collective of MPI, in every mode, as rows of words. It does not call or time anything.

The arguments are those of the MPI standard, 4.1, chapters 3 and 6; the buffers those that mpi_ways.py gives to mpi4py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.point_to_point import POINT_TO_POINT
from fabric.measure.backends.mpi_point_to_point import ANSWER, messages
from fabric.measure.cells.layout import Layout, incast_senders, partner
from fabric.records.case import Case

OPS = {"sum": "SUM", "max": "MAX", "min": "MIN", "prod": "PROD"}
MOST = 2**31 - 1
"""The largest count of a C int."""
Call = tuple[str, tuple[int, ...]]
"""A C function's name and its arguments: numbers, addresses, handles."""


@dataclass(frozen=True)
class Asked:
    """A case on one rank of a communicator. kept: what the calls point at, to be held as long as they are made."""

    mpi: Any
    comm: Any
    case: Case
    layout: Layout
    source: NDArray[Any]
    target: NDArray[Any]
    kept: list[NDArray[Any]] = field(default_factory=list)

    @property
    def root(self) -> int:
        """The root's rank."""
        return self.case.root or 0

    @property
    def is_root(self) -> bool:
        """Whether this rank is it."""
        return bool(self.comm.rank == self.root)

    @property
    def handle(self) -> int:
        """The communicator in C."""
        return int(self.mpi._handleof(self.comm))

    @property
    def kind(self) -> int:
        """The elements' MPI type."""
        return int(self.mpi._handleof(self.mpi._typedict[self.source.dtype.char]))

    @property
    def op(self) -> int:
        """The operation in C."""
        return int(self.mpi._handleof(getattr(self.mpi, OPS[self.case.op])))

    @property
    def here(self) -> int:
        """MPI_IN_PLACE."""
        return int(self.mpi.IN_PLACE)

    @property
    def given(self) -> int:
        """The address of the input, or MPI_IN_PLACE."""
        return self.here if self.case.in_place else address(self.source)

    def part(self, buffer: NDArray[Any]) -> int:
        """Return the elements of one rank's part of a buffer."""
        return len(buffer) // int(self.comm.size)

    def keep(self, array: NDArray[Any]) -> int:
        """Hold an array and return its address."""
        self.kept.append(array)
        return address(array)


@dataclass(frozen=True)
class Program:
    """What one rank does. once: before the first time; calls: every time; after: to give back what `once` made."""

    calls: tuple[Call, ...]
    once: tuple[Call, ...] = ()
    after: tuple[Call, ...] = ()


def address(array: NDArray[Any]) -> int:
    """Return where an array's elements begin."""
    return int(array.ctypes.data)


def _all_reduce(a: Asked) -> tuple[int, ...]:
    return a.given, address(a.target), len(a.target), a.kind, a.op


def _equal_parts(a: Asked) -> tuple[int, ...]:
    return a.given, a.part(a.target), a.kind, address(a.target), a.part(a.target), a.kind


def _reduce_scatter(a: Asked) -> tuple[int, ...]:
    return a.given, address(a.source if a.case.in_place else a.target), a.part(a.source), a.kind, a.op


def _all_to_all_v(a: Asked) -> tuple[int, ...]:
    return (*_uneven(a, a.source, a.layout.sent), *_uneven(a, a.target, a.layout.received))


def _uneven(a: Asked, buffer: NDArray[Any], counts: Sequence[int]) -> tuple[int, ...]:
    starts = list(accumulate(counts, initial=0))[:-1]
    return address(buffer), a.keep(np.array(counts, np.int32)), a.keep(np.array(starts, np.int32)), a.kind


def _broadcast(a: Asked) -> tuple[int, ...]:
    return address(a.target), len(a.target), a.kind, a.root


def _reduce(a: Asked) -> tuple[int, ...]:
    sent, got = (a.given, address(a.target)) if a.is_root else (address(a.source), 0)
    return sent, got, len(a.source), a.kind, a.op, a.root


def _gather(a: Asked) -> tuple[int, ...]:
    if not a.is_root:
        return address(a.source), len(a.source), a.kind, 0, 0, a.kind, a.root
    return a.given, a.part(a.target), a.kind, address(a.target), a.part(a.target), a.kind, a.root


def _scatter(a: Asked) -> tuple[int, ...]:
    if not a.is_root:
        return 0, 0, a.kind, address(a.target), len(a.target), a.kind, a.root
    got = a.here if a.case.in_place else address(a.target)
    return address(a.source), a.part(a.source), a.kind, got, a.part(a.source), a.kind, a.root


FUNCTIONS: Mapping[str, tuple[str, Callable[[Asked], tuple[int, ...]]]] = {
    "all_reduce": ("allreduce", _all_reduce),
    "all_gather": ("allgather", _equal_parts),
    "reduce_scatter": ("reduce_scatter_block", _reduce_scatter),
    "all_to_all": ("alltoall", _equal_parts),
    "all_to_all_v": ("alltoallv", _all_to_all_v),
    "broadcast": ("bcast", _broadcast),
    "reduce": ("reduce", _reduce),
    "gather": ("gather", _gather),
    "scatter": ("scatter", _scatter),
    "barrier": ("barrier", lambda _a: ()),
}
"""Collective -> its function's name behind MPI_ or MPI_I, and its arguments up to the communicator."""
MESSAGES = ("sendrecv", "incast")


def program(asked: Asked) -> Program | None:
    """Return the calls of a case on this rank, None on all ranks where a count may be over MOST or nobody wrote them here."""
    if asked.case.count * asked.case.world_size > MOST:
        return None
    if asked.case.collective in FUNCTIONS:
        return _collective(asked)
    if asked.case.collective in MESSAGES:
        return _messages(asked)
    return _partners(asked) if asked.case.collective in POINT_TO_POINT else None


def _collective(a: Asked) -> Program:
    name, arguments = FUNCTIONS[a.case.collective]
    given = (*arguments(a), a.handle)
    if a.case.mode == "blocking":
        return Program(((f"MPI_{name.capitalize()}", given),))
    request, status = _requests(a, 1), _statuses(a, 1)
    wait = ("MPI_Wait", (request, status))
    if a.case.mode == "nonblocking":
        return Program(((f"MPI_I{name}", (*given, request)), wait))
    once = (f"MPI_{name.capitalize()}_init", (*given, int(a.mpi._handleof(a.mpi.INFO_NULL)), request))
    return Program((("MPI_Start", (request,)), wait), (once,), (("MPI_Request_free", (request,)),))


def _messages(a: Asked) -> Program:
    n, p, rank = a.case.count, int(a.comm.size), int(a.comm.rank)
    sent, got = [(address(a.source), (rank + 1) % p)], [(address(a.target), (rank - 1) % p)]
    if a.case.collective == "sendrecv" and a.case.mode == "blocking":
        ways = [(buffer, n, a.kind, peer, 0) for buffer, peer in (*sent, *got)]
        return Program((("MPI_Sendrecv", (*ways[0], *ways[1], a.handle, _statuses(a, 1))),))
    if a.case.collective == "incast":
        sent = [(address(a.source), a.root)] if a.layout.source else []
        got = [(address(a.target[i * n :]), r) for i, r in enumerate(incast_senders(a.case))] if a.layout.target else []
    return _posted(a, [("recv", *message) for message in got] + [("send", *message) for message in sent])


def _posted(a: Asked, messages: Sequence[tuple[str, int, int]]) -> Program:
    """Return messages (recv or send, address, peer) that are all posted, then waited for."""
    count, width = len(messages), a.mpi._sizeof(a.mpi.Request)
    requests = _requests(a, count)
    each = [requests + width * number for number in range(count)]
    given = [(buffer, a.case.count, a.kind, peer, 0, a.handle) for _, buffer, peer in messages]
    kinds = [kind for kind, _, _ in messages]
    wait = ("MPI_Waitall", (count, requests, _statuses(a, count)))
    if a.case.mode != "persistent":
        return Program((*((f"MPI_I{k}", (*g, r)) for k, g, r in zip(kinds, given, each, strict=True)), wait))
    once = tuple((f"MPI_{k.capitalize()}_init", (*g, r)) for k, g, r in zip(kinds, given, each, strict=True))
    return Program((("MPI_Startall", (count, requests)), wait), once, tuple(("MPI_Request_free", (r,)) for r in each))


def _partners(a: Asked) -> Program:
    """Return point to point, see mpi_point_to_point.py; a rank without a partner makes no calls."""
    rank = int(a.comm.rank)
    peer = partner(a.case, rank)
    if peer is None:
        return Program(())
    if a.case.collective == "latency":
        turn = (("send", address(a.source), peer), ("recv", address(a.target), peer))
        return _in_turn(a, turn if rank < peer else turn[::-1])
    sent = messages(a.case, a.source, peer) if a.layout.given else []
    got = messages(a.case, a.target, peer) if a.layout.wanted else []
    window = [("recv", address(part), peer) for part, _ in got] + [("send", address(part), peer) for part, _ in sent]
    answer = (a.keep(np.zeros(ANSWER, np.int8)), ANSWER, int(a.mpi._handleof(a.mpi.INT8_T)), peer, 0, a.handle)
    last = ("MPI_Recv", (*answer, _statuses(a, 1))) if rank < peer else ("MPI_Send", answer)
    posted = _posted(a, window)
    return replace(posted, calls=(*posted.calls, last))


def _in_turn(a: Asked, turn: Sequence[tuple[str, int, int]]) -> Program:
    """Return messages (recv or send, address, peer) of which each is over before the next."""
    status = _statuses(a, 1)
    if a.case.mode != "persistent":
        given = [(kind, (buffer, a.case.count, a.kind, peer, 0, a.handle)) for kind, buffer, peer in turn]
        return Program(tuple(("MPI_Send", g) if kind == "send" else ("MPI_Recv", (*g, status)) for kind, g in given))
    posted = _posted(a, turn)
    each = [request for _, (request,) in posted.after]
    return replace(posted, calls=tuple(call for r in each for call in (("MPI_Start", (r,)), ("MPI_Wait", (r, status)))))


def _requests(a: Asked, count: int) -> int:
    return a.keep(np.zeros(max(1, count) * a.mpi._sizeof(a.mpi.Request), np.uint8))


def _statuses(a: Asked, count: int) -> int:
    return a.keep(np.zeros(max(1, count) * a.mpi._sizeof(a.mpi.Status), np.uint8))
