"""What a collective's bytes take by how much memory its ranks touch on a node. It knows no algorithm and measures nothing.

A line's beta is what a byte takes while all that the ranks touch fits their caches. Beyond, every pass of the library over a
byte takes longer, by as much as this machine's copies and additions of the same working set do (working_sets.py). What a
library takes anew from the system for every call costs its pages besides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fabric.network.fabric import Fabric
from fabric.predict.constants import ANY_LEVEL, Constants, Line
from fabric.predict.host import HostRate, HostRates
from fabric.predict.libraries import openmpi
from fabric.records.case import Case

HALVES = ("all_gather", "reduce_scatter")
"""Collectives one of whose buffers is 1/p of the other."""
REDUCING = ("all_reduce", "reduce_scatter", "reduce")


def touched(case: Case) -> float:
    """Return the bytes that the ranks of one node touch together.

    A rank's buffers, and as much as it gets from others: what it reduces arrives beside its own, through memory.
    """
    apart = case.nbytes / case.world_size if case.collective in HALVES else case.nbytes
    own = case.nbytes + (0.0 if case.in_place else apart)
    return case.ranks_per_node * (own + (case.nbytes if case.collective in REDUCING else 0.0))


@dataclass(frozen=True)
class Beyond:
    """What a byte of a case's messages takes beyond the caches, in seconds: in each pass, and more in pages taken anew."""

    a_pass: float = 0.0
    anew: float = 0.0


def beyond(case: Case, fabric: Fabric, backend: str | None, algorithm: str, host: HostRates | None = None) -> Beyond:
    """Return what a byte takes beyond the caches; nothing where it is not known how fast the nodes' memory is.

    host: a node's rates by the constants, for a fabric that does not say its own; they say nothing of new pages.
    """
    memory = fabric.working_sets
    if memory is None or case.world_size < 2:
        return Beyond(host.excess(touched(case))) if host and case.world_size > 1 else Beyond()
    share = openmpi.anew(case, algorithm) if backend and backend.startswith("mpi:openmpi") else 0.0
    page = max(0.0, 1 / memory.fresh - memory.seconds_per_byte(touched(case)))  # getting one is writing it: one pass less
    return Beyond(memory.excess(touched(case)), share * page)


def at_footprint(constants: Constants, fabric: Fabric, case: Case, algorithm: str) -> Constants:
    """Return constants whose betas hold at what the case touches; a level's own speed is taken as one pass."""
    if host := host_at(constants, case):
        return _through_host(constants, host, fabric)
    more = beyond(case, fabric, constants.backend, algorithm, constants.host if constants.lines else None)
    if more == Beyond():
        return constants
    lines = {
        level: tuple(_at(line, more, fabric.levels[level].speed) for line in constants.lines.get(level, _any(constants)))
        for level in fabric.topology.levels
    }
    return replace(constants, lines=lines)


def host_at(constants: Constants, case: Case) -> HostRate | None:
    """Return a node's rates by which a case of several nodes is answered; None where lines say it, or no rate is known."""
    if constants.host is None or constants.lines or case.nodes < 2:
        return None
    return constants.host.at(touched(case))


def _through_host(constants: Constants, host: HostRate, fabric: Fabric) -> Constants:
    """Return constants by which no device sends faster than its host copies, and adding takes what its host does.

    Where no row says what adding takes, it takes at least what copying does.
    """
    lines = {
        level: (Line(0.0, max(1 / host.copy, 1 / fabric.levels[level].speed)),)
        for level in device_levels(fabric)
        if host.copy is not None
    }
    adding = host.reduce or host.copy
    return replace(constants, lines=lines, gamma=constants.gamma or (1 / adding if adding else 0.0))


def device_levels(fabric: Fabric) -> tuple[str, ...]:
    """Return the levels whose links end at a device: what its own copies slow down."""
    topology = fabric.topology
    ending = np.unique(topology.level[topology.ends.min(axis=1) < topology.devices])
    return tuple(topology.levels[index] for index in ending)


def _any(constants: Constants) -> tuple[Line, ...]:
    return constants.lines.get(ANY_LEVEL, (Line(0.0),))


def _at(line: Line, more: Beyond, speed: float) -> Line:
    beta = 1 / speed + more.a_pass if line.beta is None else line.beta + line.passes * more.a_pass
    return replace(line, beta=beta + more.anew, passes=0.0)
