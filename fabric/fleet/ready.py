"""What both engines start from: jobs' shapes per pool, groups and capacities as arrays. It decides nothing over time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, lgamma, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fabric.fleet.fleet import Fleet, Outage, draw, joined
from fabric.fleet.job import FleetJob, Ints, Jobs, Longs, table
from fabric.fleet.links import LinkModel
from fabric.fleet.policy import SchedulingPolicy
from topologies.errors import InputError

NEVER = 2**61
"""A time that does not come, and the longest that a run is taken to last."""
MOST_EXACT = 128
ROUNDING = 1e-9
ANYWHERE = 127
"""The block exponent of all leaves together."""


class Ready(NamedTuple):
    """A question, ready to run.

    pool_first: the first node of every pool, and one past the last. size: devices of a pool's nodes. on: per node. count, each:
    (pools, jobs), the nodes a job takes there and the devices on each, 0 where it cannot be. group: (tiers, nodes).
    link_first: the first link of every tier's groups. capacity: per link, empty without a link model. tier: of required and
    preferred. weight, cap: per tenant, in devices. block: (pools, nodes + 1), the power of two of leaves that holds so many
    nodes. changes: (time, 0 repair or 1 failure, node) in order. beside: (2, pools, jobs), thousandths of processors and MiB
    that a job takes on each of its nodes there; None where no node of the fleet has any, or no job asks for any.
    """

    fleet: Fleet
    jobs: Jobs
    policy: SchedulingPolicy
    links: LinkModel | None
    begin: int
    end: int
    pool_first: Ints
    size: Ints
    on: NDArray[np.bool_]
    wanted: Ints
    each: Ints
    group: Ints
    link_first: Ints
    capacity: Longs
    tier: int
    weight: Longs
    cap: Longs
    block: NDArray[np.int8]
    changes: Longs
    outages: tuple[Outage, ...]
    left_out: dict[str, str]
    beside: Longs | None


def ready(
    fleet: Fleet,
    rows: Sequence[FleetJob] | Jobs,
    policy: SchedulingPolicy,
    window: tuple[int, int] | None,
    seed: int,
    links: LinkModel | None,
    *,
    refuse: bool,
) -> Ready:
    """Return the question as arrays.

    Raises:
        InputError: no jobs, a window that ends before it begins, a job too large where that is refused, or links out of a
        group that has none.
    """
    jobs = table(rows)
    if not len(jobs):
        raise InputError("jobs: at least one is needed, got none")
    begin, end = window or (int(jobs.submit[0]), NEVER)
    if not 0 <= begin < end:
        raise InputError(f"window: must begin at 0 or later and end after it begins, got {begin} to {end} us")
    group, tier = np.stack(fleet.tree.group).astype(np.int32), fleet.tree.tier(policy.tier)
    pool_first = np.cumsum([0, *(pool.nodes for pool in fleet.pools)]).astype(np.int32)
    block = np.stack([_blocks(fleet, group[0], number) for number in range(len(fleet.pools))])
    count, each = _shapes(fleet, jobs)
    most = _most(fleet, policy, group[tier], pool_first)
    count[count > most[:, None]] = 0
    _beside(fleet, jobs, count)
    jobs, count, each, left_out = _that_fit(fleet, policy, jobs, count, each, refuse=refuse)
    horizon = end if window or not (fleet.rates or fleet.outages) else _horizon(jobs, fleet)
    drawn = draw(fleet.rates, fleet.nodes, horizon, seed) if fleet.rates else ()
    outages = tuple(joined([*fleet.outages, *drawn], horizon))
    quotas = [policy.quotas.get(name, 0) for name in jobs.tenants]
    least = min((quota for quota in policy.quotas.values()), default=1)
    return Ready(
        fleet, jobs, policy, links, begin, end, pool_first,
        np.array([pool.devices for pool in fleet.pools], np.int32),
        fleet.node_on,
        count, each, group,
        np.cumsum([0, *(len(c) for c in fleet.tree.capacity)]).astype(np.int32),
        _capacity(fleet, links),
        tier,
        np.array([quota or least for quota in quotas], np.int64),
        np.array([quota if quota and policy.cap else NEVER for quota in quotas], np.int64),
        block,
        _changes(outages),
        outages,
        left_out,
        _beside(fleet, jobs, count),
    )  # fmt: skip


def _shapes(fleet: Fleet, jobs: Jobs) -> tuple[Ints, Ints]:
    """Return (pools, jobs) nodes and devices on each, 0 where a pool is of another kind or its nodes too small; see `shape`."""
    count = np.zeros((len(fleet.pools), len(jobs)), np.int32)
    each = np.zeros_like(count)
    columns = jobs.columns()
    wanted, kinds = columns["nodes"].astype(np.int32), columns["kinds"].astype(np.int32)
    for number, pool in enumerate(fleet.pools):
        allowed = np.array([not names or pool.kind in names for names in jobs.types])[kinds]
        nodes = np.where(wanted > 0, wanted, -(-jobs.devices // pool.devices))
        per = -(-jobs.devices // np.maximum(nodes, 1))
        fits = allowed & (per <= pool.devices)
        count[number] = np.where(fits, nodes, 0)
        each[number] = np.where(fits, per, 0)
    return count, each


def _beside(fleet: Fleet, jobs: Jobs, count: Ints) -> Longs | None:
    """Return what jobs take of every pool's nodes beside devices, and take pools whose nodes have too little out of `count`."""
    columns, held = jobs.columns(), [(pool.processors, pool.memory) for pool in fleet.pools]
    asked = [columns[name].astype(np.int64) for name in ("processors", "memory")]
    if not any(has and one.any() for has, one in zip(np.max(held, axis=0), asked, strict=True)):
        return None
    found = np.zeros((len(asked), *count.shape), np.int64)
    for kind, one in enumerate(asked):
        for pool, has in enumerate(held):
            if has[kind]:
                found[kind, pool] = -(-one // np.maximum(count[pool], 1))
                count[pool][found[kind, pool] > has[kind]] = 0
    return found


def _most(fleet: Fleet, policy: SchedulingPolicy, group: Ints, pool_first: Ints) -> Longs:
    """Return per pool the most nodes that one job can ever have: those that are on, under `required` those of one group."""
    found = []
    for first, last in pairwise(pool_first.tolist()):
        on = fleet.node_on[first:last]
        inside = int(np.bincount(group[first:last][on]).max(initial=0))
        found.append(inside if policy.placement == "required" else int(on.sum()))
    return np.array(found, np.int64)


def _that_fit(
    fleet: Fleet, policy: SchedulingPolicy, jobs: Jobs, count: Ints, each: Ints, *, refuse: bool
) -> tuple[Jobs, Ints, Ints, dict[str, str]]:
    """Return the jobs that the fleet can hold, and why the others are left out."""
    fits = (count > 0).any(axis=0)
    if fits.all():
        return jobs, count, each, {}
    where = "one group of its tier" if policy.placement == "required" else "the fleet"
    reason = (
        f"asks for more than {where} has ({fleet.devices_on:,} devices on), or for a kind, processors or memory that none has"
    )
    left = {jobs.name(number): reason for number in np.flatnonzero(~fits).tolist()}
    if refuse or not fits.any():
        name = next(iter(left))
        job = jobs.row(int(np.flatnonzero(~fits)[0]))
        told = f"job {name}: {reason}: {job.devices:,} devices" + (f" of {'|'.join(job.types)}" if job.types else "")
        raise InputError(told if refuse else f"jobs: none of {len(jobs):,} fits; {told}")
    kept = np.flatnonzero(fits)
    return jobs.take(kept), count[:, kept], each[:, kept], left


def _horizon(jobs: Jobs, fleet: Fleet) -> int:
    """Return a time up to which failures are drawn where no window ends the run: the last submit and all work, one by one."""
    work = int(sum((jobs.work.astype(object) * jobs.devices).tolist()))
    return min(int(jobs.submit[-1]) + 2 * int(jobs.work.max()) + 4 * work // max(fleet.devices_on, 1), NEVER)


def _capacity(fleet: Fleet, links: LinkModel | None) -> Longs:
    """Return what every link carries, in UNIT; less with hash collisions.

    Raises:
        InputError: a group that nothing leaves, beside others of its tier.
    """
    if links is None:
        return np.zeros(0, np.int64)
    found = []
    for tier, (capacity, uplinks) in enumerate(zip(fleet.tree.capacity, fleet.tree.uplinks, strict=True)):
        if len(capacity) > 1 and capacity.min() < 1:
            name = fleet.tree.names[tier][int(capacity.argmin())]
            raise InputError(f"network: a link model needs a way out of every group, got none out of {name}")
        known = {count: fullest(count, links.flows) for count in set(uplinks.tolist())} if links.split == "hash" else {}
        over = np.array([known.get(count, 1.0) for count in uplinks.tolist()])
        found.append(np.maximum((capacity / over).astype(np.int64), 1))
    return np.concatenate(found)


def fullest(uplinks: int, flows: int) -> float:
    """Return the expected load of the fullest of some uplinks over their mean, `flows` flows an uplink thrown at random.

    E[max] = sum over k of 1 - P(max <= k). P: independent Poisson cells, up to MOST_EXACT uplinks given their sum, which is the
    throw itself; of more the sum is as good as given.
    """
    expected, k = 0.0, 0
    while uplinks > 1:
        cell = np.array([_poisson(flows, n) for n in range(k + 1)])
        missing = 1 - (_given_sum(cell, uplinks, flows) if uplinks <= MOST_EXACT else min(float(cell.sum()), 1.0) ** uplinks)
        if missing < ROUNDING and k > flows:
            break
        expected += missing
        k += 1
    return max(expected / flows, 1.0)


def _given_sum(cell: NDArray[np.float64], uplinks: int, flows: int) -> float:
    """Return how likely no cell is above the ones listed, given that all cells hold uplinks x flows together."""
    total = uplinks * flows
    together = np.zeros(total + 1)
    together[0] = 1.0
    power, left = cell, uplinks
    while left:
        if left & 1:
            together = np.convolve(together, power)[: total + 1]
        power, left = np.convolve(power, power)[: total + 1], left >> 1
    return float(together[total]) / _poisson(total, total) if len(together) > total else 0.0


def _poisson(mean: int, count: int) -> float:
    return exp(count * log(mean) - mean - lgamma(count + 1))


def _blocks(fleet: Fleet, leaf: Ints, pool: int) -> NDArray[np.int8]:
    """Return for 0 ... nodes the least i so that some aligned run of 2^i leaves has so many of the pool's nodes on."""
    first = sum(p.nodes for p in fleet.pools[:pool])
    member = np.arange(fleet.nodes)
    inside = (member >= first) & (member < first + fleet.pools[pool].nodes) & fleet.node_on
    counts = np.bincount(leaf[inside], minlength=int(leaf.max()) + 1)
    found = np.full(fleet.nodes + 1, ANYWHERE, np.int8)
    for power in range(int(len(counts) - 1).bit_length(), -1, -1):
        most = int(np.add.reduceat(counts, np.arange(0, len(counts), 1 << power)).max())
        found[: most + 1] = power
    return found


def _changes(outages: Sequence[Outage]) -> Longs:
    """Return (time, 0 repair or 1 failure, node) in order."""
    rows = [(o.start_us, 1, o.node) for o in outages] + [(o.end_us or NEVER, 0, o.node) for o in outages]
    return np.array(sorted(rows), np.int64).reshape(-1, 3)
