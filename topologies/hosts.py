"""Which observed host stands for which designed one, once the switches are placed. It trusts no name and knows no speeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from topologies.base import Topology

Ints = NDArray[np.int64]


def host_cables(topology: Topology) -> Ints:
    """Return (host, switch) of all cables of hosts that do not forward, sorted by host."""
    core = topology.forwards
    ends = topology.ends[(core[topology.ends].sum(axis=1) == 1) & (topology.level != topology.scale_up_level)]
    pairs: Ints = np.where(core[ends[:, :1]], ends[:, ::-1], ends).astype(np.int64)
    ordered: Ints = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return ordered


def place_hosts(place: Ints, observed: Topology, designed: Topology) -> None:
    """Put hosts on designed hosts with the same switches; those left over on the free ones with most switches in common."""
    ours, theirs = host_cables(observed), host_cables(designed)
    mark = np.random.default_rng(3).integers(1, 2**61, designed.vertices + 1)
    mark[-1] = 0
    own, wanted = _signature(ours, mark[place[ours[:, 1]]], observed), _signature(theirs, mark[theirs[:, 1]], designed)
    hosts = [np.flatnonzero(~t.forwards & (np.arange(t.vertices) < t.devices)) for t in (observed, designed)]
    first, second = pairs_of_equal(own[hosts[0]], wanted[hosts[1]])
    place[hosts[0][first]] = hosts[1][second]
    left = [np.setdiff1d(h, h[used], assume_unique=True) for h, used in zip(hosts, (first, second), strict=True)]
    ends = [switches(pairs, rest) for pairs, rest in zip((ours, theirs), left, strict=True)]
    _place_rest(place, left[0], left[1], ends)


def _signature(pairs: Ints, marks: Ints, topology: Topology) -> Ints:
    sums = np.zeros(topology.vertices, dtype=np.int64)
    np.add.at(sums, pairs[:, 0], marks)
    return sums


def pairs_of_equal(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Return positions of equal values, each used once: the n-th of a value with the n-th of the other side."""
    keys = np.unique(np.concatenate([one, other]), return_inverse=True)[1].ravel()
    a, b = keys[: len(one)], keys[len(one) :]
    return _join(np.column_stack([a, _rank(a)]), np.column_stack([b, _rank(b)]))


def _rank(keys: Ints) -> Ints:
    """Return how often each value has been there before."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.searchsorted(ordered, ordered)
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = np.arange(len(keys)) - first
    return rank


def _join(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Return the positions of equal rows (all rows of a side differ)."""
    width = int(max(one[:, 1].max(initial=0), other[:, 1].max(initial=0))) + 1
    a, b = one[:, 0] * width + one[:, 1], other[:, 0] * width + other[:, 1]
    _, first, second = np.intersect1d(a, b, assume_unique=True, return_indices=True)
    return first, second


def switches(pairs: Ints, hosts: Ints) -> dict[int, list[int]]:
    """Return host -> the switches it hangs on."""
    found: dict[int, list[int]] = {int(h): [] for h in hosts}
    for host, switch in pairs[np.isin(pairs[:, 0], hosts)].tolist():
        found[host].append(switch)
    return found


def _place_rest(place: Ints, hosts: Ints, free: Ints, switches: Sequence[dict[int, list[int]]]) -> None:
    """Place the hosts left over, best first; a host that shares nothing is placed only where nothing better is left."""
    wanted: dict[int, set[int]] = defaultdict(set)
    for host, ends in switches[1].items():
        for end in ends:
            wanted[end].add(host)
    empty = set(free.tolist())
    rest = []
    for host in sorted(hosts.tolist(), key=lambda h: -len(switches[0][h])):
        targets = [int(place[s]) for s in switches[0][host]]
        options = {h for t in targets for h in wanted[t] if h in empty}
        best = max(options, key=lambda h: sum(t in switches[1][h] for t in targets), default=None)
        if best is None:
            rest.append(host)
        else:
            place[host] = best
            empty.discard(best)
    for host, target in zip(rest, sorted(empty), strict=False):
        place[host] = target
