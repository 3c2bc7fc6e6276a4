"""What breaks and what it costs: curves over failures, single points of failure, what is lost at once, lost goodput.

It knows published failure rates of one large run, no vendor's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from statistics import median

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.failures import Failures
from fabric.network.placement import Devices, given_order, place, spread
from fabric.predict.answer import models_of, predict, predict_on
from fabric.predict.constants import NONE, Constants
from fabric.predict.stress import Point, curve
from fabric.records.case import Case
from fabric.review.by_rails import BY_RAILS
from fabric.review.losses import Event, compute_racks, events, network_switches, rack, shared_planes, single_points, together
from fabric.review.performance import Kept, Timed, algorithms_for, one_seed, timed
from fabric.review.racks import Layout
from fabric.review.request import Failing, Request
from topologies.base import Topology
from topologies.errors import InputError

RUN_DEVICES, RUN_HOURS = 16_384, 54 * 24
RUN_STOPS, RUN_NETWORK_STOPS = 419, 35
"""Unexpected interruptions, and those by switches and cables, of 54 days on 16,384 GPUs. Source: Llama 3, 2024, table 5."""
POWERS_OF_TWO = ("halving_doubling", "recursive_doubling", "recursive_halving")
"""Algorithms that send the whole buffer once more where ranks are no power of two: a library takes another one then."""


@dataclass(frozen=True)
class Damage:
    """So many failed of a kind: seconds over healthy seconds of the devices alive, median and worst of the draws that run.

    failed: cables, switches or racks; of an event, its switches and nodes. cut: draws in which devices alive are parted
    from the others. kind: of an event (losses.Event), else empty. devices_lost, devices_parted: the most of any draw.
    left, rest: where some are lost or parted, the devices of the nodes that are whole, and the case's seconds on those
    over healthy ones (None: it does not run there, or it was not asked).
    """

    what: str
    failed: int
    collective: str
    median: float | None
    worst: float | None
    draws: int
    cut: int
    kind: str = ""
    devices_lost: int = 0
    devices_parted: int = 0
    left: int = 0
    rest: float | None = None


@dataclass(frozen=True)
class Resilience:
    """What breaks a candidate.

    damage: curves over failed links, switches, planes and compute racks. lost: one switch of every tier drained, a plane
    or rail, and the fullest network and compute rack gone (losses.events). single_homed: devices with one cable, or cables
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
    job = _job(fabric, constants, known, {} if kept is None else kept)
    alone, points = single_homed(topology), single_points(topology)
    stops = RUN_STOPS / RUN_HOURS / RUN_DEVICES * topology.devices
    network = RUN_NETWORK_STOPS / RUN_STOPS * stops
    return Resilience(
        damage=tuple(_curves(job, failing, layout)) if job.algorithm else (),
        lost=tuple(_struck(job, event) for event in events(topology, layout)),
        single_homed=alone,
        devices=topology.devices,
        stops=stops,
        network_stops=network,
        goodput=goodput(stops if alone else stops - network, failing),
        single_switches=points.switches,
        single_cables=points.cables,
        one_switch_takes=points.devices,
    )


@dataclass(frozen=True, eq=False)
class _Job:
    """The case that stands for all: its algorithm (empty: none can be asked), the device of every rank, healthy seconds."""

    fabric: Fabric
    constants: Constants
    policy: str
    case: Case
    algorithm: str
    others: tuple[str, ...]
    devices: Devices
    healthy: float


def _job(fabric: Fabric, constants: Constants, known: Sequence[Timed], kept: Kept) -> _Job:
    """Return the first case that a schedule answers, under the routing's first seed."""
    whole = next((one for one in known if one.result.algorithm != BY_RAILS), known[0])
    result, policy = whole.result, one_seed(whole.result.routing or "ideal")
    algorithm = "" if result.algorithm == BY_RAILS else result.algorithm
    devices = place(fabric.topology, result.case.world_size, result.case.order)
    seconds = result.time
    if algorithm:
        models = models_of(fabric, constants, policy, kept)
        seconds = predict_on(models, result.case, fabric, algorithm, policy, "loaded", explain=False).time
    others = tuple(name for name in algorithms_for(whole.text, fabric, constants) if name != algorithm)
    return _Job(fabric, constants, policy, result.case, algorithm, others, devices, seconds)


