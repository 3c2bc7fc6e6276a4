"""What operators read off a run: waits by size, fairness, allocation rates by their published names. It knows no money.

Names: GAR (devices held / devices up, mean over the window), SOR (device-time held / device-time installed), GFR (share of
nodes that are partly held) and JTTED (a job's time where it lies over that on the best place, alone) after Kant, arXiv
2510.01256, as we read it; the goodputs of MPG after arXiv 2502.06982; bounded slowdown with 10 s after Feitelson et al.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.fleet.account import timeline
from fabric.fleet.job import Longs
from fabric.fleet.outcome import FULL, Outcome
from fabric.fleet.waterfall import Waterfall

SIZES = ((1, 1), (2, 8), (9, 64), (65, 512), (513, 2**31))
"""Size classes in devices, both ends included."""
BOUND_US = 10_000_000
"""Runs shorter than this count as this long in the bounded slowdown."""
SECOND = 1e6
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SizeClass:
    """Jobs of one size: seconds of wait and of completion (submit to end), bounded slowdown; None where no job ended.

    name: `2-8` devices. jobs: submitted within the window; ended: of them done by its end.
    """

    name: str
    jobs: int
    ended: int
    wait_median: float | None
    wait_p95: float | None
    slowdown_median: float | None
    slowdown_p95: float | None
    completion_median: float | None
    completion_p95: float | None


@dataclass(frozen=True)
class Tenant:
    """One tenant: device-hours held, jobs, mean wait in seconds, mean bounded slowdown of the jobs that ended."""

    name: str
    hours: float
    jobs: int
    wait_mean: float
    slowdown_mean: float | None


def size_classes(outcome: Outcome) -> list[SizeClass]:
    """Return waits, slowdown and completion of all jobs submitted within the window, then per size class that has any."""
    inside = _submitted(outcome)
    devices = outcome.jobs.devices
    found = [_class("all", outcome, inside)]
    for low, high in SIZES:
        own = inside & (devices >= low) & (devices <= high)
        if own.any():
            found.append(_class(class_name(low, high), outcome, own))
    return found


def class_name(low: int, high: int) -> str:
    """Return a size class in devices as it is written: `1`, `2-8`, `513+`."""
    return str(low) if low == high else f"{low}+" if high >= 2**31 else f"{low}-{high}"


def _submitted(outcome: Outcome) -> NDArray[np.bool_]:
    begin, end = outcome.window
    return (outcome.jobs.submit >= begin) & (outcome.jobs.submit < end)


def slowdowns(outcome: Outcome) -> Floats:
    """Return the bounded slowdown of every job that ended: max(1, (end - submit) / max(work, 10 s)); NaN for others."""
    end, jobs = outcome.end, outcome.jobs
    taken = np.where(end >= 0, end - jobs.submit, 0) / np.maximum(jobs.work, BOUND_US)
    found: Floats = np.where(end >= 0, np.maximum(taken, 1.0), np.nan)
    return found


def _class(name: str, outcome: Outcome, own: NDArray[np.bool_]) -> SizeClass:
    end = outcome.end
    done = own & (end >= 0)
    waits, slow = outcome.waits[own] / SECOND, slowdowns(outcome)[done]
    taken = (end - outcome.jobs.submit)[done] / SECOND
    return SizeClass(
        name, int(own.sum()), int(done.sum()), middle(waits), p95(waits), middle(slow), p95(slow), middle(taken), p95(taken)
    )


def middle(values: Floats) -> float | None:
    """Return the median, None of nothing."""
    return float(np.median(values)) if len(values) else None


def p95(values: Floats) -> float | None:
    """Return the 95th percentile (the smallest value with 95 % at or below it), None of nothing."""
    return float(np.quantile(values, 0.95, method="inverted_cdf")) if len(values) else None


def tenants(outcome: Outcome) -> list[Tenant]:
    """Return every tenant with jobs within the window, the most device-hours first."""
    jobs, runs = outcome.jobs, outcome.runs
    begin, end = outcome.window
    span = np.maximum(np.minimum(runs.end, end) - np.maximum(runs.start, begin), 0) / (3600 * SECOND)
    own = jobs.columns()["tenant"].astype(np.int64)
    share = jobs.columns()["share"][runs.job].astype(np.float64) / 1000
    held = np.bincount(own[runs.job], weights=span * jobs.devices[runs.job] * share, minlength=len(jobs.tenants))
    inside, slow, waits = _submitted(outcome), slowdowns(outcome), outcome.waits / SECOND
    found = []
    for number, name in enumerate(jobs.tenants):
        mine = inside & (own == number)
        if mine.any() or held[number]:
            ended = slow[mine][~np.isnan(slow[mine])]
            wait = float(waits[mine].mean()) if mine.any() else 0.0
            found.append(Tenant(name, float(held[number]), int(mine.sum()), wait, float(ended.mean()) if len(ended) else None))
    return sorted(found, key=lambda one: (-one.hours, one.name))


def fairness(found: Sequence[Tenant]) -> float | None:
    """Return Jain's index of the tenants' mean bounded slowdowns: 1 where all are alike, 1 / tenants at the other end."""
    values = np.array([one.slowdown_mean for one in found if one.slowdown_mean is not None])
    return float(values.sum() ** 2 / (len(values) * (values**2).sum())) if len(values) else None


@dataclass(frozen=True)
class Names:
    """The field's names for a run, shares of 1: see the module. jtted: median and P95, 1 where every job lies at its best."""

    allocation: float
    gar: float
    sor: float
    gfr: float
    jtted_median: float
    jtted_p95: float
    scheduling_goodput: float
    runtime_goodput: float
    program_goodput: float
    racked: float
    used: float


