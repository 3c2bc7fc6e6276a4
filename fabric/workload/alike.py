"""Which ranks, messages and links of a step are alike, so that one of each stands for all. It knows no plan and no seconds.

Colour refinement: ranks of one colour send and receive messages of the same colours, messages of one colour cross links of the
same colours in the same shares between ranks of the same colours, links of one colour carry messages of the same colours.
Where that holds max-min rates of one colour are equal, and so is all that follows in time: a share-out in which every message
of a colour has the rate that one has gives each a full link on which none is faster, and there is only one such share-out. A
link of a class carries its messages' shares added up, per class. Where routes were drawn by chance little is alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fabric.network.routing.ways import Floats, Ints, Ways

Colours = NDArray[np.uint64]
HALF = np.uint64(32)
STEP, FIRST, SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)


@dataclass(frozen=True, eq=False)
class Exchange:
    """Messages sent together: their ranks, routes, bytes and seconds before bytes move. use: whose own links limit them."""

    use: str
    source: Ints
    target: Ints
    ways: Ways
    nbytes: Floats
    delay: Floats


@dataclass(frozen=True, eq=False)
class Lanes:
    """An exchange with one message for all that are alike.

    source: the class of the sender's rank, pipe: of its pipeline. delay, nbytes: as the exchange. hops, links, share: link
    classes crossed, and how many messages' bytes (in all) a link of that class carries of this one's class. touched: pairs
    (rank class, message) of the messages that a rank sends or receives; sent: pairs (pipeline class, message) of those that a
    pipeline's ranks send.
    """

    source: Ints
    pipe: Ints
    delay: Floats
    nbytes: Floats
    hops: Ints
    links: Ints
    share: Floats
    touched: tuple[Ints, Ints]
    sent: tuple[Ints, Ints]


@dataclass(frozen=True, eq=False)
class Alike:
    """Classes of what is alike: pipe of every pipeline, rank of every rank, capacity of every class of links, lanes.

    pipes and ranks: one pipeline and one rank of every class. units: ranks by pipeline, stage and place in it.
    """

    units: Ints
    pipe: Ints
    pipes: Ints
    rank: Ints
    ranks: Ints
    capacity: Floats
    lanes: Sequence[Lanes]

    @cached_property
    def stages(self) -> list[tuple[Ints, Ints]]:
        """Per stage the pairs (pipeline class, rank class) of the ranks that work on it."""
        found = []
        for stage in range(self.units.shape[1]):
            ranks = self.rank[self.units[self.pipes, stage, :]]
            found.append(_pairs(np.repeat(np.arange(len(ranks)), ranks.shape[1]), ranks.ravel()))
        return found


class Wires:
    """Messages of all exchanges in one numbering, and the links that each crosses: those all share, and those of its use."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        """Number messages and links. A shared link is as fast as the fastest use of it; ways name bundles by one link."""
        counts = [len(one.source) for one in exchanges]
        self.first = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        self.source, self.target = (_whole([getattr(one, side) for one in exchanges]) for side in ("source", "target"))
        self.nbytes, self.delay = (_real([getattr(one, what) for one in exchanges]) for what in ("nbytes", "delay"))
        self.exchange = np.repeat(np.arange(len(exchanges)), counts)
        ways = [one.ways for one in exchanges]
        message = _whole([one.paths.flow + first for one, first in zip(ways, self.first, strict=False)])
        uses = {use: n for n, use in enumerate(dict.fromkeys(one.use for one in exchanges))}
        use = np.repeat([uses[one.use] for one in exchanges], [len(one.paths.links) for one in ways]).astype(np.int64)
        link = _whole([one.link[one.paths.links] for one in ways])
        speed = _real([one.capacity[one.paths.links] for one in ways])
        share = _real([np.ones(len(one.paths.links)) if one.share is None else one.share for one in ways])
        shared, own = _numbers(link), _numbers(use, link, speed.view(np.int64))
        count = int(shared.max(initial=-1)) + 1
        self.link = np.concatenate([shared, own + count])
        self.message, self.share = np.tile(message, 2), np.tile(share, 2)
        self.capacity = np.zeros(count + int(own.max(initial=-1)) + 1)
        np.maximum.at(self.capacity, self.link, np.tile(speed, 2))

    def of_messages(self, ranks: Colours, links: Colours) -> Colours:
        """Return the messages' colours by those of their ranks and links."""
        found = _mixed(_bits(self.nbytes) ^ _mixed(_bits(self.delay) ^ _mixed(self.exchange.astype(np.uint64))))
        found = _mixed(_mixed(found ^ ranks[self.source]) + ranks[self.target])
        return _mixed(found ^ _together(self.message, links[self.link] ^ _mixed(_bits(self.share)), len(found)))

    def of_links(self, messages: Colours, links: Colours) -> Colours:
        """Return the links' next colours."""
        return _mixed(links ^ _together(self.link, messages[self.message] ^ _mixed(_bits(self.share)), len(links)))

    def of_ranks(self, messages: Colours, ranks: Colours) -> Colours:
        """Return the ranks' next colours, their pipelines aside."""
        out = _together(self.source, messages, len(ranks))
        return _mixed(_mixed(ranks ^ out) + _together(self.target, messages, len(ranks)))


