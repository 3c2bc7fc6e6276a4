"""Near worst-case traffic: the permutation of devices whose distances are longest in sum. It routes nothing.

Its hop bound is the throughput bound TUB of the whole fabric. Any permutation gives a valid bound; a longer one a tighter.
Source: Namyar, Supittayapornpong, Zhang, Yu, Govindan, "A throughput-centric view of the performance of datacenter
topologies", SIGCOMM 2021.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import maximum_bipartite_matching

from fabric.network.fabric import Fabric
from fabric.predict.bounds import cuts, is_tiered
from fabric.predict.throughput.core import Core
from fabric.predict.throughput.traffic import Traffic, of_pairs

Ints = NDArray[np.int64]
ASSIGN = 1_500
"""So many places are assigned at best; what is left over after the farthest are matched, too."""
SHIFTS = 64
"""Candidates per place in a first search for farthest partners."""
FEW = 0.01
"""Part of the places that may be left over from that first search; they are assigned at best among themselves."""
PLACES = 8_000
"""More places are only shifted by half of the numbering."""


def longest(fabric: Fabric, core: Core) -> tuple[Traffic, str]:
    """Return the traffic of the longest permutation found, and how far it is the longest."""
    topology = fabric.topology
    devices = np.arange(topology.devices)
    shifted = (devices + topology.devices // 2) % topology.devices
    if is_tiered(topology) and _all_meet_at_the_top(fabric, shifted):
        return of_pairs("worst", topology, shifted), "longest matching: every device to another part below the top tier"
    place, held = np.unique(core.sends, return_counts=True)
    if len(place) == 1:
        return of_pairs("worst", topology, shifted), "one switch: every device to another one"
    if len(place) > PLACES or held.min() != held.max():
        why = "unequal devices per switch" if held.min() != held.max() else f"over {PLACES:,} switches"
        return of_pairs(
            "worst", topology, shifted
        ), f"devices shifted by half of their number ({why}): a valid bound, not the tightest"
    to, note = _match(_distances(core, place))
    order = np.argsort(core.sends, kind="stable").reshape(len(place), -1)
    target = np.empty(topology.devices, dtype=np.int64)
    target[order] = order[to]
    return of_pairs("worst", topology, target), note


def _all_meet_at_the_top(fabric: Fabric, target: Ints) -> bool:
    """Return whether every device is sent to another part of what hangs together below the top tier."""
    level, part = cuts(fabric.topology)[-1]
    own = part[: len(target)]
    return level not in ("device", "node") and bool((own != own[target]).all())


def _distances(core: Core, place: Ints) -> NDArray[np.int16]:
    """Return hops between the vertices that hold devices (places, places)."""
    receives = np.empty(core.vertices, dtype=np.int64)
    receives[core.sends] = core.receives
    rows = np.empty((len(place), len(place)), dtype=np.int16)
    at = np.searchsorted(place, np.arange(core.vertices))
    for sources, hops in core.hops(place):
        rows[at[sources]] = hops[:, receives[place]]
    return rows


def _match(distance: NDArray[np.int16]) -> tuple[Ints, str]:
    """Return the target of every place, and how far the matching is the longest."""
    places = len(distance)
    if places <= ASSIGN:
        return linear_sum_assignment(distance, maximize=True)[1], "longest matching (assignment)"
    to = _farthest(distance)
    left, free = np.flatnonzero(to < 0), np.setdiff1d(np.arange(places), to)
    if not len(left):
        return to, "longest matching: everyone reaches a farthest switch"
    if len(left) <= ASSIGN:
        free = free[linear_sum_assignment(distance[np.ix_(left, free)], maximize=True)[1]]
    to[left] = free
    short = int(distance.max(axis=1).sum()) / int(distance[np.arange(places), to].sum()) - 1
    return to, f"matching: {len(left):,} switches reach no farthest one; no matching is over {100 * short:.2g} % longer"


def _farthest(distance: NDArray[np.int16]) -> Ints:
    """Return a matching of as many places as possible with farthest ones, -1 for the others.

    First among SHIFTS seeded shifts of the numbering, which is enough where many places are farthest; then among all pairs.
    """
    places, most = np.arange(len(distance)), distance.max(axis=1)
    shifts = np.random.default_rng(0).permutation(len(distance))[:SHIFTS]
    target = (places[:, None] + shifts) % len(distance)
    row, column = np.nonzero(distance[places[:, None], target] == most[:, None])
    some = sparse.coo_array((np.ones(len(row), dtype=np.int8), (row, target[row, column])), shape=distance.shape)
    to: Ints = maximum_bipartite_matching(some.tocsr(), perm_type="column").astype(np.int64)
    if (to < 0).sum() > FEW * len(to):
        to = maximum_bipartite_matching(sparse.csr_array(distance == most[:, None]), perm_type="column").astype(np.int64)
    return to
