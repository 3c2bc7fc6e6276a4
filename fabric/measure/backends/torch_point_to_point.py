"""Point to point over torch.distributed: a round trip, and a window of messages with an answer. It does not time or check.

send and recv in turn for latency; batch_isend_irecv for a window, then an answer of one element that the second partner
sends. What a call moves is in layout.py; on which ranks of the world the group's are, the caller says.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from fabric.collectives.sizes import options
from fabric.measure.backends.backend import nothing
from fabric.measure.cells.layout import Layout, partner, window_slots
from fabric.records.case import Case

Does = Callable[[], object]


def prepare(
    dist: Any, group: Any, case: Case, rank: int, at: Callable[[int], int], own: Layout, source: Any, target: Any
) -> Does:
    """Return what runs a case once; at: rank of the group -> rank of the world. An idle rank does nothing."""
    peer = partner(case, rank)
    if peer is None:
        return nothing
    there, first = at(peer), rank < peer
    if case.collective == "latency":
        send, receive = partial(dist.send, source, there, group), partial(dist.recv, target, there, group)
        return partial(_in_turn, send, receive) if first else partial(_in_turn, receive, send)
    received = [dist.P2POp(dist.irecv, part, there, group) for part in (_parts(case, target) if own.wanted else [])]
    sent = [dist.P2POp(dist.isend, part, there, group) for part in (_parts(case, source) if own.given else [])]
    answer = dist.P2POp(dist.irecv if first else dist.isend, source.new_zeros(1), there, group)
    return partial(_window, dist.batch_isend_irecv, received + sent, [answer])


def _parts(case: Case, buffer: Any) -> list[Any]:
    """Return the messages of a window that are in a buffer."""
    n, slots = case.count, window_slots(case)
    parts = [buffer[slot * n : (slot + 1) * n] for slot in range(slots)]
    return [parts[number % slots] for number in range(options(case.params).window)]


def _in_turn(one: Does, other: Does) -> None:
    one()
    other()


def _window(start: Callable[[Any], Any], messages: list[Any], answer: list[Any]) -> None:
    for batch in (messages, answer):
        for work in start(batch):
            work.wait()