def names(outcome: Outcome, waterfall: Waterfall, partly: Sequence[float]) -> Names:
    """Return the field's figures. partly: share of nodes that are partly held, at the sampled times.

    allocation: held / installed; racked: switched on / installed; used: effective / switched on. scheduling goodput: held / up;
    runtime goodput: held less what restarts lost / held; program goodput: effective / held less that loss.
    """
    line = timeline(outcome)
    spans = np.diff(line.times).astype(float)
    up = float((line.up * spans).sum())
    held = float((line.held * spans).sum())
    kept = waterfall.allocated - waterfall.lost_to_restarts
    on = waterfall.installed - waterfall.off
    ratio = jtted(outcome)
    return Names(
        allocation=waterfall.share("allocated"),
        gar=held / up if up else 0.0,
        sor=waterfall.share("allocated"),
        gfr=float(np.mean(partly)) if len(partly) else 0.0,
        jtted_median=middle(ratio) or 1.0,
        jtted_p95=p95(ratio) or 1.0,
        scheduling_goodput=held / up if up else 0.0,
        runtime_goodput=kept / waterfall.allocated if waterfall.allocated else 1.0,
        program_goodput=waterfall.effective / kept if kept else 0.0,
        racked=on / waterfall.installed if waterfall.installed else 0.0,
        used=waterfall.effective / on if on else 0.0,
    )


def jtted(outcome: Outcome) -> Floats:
    """Return per run of several nodes the time where it lies over that on the best place, both alone."""
    runs = outcome.runs
    several = np.diff(runs.first) > 1
    best = np.maximum(outcome.best, runs.alone) if len(outcome.best) else np.full(len(runs.alone), FULL)
    found: Floats = (best / np.maximum(runs.alone, 1))[several]
    return found


@dataclass(frozen=True)
class Samples:
    """A run at times evenly apart.

    times: seconds from the window's begin. held, queued: devices. partly: share of nodes partly held. stranded: share of free
    devices in leaves that are partly held. leaf: (leaves, times) share of devices held; demand: (leaves, times) load out of a
    leaf over what can leave it, empty without links. replicas: devices -> replicas of so many that fit.
    """

    times: Floats
    held: Floats
    queued: Floats
    partly: Floats
    stranded: Floats
    leaf: Floats
    demand: Floats
    replicas: Mapping[int, Longs]


