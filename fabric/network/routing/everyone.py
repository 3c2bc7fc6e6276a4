"""All ordered pairs of devices routed at once, without listing them where a policy splits. It knows no bytes.

In an even tiered network a device sends n(part_t) - n(part_t-1) messages that climb to tier t, where n counts the devices
in the connected part of the network of tiers <= t around it: sums over groups, not over pairs.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fabric.network.routing.no_way import NoWay
from fabric.network.routing.policies import Policy
from fabric.network.routing.routed import Routed, largest
from fabric.network.routing.router import AT_ONCE, Router
from fabric.network.routing.tiered import CHUNK
from fabric.network.routing.tiers import no_way
from fabric.network.routing.ways import Floats, Ints
from topologies.errors import InputError

ADAPTIVE_PAIRS = 1 << 24
"""Pairs that adaptive routing places at most, since it must hold them all."""
ROUNDED = 1e-9
"""A part of a link's crossings below which the rest of a difference is rounding."""


def route_everyone(router: Router, devices: Ints, policy: Policy, weight: float, speed: Floats | None = None) -> Routed:
    """Return the crossings of a message of this weight between every two different devices, and the most hops by level."""
    if policy.mixed and not policy.relay and len(np.unique(devices)) == len(devices):
        return _by_shares(router, devices, policy, weight, speed)
    if policy.splits and not policy.relay and router.tiered is not None:
        return _by_groups(router, devices, policy, weight)
    if _crowded(router, devices, policy):
        return _by_crowds(router, devices, policy, weight)
    at_once = policy.kind == "adaptive" or policy.mixed
    if at_once and len(devices) ** 2 > ADAPTIVE_PAIRS:
        raise InputError(
            f"routing: {policy.kind} must place at most {ADAPTIVE_PAIRS:,} pairs, got {len(devices) ** 2:,}; ecmp has no limit"
        )
    if not policy.relay and router.arithmetic(policy) and router.topology.scale_up_level < 0:
        return _by_arithmetic(router, devices, policy, weight)
    per_link, rows = np.zeros(2 * len(router.topology.ends)), [np.zeros((0, len(router.topology.levels)))]
    for source, target in pairs(devices, ADAPTIVE_PAIRS if at_once else AT_ONCE):
        found = router.route(source, target, policy, None, speed, each=False)
        per_link += found.per_link
        rows.append(largest(found.hops))
    return Routed(weight * per_link, whole(largest(np.concatenate(rows))))


def _by_shares(router: Router, devices: Ints, policy: Policy, weight: float, speed: Floats | None) -> Routed:
    """Return the sums over switches, all messages shared out at once; pairs that their node joins go inside it.

    Raises:
        NoWay: two devices that no way joins.
    """
    from fabric.network.routing.adaptive_shares import everyone  # noqa: PLC0415  # imports scipy's searches

    mates = _mates(router, devices)
    none = np.zeros(0, dtype=np.int64)
    inner = (none, none) if mates is None else tuple(ends[router.joined_inside(*mates)] for ends in mates)
    if len(devices) > 1:
        router.checked(np.full(len(devices) - 1, devices[0]), devices[1:], policy)
    found = everyone(router.detours, router.hosts, devices, (inner[0], inner[1]), policy, speed)
    within = router.route(inner[0], inner[1], policy, None, each=False)
    rows = np.concatenate([found.hops, largest(within.hops)]) if len(inner[0]) else found.hops
    return Routed(weight * (found.per_link + within.per_link), whole(largest(rows)))


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
            router.tiered.spread(per_link, held, tier, (0, 1))
    met = np.array([tier for tier in range(1, tables.top + 1) if over[tier].any()], dtype=np.int64)
    rows = [router.tiered.hops(met).astype(np.float64)]
    if mates is not None and len(mates[0]):
        inner = router.route(*mates, policy, None, each=False)
        per_link += inner.per_link
        rows.append(largest(inner.hops))
    return Routed(weight * per_link, whole(largest(np.concatenate(rows))))


def _mates(router: Router, devices: Ints) -> tuple[Ints, Ints] | None:
    """Return all ordered pairs of different devices of one domain, None where domains hold no graph."""
    if router.topology.scale_up_level < 0:
        return None
    node = router.topology.together[devices]
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

    apart: leave out the devices of the same scale-up domain.
    """
    tables, topology = router.tables, router.topology
    node = topology.together.astype(np.int64)
    found, before = [], np.zeros(len(devices))
    for tier in range(tables.top + 1):
        part = tables.parts[tier]
        now = np.bincount(part[devices])[part[devices]].astype(np.float64)
        if apart:
            _, inverse, count = np.unique(
                part[devices] * topology.domains + node[devices], return_inverse=True, return_counts=True
            )
            now -= count[inverse] - 1.0
        found.append(now - before)
        before = now
    everyone = np.full(len(devices), float(len(devices)))
    if apart:
        everyone -= np.bincount(node[devices])[node[devices]] - 1.0
    return found, before < everyone


def _lost(router: Router, devices: Ints, source: int) -> NoWay:
    """Return the error for a device that does not reach all others, naming one of these."""
    part, node = router.tables.parts[-1], router.topology.together
    away = part[devices] != part[source]
    if router.topology.scale_up_level >= 0:
        away &= node[devices] != node[source]
    return no_way(router.topology, source, int(devices[int(np.argmax(away))]))


def _by_crowds(router: Router, devices: Ints, policy: Policy, weight: float) -> Routed:
    """Return the sums over crowds of devices; pairs that the graph inside their node joins take that instead."""
    from fabric.network.routing.crowds import everyone_to_everyone  # noqa: PLC0415  # imports scipy's searches

    per_link, rows = everyone_to_everyone(router.outside.graph, devices, ideal=policy.kind == "ideal")
    mates = _mates(router, devices)
    if mates is not None:
        joined = router.joined_inside(*mates)
        source, target = (ends[joined] for ends in mates)
        inner = router.route(source, target, policy, None, each=False)
        over = np.zeros(len(per_link))
        router.outside.add_split(over, source, target, policy, None)
        per_link = np.where(per_link - over > ROUNDED * per_link, per_link - over, 0.0) + inner.per_link
        rows = np.concatenate([rows, largest(inner.hops)])
    return Routed(weight * per_link, whole(largest(np.round(rows, 9))))


def _crowded(router: Router, devices: Ints, policy: Policy) -> bool:
    """Return whether all pairs can be summed over crowds: split, different devices, none with a cable to another."""
    plain = policy.splits and not policy.relay and not len(router.outside.graph.direct[0])
    return plain and len(np.unique(devices)) == len(devices) and (router.topology.scale_up_level < 0 or _one_part(router))


def _one_part(router: Router) -> bool:
    """Return whether every device reaches every other over the network."""
    graph = router.outside.graph
    return bool((graph.searched(graph.groups[[0]]) >= 0).all()) and bool((np.diff(graph.groups.indptr) > 0).all())


def whole(hops: np.ndarray) -> np.ndarray:
    """Return hops as whole numbers where they are."""
    rounded = np.round(hops).astype(np.int64)
    return rounded if np.abs(rounded - hops).max(initial=0) < 1e-9 else hops


def pairs(devices: Ints, at_once: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield all ordered pairs of the devices, about at_once at a time."""
    each = max(at_once // max(len(devices), 1), 1)
    for low in range(0, len(devices), each):
        some = devices[low : low + each]
        yield np.repeat(some, len(devices)), np.tile(devices, len(some))
