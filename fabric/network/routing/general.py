"""Routes over any graph: one way each, or split over all shortest ways. It knows no text of a policy and no speeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fabric.network.routing.graph import Graph
from fabric.network.routing.hashing import drawn, flow_words
from fabric.network.routing.policies import Policy
from fabric.network.routing.routed import Entries, crossings, merged
from fabric.network.routing.tiers import Tables
from fabric.network.routing.ways import Floats, Ints, Paths
from topologies.errors import InputError

ADAPTIVE_MOST = 1 << 29
"""Distances that adaptive routing holds at once: 1 GiB."""


@dataclass(frozen=True, eq=False)
class General:
    """Routing over a graph; tables: the tiers, for the numbers that dmodk and rail_aligned count by."""

    graph: Graph
    tables: Tables

    def lengths(self, source: Ints, target: Ints) -> Ints:
        """Return the links of every message's shortest way, -1 where there is none; different devices each."""
        from fabric.network.routing import kernels  # noqa: PLC0415  # numba costs 0.3 s, paid only where such a network is routed

        graph, found = self.graph, np.empty(len(source), dtype=np.int64)
        for kinds, messages in graph.blocks(graph.kind[target]):
            some = np.empty(len(messages), dtype=np.int64)
            row = np.searchsorted(kinds, graph.kind[target[messages]])
            kernels.lengths(
                some, source[messages], target[messages], row, graph.rows(kinds), graph.entry, graph.own_start, graph.own_head
            )
            found[messages] = some
        if len(graph.direct[0]):
            found[graph.cables_between(source, target)[1] > 0] = 1
        return found

    def single(self, source: Ints, target: Ints, policy: Policy, room: Floats | None = None) -> Entries:
        """Return the links of messages that take one shortest way each; all must have one.

        room: capacity of every link for the policy adaptive, None: all links count the same.
        """
        return self._with_direct(source, target, policy, lambda s, t: self._walked(s, t, policy, room))

    def split_entries(self, source: Ints, target: Ints, policy: Policy) -> Entries:
        """Return the links of messages that are split over all their shortest ways, with shares."""
        return self._with_direct(source, target, policy, lambda s, t: self._shared(s, t, policy))

    def _with_direct(self, source: Ints, target: Ints, policy: Policy, far: Callable[[Ints, Ints], Entries]) -> Entries:
        """Return entries: messages between devices joined by a cable take it, the others what `far` returns."""
        if not len(self.graph.direct[0]):
            return far(source, target)
        first, count = self.graph.cables_between(source, target)
        near, others = np.flatnonzero(count), np.flatnonzero(count == 0)
        straight = self._straight(source[near], target[near], first[near], count[near], policy)
        return merged(len(source), [(near, straight), (others, far(source[others], target[others]))])

    def _straight(self, source: Ints, target: Ints, first: Ints, count: Ints, policy: Policy) -> Entries:
        """Return entries of messages over cables between their two devices: one of the parallel cables, or all."""
        links = self.graph.direct[1]
        if not policy.splits:
            chosen = drawn(flow_words(source, target, policy.seed), 1, count)
            return Entries(Paths(np.arange(len(source) + 1), links[first + chosen]))
        bounds = np.concatenate(([0], np.cumsum(count)))
        entries = links[np.arange(bounds[-1]) + np.repeat(first - bounds[:-1], count)]
        width = self.graph.width[entries // 2]
        total = np.add.reduceat(width, bounds[:-1]) if len(count) else width
        return Entries(Paths(bounds, entries), width / np.repeat(total, count))

    def _walked(self, source: Ints, target: Ints, policy: Policy, room: Floats | None) -> Entries:
        from fabric.network.routing import kernels  # noqa: PLC0415

        graph, tables = self.graph, self.tables
        length = self.lengths(source, target) if len(source) else np.zeros(0, dtype=np.int64)
        first = np.concatenate(([0], np.cumsum(length)))
        links = np.empty(first[-1], dtype=np.int64)
        adaptive = policy.kind == "adaptive"
        mode = {"dmodk": kernels.TARGET, "rail_aligned": kernels.SOURCE, "adaptive": kernels.LEAST}.get(
            policy.kind, kernels.HASH
        )
        flow = flow_words(source, target, policy.seed)
        if mode in (kernels.TARGET, kernels.SOURCE):
            flow = tables.number[target if mode == kernels.TARGET else source].astype(np.uint64)
        links_in_all = 2 * len(graph.topology.ends)
        load = np.zeros(links_in_all if adaptive else 1)
        ends = graph.topology.ends.astype(np.int64)
        far, kind = ends[:, ::-1].ravel(), graph.kind[target]
        for kinds, messages in self._whole(kind) if adaptive else graph.blocks(kind):
            row = np.full(len(source), -1)
            row[messages] = np.searchsorted(kinds, kind[messages])
            order = np.random.default_rng(policy.seed).permutation(len(source)) if adaptive else messages
            kernels.walk(
                links, first, order, source, target, row, flow, graph.rows(kinds), mode, load,
                np.ones(links_in_all) if room is None else room, np.ones(len(source) if adaptive else 1),
                graph.entry, graph.start, graph.link, graph.head, graph.own_start, graph.own_link, graph.own_head,
                far, graph.topology.tier, tables.divisor,
            )  # fmt: skip
        return Entries(Paths(first, links))

    def _whole(self, kind: Ints) -> list[tuple[Ints, Ints]]:
        """Return one block of all classes wanted, for messages that must be placed in a drawn order.

        Raises:
            InputError: their distances do not fit in memory.
        """
        kinds = np.unique(kind)
        if len(kinds) * len(self.graph.vertices) > ADAPTIVE_MOST:
            raise InputError(
                f"routing: adaptive must hold targets x switches <= {ADAPTIVE_MOST:,}, "
                f"got {len(kinds):,} x {len(self.graph.vertices):,}; ecmp and spray have no such limit"
            )
        return [(kinds, np.arange(len(kind)))] if len(kind) else []

    def _shared(self, source: Ints, target: Ints, policy: Policy) -> Entries:
        from fabric.network.routing import kernels_share as kernels  # noqa: PLC0415

        graph, kind = self.graph, self.graph.kind[target]
        pieces = []
        for kinds, messages in graph.blocks(kind):
            s, t, row = source[messages], target[messages], np.searchsorted(kinds, kind[messages])
            groups, distance, order = graph.groups[kinds], graph.rows(kinds), np.arange(len(messages))
            rest = (
                order, s, t, row, distance, policy.kind == "ideal", graph.entry, graph.start, graph.link, graph.head,
                graph.own_start, graph.own_link, graph.own_head, graph.width,
                groups.indptr.astype(np.int64), groups.indices.astype(np.int64), groups.data,
            )  # fmt: skip
            count = np.zeros(len(messages), dtype=np.int64)
            kernels.shares(np.zeros(0, dtype=np.int64), np.zeros(0), count, *rest)
            first = np.concatenate(([0], np.cumsum(count)))
            links, share = np.empty(first[-1], dtype=np.int64), np.empty(first[-1])
            if len(links):
                kernels.shares(links, share, first, *rest)
            pieces.append((messages, Entries(Paths(first, links), share)))
        return merged(len(source), pieces)

    def add_split(self, per_link: Floats, source: Ints, target: Ints, policy: Policy, weight: Floats | None) -> Floats:
        """Count messages split over all their shortest ways; return their mean hops per level (m, levels)."""
        graph = self.graph
        amount = np.ones(len(source)) if weight is None else weight
        found = np.zeros((len(source), len(graph.topology.levels)))
        first, count = graph.cables_between(source, target)
        near, far = np.flatnonzero(count), np.flatnonzero(count == 0)
        if len(near):
            straight = self._straight(source[near], target[near], first[near], count[near], policy)
            per_link += crossings(straight, amount[near], len(per_link))
            found[near, graph.topology.level[straight.paths.links[straight.paths.first[:-1]] // 2]] = 1
        for kinds, part in graph.blocks(graph.kind[target[far]]):
            messages = far[part]
            if self.several_homes:
                messages = messages[np.lexsort((target[messages], graph.kind[target[messages]]))]
            jobs, bounds = self.jobs(target[messages])
            some = self.add_jobs(
                per_link, policy, np.searchsorted(kinds, jobs), bounds, source[messages], amount[messages], bounds,
                target[messages], amount[messages], kinds, levels=True,
            )  # fmt: skip
            found[messages] = some
        found[far] += self.last_level(target[far])
        return np.asarray(np.round(found, 9))

    @cached_property
    def several_homes(self) -> bool:
        """Whether some device hangs on more than one switch."""
        return bool((np.diff(self.graph.groups.indptr) > 1).any())

    def jobs(self, target: Ints) -> tuple[Ints, Ints]:
        """Return the class of every job and where the jobs begin: targets of one class with one home together, else alone."""
        homes = np.diff(self.graph.groups.indptr)
        kind = self.graph.kind[target]
        new = np.concatenate(([True], (np.diff(kind) != 0) | ((homes[kind[1:]] > 1) & (np.diff(target) != 0))))
        begin = np.flatnonzero(new[: len(target)])
        return kind[begin], np.append(begin, len(target))

    def last_level(self, target: Ints) -> Floats:
        """Return 1 in the level of the cables that lead down to every target; nothing where it forwards itself."""
        graph = self.graph
        row = np.zeros((len(target), len(graph.topology.levels)))
        down = np.flatnonzero(graph.entry[target] < 0)
        cable = graph.own_link[graph.own_start[target[down]]] // 2
        row[down, graph.topology.level[cable]] = 1
        return row

    def add_jobs(
        self, per_link: Floats, policy: Policy, row: Ints, first: Ints, source: Ints, amount: Floats, last: Ints,
        target: Ints, arrival: Floats, kinds: Ints, *, levels: bool,
    ) -> Floats | None:  # fmt: skip
        """Count jobs of messages towards rows of kinds; return the mean hops of every source, but for the last link."""
        from fabric.network.routing import kernels_split as kernels  # noqa: PLC0415

        graph = self.graph
        count, groups = len(graph.topology.levels), graph.groups[kinds]
        hops = np.zeros((len(source), count)) if levels else np.zeros((0, count))
        kernels.split(
            per_link, hops, row, first, source, target, amount, last, arrival, graph.rows(kinds), policy.kind == "ideal", count,
            graph.entry, graph.start, graph.link, *graph.places, graph.own_start, graph.own_link, graph.own_head, graph.width,
            graph.topology.level, groups.indptr.astype(np.int64), groups.indices.astype(np.int64), groups.data,
        )  # fmt: skip
        return hops if levels else None
