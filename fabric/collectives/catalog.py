"""What each collective is: what S counts, its busbw factor, its numpy reference; not how it is done. Never sees a Fabric.

busbw factors and S: nccl-tests, doc/PERFORMANCE.md. all_to_all_v is taken as all_to_all; incast and barrier are ours.

Point to point is asked for and answered like a collective (point_to_point.py says who talks to whom). S is the bytes of one
message, a time that of one message: of a call by its messages in a row. So algbw = S / time is one direction of one pair,
and busbw is what OSU prints: all directions (bibandwidth: factor 2) of all pairs (message_rate: p / 2); factor / time is
messages per second. latency: half a round trip. Source: OSU micro-benchmarks 7, user guide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.point_to_point import POINT_TO_POINT, sources
from fabric.collectives.sizes import Options, Params, options, senders, split_sizes
from topologies.errors import InputError
from topologies.guess import did_you_mean

Array = NDArray[np.generic]
Buffers = Sequence[Array]
Outputs = list[Array]
NO_PARAMS: Params = MappingProxyType({})


@dataclass(frozen=True)
class Collective:
    """A collective: size (what S = nbytes counts), factor (busbw / algbw), expected (numpy semantics), rooted.

    factor(p, options); expected(inputs of all ranks, root, options) -> every rank's output, empty where it gets none.
    Operations that reduce add. in_a_row(options): what the seconds of one call are divided by, 1 but for point to point.
    """

    name: str
    size: str
    factor: Callable[[int, Options], float]
    expected: Callable[[Buffers, int, Options], Outputs]
    rooted: bool = False
    in_a_row: Callable[[Options], int] = lambda _options: 1

    @property
    def point_to_point(self) -> bool:
        """Whether it is messages between partners, and no collective."""
        return self.name in POINT_TO_POINT

    def reference(self, inputs: Buffers, *, root: int = 0, params: Params = NO_PARAMS) -> Outputs:
        """Return every rank's expected output; inputs: one array per rank, of the length that `size` says.

        Raises:
            InputError: parameters of a case that are no numbers.
        """
        return self.expected(inputs, root, options(params))


def _sum(inputs: Buffers) -> Array:
    total: Array = np.sum(np.stack(list(inputs)), axis=0)
    return total


def _at_root(p: int, root: int, whole: Array) -> Outputs:
    return [whole if rank == root else whole[:0] for rank in range(p)]


def _parts(whole: Array, p: int) -> Outputs:
    return list(np.split(whole, p))


def _all_reduce(inputs: Buffers, _root: int, _options: Options) -> Outputs:
    return [_sum(inputs) for _ in inputs]


def _all_gather(inputs: Buffers, _root: int, _options: Options) -> Outputs:
    return [np.concatenate(list(inputs)) for _ in inputs]


def _reduce_scatter(inputs: Buffers, _root: int, _options: Options) -> Outputs:
    return _parts(_sum(inputs), len(inputs))


def _all_to_all(inputs: Buffers, _root: int, _options: Options) -> Outputs:
    cut = [_parts(own, len(inputs)) for own in inputs]
    return [np.concatenate(column) for column in zip(*cut, strict=True)]


def _all_to_all_v(inputs: Buffers, _root: int, how: Options) -> Outputs:
    units = split_sizes(len(inputs), how.skew, how.seed)
    width = [len(own) // int(row.sum()) for own, row in zip(inputs, units, strict=True)]
    cut = [np.split(own, np.cumsum(row * w)[:-1]) for own, row, w in zip(inputs, units, width, strict=True)]
    return [np.concatenate(column) for column in zip(*cut, strict=True)]


def _broadcast(inputs: Buffers, root: int, _options: Options) -> Outputs:
    return [inputs[root] for _ in inputs]


def _reduce(inputs: Buffers, root: int, _options: Options) -> Outputs:
    return _at_root(len(inputs), root, _sum(inputs))


def _gather(inputs: Buffers, root: int, _options: Options) -> Outputs:
    return _at_root(len(inputs), root, np.concatenate(list(inputs)))


def _scatter(inputs: Buffers, root: int, _options: Options) -> Outputs:
    return _parts(inputs[root], len(inputs))


def _sendrecv(inputs: Buffers, _root: int, _options: Options) -> Outputs:
    return [inputs[rank - 1] for rank in range(len(inputs))]


def _barrier(inputs: Buffers, _root: int, _options: Options) -> Outputs:
    return [own[:0] for own in inputs]


def _incast(inputs: Buffers, root: int, how: Options) -> Outputs:
    sent = [inputs[rank] for rank in senders(len(inputs), root, how.fan_in)]
    return _at_root(len(inputs), root, np.concatenate([inputs[root][:0], *sent]))


def _from_partners(name: str) -> Callable[[Buffers, int, Options], Outputs]:
    """Return the reference of a kind of point to point: every rank gets what its partner sends, others nothing."""

    def expected(inputs: Buffers, _root: int, _options: Options) -> Outputs:
        given = sources(name, len(inputs))
        return [own[:0] if source is None else inputs[source] for own, source in zip(inputs, given, strict=True)]

    return expected


def _window(how: Options) -> int:
    return how.window


def _others(p: int, _options: Options) -> float:
    return (p - 1) / p


def _one(_p: int, _options: Options) -> float:
    return 1.0


def _fan_in(p: int, how: Options) -> float:
    return float(len(senders(p, 0, how.fan_in)))


_KNOWN = (
    Collective("all_reduce", "every rank's buffer", lambda p, _: 2 * (p - 1) / p, _all_reduce),
    Collective("all_gather", "the whole output; a rank gives S/p", _others, _all_gather),
    Collective("reduce_scatter", "a rank's whole input; it gets S/p", _others, _reduce_scatter),
    Collective("all_to_all", "a rank's whole buffer; S/p for every rank, itself too", _others, _all_to_all),
    Collective("all_to_all_v", "a rank's whole buffer, split unevenly (skew, seed)", _others, _all_to_all_v),
    Collective("broadcast", "the root's buffer", _one, _broadcast, rooted=True),
    Collective("reduce", "every rank's buffer", _one, _reduce, rooted=True),
    Collective("gather", "the root's whole output; a rank gives S/p", _others, _gather, rooted=True),
    Collective("scatter", "the root's whole input; a rank gets S/p", _others, _scatter, rooted=True),
    Collective("sendrecv", "what each rank sends", _one, _sendrecv),
    Collective("barrier", "nothing: 0 bytes", lambda _p, _options: 0.0, _barrier),
    Collective("incast", "what each sender sends (fan_in senders, default all others)", _fan_in, _incast, rooted=True),
    Collective("latency", "one message", _one, _from_partners("latency"), in_a_row=lambda _: 2),
    Collective("bandwidth", "one message of a window", _one, _from_partners("bandwidth"), in_a_row=_window),
    Collective("bibandwidth", "one message of a window", lambda _p, _o: 2.0, _from_partners("bibandwidth"), in_a_row=_window),
    Collective(
        "message_rate", "one message of a pair", lambda p, _o: float(p // 2), _from_partners("message_rate"), in_a_row=_window
    ),
)
COLLECTIVES: Mapping[str, Collective] = {known.name: known for known in _KNOWN}


def collective(name: str) -> Collective:
    """Return the collective of this name; InputError naming what exists."""
    if name not in COLLECTIVES:
        raise InputError(f"collective: must be one of {', '.join(COLLECTIVES)}, got {name!r}{did_you_mean(name, COLLECTIVES)}")
    return COLLECTIVES[name]


def busbw_factor(name: str, world_size: int, params: Params = NO_PARAMS) -> float:
    """Return busbw / algbw of a collective over world_size ranks; params: the case's, of which incast's fan_in counts."""
    return collective(name).factor(world_size, options(params))


def in_a_row(name: str, params: Params = NO_PARAMS) -> int:
    """Return what the seconds of one call are divided by: 2 for latency, a window for other point to point, else 1."""
    return collective(name).in_a_row(options(params))
