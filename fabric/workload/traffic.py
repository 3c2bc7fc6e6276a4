"""The messages of a plan that the engine lays out: between stages, and DP's collectives. It knows no order and no time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from fabric.network.routing.ways import Ints, Ways
from fabric.predict.flows.programs import Phase, Program
from fabric.workload.alike import Exchange
from fabric.workload.layers import Setting
from fabric.workload.layout import groups
from fabric.workload.messages import Message, pp_message
from fabric.workload.plan import ParallelPlan
from fabric.workload.training import DataParallel
from topologies.errors import InputError

MOST_MESSAGES = 2**19
"""Of a collective of all groups, all repeats counted, beyond which it lasts its closed seconds."""


@dataclass
class Traffic:
    """Exchanges by number: sends of (stage, forward), and rounds of every DP message's part; None: it lasts its seconds."""

    exchanges: list[Exchange] = field(default_factory=list)
    sends: dict[tuple[int, bool], int] = field(default_factory=dict)
    rounds: dict[Message, list[int] | None] = field(default_factory=dict)

    def add(self, one: Exchange) -> int:
        """Add an exchange; return its number."""
        self.exchanges.append(one)
        return len(self.exchanges) - 1


def traffic_of(at: Setting, units: Ints, sides: list[DataParallel]) -> Traffic:
    """Return all exchanges of a step. units: of units(). sides: DP's messages.

    Raises:
        InputError: messages between stages that cannot be listed on the fabric.
    """
    found = Traffic()
    if at.plan.pp > 1:
        for forward in (True, False):
            _between_stages(at, units, found, forward=forward)
    for one in sides:
        for part in parts(at.plan, one):
            if part not in found.rounds:
                found.rounds[part] = _rounds(at, part, found)
    return found


def parts(plan: ParallelPlan, one: DataParallel) -> list[Message]:
    """Return a DP message as it is sent: the part with nothing beside it first, then the rest, if any, a part a chunk."""
    alone = 1 / one.buckets if one.side in plan.overlap else 1.0
    shares = [alone, *[(1 - alone) / plan.vpp] * (plan.vpp if alone < 1 else 0)]
    return [one.message._replace(nbytes=one.message.nbytes * share) for share in shares]


def units(plan: ParallelPlan) -> Ints:
    """Return the ranks that pass a micro batch together (replicas, stages, tp x cp), by data-parallel replica and stage."""
    sizes = {"tp": plan.tp, "cp": plan.cp, "dp": plan.dp or 1, "pp": plan.pp}
    names = list(reversed(plan.layout))
    ranks = np.arange(plan.ranks).reshape([sizes[name] for name in names])
    return np.transpose(ranks, [names.index(name) for name in ("dp", "pp", "cp", "tp")]).reshape(sizes["dp"], plan.pp, -1)


def messages_of(program: Program) -> int:
    """Return the messages of a program, all repeats counted."""
    return sum(len(phase.source) * phase.repeats for phase in program.phases)


def _between_stages(at: Setting, units: Ints, found: Traffic, *, forward: bool) -> None:
    """Add the messages of every stage's ranks to the next one, or back: those of a ring over every pipeline's stages."""
    pipes = np.moveaxis(units, 1, 2).reshape(-1, at.plan.pp)
    ranks = pipes if forward else pipes[:, ::-1]
    message = pp_message(at.model, at.plan, at.tokens)
    program = at.costs.ring(at.plan, ranks, f"stages {forward}", message.nbytes)
    if program is None or len(program.phases) != 1:
        raise InputError("step: messages between stages cannot be listed on this fabric; use the closed level")
    phase = program.phases[0]
    position = phase.source % at.plan.pp
    for stage in range(at.plan.pp):
        kept = np.flatnonzero(position == (stage if forward else at.plan.pp - 1 - stage))
        found.sends[stage, forward] = found.add(_exchange("pp", phase, kept, ranks.ravel()))


def _rounds(at: Setting, message: Message, found: Traffic) -> list[int] | None:
    """Add the exchanges of a message of all groups; return their numbers in order, None where they cannot be listed."""
    program = at.costs.program(at.plan, message.dimension, message.collective, message.nbytes)
    if program is None or messages_of(program) > MOST_MESSAGES:
        return None
    ranks, numbers = groups(at.plan, message.dimension).ravel(), list[int]()
    use = f"{message.what} {message.nbytes:.0f}"
    for phase in program.phases:
        known = dict[bytes, int]()
        for kept in _repeats(phase):
            key = kept.tobytes()
            if key not in known:
                known[key] = found.add(_exchange(use, phase, kept, ranks))
            numbers.append(known[key])
    return numbers


def _repeats(phase: Phase) -> Iterator[Ints]:
    """Yield the messages of a phase's repeats."""
    whole = np.arange(len(phase.source))
    for repeat in range(phase.repeats):
        yield whole if phase.active is None else np.flatnonzero(phase.active(repeat))


def _exchange(use: str, phase: Phase, kept: Ints, ranks: Ints) -> Exchange:
    """Return some of a phase's messages between the world's ranks."""
    ways, count = phase.ways, len(phase.source)
    paths = ways.paths.of(kept)
    entries = np.arange(len(paths.links)) + np.repeat(ways.paths.first[kept] - paths.first[:-1], paths.hops)
    some = Ways(paths, ways.capacity, ways.link, ways.latency[kept], None if ways.share is None else ways.share[entries])
    nbytes, delay = (np.broadcast_to(np.asarray(x, dtype=np.float64), count)[kept] for x in (phase.nbytes, phase.delay))
    return Exchange(use, ranks[phase.source[kept]], ranks[phase.target[kept]], some, nbytes, delay)
