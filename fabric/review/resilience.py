"""What breaks and what it costs: curves over failures, single points of failure, draining a switch, lost goodput.

It knows published failure rates of one large run, no vendor's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.failures import Failures
from fabric.predict.answer import predict
from fabric.predict.constants import NONE, Constants
from fabric.predict.stress import Point, curve
from fabric.review.performance import Timed, one_seed, timed
from fabric.review.racks import Layout
from fabric.review.request import Failing, Request
from topologies.base import Topology
from topologies.errors import InputError

RUN_DEVICES, RUN_HOURS = 16_384, 54 * 24
RUN_STOPS, RUN_NETWORK_STOPS = 419, 35
"""Unexpected interruptions, and those by switches and cables, of 54 days on 16,384 GPUs. Source: Llama 3, 2024, table 5."""


@dataclass(frozen=True)
class Damage:
    """So many failed of a kind: seconds over healthy seconds, median and worst of the draws that still run.

    cut: draws that cut ranks off.
    """

    what: str
    failed: int
    collective: str
    median: float | None
    worst: float | None
    draws: int
    cut: int


@dataclass(frozen=True)
class Resilience:
    """What breaks a candidate.

    lost: one switch of every tier drained, and the rack with the most switches gone; cut 1 where that parts ranks.
    single_homed: devices with one cable, whose switch or cable is a single point of failure. stops: per hour, of all
    devices; network_stops: of them, by switches and cables. goodput: share of time that stops leave.
    """

    damage: tuple[Damage, ...]
    lost: tuple[Damage, ...]
    single_homed: int
    devices: int
    stops: float
    network_stops: float
    goodput: float


def resilience(
    fabric: Fabric,
    request: Request,
    constants: Constants = NONE,
    *,
    routing: str,
    healthy: Timed | None = None,
    layout: Layout | None = None,
) -> Resilience:
    """Return what failures do to a candidate; the first case of the review (healthy) stands for the others in the curves."""
    failing, topology = request.failing, fabric.topology
    whole = healthy or timed(fabric, request.cases[0], request.orders[0], constants, routing)
    case, algorithm = whole.result.case, whole.result.algorithm
    asked = whole.result.routing or routing
    found: list[Damage] = []
    policy = one_seed(asked)
    for what, counts in (("links", failing.links), ("switches", failing.switches)):
        usable = [count for count in counts if count <= _available(topology, what)]
        points = curve([(case, algorithm)], fabric, what, usable, range(failing.seeds), constants, routing=policy)
        found += summed(list(points))
    alone = single_homed(topology)
    stops = RUN_STOPS / RUN_HOURS / RUN_DEVICES * topology.devices
    network = RUN_NETWORK_STOPS / RUN_STOPS * stops
    felt = stops if alone else stops - network
    gone = tuple(lost(fabric, whole, layout, constants, policy))
    return Resilience(tuple(found), gone, alone, topology.devices, stops, network, goodput(felt, failing))


def lost(fabric: Fabric, whole: Timed, layout: Layout | None, constants: Constants, policy: str) -> Iterator[Damage]:
    """Yield what it costs to drain the first switch of every tier, and to lose the rack with the most switches."""
    case, algorithm = whole.result.case, whole.result.algorithm
    (healthy,) = predict([case], fabric, constants, algorithm=algorithm, routing=policy, fidelity="loaded")
    for what, switches in _gone(fabric.topology, layout):
        try:
            (found,) = predict(
                [case],
                fabric,
                constants,
                algorithm=algorithm,
                routing=policy,
                fidelity="loaded",
                failures=Failures(switches=switches),
            )
        except InputError:
            yield Damage(what, len(switches), case.collective, None, None, 1, 1)
        else:
            ratio = found.time / healthy.time
            yield Damage(what, len(switches), case.collective, ratio, ratio, 1, 0)


def _gone(topology: Topology, layout: Layout | None) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield (what, the switches that are gone)."""
    vertex = np.arange(topology.vertices)
    switch = (vertex >= topology.devices) & (topology.tier != topology.scale_up_tier)
    if switch.sum() < 2:
        return
    for number, tier in enumerate(topology.tiers):
        own = vertex[switch & (topology.tier == number)]
        if len(own):
            yield "one switch drained" if tier == "switch" else f"one {tier} switch drained", (int(own[0]),)
    if layout is not None:
        rack = int(np.bincount(layout.rack[switch]).argmax())
        own = vertex[switch & (layout.rack == rack)]
        if len(own) < switch.sum():
            yield f"rack {rack} with {len(own)} switches", tuple(own.tolist())


def summed(points: Sequence[Point]) -> list[Damage]:
    """Return one row per kind and count over the draws."""
    groups: dict[tuple[str, int], list[Point]] = {}
    for point in points:
        groups.setdefault((point.what, point.failed), []).append(point)
    rows = []
    for (what, failed), own in groups.items():
        ratios = [point.ratio for point in own if point.ratio is not None]
        middle, worst = (median(ratios), max(ratios)) if ratios else (None, None)
        rows.append(Damage(what, failed, own[0].case.collective, middle, worst, len(own), len(own) - len(ratios)))
    return rows


def single_homed(topology: Topology) -> int:
    """Return the devices whose way out of the node is one cable, or cables to one switch: that one stops them."""
    outside = topology.level != topology.scale_up_level
    ends = topology.ends[outside].astype(np.int64)
    ends = np.concatenate([ends, ends[:, ::-1]])
    ends = np.unique(ends[ends[:, 0] < topology.devices], axis=0)
    return int((np.bincount(ends[:, 0], minlength=topology.devices) <= 1).sum())


def goodput(stops: float, failing: Failing) -> float:
    """Return the share of time left: 1 - stops per hour x (restart + half a checkpoint interval), 0 at the least."""
    return max(0.0, 1 - stops * (failing.restart + failing.checkpoint / 2) / 3600)


def _available(topology: Topology, what: str) -> int:
    if what == "switches":
        return sum(n for tier, n in topology.switches_by_tier.items() if tier != "scale-up") - 1
    return int((topology.level != topology.scale_up_level).sum()) - 1