def _curves(job: _Job, failing: Failing, layout: Layout | None) -> Iterator[Damage]:
    """Yield the damage of failed cables, switches, planes and compute racks; every draw adds to the one before.

    Planes fail from the first on, without a draw; the loss of the one that two leave is among what is lost at once.
    """
    topology, asked = job.fabric.topology, [(job.case, job.algorithm)]
    planes = shared_planes(topology)
    drawn = [(what, getattr(failing, what), range(failing.seeds)) for what in ("links", "switches")]
    for what, counts, seeds in (*drawn, ("planes", range(1, planes if planes > 2 else 1), range(1))):
        usable = [count for count in counts if count <= _available(topology, what)]
        yield from summed(list(curve(asked, job.fabric, what, usable, seeds, job.constants, routing=job.policy)))
    if layout is not None:
        yield from _lost_racks(job, failing, layout)


def _lost_racks(job: _Job, failing: Failing, layout: Layout) -> Iterator[Damage]:
    """Yield the damage of compute racks that are lost, on the devices that are left."""
    topology = job.fabric.topology
    standing = compute_racks(topology, layout)
    for count in (count for count in failing.racks if count < len(standing)):
        drawn = [np.random.default_rng(seed).permutation(standing)[:count] for seed in range(failing.seeds)]
        rows = [_struck(job, reduce(or_, (rack(topology, layout, number) for number in own.tolist()))) for own in drawn]
        ratios = [row.median for row in rows if row.median is not None]
        yield replace(
            rows[0],
            what="racks",
            failed=count,
            median=median(ratios) if ratios else None,
            worst=max(ratios, default=None),
            draws=len(rows),
            cut=len(rows) - len(ratios),
            kind="",
            devices_lost=max(row.devices_lost for row in rows),
            devices_parted=max(row.devices_parted for row in rows),
            left=min(row.left for row in rows),
            rest=None,
        )


def _struck(job: _Job, event: Event) -> Damage:
    """Return what one event does to the job, and to one on the nodes that it leaves whole."""
    node = job.fabric.topology.node[: job.fabric.topology.devices]
    gone, failures = np.isin(node, event.nodes), Failures(switches=event.switches)
    still = together(job.fabric.topology, failures, gone)
    whole = ~np.isin(node, node[~still])
    left, parted = job.devices[whole[job.devices]], int((~still & ~gone).sum())
    unhurt = not gone[job.devices].any()
    ratio = _ratio(job, job.algorithm, failures, job.devices) if unhurt and job.algorithm else None
    rest = _at_best(job, failures, left) if ratio is None and len(left) > 1 else None
    of_alive = ratio if unhurt or parted else rest
    return Damage(
        what=event.what,
        failed=len(event.switches) + len(event.nodes),
        collective=job.case.collective,
        median=of_alive,
        worst=of_alive,
        draws=1,
        cut=int(of_alive is None if unhurt and job.algorithm else parted > 0),
        kind=event.kind,
        devices_lost=int(gone.sum()),
        devices_parted=parted,
        left=0 if still.all() else int(whole.sum()),
        rest=rest,
    )


def _at_best(job: _Job, failures: Failures, devices: Devices) -> float | None:
    """Return the ratio on what is left by the job's own algorithm, or by the best other where a power of two is lost."""
    lost = job.algorithm in POWERS_OF_TWO and _is_power(job.case.world_size) and not _is_power(len(devices))
    others = [name for name in job.others if name not in POWERS_OF_TWO] if lost else []
    found = [_ratio(job, name, failures, devices) for name in others or [job.algorithm] if name]
    return min((ratio for ratio in found if ratio is not None), default=None)


def _is_power(number: int) -> bool:
    return number & (number - 1) == 0


def _ratio(job: _Job, algorithm: str, failures: Failures, devices: Devices) -> float | None:
    """Return the case's seconds on these of its devices over healthy ones; None where it does not run."""
    case, given = job.case, None
    if len(devices) < case.world_size:
        nodes, per_node = spread(job.fabric.topology, devices)
        order = given_order(devices)
        case, given = replace(case, world_size=len(devices), nodes=nodes, ranks_per_node=per_node, order=order), devices
    try:
        (found,) = predict(
            [case],
            job.fabric,
            job.constants,
            algorithm=algorithm,
            routing=job.policy,
            fidelity="loaded",
            failures=failures if failures.switches else None,
            given=given,
        )
    except InputError:
        return None
    return found.time / job.healthy


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
    if what != "links":
        return int(network_switches(topology).sum()) - 1
    return int((topology.level != topology.scale_up_level).sum()) - 1
