"""What stands where in every rank's buffers, before and after a collective. It does not know any library.

Computed by each rank for itself, without communication. Its results are those of fabric.collectives.catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fabric.collectives.point_to_point import POINT_TO_POINT, TWO_WAY, pairs, sources
from fabric.collectives.sizes import options, senders, split_sizes
from fabric.measure.cells.exact import Pattern, expected, moved, pattern
from fabric.records.case import DTYPES, Case

REDUCING = ("all_reduce", "reduce_scatter", "reduce")
"""Collectives with an operation."""
WINDOW_BYTES = 2**26
"""A window's messages have a buffer each as long as they fit in so many bytes; beyond, they share what fits, one at least."""


@dataclass(frozen=True)
class Block:
    """count elements from element `at` on, holding the pattern, repeated."""

    at: int
    count: int
    pattern: Pattern


@dataclass(frozen=True)
class Layout:
    """One rank's buffers: elements of input and output, what is put in, what must come out.

    source_at, target_at: where input and output begin in the one buffer of the form in place (nccl-tests' places).
    sent, received: elements for and from every rank where these differ (all_to_all_v), in rank order.
    """

    source: int
    target: int
    given: tuple[Block, ...]
    wanted: tuple[Block, ...]
    source_at: int = 0
    target_at: int = 0
    sent: tuple[int, ...] = ()
    received: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Asked:
    """A case as one rank sees it. width: elements of a p-th of S."""

    case: Case
    rank: int

    @property
    def p(self) -> int:
        return self.case.world_size

    @property
    def root(self) -> int:
        return self.case.root or 0

    @property
    def is_root(self) -> bool:
        return self.rank == self.root

    @property
    def count(self) -> int:
        return self.case.count

    @property
    def width(self) -> int:
        return self.case.count // self.p

    def moved(self, at: int, count: int, rank: int, block: int = 0) -> Block:
        return Block(at, count, moved(rank, block, self.case.dtype))

    def own(self, at: int, count: int, block: int = 0) -> Block:
        return Block(at, count, pattern(self.rank, self.p, self.case.dtype, self.case.op, block))

    def reduced(self, at: int, count: int, block: int = 0) -> Block:
        return Block(at, count, expected(self.p, self.case.dtype, self.case.op, block))


def layout(case: Case, rank: int) -> Layout:
    """Return one rank's buffers for a case, whose bytes are whole blocks (see whole_bytes)."""
    return LAYOUTS[case.collective](_Asked(case, rank))


def _all_reduce(a: _Asked) -> Layout:
    return Layout(a.count, a.count, (a.own(0, a.count),), (a.reduced(0, a.count),))


def _all_gather(a: _Asked) -> Layout:
    w = a.width
    wanted = tuple(a.moved(r * w, w, r) for r in range(a.p))
    return Layout(w, a.p * w, (a.moved(0, w, a.rank),), wanted, source_at=a.rank * w)


def _reduce_scatter(a: _Asked) -> Layout:
    w = a.width
    given = tuple(a.own(block * w, w, block) for block in range(a.p))
    return Layout(a.p * w, w, given, (a.reduced(0, w, a.rank),), target_at=a.rank * w)


def _all_to_all(a: _Asked) -> Layout:
    w = a.width
    given = tuple(a.moved(t * w, w, a.rank, t) for t in range(a.p))
    return Layout(a.p * w, a.p * w, given, tuple(a.moved(s * w, w, s, a.rank) for s in range(a.p)))


def _all_to_all_v(a: _Asked) -> Layout:
    how = options(a.case.params)
    units = split_sizes(a.p, how.skew, how.seed)
    width = a.count // int(units[0].sum())
    sent = [int(part) * width for part in units[a.rank]]
    received = [int(part) * width for part in units[:, a.rank]]
    given = tuple(a.moved(at, n, a.rank, t) for t, (at, n) in enumerate(_in_a_row(sent)))
    wanted = tuple(a.moved(at, n, s, a.rank) for s, (at, n) in enumerate(_in_a_row(received)))
    return Layout(sum(sent), sum(received), given, wanted, sent=tuple(sent), received=tuple(received))


