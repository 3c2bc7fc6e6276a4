"""What breaks and what it costs: curves over failures, single points of failure, what is lost at once, lost goodput.

It knows published failure rates of one large run, no vendor's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from fabric.network.failures import at_devices, between_switches, draw
from fabric.predict.constants import NONE, Constants
from fabric.review.damage import Damage, Job, job_of, struck
from fabric.review.losses import Event, Kind, Loss, compute_racks, losses, network_switches, rack, shared_planes, single_points
from fabric.review.performance import Kept, Timed, timed
from fabric.review.racks import Layout
from fabric.review.request import Failing, Request
from fabric.workload.checkpoints import RUN_DEVICES, RUN_HOURS, RUN_NETWORK_STOPS, RUN_STOPS
from topologies.base import Topology
from topologies.nics import cables_by_device

POOLS: dict[Kind, Callable[[Topology], NDArray[np.int64]]] = {"links": between_switches, "host_links": at_devices}
"""Kind of failing cable -> the cables that it is drawn from; together they are the network's."""
DRAWN: tuple[Kind, ...] = (*POOLS, "switches")


@dataclass(frozen=True)
class Resilience:
    """What breaks a candidate.

    damage: curves over failed cables between switches (links), at devices (host_links), switches, planes and compute racks.
    host_cables: network cables that end at a device, of cables in all. lost: one switch of every tier drained, a plane
    or rail, and the fullest network and compute rack gone (losses.losses). single_homed: devices with one cable, or cables
    to one switch. single_switches, single_cables: those whose loss parts any device; one_switch_takes: the most devices
    that one does. stops: per hour, of all devices; network_stops: of them, by switches and cables. goodput: share of time
    that stops leave.
    """

    damage: tuple[Damage, ...]
    lost: tuple[Damage, ...]
    single_homed: int
    devices: int
    stops: float
    network_stops: float
    goodput: float
    single_switches: int = 0
    single_cables: int = 0
    one_switch_takes: int = 0
    host_cables: int = 0
    cables: int = 0


def resilience(
    fabric: Fabric,
    request: Request,
    constants: Constants = NONE,
    *,
    routing: str,
    healthy: Sequence[Timed] = (),
    layout: Layout | None = None,
    kept: Kept | None = None,
) -> Resilience:
    """Return what failures do to a candidate.

    healthy: its cases as timed; the first that a schedule answers (not by_rails.py) stands for the others, without one
    only devices are counted. kept: models of the fabric (performance.Kept).
    """
    failing, topology = request.failing, fabric.topology
    known = healthy or (timed(fabric, request.cases[0], request.orders[0], constants, routing, kept=kept),)
    job = job_of(fabric, constants, known, {} if kept is None else kept)
    alone, points = single_homed(topology), single_points(topology)
    stops = RUN_STOPS / RUN_HOURS / RUN_DEVICES * topology.devices
    network = RUN_NETWORK_STOPS / RUN_STOPS * stops
    return Resilience(
        damage=tuple(_curves(job, failing, layout)) if job.algorithm else (),
        lost=tuple(struck(job, loss.event, [loss] * len(job.seeds)) for loss in losses(topology, layout)),
        single_homed=alone,
        devices=topology.devices,
        stops=stops,
        network_stops=network,
        goodput=goodput(stops if alone else stops - network, failing),
        single_switches=points.switches,
        single_cables=points.cables,
        one_switch_takes=points.devices,
        host_cables=len(at_devices(topology)),
        cables=sum(topology.cables_by_level.values()),
    )


def _curves(job: Job, failing: Failing, layout: Layout | None) -> Iterator[Damage]:
    """Yield the damage of failed cables, switches, planes and compute racks; every draw adds to the one before.

    Planes fail from the first on, without a draw; the loss of the one that two leave is among what is lost at once.
    """
    topology = job.fabric.topology
    for kind in DRAWN:
        event = Event(kind)
        for count in (count for count in getattr(failing, kind) if count <= _available(topology, kind)):
            found = [draw(topology, f"{kind}:{count}", seed) for seed in range(failing.seeds)]
            yield struck(job, event, [Loss(event, one.switches, cables=one.cables) for one in found], failed=count)
    planes = shared_planes(topology)
    event = Event("planes")
    for count in range(1, planes if planes > 2 else 1):
        gone = draw(topology, "+".join(f"plane:{n}" for n in range(count)))
        yield struck(job, event, [Loss(event, gone.switches)] * len(job.seeds), failed=count)
    if layout is not None:
        yield from _lost_racks(job, failing, layout)


def _lost_racks(job: Job, failing: Failing, layout: Layout) -> Iterator[Damage]:
    """Yield the damage of compute racks that are lost, on the devices that are left."""
    topology = job.fabric.topology
    standing = compute_racks(topology, layout)
    for count in (count for count in failing.racks if count < len(standing)):
        drawn = [np.random.default_rng(seed).permutation(standing)[:count] for seed in range(failing.seeds)]
        draws = [reduce(or_, (rack(topology, layout, number) for number in own.tolist())) for own in drawn]
        yield struck(job, Event("racks"), draws, failed=count)


def single_homed(topology: Topology) -> int:
    """Return the devices whose way out of the node is one cable, or cables to one switch: that one stops them."""
    ends = cables_by_device(topology)[1]
    ends = np.concatenate([ends, ends[:, ::-1]])
    ends = np.unique(ends[ends[:, 0] < topology.devices], axis=0)
    return int((np.bincount(ends[:, 0], minlength=topology.devices) <= 1).sum())


def goodput(stops: float, failing: Failing) -> float:
    """Return the share of time left: 1 - stops per hour x (restart + half a checkpoint interval), 0 at the least."""
    return max(0.0, 1 - stops * (failing.restart + failing.checkpoint / 2) / 3600)


def _available(topology: Topology, what: str) -> int:
    """Return how many may fail: one less than there are."""
    return (len(POOLS[what](topology)) if what in POOLS else int(network_switches(topology).sum())) - 1
