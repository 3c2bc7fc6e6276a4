"""Point to point over MPI: a round trip, and a window of messages with an answer. It does not time or check anything.

Send and Recv in turn for latency; Irecv, Isend and Waitall for a window, then an answer of ANSWER bytes that the second
partner sends: what OSU's osu_latency, osu_bw, osu_bibw and osu_mbw_mr do. persistent: Send_init and Recv_init, started
again and again. What a call moves is in layout.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from fabric.collectives.sizes import options
from fabric.measure.backends.backend import nothing
from fabric.measure.cells.layout import Layout, partner, window_slots
from fabric.records.case import Case

ANSWER = 4
"""Bytes of an answer, OSU's."""
Does = Callable[[], object]
Message = tuple[Any, int]
"""(buffer, partner)"""


def prepare(handle: Any, mpi: Any, case: Case, own: Layout, source: Any, target: Any) -> tuple[Does, Does]:
    """Return (run, release) of a case on a communicator; an idle rank does nothing."""
    peer = partner(case, handle.rank)
    if peer is None:
        return nothing, nothing
    if case.collective == "latency":
        return _round_trip(handle, case, source, target, peer)
    sent = messages(case, source, peer) if own.given else []
    received = messages(case, target, peer) if own.wanted else []
    answer = partial(handle.Recv if handle.rank < peer else handle.Send, np.zeros(ANSWER, dtype=np.int8), peer)
    if case.mode == "persistent":
        requests = [handle.Recv_init(*message) for message in received] + [handle.Send_init(*message) for message in sent]
        return partial(_window_again, mpi.Prequest, requests, answer), partial(_free, requests)
    return partial(_window, handle, mpi.Request.Waitall, sent, received, answer), nothing


def messages(case: Case, buffer: Any, peer: int) -> list[Message]:
    """Return the messages of a window that are in a buffer."""
    n, slots = case.count, window_slots(case)
    parts = [buffer[slot * n : (slot + 1) * n] for slot in range(slots)]
    return [(parts[number % slots], peer) for number in range(options(case.params).window)]


def _round_trip(handle: Any, case: Case, source: Any, target: Any, peer: int) -> tuple[Does, Does]:
    first = handle.rank < peer
    if case.mode == "persistent":
        requests = [handle.Send_init(source, peer), handle.Recv_init(target, peer)]
        return partial(_again_in_turn, *(requests if first else requests[::-1])), partial(_free, requests)
    send, receive = partial(handle.Send, source, peer), partial(handle.Recv, target, peer)
    return (partial(_in_turn, send, receive) if first else partial(_in_turn, receive, send)), nothing


def _in_turn(one: Does, other: Does) -> None:
    one()
    other()


def _again_in_turn(one: Any, other: Any) -> None:
    one.Start()
    one.Wait()
    other.Start()
    other.Wait()


def _window(
    handle: Any, wait: Callable[[Any], object], sent: Sequence[Message], received: Sequence[Message], answer: Does
) -> None:
    wait([handle.Irecv(*message) for message in received] + [handle.Isend(*message) for message in sent])
    answer()


def _window_again(kind: Any, requests: Sequence[Any], answer: Does) -> None:
    kind.Startall(requests)
    kind.Waitall(requests)
    answer()


def _free(requests: Sequence[Any]) -> None:
    for request in requests:
        request.Free()
