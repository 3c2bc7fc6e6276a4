"""The links that several phases share, under one numbering, and which programs can slow each other. It knows no time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np

from fabric.network.routing.ways import Floats, Ints, Paths, Ways
from fabric.predict.flows.programs import Phase, Program
from topologies.errors import InputError

FULL = 1e-9
"""A link counts as full from capacity times 1 - this."""


@dataclass(frozen=True, eq=False)
class Network:
    """Links that all phases share: entry e of phase j crosses links number[j][e]; link: their names (ways.link).

    number: one list of arrays per program, one array per phase.
    """

    link: Ints
    capacity: Floats
    number: tuple[tuple[Ints, ...], ...]

    def of(self, programs: Sequence[int]) -> Network:
        """Return the same links for some of the programs."""
        return Network(self.link, self.capacity, tuple(self.number[i] for i in programs))


def joined(program: Program) -> Program:
    """Return a program without empty phases, in which consecutive ones that are the same are one of all their repeats."""
    phases: list[Phase] = []
    for phase in program.phases:
        if phases and _same(phases[-1], phase):
            phases[-1] = replace(phase, repeats=phases[-1].repeats + phase.repeats)
        elif phase.repeats and len(phase.source):
            phases.append(phase)
    return Program(program.ranks, phases, program.start)


def _same(one: Phase, other: Phase) -> bool:
    """Return whether two phases differ in nothing but repeats."""
    if one.active or other.active or not same_messages(one, other):
        return False
    return bool(np.all(np.equal(one.nbytes, other.nbytes)) and np.all(one.delay == other.delay))


def same_messages(one: Phase, other: Phase) -> bool:
    """Return whether two phases have the same messages over the same links, whatever their bytes and delays."""
    a, b = one.ways, other.ways
    pairs: list[tuple[Ints | Floats | None, Ints | Floats | None]] = [
        (one.source, other.source),
        (one.target, other.target),
        (a.paths.first, b.paths.first),
        (a.paths.links, b.paths.links),
        (a.link, b.link),
        (a.capacity, b.capacity),
        (a.share, b.share),
    ]
    return all(x is y or (x is not None and y is not None and np.array_equal(x, y)) for x, y in pairs)


def network_of(programs: Sequence[Program]) -> Network:
    """Return the links of all phases: entries of equal ways.link are one.

    Raises:
        InputError: a link with two capacities.
    """
    ways = [phase.ways for program in programs for phase in program.phases]
    link, entry = np.unique(np.concatenate([w.link for w in ways] or [np.zeros(0, np.int64)]), return_inverse=True)
    given = np.concatenate([w.capacity for w in ways] or [np.zeros(0)])
    capacity = np.zeros(len(link))
    capacity[entry] = given
    differs = np.flatnonzero(capacity[entry] != given)
    if len(differs):
        name, one, other = link[entry[differs[0]]], given[differs[0]], capacity[entry[differs[0]]]
        raise InputError(f"simulate: link {name} must have one capacity in all phases, got {one:g} and {other:g}")
    at = list(accumulate((len(w.link) for w in ways), initial=0))
    numbers = [entry[low + w.paths.links] for low, w in zip(at, ways, strict=False)]
    bounds = accumulate((len(program.phases) for program in programs), initial=0)
    return Network(link, capacity, tuple(tuple(numbers[low:high]) for low, high in pairwise(bounds)))


def all_ways(programs: Sequence[Program], network: Network) -> Ways:
    """Return the ways of all messages of all phases, over the network's links."""
    ways = [phase.ways for program in programs for phase in program.phases]
    none, zero = np.zeros(0), np.zeros(0, np.int64)
    hops = np.concatenate([zero, *(w.paths.hops for w in ways)])
    shares = [np.ones(len(w.paths.links)) if w.share is None else w.share for w in ways]
    links = np.concatenate([zero, *(number for numbers in network.number for number in numbers)])
    return Ways(
        paths=Paths(np.concatenate(([0], np.cumsum(hops))), links),
        capacity=network.capacity,
        link=network.link,
        latency=np.concatenate([none, *(w.latency for w in ways)]),
        share=np.concatenate([none, *shares]) if any(w.share is not None for w in ways) else None,
    )


@dataclass(frozen=True, eq=False)
class Alone:
    """Messages each at the speed that it has alone: the smallest capacity / share on its way, infinite over no link.

    part: per entry, the capacity that it
    takes then, 0 for messages without bytes. moving: per message, seconds in which its bytes move.
    """

    part: Floats
    moving: Floats


def alone(phase: Phase, number: Ints, capacity: Floats) -> Alone:
    """Return the messages of a phase as if each were alone. A link named twice on a way counts once for the speed."""
    paths, share = phase.ways.paths, phase.ways.share
    offered = capacity[number] if share is None else capacity[number] / share
    count, some = len(phase.source), paths.hops > 0
    nbytes = np.broadcast_to(np.asarray(phase.nbytes, np.float64), count)
    rate = np.full(count, np.inf)
    if len(offered):
        rate[some] = np.minimum.reduceat(offered, paths.first[:-1][some])
    moving = np.where(nbytes > 0, rate, 0.0)
    part = np.repeat(moving, paths.hops)
    return Alone(part if share is None else part * share, nbytes / rate)


def apart(programs: Sequence[Program], network: Network) -> list[list[int]]:
    """Return the programs in groups: those of different groups share no link that they could fill together.

    A link could be filled if all messages of all phases at once, each at the speed that it has alone, reach its capacity.
    """
    if len(programs) < 2:
        return [list(range(len(programs)))]
    loads = np.zeros((len(programs), len(network.link)))
    for i, (program, numbers) in enumerate(zip(programs, network.number, strict=True)):
        for phase, number in zip(program.phases, numbers, strict=True):
            loads[i] += np.bincount(number, alone(phase, number, network.capacity).part, minlength=len(network.link))
    uses = loads[:, loads.sum(axis=0) >= network.capacity * (1 - FULL)] > 0
    group = np.arange(len(programs))
    for _ in programs:  # the lowest number goes from program to program over the links they share
        lowest = np.where(uses, group[:, None], len(programs)).min(axis=0, initial=len(programs))
        group = np.minimum(group, np.where(uses, lowest, len(programs)).min(axis=1, initial=len(programs)))
    return [np.flatnonzero(group == one).tolist() for one in np.unique(group)]
