"""Failed cables and switches: drawn, taken out of a fabric, and routed around without working everything out again.

It does not know what runs on the fabric. A switch that fails takes all its cables with it; vertices keep their numbers,
cables are renumbered without those that failed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from fabric.network.fabric import Fabric
from fabric.network.graph import Graph, Hops, outside
from fabric.network.names import vertex_name, vertex_of
from fabric.network.router import Router, router_of
from fabric.network.ways import Flags, Ints
from topologies.base import Topology
from topologies.errors import InputError
from topologies.hops import group_distances

FORMS = "links:COUNT, switches:COUNT, switches:TIER:COUNT, plane:NUMBER, cable:NUMBER or switch:NAME"


@dataclass(frozen=True)
class Failures:
    """Cables and switches (vertex numbers) that are down."""

    cables: tuple[int, ...] = ()
    switches: tuple[int, ...] = ()

    def __or__(self, other: Failures) -> Failures:
        """Return what either has."""
        cables = tuple(sorted({*self.cables, *other.cables}))
        return Failures(cables, tuple(sorted({*self.switches, *other.switches})))

    def alive(self, topology: Topology) -> Flags:
        """Return which cables still work: the cut topology's cable i is the i-th of them."""
        down = np.zeros(topology.vertices, dtype=bool)
        down[list(self.switches)] = True
        alive: Flags = ~np.any(down[topology.ends], axis=1)
        alive[list(self.cables)] = False
        return alive


def draw(topology: Topology, text: str, seed: int = 0) -> Failures:
    """Return the failures of a text such as `links:10`, or several joined by `+`; seed: of what is drawn.

    links:COUNT draws cables between switches (of the whole network where there are none) without replacement, and
    links:6 draws the first 6 of links:10, so that a curve over counts adds up. switches:spine:2 draws of a tier,
    switches:2 of all; plane:1 takes all switches of a plane; cable:17 and switch:leaf3 (or its number) are as they say.

    Raises:
        InputError: another form, more than there are, or something that does not exist.
    """
    found = Failures()
    for one in text.split("+"):
        kind, _, rest = one.strip().partition(":")
        if kind not in DRAWN or not rest:
            raise InputError(f"failures: must be {FORMS}, several joined by +; got {one.strip()!r}")
        found |= DRAWN[kind](topology, rest, seed)
    return found


def without(fabric: Fabric, failures: Failures) -> Fabric:
    """Return the fabric without what failed: same vertices, fewer cables; other cables keep their speeds."""
    alive = failures.alive(fabric.topology)
    number = np.cumsum(alive) - 1
    degraded = {int(number[cable]): speed for cable, speed in fabric.degraded.items() if alive[cable]}
    return replace(fabric, topology=cut(fabric.topology, failures), degraded=degraded)


def cut(topology: Topology, failures: Failures) -> Topology:
    """Return the wiring without the cables that failed.

    Raises:
        InputError: cables or switches that it does not have.
    """
    most = len(topology.ends)
    for cable in failures.cables:
        if not 0 <= cable < most:
            raise InputError(f"failures: cables of {topology.name} are 0 ... {most - 1}, got {cable}")
    for switch in failures.switches:
        if not topology.devices <= switch < topology.vertices:
            raise InputError(
                f"failures: switches of {topology.name} are {topology.devices} ... {topology.vertices - 1}, got {switch}"
            )
    alive = failures.alive(topology)
    return replace(topology, ends=topology.ends[alive], level=topology.level[alive], lanes=topology.lanes[alive])


def router_without(topology: Topology, failures: Failures) -> Router:
    """Return a router over the cut wiring that takes over every distance that the failures leave as it was.

    A destination keeps its distances where every switch that lost a cable towards it still has another neighbour one hop
    nearer: then, by induction from the destination outwards, each switch is as near as before, and never nearer, since
    cables only go. Only the other destinations are searched anew. The router is over without(...).topology's links.
    """
    if failures == Failures():
        return router_of(topology)
    graph = router_of(topology).outside.graph
    remaining = cut(topology, failures)
    left = outside(remaining)
    if left.keeps and graph.keeps:
        left = replace(left, known=_patched(graph, left, failures))
    return Router(remaining, left)