def _in_a_row(counts: Sequence[int]) -> list[tuple[int, int]]:
    """Return (start, count) of parts that follow each other."""
    return [(sum(counts[:number]), count) for number, count in enumerate(counts)]


def _broadcast(a: _Asked) -> Layout:
    whole = (a.moved(0, a.count, a.root),)
    return Layout(a.count if a.is_root else 0, a.count, whole if a.is_root else (), whole)


def _reduce(a: _Asked) -> Layout:
    wanted = (a.reduced(0, a.count),) if a.is_root else ()
    return Layout(a.count, a.count if a.is_root else 0, (a.own(0, a.count),), wanted)


def _gather(a: _Asked) -> Layout:
    w = a.width
    wanted = tuple(a.moved(r * w, w, r) for r in range(a.p)) if a.is_root else ()
    return Layout(w, len(wanted) * w, (a.moved(0, w, a.rank),), wanted, source_at=a.rank * w if a.is_root else 0)


def _scatter(a: _Asked) -> Layout:
    w = a.width
    given = tuple(a.moved(r * w, w, a.root, r) for r in range(a.p)) if a.is_root else ()
    return Layout(len(given) * w, w, given, (a.moved(0, w, a.root, a.rank),), target_at=a.rank * w if a.is_root else 0)


def _sendrecv(a: _Asked) -> Layout:
    before = (a.rank - 1) % a.p
    return Layout(a.count, a.count, (a.moved(0, a.count, a.rank),), (a.moved(0, a.count, before),))


def _barrier(_a: _Asked) -> Layout:
    return Layout(0, 0, (), ())


def _incast(a: _Asked) -> Layout:
    n, sending = a.count, incast_senders(a.case)
    given = (a.moved(0, n, a.rank),) if a.rank in sending else ()
    wanted = tuple(a.moved(i * n, n, r) for i, r in enumerate(sending)) if a.is_root else ()
    return Layout(len(given) * n, len(wanted) * n, given, wanted)


def incast_senders(case: Case) -> list[int]:
    """Return the ranks that send to the root of an incast."""
    return [int(rank) for rank in senders(case.world_size, case.root or 0, options(case.params).fan_in)]


def _partners(a: _Asked) -> Layout:
    n, slots, name = a.count, window_slots(a.case), a.case.collective
    source, target = sources(name, a.p)[a.rank], partner(a.case, a.rank)
    sends = target is not None and (name in TWO_WAY or a.rank < target)
    given = tuple(a.moved(i * n, n, a.rank, i) for i in range(slots)) if sends else ()
    wanted = () if source is None else tuple(a.moved(i * n, n, source, i) for i in range(slots))
    return Layout(len(given) * n, len(wanted) * n, given, wanted)


def window_slots(case: Case) -> int:
    """Return how many buffers the messages of a window go round in: one each, but no more than asked for or WINDOW_BYTES."""
    if case.collective == "latency":
        return 1
    how = options(case.params)
    return max(1, min(how.window, how.buffers or how.window, WINDOW_BYTES // max(case.nbytes, 1)))


def partner(case: Case, rank: int) -> int | None:
    """Return the rank that this one talks to point to point, None where it is idle."""
    first, second = (ends.tolist() for ends in pairs(case.collective, case.world_size))
    return {**dict(zip(first, second, strict=True)), **dict(zip(second, first, strict=True))}.get(rank)


LAYOUTS: Mapping[str, Callable[[_Asked], Layout]] = {
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
"""Collective -> one rank's buffers: every collective of the catalogue."""


def block_elements(name: str, world_size: int, params: Mapping[str, float | str]) -> int:
    """Return the elements that S must be a multiple of: p where every rank has an equal part, 1 where S is not cut."""
    if name == "all_to_all_v":
        how = options(params)
        return int(split_sizes(world_size, how.skew, how.seed)[0].sum())
    return world_size if name in ("all_gather", "reduce_scatter", "all_to_all", "gather", "scatter") else 1


def whole_bytes(name: str, nbytes: int, world_size: int, dtype: str, params: Mapping[str, float | str]) -> int:
    """Return nbytes rounded down to whole blocks: what is really moved, 0 where a rank's part is less than an element."""
    block = block_elements(name, world_size, params) * DTYPES[dtype]
    return 0 if name == "barrier" else nbytes // block * block