def samples(outcome: Outcome, count: int = 96, replica_sizes: Sequence[int] = (1, 2, 4, 8)) -> Samples:
    """Return a run at `count` times of its window."""
    begin, end = outcome.window
    fleet, runs = outcome.fleet, outcome.runs
    times = (begin + (np.arange(count) + 0.5) * (end - begin) / count).astype(np.int64)
    line = timeline(outcome)
    at = np.clip(np.searchsorted(line.times, times, side="right") - 1, 0, max(len(line.held) - 1, 0))
    share = outcome.jobs.columns()["share"][runs.job].astype(np.float64) / 1000
    size = fleet.node_devices * fleet.node_on
    group = fleet.tree.group[0]
    leaves = len(fleet.tree.capacity[0])
    whole = np.bincount(group, weights=size, minlength=leaves)
    node_of, run_of = runs.nodes, np.repeat(np.arange(len(runs.job)), np.diff(runs.first))
    partly, stranded, leaf, demand = np.zeros(count), np.zeros(count), np.zeros((leaves, count)), np.zeros((leaves, count))
    fits: dict[int, list[int]] = {one: [] for one in replica_sizes}
    for number, time in enumerate(times.tolist()):
        now = (runs.start <= time) & (runs.end > time)
        here = now[run_of]
        used = np.bincount(node_of[here], weights=(runs.each * share)[run_of[here]], minlength=fleet.nodes)
        down = [o.node for o in outcome.outages if o.start_us <= time < (o.end_us or end)]
        up = size.astype(float)
        up[down] = 0.0
        free = np.maximum(up - used, 0.0)
        partly[number] = float(((used > 0) & (free > 0)).mean())
        held = np.bincount(group, weights=used, minlength=leaves)
        open_ = np.bincount(group, weights=free, minlength=leaves)
        stranded[number] = float(open_[held > 0].sum() / open_.sum()) if open_.sum() else 0.0
        leaf[:, number] = held / np.maximum(whole, 1)
        if outcome.links is not None:
            demand[:, number] = leaf_demand(outcome, np.flatnonzero(now))
        for one, found in fits.items():
            found.append(int((free // one).sum()))
    queued = line.asked[at] / 1000 if len(line.asked) else np.zeros(count)
    return Samples(
        (times - begin) / SECOND,
        line.held[at] / 1000 if len(line.held) else np.zeros(count),
        queued,
        partly,
        stranded,
        leaf,
        demand if outcome.links is not None else np.zeros((0, 0)),
        {one: np.array(found, np.int64) for one, found in fits.items()},
    )


def leaf_demand(outcome: Outcome, running: NDArray[np.integer]) -> Floats:
    """Return what running jobs send out of every lowest group over what can leave it, under the outcome's link model.

    As links.py says it: a job of n nodes, k of them in the group, sends 1 node's rate (ring) or k (n - k) / (n - 1)
    (all-to-all), times its communication share where the load is the mean; nothing where all its nodes are in one group.
    """
    tree, runs, links = outcome.fleet.tree, outcome.runs, outcome.links
    sent = np.zeros(len(tree.capacity[0]))
    if links is None:
        return sent
    share = outcome.jobs.columns()["communication"]
    size = outcome.fleet.node_devices
    for run in running.tolist():
        nodes = runs.nodes[runs.first[run] : runs.first[run + 1]]
        talks = int(share[runs.job[run]])
        if len(nodes) < 2 or not talks:
            continue
        groups, counts = np.unique(tree.group[0][nodes], return_counts=True)
        if len(groups) < 2:
            continue
        part = float(runs.each[run]) / float(size[nodes[0]])
        rate = np.ones(len(groups)) if links.pattern == "ring" else counts * (len(nodes) - counts) / (len(nodes) - 1)
        sent[groups] += rate * part * (talks / 1000 if links.load == "mean" else 1.0)
    found: Floats = sent * 1_000_000 / np.maximum(tree.capacity[0], 1)
    return found