def _patched(before: Graph, after: Graph, failures: Failures) -> Hops:
    """Return the distances in the cut network, searched anew only where they may differ."""
    changed = np.ones(after.groups.shape[0], dtype=bool)
    old = _same_class(before, after)
    known = np.flatnonzero(old >= 0)
    distance = np.full(after.groups.shape, -1, dtype=np.int16)
    distance[known] = before.distance[old[known]]
    gone = np.flatnonzero((np.diff(after.start) == 0) & (np.diff(before.start) > 0))
    distance[np.ix_(known, gone)] = np.where(_is_home(after, known, gone), 0, -1)
    changed[known] = _lost(distance[known], before, after, failures, gone)
    redo = np.flatnonzero(changed)
    distance[redo] = group_distances(after.neighbours, after.groups[redo])
    return distance


def _same_class(before: Graph, after: Graph) -> Ints:
    """Return for every class the class before whose home switches are the same, -1 where there is none."""
    first = np.unique(after.kind, return_index=True)[1]
    old = before.kind[first]
    was, now = before.groups[old], after.groups
    same = np.diff(was.indptr) == np.diff(now.indptr)
    apart = abs((was > 0).astype(np.int8) - (now > 0).astype(np.int8)).sum(axis=1)
    return np.where(same & (np.asarray(apart).ravel() == 0), old, -1)


def _is_home(after: Graph, kinds: Ints, switches: Ints) -> Flags:
    return np.asarray(sparse.csr_array(after.groups[kinds])[:, switches].toarray() > 0)


def _lost(distance: Hops, before: Graph, after: Graph, failures: Failures, gone: Ints) -> Flags:
    """Return which rows have a switch that lost its only neighbours one hop nearer; switches without cables do not count."""
    dead = ~failures.alive(before.topology)
    tail = np.repeat(np.arange(len(before.vertices)), np.diff(before.start))
    hit = np.unique(tail[dead[before.link // 2]])
    lost = np.zeros(len(distance), dtype=bool)
    columns = np.ascontiguousarray(distance.T)
    for switch in np.setdiff1d(hit, gone).tolist():
        neighbours = np.unique(after.head[after.start[switch] : after.start[switch + 1]])
        nearer = (columns[neighbours] == columns[switch] - 1).any(axis=0)
        lost |= ~nearer & (columns[switch] > 0)
    return lost


def _links(topology: Topology, text: str, seed: int) -> Failures:
    network = np.flatnonzero(topology.level != topology.scale_up_level)
    between = network[topology.ends[network, 0] >= topology.devices]
    return Failures(cables=_some("links", between if len(between) else network, text, seed))


def _switches(topology: Topology, text: str, seed: int) -> Failures:
    tier, colon, count = text.rpartition(":")
    if colon and tier not in topology.switches_by_tier:
        raise InputError(f"failures: switches: tiers are {', '.join(topology.switches_by_tier)}, got {tier!r}")
    switches = np.arange(topology.devices, topology.vertices)
    switches = switches[topology.tier[switches] != topology.scale_up_tier]
    if colon:
        switches = switches[topology.tier[switches] == topology.tiers.index(tier)]
    return Failures(switches=_some("switches", switches, count, seed))


def _some(what: str, among: Ints, text: str, seed: int) -> tuple[int, ...]:
    if not (text.isascii() and text.isdigit() and int(text) <= len(among)):
        raise InputError(f"failures: {what} must be a whole number from 0 to {len(among)}, got {text!r}")
    chosen = np.random.default_rng(seed).permutation(among)[: int(text)]
    return tuple(sorted(chosen.tolist()))


def _plane(topology: Topology, text: str, seed: int) -> Failures:
    del seed  # nothing is drawn
    planes = np.unique(topology.plane[topology.devices :])
    planes = planes[planes >= 0]
    if not (text.isascii() and text.isdigit() and int(text) in planes):
        raise InputError(f"failures: planes of {topology.name} are {', '.join(map(str, planes.tolist()))}, got {text!r}")
    switch = (np.arange(topology.vertices) >= topology.devices) & (topology.plane == int(text))
    return Failures(switches=tuple(np.flatnonzero(switch).tolist()))


def _cable(topology: Topology, text: str, seed: int) -> Failures:
    del seed
    if not (text.isascii() and text.isdigit() and int(text) < len(topology.ends)):
        raise InputError(f"failures: cables of {topology.name} are 0 ... {len(topology.ends) - 1}, got {text!r}")
    return Failures(cables=(int(text),))


def _switch(topology: Topology, text: str, seed: int) -> Failures:
    del seed
    vertex = vertex_of(topology, text, "failures")
    if vertex < topology.devices:
        raise InputError(f"failures: switch must be a switch, got {text!r}, which is {vertex_name(topology, vertex)}")
    return Failures(switches=(vertex,))


DRAWN = {"links": _links, "switches": _switches, "plane": _plane, "cable": _cable, "switch": _switch}
"""Kind of failure -> what it takes down."""
