"""How far measured times were from predictions by nominal hardware: an interval and its reasons. It predicts nothing.

NCCL's own model, on three sites of H100, GH200 and B200 with 2 to 16 nodes: measured / predicted seconds by size, as the least
and the most of the sites' geometric means, and a fifth for what single rows add. MPI by a node's own rates, on three sites:
what held nine in ten rows of algorithms that had no part in the fit (docs/scale.md).
"""

from __future__ import annotations

from dataclasses import replace

from fabric.predict.constants import NCCL, NONE, Constants
from fabric.predict.footprint import REDUCING, host_at
from fabric.predict.host import HostRate, HostRates
from fabric.records.case import Case
from fabric.records.prediction import Prediction

KIB, MIB = 1024, 1024**2
NOMINAL: tuple[tuple[int, float, float], ...] = (
    (64 * KIB, 0.68, 1.9),
    (MIB, 0.9, 10.0),
    (16 * MIB, 0.8, 3.1),
    (256 * MIB, 0.73, 2.9),
)
"""Bytes below which, and there measured / predicted seconds at the fast and at the slow end."""
LARGE = (0.5, 1.7)
SEEN_NODES = 16
FASTER = 2.9
"""How much too fast predictions were found on more nodes than that, between 1 MiB and 1 GiB."""


HOSTED = (0.35, 2.0)
"""Measured / predicted seconds by a node's own rates, at the fast and at the slow end."""
HOST_SMALL, SMALL = 3.0, 16 * MIB
"""The slow end below so many bytes, where what a message takes besides them has no term."""
UNADDED = 6.5
"""The slow end where no row said what adding takes."""
LACKING = (
    "lack the rates at which a node copies and reduces what MPI sends from its memory: such predictions were 5 x too fast "
    "from 1 MiB on at two sites, and 1.2 x at a third; calibrate on a site's rows of several nodes fills them"
)


def with_interval(said: Prediction, seconds: float, case: Case, constants: Constants = NONE) -> Prediction:
    """Return what a model says with the interval of nominal hardware, or with the reason why there is none.

    constants: by which it was said; those with a node's own rates have an interval too.
    """
    at = host_at(constants, case)
    if constants.host is not None and at is not None:
        return _hosted(said, seconds, case, constants.host, at)
    if not said.backend or said.backend.partition(":")[0] != NCCL or case.nodes < 2:
        return replace(said, interval_reasons=(_none(said, case, constants),))
    low, high = next(((low, high) for most, low, high in NOMINAL if case.nbytes < most), LARGE)
    reasons = [f"nominal hardware: rows of three sites were between {low:g} and {high:g} x such predictions at this size"]
    if case.nodes > SEEN_NODES:
        high = max(high, FASTER)
        reasons.append(f"more than {SEEN_NODES} nodes: predictions were up to {FASTER:g} x too fast there")
    reasons.append("calibrate on this site's own runs narrows it")
    return replace(said, interval=(low * seconds, high * seconds), interval_reasons=tuple(reasons))


def _hosted(said: Prediction, seconds: float, case: Case, host: HostRates, at: HostRate) -> Prediction:
    """Return what a model says with the interval of predictions by a node's own copies and additions."""
    low, high = HOSTED
    reasons = [f"what a node copies and adds from its memory, {host.source}: no row of this algorithm"]
    if case.nbytes < SMALL:
        high = HOST_SMALL
        reasons.append("below 16 MiB: what a message takes besides its bytes has no term")
    if case.collective in REDUCING and at.reduce is None:
        high = UNADDED
        reasons.append("no row says what adding takes: at least what copying does")
    if host.spread:
        low, high = min(low, host.spread[0]), max(high, host.spread[1])
    return replace(said, interval=(low * seconds, high * seconds), interval_reasons=tuple(reasons))


def _none(said: Prediction, case: Case, constants: Constants) -> str:
    if said.backend and case.nodes < 2:
        return "no interval: errors inside one node were not collected"
    unhosted = constants.host is None and not constants.lines
    if unhosted and said.backend and said.backend.startswith("mpi"):
        return f"no interval: constants {said.constants} {LACKING}"
    return f"no interval: nothing is known of how far measured times are from {said.constants}; calibrate on runs of this site"
