"""All ordered pairs of devices routed at once, without listing them where a policy splits. It knows no bytes.

In an even tiered network a device sends n(part_t) - n(part_t-1) messages that climb to tier t, where n counts the devices
in the connected part of the network of tiers <= t around it: sums over groups, not over pairs.
"""

from __future__ import annotations

import numpy as np

from fabric.network.policies import Policy
from fabric.network.routed import Routed
from fabric.network.router import AT_ONCE, Router, pairs
from fabric.network.tiered import CHUNK
from fabric.network.tiers import no_way
from fabric.network.ways import Floats, Ints
from topologies.errors import InputError

ADAPTIVE_PAIRS = 1 << 24
"""Pairs that adaptive routing places at most, since it must hold them all."""


def route_everyone(router: Router, devices: Ints, policy: Policy, weight: float) -> Routed:
    """Return the crossings of a message of this weight between every two different devices, and the most hops by level."""
    if policy.splits and not policy.relay and router.tiered is not None:
        return _by_groups(router, devices, policy, weight)
    if policy.splits and not policy.relay and router.topology.scale_up_level < 0 and not len(router.outside.graph.direct[0]):
        return _by_classes(router, devices, policy, weight)
    if policy.kind == "adaptive" and len(devices) ** 2 > ADAPTIVE_PAIRS:
        raise InputError(
            f"routing: adaptive must place at most {ADAPTIVE_PAIRS:,} pairs, got {len(devices) ** 2:,}; ecmp has no limit"
        )
    if not policy.relay and router.arithmetic(policy) and router.topology.scale_up_level < 0:
        return _by_arithmetic(router, devices, policy, weight)
    per_link, rows = np.zeros(2 * len(router.topology.ends)), [np.zeros((0, len(router.topology.levels)))]
    for source, target in pairs(devices, ADAPTIVE_PAIRS if policy.kind == "adaptive" else AT_ONCE):
        found = router.route(source, target, policy, None)
        per_link += found.per_link
        rows.append(largest(found.hops))
    return Routed(weight * per_link, whole(largest(np.concatenate(rows))))


def _by_arithmetic(router: Router, devices: Ints, policy: Policy, weight: float) -> Routed:
    """Return the sums over listed pairs that take one way each."""
    per_link, top, tiered = np.zeros(2 * len(router.topology.ends)), 0, router.tiered
    assert tiered is not None  # noqa: S101  # said by router.arithmetic
    for source, target in pairs(devices, CHUNK):
        _, _, meeting = router.checked(source, target, policy)
        tiered.add_single(per_link, source, target, meeting, policy, None)
        top = max(top, int(meeting.max(initial=0)))
    return Routed(weight * per_link, tiered.hops(np.array([top] * (len(devices) > 0))))


def _by_groups(router: Router, devices: Ints, policy: Policy, weight: float) -> Routed:
    """Return the sums over groups; pairs inside nodes that their graph does not join go over the network one by one."""
    topology, tables = router.topology, router.tables
    assert router.tiered is not None  # noqa: S101  # said by the caller
    mates = _mates(router, devices)
    over, missing = _climbs(router, devices, apart=mates is not None)
    if missing.any():
        raise _lost(router, devices, int(devices[int(np.argmax(missing))]))
    per_link = np.zeros(2 * len(topology.ends))
    for tier in range(1, tables.top + 1):
        if over[tier].any():
            held = np.bincount(devices, over[tier], minlength=topology.vertices).astype(np.float64)
            router.tiered.spread(per_link[0::2], held, tier)
            router.tiered.spread(per_link[1::2], held, tier)
    met = np.array([tier for tier in range(1, tables.top + 1) if over[tier].any()], dtype=np.int64)
    rows = [router.tiered.hops(met).astype(np.float64)]
    if mates is not None and len(mates[0]):
        inner = router.route(*mates, policy, None)
        per_link += inner.per_link
        rows.append(largest(inner.hops))
    return Routed(weight * per_link, whole(largest(np.concatenate(rows))))


def _mates(router: Router, devices: Ints) -> tuple[Ints, Ints] | None:
    """Return all ordered pairs of different devices of one node, None where nodes hold no graph."""
    if router.topology.scale_up_level < 0:
        return None
    node = router.topology.node[devices]
    order = np.argsort(node, kind="stable")
    ranked, sizes = devices[order], np.bincount(node)
    size = sizes[node[order]]
    first = np.repeat((np.cumsum(sizes) - sizes)[sizes > 0], sizes[sizes > 0])
    source = np.repeat(ranked, size)
    within = np.arange(len(source)) - np.repeat(np.cumsum(size) - size, size)
    target = ranked[np.repeat(first, size) + within]
    different = source != target
    return source[different], target[different]


def _climbs(router: Router, devices: Ints, *, apart: bool) -> tuple[list[Floats], np.ndarray]:
    """Return per tier how many messages of every device meet there, and which devices some message of cannot reach its target.

    apart: leave out the devices of the same node.
    """
    tables, topology = router.tables, router.topology
    node = topology.node.astype(np.int64)
    found, before = [], np.zeros(len(devices))
    for tier in range(tables.top + 1):
        part = tables.parts[tier]
        now = np.bincount(part[devices])[part[devices]].astype(np.float64)
        if apart:
            _, inverse, count = np.unique(
                part[devices] * topology.nodes + node[devices], return_inverse=True, return_counts=True
            )
            now -= count[inverse] - 1.0
        found.append(now - before)
        before = now
    everyone = np.full(len(devices), float(len(devices)))
    if apart:
        everyone -= np.bincount(node[devices])[node[devices]] - 1.0
    return found, before < everyone