def alike(units: Ints, exchanges: Sequence[Exchange], *, every: bool = False) -> Alike:
    """Return the classes of ranks, messages and links.

    units: the ranks of every pipeline and stage. every: each rank, message and link is a class of its own, to compare with.
    """
    wires, replicas = Wires(exchanges), np.empty(units.size, dtype=np.int64)
    stage = np.empty(units.size, dtype=np.int64)
    replicas[units], stage[units] = np.arange(len(units))[:, None, None], np.arange(units.shape[1])[None, :, None]
    ranks, links = (np.arange(units.size), np.arange(len(wires.capacity))) if every else (stage, wires.capacity.view(np.int64))
    colours = _refined(wires, replicas, _mixed(ranks.astype(np.uint64)), _mixed(links.astype(np.uint64)), len(units))
    return _classes(units, wires, replicas, colours, len(exchanges))


@dataclass(frozen=True, eq=False)
class _Colours:
    ranks: Colours
    links: Colours
    messages: Colours
    pipes: Colours


def _refined(wires: Wires, replicas: Ints, ranks: Colours, links: Colours, pipelines: int) -> _Colours:
    """Return colours that tell no more apart when they are worked out again."""
    before = (-1, -1)
    while True:
        pipes = _together(replicas, ranks, pipelines)
        messages = wires.of_messages(ranks, links)
        now = len(np.unique(ranks)), len(np.unique(links))
        if now == before:
            return _Colours(ranks, links, messages, pipes)
        before = now
        ranks = _mixed(wires.of_ranks(messages, ranks) ^ pipes[replicas])
        links = wires.of_links(messages, links)


def _classes(units: Ints, wires: Wires, replicas: Ints, colours: _Colours, exchanges: int) -> Alike:
    pipes, pipe = _first_of(colours.pipes)
    ranks, rank = _first_of(colours.ranks)
    chosen, links = _first_of(colours.links)
    messages, message = _first_of(colours.messages)
    order = np.argsort(messages, kind="stable")  # in the order of the exchanges, one after the other
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    messages, message = messages[order], place[message]
    kept = chosen[links[wires.link]] == wires.link
    crossing, share = _added(message[wires.message[kept]], links[wires.link[kept]], wires.share[kept])
    ends = _pairs(np.concatenate([rank[wires.source], rank[wires.target]]), np.tile(message, 2), of=_ends(wires, rank, ranks))
    sent = _pairs(pipe[replicas[wires.source]], message, of=np.isin(replicas[wires.source], pipes))
    cuts = np.searchsorted(wires.exchange[messages], np.arange(exchanges + 1))
    hops = np.bincount(crossing[0], minlength=len(messages))
    lanes = [
        Lanes(
            source=rank[wires.source[messages[low:high]]],
            pipe=pipe[replicas[wires.source[messages[low:high]]]],
            delay=wires.delay[messages[low:high]],
            nbytes=wires.nbytes[messages[low:high]],
            hops=hops[low:high],
            links=crossing[1][slice(*np.searchsorted(crossing[0], [low, high]))],
            share=share[slice(*np.searchsorted(crossing[0], [low, high]))],
            touched=_within(ends, low, high),
            sent=_within(sent, low, high),
        )
        for low, high in pairwise(cuts.tolist())
    ]
    return Alike(units, pipe, pipes, rank, ranks, wires.capacity[chosen], lanes)


