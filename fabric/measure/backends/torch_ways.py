"""How torch.distributed does each collective, on gloo and on nccl. It does not time or check anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fabric.collectives.point_to_point import POINT_TO_POINT
from fabric.measure.backends import torch_point_to_point as partners
from fabric.measure.backends.backend import Way, check_contiguous
from fabric.measure.cells.layout import Layout, incast_senders
from fabric.records.case import Case

OPS = {"sum": "SUM", "max": "MAX", "min": "MIN", "prod": "PRODUCT"}
BOTH, OUT, IN = (False, True), (False,), (True,)
Does = Callable[[], object]
WAYS: Mapping[str, Way] = {
    "all_reduce": Way(IN),
    "all_gather": Way(BOTH),
    "reduce_scatter": Way(BOTH),
    "all_to_all": Way(OUT),
    "all_to_all_v": Way(OUT),
    "broadcast": Way(IN),
    "reduce": Way(IN),
    "gather": Way(OUT),
    "scatter": Way(OUT),
    "sendrecv": Way(OUT, least=2),
    "barrier": Way(IN),
    "incast": Way(OUT, least=2),
    **dict.fromkeys(POINT_TO_POINT, Way(OUT, least=2)),
}
"""Where only one form is named, torch has no other; it does not let a rank send to itself."""


@dataclass(frozen=True)
class _Call:
    """What a function of torch.distributed is called with. rank: inside the group; torch wants the world's."""

    dist: Any
    group: Any
    case: Case
    rank: int
    layout: Layout
    source: Any
    target: Any

    @property
    def root(self) -> int:
        """The root as a rank of the world."""
        return self.at(self.case.root or 0)

    def at(self, rank: int) -> int:
        """Return the world's rank of a rank of the group."""
        return int(self.dist.get_global_rank(self.group, rank))

    @property
    def op(self) -> Any:
        return getattr(self.dist.ReduceOp, OPS[self.case.op])

    def cut(self, buffer: Any) -> list[Any] | None:
        """Return the p parts of the root's buffer, None on the other ranks."""
        return list(buffer.chunk(self.case.world_size)) if self.rank == (self.case.root or 0) else None


def prepare(group: Any, case: Case, rank: int, own: Layout, source: Any, target: Any) -> Does:
    """Return what runs a case once on a process group."""
    import torch.distributed as dist

    check_contiguous(source, target)
    return PREPARED[case.collective](_Call(dist, group, case, rank, own, source, target))


def _all_reduce(c: _Call) -> Does:
    return partial(c.dist.all_reduce, c.target, op=c.op, group=c.group)


def _all_gather(c: _Call) -> Does:
    function = getattr(c.dist, "all_gather_single", None) or c.dist.all_gather_into_tensor  # renamed in torch 2.13
    return partial(function, c.target, c.source, group=c.group)


def _reduce_scatter(c: _Call) -> Does:
    function = getattr(c.dist, "reduce_scatter_single", None) or c.dist.reduce_scatter_tensor
    return partial(function, c.target, c.source, op=c.op, group=c.group)


def _all_to_all(c: _Call) -> Does:
    return partial(c.dist.all_to_all_single, c.target, c.source, group=c.group)


def _all_to_all_v(c: _Call) -> Does:
    parts = (list(c.layout.received), list(c.layout.sent))
    return partial(c.dist.all_to_all_single, c.target, c.source, *parts, group=c.group)


def _broadcast(c: _Call) -> Does:
    return partial(c.dist.broadcast, c.target, c.root, group=c.group)


def _reduce(c: _Call) -> Does:
    return partial(c.dist.reduce, c.source, c.root, op=c.op, group=c.group)


def _gather(c: _Call) -> Does:
    return partial(c.dist.gather, c.source, c.cut(c.target), dst=c.root, group=c.group)


def _scatter(c: _Call) -> Does:
    return partial(c.dist.scatter, c.target, c.cut(c.source), src=c.root, group=c.group)


def _sendrecv(c: _Call) -> Does:
    p = c.case.world_size
    sent, received = (c.source, (c.rank + 1) % p), (c.target, (c.rank - 1) % p)
    return partial(_exchange, c.dist, [_message(c, "isend", *sent), _message(c, "irecv", *received)])


def _incast(c: _Call) -> Does:
    n, messages = c.case.count, []
    if c.layout.source:
        messages = [_message(c, "isend", c.source, c.case.root or 0)]
    elif c.layout.target:
        parts = enumerate(incast_senders(c.case))
        messages = [_message(c, "irecv", c.target[i * n : (i + 1) * n], rank) for i, rank in parts]
    return partial(_exchange, c.dist, messages)


def _message(c: _Call, name: str, buffer: Any, peer: int) -> Any:
    return c.dist.P2POp(getattr(c.dist, name), buffer, c.at(peer), c.group)


def _exchange(dist: Any, messages: Sequence[Any]) -> None:
    if messages:
        for work in dist.batch_isend_irecv(messages):
            work.wait()


def _partners(c: _Call) -> Does:
    return partners.prepare(c.dist, c.group, c.case, c.rank, c.at, c.layout, c.source, c.target)


def _barrier(c: _Call) -> Does:
    return partial(c.dist.barrier, group=c.group)


PREPARED: Mapping[str, Callable[[_Call], Does]] = {
    "all_reduce": _all_reduce,
    "all_gather": _all_gather,
    "reduce_scatter": _reduce_scatter,
    "all_to_all": _all_to_all,
    "all_to_all_v": _all_to_all_v,
    "broadcast": _broadcast,
    "reduce": _reduce,
    "gather": _gather,
    "scatter": _scatter,
    "sendrecv": _sendrecv,
    "barrier": _barrier,
    "incast": _incast,
    **dict.fromkeys(POINT_TO_POINT, _partners),
}
