"""The arrays that the simulation of events begins with: nothing moves, no rank has started. It knows no time that passes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike

from fabric.network.routing.ways import Floats, Ints, Paths
from fabric.predict.flows.network import Network, all_ways
from fabric.predict.flows.programs import Phase, Program
from fabric.predict.flows.solver_ranks import Messages, Plan, Ranks, Standing
from fabric.predict.flows.solver_state import Moving, moving


def start(programs: Sequence[Program], network: Network) -> tuple[Moving, Ranks]:
    """Return nothing moving, and all ranks before their first phase."""
    ways = all_ways(programs, network)
    count, base = len(ways.latency), _running([program.ranks for program in programs])
    first = _running([len(program.phases) for program in programs])[:-1]
    slowest, at_step = _steps(programs)
    ranks = Ranks(
        messages=_messages(programs, base),
        standing=_standing(programs, base),
        plan=_plan(programs, base),
        base=base,
        first=np.where([len(program.phases) > 0 for program in programs], first, -1),
        slowest=slowest,
        at_step=at_step,
        full=np.column_stack((np.full(len(network.link), np.inf), np.zeros(len(network.link)))),
        key=np.zeros(count + 1),
        heap=np.zeros(count + 1, np.int64),
        tally=np.zeros(3, np.int64),
        now=np.zeros(1),
    )
    return moving(ways.paths, ways.capacity, ways.share), ranks


def _running(sizes: Sequence[int]) -> Ints:
    """Return the running sum, from 0."""
    return np.array([0, *accumulate(sizes)], dtype=np.int64)


def _phases(programs: Sequence[Program]) -> list[tuple[int, Phase]]:
    """Return all phases, each with the number of its program."""
    return [(i, phase) for i, program in enumerate(programs) for phase in program.phases]


def _ends(programs: Sequence[Program], base: Ints) -> tuple[Ints, Ints]:
    """Return source and target of all messages, the ranks of all programs numbered through."""
    phases, none = _phases(programs), np.zeros(0, np.int64)
    source = np.concatenate([none, *(phase.source + base[i] for i, phase in phases)])
    target = np.concatenate([none, *(phase.target + base[i] for i, phase in phases)])
    return source.astype(np.int64), target.astype(np.int64)


def _messages(programs: Sequence[Program], base: Ints) -> Messages:
    phases = [phase for _, phase in _phases(programs)]
    sizes = [len(phase.source) for phase in phases]

    def each(values: list[ArrayLike]) -> Floats:
        parts = [np.broadcast_to(np.asarray(value, np.float64), n) for value, n in zip(values, sizes, strict=True)]
        return np.concatenate([np.zeros(0), *parts])

    source, target = _ends(programs, base)
    return Messages(
        source=source,
        target=target,
        phase=np.repeat(np.arange(len(phases)), sizes),
        nbytes=each([phase.nbytes for phase in phases]),
        delay=each([phase.delay for phase in phases]),
        sent=np.zeros(len(source), np.int64),
        current=np.zeros(len(source), np.int64),
        ready=np.full(len(source), np.inf),
    )


def _standing(programs: Sequence[Program], base: Ints) -> Standing:
    """Return all ranks before their start."""
    ranks = np.diff(base)
    begin = np.array([program.start for program in programs], dtype=np.float64)
    return Standing(
        program=np.repeat(np.arange(len(programs)), ranks),
        place=np.full(base[-1], -1),
        turn=np.zeros(base[-1], np.int64),
        pending=np.zeros(base[-1], np.int64),
        begin=np.zeros(base[-1]),
        finish=np.repeat(begin, ranks),
    )


def _steps(programs: Sequence[Program]) -> tuple[Ints, Ints]:
    """Return every program's first step, where all its ranks are, and the ranks at every step: repeats, then being done."""
    first = _running([1 + sum(phase.repeats for phase in program.phases) for program in programs])
    at_step = np.zeros(first[-1], np.int64)
    at_step[first[:-1]] = [program.ranks for program in programs]
    return first[:-1], at_step


def _plan(programs: Sequence[Program], base: Ints) -> Plan:
    phases = _phases(programs)
    owner = np.array([i for i, _ in phases], np.int64)  # every program before has one step more: being done
    rows = _running([programs[i].ranks for i, _ in phases])
    row = rows[:-1] - base[owner]
    of_message = np.repeat(row, [len(phase.source) for _, phase in phases])
    sends, receives = (Paths(np.arange(len(who) + 1), of_message + who).turned(int(rows[-1])) for who in _ends(programs, base))
    flags = [[phase.active(k) for k in range(phase.repeats)] if phase.active else [] for _, phase in phases]
    masks = [np.concatenate([np.zeros(0, bool), *one]) for one in flags]
    has_mask = np.array([phase.active is not None for _, phase in phases], bool)
    last = np.array([j + 1 == len(program.phases) for program in programs for j in range(len(program.phases))], bool)
    return Plan(
        row=row,
        repeats=np.array([phase.repeats for _, phase in phases], dtype=np.int64),
        after=np.where(last, -1, np.arange(len(phases)) + 1),
        step=_running([phase.repeats for _, phase in phases])[:-1] + owner,
        message=_running([len(phase.source) for _, phase in phases]),
        mask=np.where(has_mask, _running([len(mask) for mask in masks])[:-1], -1),
        on=np.concatenate([np.zeros(0, bool), *masks]),
        first_send=sends.first,
        sends=sends.links,
        first_receive=receives.first,
        receives=receives.links,
    )
