"""What failures do to one collective: each draw under a hash of its own, and the same where traffic splits evenly.

It draws no failure itself and knows no rates. A draw is a loss (losses.py): cables, switches and nodes that go together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.failures import Failures
from fabric.network.placement import Devices, given_order, place, spread
from fabric.network.routing.policies import RELAY
from fabric.predict.answer import models_of, policies, predict, predict_on
from fabric.predict.constants import Constants
from fabric.records.case import Case
from fabric.review.by_rails import BY_RAILS, SPLIT
from fabric.review.losses import Event, Loss, together
from fabric.review.performance import Kept, Timed, algorithms_for
from topologies.errors import InputError

POWERS_OF_TWO = ("halving_doubling", "recursive_doubling", "recursive_halving")
"""Algorithms that send the whole buffer once more where ranks are no power of two: a library takes another one then."""
GAIN = 5e-4
"""A ratio below 1 by less than this is 1: half of what is printed."""


@dataclass(frozen=True)
class Damage:
    """What an event does: seconds over healthy seconds of the devices alive, median and worst of the draws that run.

    failed: cables, switches or racks drawn; of a loss as a whole, its cables, switches and nodes. draws: of what fails,
    each under the next seed of the routing; of a loss as a whole, one per seed. cut: draws in which devices alive are
    parted from the others. devices_lost, devices_parted: the most of any draw. left, rest: where some
    are lost or parted, the fewest devices of nodes that are whole, and the median of the case's seconds on those over
    healthy ones (None: it does not run there, or nothing was parted or lost). even, rest_even: where a draw's ratio of
    either is below 1, the lowest of the same loss and algorithm with all traffic split evenly before and after (below_one).
    """

    event: Event
    failed: int
    collective: str
    median: float | None
    worst: float | None
    draws: int
    cut: int
    devices_lost: int = 0
    devices_parted: int = 0
    left: int = 0
    rest: float | None = None
    even: float | None = None
    rest_even: float | None = None


def below_one(ratio: float | None, even: float | None, digits: int = 3) -> str:
    """Return why a ratio is below 1: `fewer` ranks where the even split has half of the gap or more, else the `hash`.

    Empty where it is not below. digits: decimals that are printed: what prints as 1 is not below it.
    """
    if ratio is None or even is None or round(ratio, digits) >= 1:
        return ""
    return "fewer" if 1 - even >= (1 - ratio) / 2 else "hash"


@dataclass(frozen=True, eq=False)
class Job:
    """The case that stands for all: its algorithm (empty: none can be asked), the device of every rank.

    seeds: a policy per seed of the routing; healthy: seconds by policy, of all of these. others: algorithms that were tried
    beside its own.
    """

    fabric: Fabric
    constants: Constants
    case: Case
    algorithm: str
    others: tuple[str, ...]
    devices: Devices
    seeds: tuple[str, ...]
    healthy: Mapping[str, float]


def job_of(fabric: Fabric, constants: Constants, known: Sequence[Timed], kept: Kept) -> Job:
    """Return the first case that a schedule answers, healthy under every seed of its routing."""
    whole = next((one for one in known if one.result.algorithm != BY_RAILS), known[0])
    result, seeds = whole.result, tuple(policies(whole.result.routing or "ideal"))
    algorithm = "" if result.algorithm == BY_RAILS else result.algorithm
    healthy = dict.fromkeys(seeds, result.time)
    if algorithm:
        for policy in healthy:
            models = models_of(fabric, constants, policy, kept)
            healthy[policy] = predict_on(models, result.case, fabric, algorithm, policy, "loaded", explain=False).time
    others = tuple(name for name in algorithms_for(whole.text, fabric, constants) if name != algorithm)
    devices = place(fabric.topology, result.case.world_size, result.case.order)
    return Job(fabric, constants, result.case, algorithm, others, devices, seeds, healthy)


@dataclass(frozen=True)
class _Hit:
    """One loss under one hash. alive: the ratio of the devices alive; rest: of those on whole nodes; even: see Damage."""

    alive: float | None
    rest: float | None
    even: float | None
    rest_even: float | None
    cut: bool
    lost: int
    parted: int
    left: int


def struck(job: Job, event: Event, draws: Sequence[Loss], *, failed: int | None = None) -> Damage:
    """Return what draws of an event do to the job, one row: the n-th under the n-th seed of its routing, around again.

    failed: as Damage, by default what the first draw takes.
    """
    hits = [_hit(job, loss, job.seeds[number % len(job.seeds)]) for number, loss in enumerate(draws)]
    alive = [hit.alive for hit in hits if hit.alive is not None]
    rest = [hit.rest for hit in hits if hit.rest is not None]
    first = draws[0]
    return Damage(
        event=event,
        failed=len(first.cables) + len(first.switches) + len(first.nodes) if failed is None else failed,
        collective=job.case.collective,
        median=median(alive) if alive else None,
        worst=max(alive, default=None),
        draws=len(hits),
        cut=sum(hit.cut for hit in hits),
        devices_lost=max(hit.lost for hit in hits),
        devices_parted=max(hit.parted for hit in hits),
        left=min((hit.left for hit in hits if hit.lost or hit.parted), default=0),
        rest=median(rest) if rest else None,
        even=min((hit.even for hit in hits if hit.even is not None), default=None),
        rest_even=min((hit.rest_even for hit in hits if hit.rest_even is not None), default=None),
    )


def _hit(job: Job, loss: Loss, policy: str) -> _Hit:
    """Return what one loss does to the job, and to one on the nodes that it leaves whole."""
    topology = job.fabric.topology
    node = topology.node[: topology.devices]
    gone, failures = np.isin(node, loss.nodes), Failures(loss.cables, loss.switches)
    still = together(topology, failures, gone)
    whole = ~np.isin(node, node[~still])
    left, parted = job.devices[whole[job.devices]], int((~still & ~gone).sum())
    asked = not gone[job.devices].any() and bool(job.algorithm)
    alive = _ratio(job, job.algorithm, failures, job.devices, policy) if asked else None
    even = _even(job, job.algorithm, failures, job.devices) if _is_below(alive) else None
    name, rest = _at_best(job, failures, left, policy) if (alive is None or parted) and len(left) > 1 else ("", None)
    rest_even = _even(job, name, failures, left) if _is_below(rest) else None
    apart = not asked and not parted
    return _Hit(
        alive=rest if apart else alive,
        rest=rest,
        even=rest_even if apart else even,
        rest_even=rest_even,
        cut=alive is None if asked else parted > 0,
        lost=int(gone.sum()),
        parted=parted,
        left=0 if still.all() else int(whole.sum()),
    )


def _at_best(job: Job, failures: Failures, devices: Devices, policy: str) -> tuple[str, float | None]:
    """Return algorithm and ratio on what is left: the job's own, or the best other one.

    Another one where the number left is no power of two any more and the own gains by one, or where the own refuses.
    """
    if not job.algorithm:
        return "", None
    lost = job.algorithm in POWERS_OF_TWO and _is_power(job.case.world_size) and not _is_power(len(devices))
    others = tuple(name for name in job.others if name not in POWERS_OF_TWO) if lost else job.others
    for asked in (() if lost and others else (job.algorithm,), others):
        found = [(ratio, name) for name in asked if (ratio := _ratio(job, name, failures, devices, policy)) is not None]
        if found:
            best, name = min(found)
            return name, best
    return "", None


def _is_power(number: int) -> bool:
    return number & (number - 1) == 0


def _is_below(ratio: float | None) -> bool:
    return ratio is not None and ratio < 1 - GAIN


def _ratio(job: Job, algorithm: str, failures: Failures, devices: Devices, policy: str) -> float | None:
    """Return the case's seconds on these of its devices over the job's healthy ones; None where it does not run."""
    found = _seconds(job, algorithm, failures, devices, policy)
    return None if found is None else found / job.healthy[policy]


def _even(job: Job, algorithm: str, failures: Failures, devices: Devices) -> float | None:
    """Return what the same loss does to the same algorithm where all traffic is split evenly, before and after."""
    policy = f"{RELAY}:{SPLIT}" if job.seeds[0].startswith(f"{RELAY}:") else SPLIT
    before = _seconds(job, algorithm, Failures(), job.devices, policy)
    after = _seconds(job, algorithm, failures, devices, policy)
    return None if before is None or after is None else after / before


def _seconds(job: Job, algorithm: str, failures: Failures, devices: Devices, policy: str) -> float | None:
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
            routing=policy,
            fidelity="loaded",
            failures=failures if failures.switches or failures.cables else None,
            given=given,
        )
    except InputError:
        return None
    return found.time