def _ends(wires: Wires, rank: Ints, ranks: Ints) -> NDArray[np.bool_]:
    """Return for the senders and then the receivers of all messages whether they stand for their class."""
    both = np.concatenate([wires.source, wires.target])
    return np.asarray(ranks[rank[both]] == both)


def _within(pairs: tuple[Ints, Ints], low: int, high: int) -> tuple[Ints, Ints]:
    """Return the pairs of messages from low to high, messages counted from low."""
    kept = (pairs[1] >= low) & (pairs[1] < high)
    return pairs[0][kept], pairs[1][kept] - low


def _pairs(one: Ints, two: Ints, of: NDArray[np.bool_] | None = None) -> tuple[Ints, Ints]:
    """Return pairs without those that come again. of: which of them are kept."""
    if of is not None:
        one, two = one[of], two[of]
    width = int(two.max(initial=0)) + 1
    both = np.unique(one * width + two)
    return both // width, both % width


def _added(one: Ints, two: Ints, share: Floats) -> tuple[tuple[Ints, Ints], Floats]:
    """Return pairs in order, each once, with their shares added up."""
    width = int(two.max(initial=0)) + 1
    both, place = np.unique(one * width + two, return_inverse=True)
    return (both // width, both % width), np.bincount(place, share, minlength=len(both)).astype(np.float64)


def _first_of(colours: Colours) -> tuple[Ints, Ints]:
    """Return the first of every colour, and the class of every one."""
    _, first, classes = np.unique(colours, return_index=True, return_inverse=True)
    return first.astype(np.int64), classes.astype(np.int64)


def _numbers(*keys: Ints) -> Ints:
    """Return equal numbers from 0 for equal rows of the keys."""
    found = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        values, place = np.unique(key, return_inverse=True)
        found = np.unique(found * (len(values) + 1) + place, return_inverse=True)[1].astype(np.int64)
    return found


def _whole(parts: Sequence[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _real(parts: Sequence[Floats]) -> Floats:
    return np.concatenate([np.zeros(0), *parts])


def _bits(values: Floats) -> Colours:
    return np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)


def _mixed(values: Colours) -> Colours:
    """Return values scattered over 64 bits: equal ones stay equal (SplitMix64's finish, Steele, Lea and Flood, 2014)."""
    values = values + STEP
    values = (values ^ (values >> SHIFTS[0])) * FIRST
    values = (values ^ (values >> SHIFTS[1])) * SECOND
    return values ^ (values >> SHIFTS[2])


def _together(group: Ints, colours: Colours, count: int) -> Colours:
    """Return the colour of every group: its members' added up, in any order.

    Halves of 32 bits are added as floats, exactly for groups of up to two million.
    """
    mixed = _mixed(colours)
    low = np.bincount(group, (mixed & np.uint64(0xFFFFFFFF)).astype(np.float64), minlength=count)
    high = np.bincount(group, (mixed >> HALF).astype(np.float64), minlength=count)
    return _mixed(low.astype(np.uint64) ^ _mixed(high.astype(np.uint64)))