def _lost(router: Router, devices: Ints, source: int) -> InputError:
    """Return the error for a device that does not reach all others, naming one of these."""
    part, node = router.tables.parts[-1], router.topology.node
    away = part[devices] != part[source]
    if router.topology.scale_up_level >= 0:
        away &= node[devices] != node[source]
    return no_way(router.topology, source, int(devices[int(np.argmax(away))]))


def _by_classes(router: Router, devices: Ints, policy: Policy, weight: float) -> Routed:
    """Return the sums over classes of destinations: each device sends to all targets of a class in one go."""
    graph, general = router.outside.graph, router.outside
    per_link, most = np.zeros(2 * len(router.topology.ends)), np.zeros((0, len(router.topology.levels)))
    order = devices[np.argsort(graph.kind[devices], kind="stable")]
    jobs, last = general.jobs(order)
    several = _levels_between(router) > 1
    step = max((1 << 22) // max(len(devices), 1), 1)
    for low in range(0, len(jobs), step):
        some, bounds = jobs[low : low + step], last[low : low + step + 1]
        targets = order[bounds[0] : bounds[-1]]
        source = np.tile(devices, len(some))
        amount = np.repeat(np.diff(bounds), len(devices)).astype(np.float64)
        amount -= _own(source, targets, bounds - bounds[0], len(devices))
        lengths = _reached(router, source, targets[np.repeat(bounds[:-1] - bounds[0], len(devices))], amount)
        kinds = np.unique(some)
        arrival = np.full(len(targets), len(devices) - 1.0)
        hops = general.add_jobs(
            per_link, policy, np.searchsorted(kinds, some), np.arange(len(some) + 1) * len(devices), source, amount,
            bounds - bounds[0], targets, arrival, kinds, levels=several,
        )  # fmt: skip
        to, moving = targets[np.repeat(bounds[:-1] - bounds[0], len(devices))], np.flatnonzero(amount > 0)
        rows = _longest(router, source[moving], to[moving], lengths[moving], None if hops is None else hops[moving])
        most = largest(np.concatenate([most, rows]))
    return Routed(weight * per_link, whole(np.round(most, 9)))


def _own(source: Ints, targets: Ints, bounds: Ints, devices: int) -> Floats:
    """Return 1 where a source is among the targets of its job."""
    job = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    size = int(max(source.max(initial=0), targets.max(initial=0))) + 1
    keys = np.sort(job * size + targets)
    wanted = np.repeat(np.arange(len(bounds) - 1), devices) * size + source
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return (keys[place] == wanted).astype(np.float64) if len(keys) else np.zeros(len(wanted))


def _reached(router: Router, source: Ints, target: Ints, amount: Floats) -> Ints:
    """Return the hops of every pair.

    Raises:
        InputError: a pair without a way.
    """
    lengths = router.outside.lengths(source, target)
    lost = np.flatnonzero((lengths < 0) & (amount > 0))
    if len(lost):
        raise no_way(router.topology, int(source[lost[0]]), int(target[lost[0]]))
    return lengths


def _levels_between(router: Router) -> int:
    graph = router.outside.graph
    return len(np.unique(router.topology.level[graph.link // 2]))


def _longest(router: Router, source: Ints, target: Ints, lengths: Ints, mean: Floats | None) -> Floats:
    """Return the hops per level of some pairs, at least of every longest one.

    Without a mean all links between switches are of one level: then the longest way per level of its two ends will do.
    """
    graph, general = router.outside.graph, router.outside
    if mean is not None:
        rows = np.round(mean + general.last_level(target), 9)
        _, first = np.unique(rows @ np.sqrt(np.arange(2.0, 2 + rows.shape[1])), return_index=True)
        return rows[first]
    levels = len(router.topology.levels) + 1
    ends = _end_level(router)
    key = ends[source] * levels + ends[target]
    best = np.full(levels * levels, -1)
    np.maximum.at(best, key, lengths)
    used = np.flatnonzero(best >= 0)
    rows = np.zeros((len(used), levels))
    for end in (used // levels, used % levels):
        np.add.at(rows, (np.arange(len(used)), end), 1)
    rows[:, -1] = 0  # ends that forward themselves
    if len(graph.link):
        rows[:, router.topology.level[graph.link[0] // 2]] += best[used] - rows.sum(axis=1)
    return rows[:, :-1]


def _end_level(router: Router) -> Ints:
    """Return per device the level of its first cable, the number of levels where it forwards itself."""
    graph, devices = router.outside.graph, router.topology.devices
    level = np.full(devices, len(router.topology.levels))
    own = np.flatnonzero((graph.entry[:devices] < 0) & (np.diff(graph.own_start[: devices + 1]) > 0))
    level[own] = router.topology.level[graph.own_link[graph.own_start[own]] // 2]
    return level


def largest(hops: np.ndarray) -> np.ndarray:
    """Return the distinct rows that no other row exceeds in every level: one of them is the slowest, whatever the speeds."""
    rows = np.unique(hops, axis=0)
    beaten = [bool(((rows >= row).all(axis=1) & (rows > row).any(axis=1)).any()) for row in rows]
    return np.asarray(rows[~np.array(beaten, dtype=bool)])


def whole(hops: np.ndarray) -> np.ndarray:
    """Return hops as whole numbers where they are."""
    rounded = np.round(hops).astype(np.int64)
    return rounded if np.abs(rounded - hops).max(initial=0) < 1e-9 else hops
