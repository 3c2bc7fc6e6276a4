"""As-built against as-designed: missing, extra, swapped cables, moved hosts, degraded widths. It knows no speeds, no names.

What can be told without names: every difference that no relabelling of the design explains. Two hosts of one leaf are
alike, and so are switches with equal neighbours: exchanging them is no fault. A fault that fits several switches equally
well is listed with them, as ambiguous. Hosts that moved are told by counts: which host of the leaf moved is not known.
With a given placing (trusted names) hosts are themselves, and two that changed places are told.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from topologies.base import Topology
from topologies.hosts import host_cables, pairs_of_equal, place_hosts, switches
from topologies.matching import match
from topologies.skeleton import Skeleton, misfits, overlap, skeleton

Ints = NDArray[np.int64]
SWITCHED = ("missing", "extra", "moved", "missing_host", "extra_host")
"""Kinds whose switches may be others as well."""
MOST_ASKED = 400
"""Switches that do not fit for which others are looked for that fit equally well."""


@dataclass(frozen=True)
class Finding:
    """One difference. kind: missing, extra, swapped, moved, width, missing_switch, extra_switch, missing_host, extra_host.

    vertices: observed vertices; for swapped (a, b, c, d): a-b and c-d are designed, a-d and c-b are there; for moved
    (host, from, to); for missing_host its switches.
    designed: the designed vertices of a missing vertex. count: how many parallel cables. lanes:
    (observed, designed), both in the design's unit. instead: observed switches that fit this finding equally well.
    """

    kind: str
    vertices: tuple[int, ...]
    count: int = 1
    designed: tuple[int, ...] = ()
    lanes: tuple[float, float] = (0.0, 0.0)
    instead: tuple[int, ...] = ()

    @property
    def ambiguous(self) -> bool:
        """True where other switches explain the difference as well."""
        return bool(self.instead)


@dataclass(frozen=True, eq=False)
class Findings:
    """All differences; place: observed vertex -> designed vertex or -1; cables: (n, 2) observed and designed cable of a pair.

    matched: the share of designed cables that are there.
    """

    findings: tuple[Finding, ...]
    place: Ints
    cables: Ints
    matched: float


def audit(observed: Topology, designed: Topology, *, place: Ints | None = None, seed: int = 0) -> Findings:
    """Return how the observed wiring differs from the designed one; scale-up cables inside nodes are not compared.

    place: observed vertex -> designed vertex or -1 where names are trusted; else it is found from the wiring.

    Raises:
        InputError: too many switches to match without names.
    """
    bones, plan = skeleton(observed), skeleton(designed)
    instead: dict[int, tuple[int, ...]] = {}
    if place is None:
        core = match(bones, plan, seed)
        instead = _instead(core, bones, plan)
        place = np.full(observed.vertices, -1, dtype=np.int64)
        known = core >= 0
        place[bones.vertex[known]] = plan.vertex[core[known]]
        place_hosts(place, observed, designed)
    pairs, extra, missing = _joined(place, observed, designed)
    found = _vertices(place, observed, designed)
    found += _cables(place, observed, designed, extra, missing)
    found += _widths(observed, designed, pairs)
    found = [replace(f, instead=_others(f, instead)) if f.kind in SWITCHED else f for f in found]
    return Findings(tuple(found), place, pairs, _share(len(pairs), len(missing)))


def _share(there: int, missing: int) -> float:
    """Return the share of designed cables that are there; of none, all."""
    return there / (there + missing) if there + missing else 1.0


def _others(finding: Finding, instead: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({v for end in finding.vertices for v in instead.get(end, ())} - set(finding.vertices)))


def _instead(core: Ints, bones: Skeleton, plan: Skeleton) -> dict[int, tuple[int, ...]]:
    """Return observed vertex -> those it could be exchanged with so that as much of the design is explained."""
    wrong = misfits(core, bones, plan)
    wrong = wrong[core[wrong] >= 0][:MOST_ASKED]
    placed = np.flatnonzero(core >= 0)
    found: dict[int, tuple[int, ...]] = {}
    for tier in np.unique(bones.tier[wrong]):
        rows, peers = wrong[bones.tier[wrong] == tier], placed[bones.tier[placed] == tier]
        here = overlap(core, bones, plan, rows, core[peers])
        there = overlap(core, bones, plan, peers, core[rows]).T
        own = overlap(core, bones, plan, rows, core[rows]).diagonal()
        fits = bones.total[peers]  # what fits explains all of its weight
        fits[np.searchsorted(peers, rows)] = own
        even = here + there == own[:, None] + fits[None, :]
        for row, line in zip(rows, even, strict=True):
            others = [int(v) for v in peers[line] if v != row and not _same_row(plan, int(core[v]), int(core[row]))]
            if others:
                found[int(bones.vertex[row])] = tuple(int(bones.vertex[v]) for v in others)
    return found


def _same_row(plan: Skeleton, one: int, other: int) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(plan.row(one), plan.row(other), strict=True))


def _joined(place: Ints, observed: Topology, designed: Topology) -> tuple[Ints, Ints, Ints]:
    """Return (observed, designed) cable pairs, observed cables without a pair, designed cables without one.

    Parallel cables are paired widest first.
    """
    kept = [np.flatnonzero(t.level != t.scale_up_level) for t in (observed, designed)]
    ends = [place[observed.ends[kept[0]]], designed.ends[kept[1]].astype(np.int64)]
    fit = (ends[0] >= 0).all(axis=1)
    sides = [(kept[0][fit], ends[0][fit], observed.lanes), (kept[1], ends[1], designed.lanes)]
    keys, numbers = [], []
    for cables, pairs, lanes in sides:
        order = np.argsort(-lanes[cables].astype(np.int64), kind="stable")
        low, high = np.sort(pairs[order], axis=1).T
        keys.append(low * designed.vertices + high)
        numbers.append(cables[order])
    first, second = pairs_of_equal(keys[0], keys[1])
    pairs = np.column_stack([numbers[0][first], numbers[1][second]])
    return pairs, np.setdiff1d(kept[0], pairs[:, 0]), np.setdiff1d(kept[1], pairs[:, 1])


def _vertices(place: Ints, observed: Topology, designed: Topology) -> list[Finding]:
    """Return the switches and hosts that only one side has."""
    extra = [v for v in np.flatnonzero(place < 0).tolist() if observed.tier[v] != observed.scale_up_tier]
    there = np.isin(np.arange(designed.vertices), place)
    missing = [v for v in np.flatnonzero(~there).tolist() if designed.tier[v] != designed.scale_up_tier]
    found = [Finding("extra_host" if v < observed.devices else "extra_switch", (v,)) for v in extra]
    found += [Finding("missing_switch", (), designed=(v,)) for v in missing if v >= designed.devices]
    return found + _missing_hosts(place, designed, [v for v in missing if v < designed.devices])


def _missing_hosts(place: Ints, designed: Topology, hosts: list[int]) -> list[Finding]:
    """Return the hosts that are not there, with the observed switches they should hang on."""
    back = dict(zip(place[place >= 0].tolist(), np.flatnonzero(place >= 0).tolist(), strict=True))
    planned = switches(host_cables(designed), np.array(hosts, dtype=np.int64))
    ends = {host: tuple(back[s] for s in planned[host] if s in back) for host in hosts}
    return [Finding("missing_host", ends[host], designed=(host,)) for host in hosts]


def _cables(place: Ints, observed: Topology, designed: Topology, extra: Ints, missing: Ints) -> list[Finding]:
    """Return cables that only one side has, two that changed ends as one swap, a host's that changed its leaf as a move.

    Cables of a designed vertex that is not there are told by `missing_switch` and `missing_host` alone.
    """
    back = np.full(designed.vertices, -1)
    back[place[place >= 0]] = np.flatnonzero(place >= 0)
    here = _counted(observed.ends[extra])
    gone = _counted(back[designed.ends[missing]])
    swaps = [Finding("swapped", four) for four in _swaps(here, gone)]
    moves = [Finding("moved", three) for three in _moves(here, gone, ~observed.forwards)]
    found = [Finding("missing", pair, count) for pair, count in gone.items() if count and min(pair) >= 0]
    found += [Finding("extra", pair, count) for pair, count in here.items() if count]
    return [*swaps, *moves, *found]


def _counted(ends: NDArray[np.integer]) -> dict[tuple[int, int], int]:
    pairs, counts = np.unique(np.sort(ends, axis=1), axis=0, return_counts=True)
    return {(int(a), int(b)): int(n) for (a, b), n in zip(pairs, counts, strict=True)}


def _around(pairs: dict[tuple[int, int], int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for (a, b), count in pairs.items():
        if count:
            found[a].add(b)
            found[b].add(a)
    return found


def _take(pairs: dict[tuple[int, int], int], *ends: tuple[int, int]) -> bool:
    """Take one cable of each pair of ends out, where all are there."""
    keys = [(min(e), max(e)) for e in ends]
    if len(set(keys)) < len(keys) or not all(pairs.get(key, 0) > 0 for key in keys):
        return False
    for key in keys:
        pairs[key] -= 1
    return True


def _swaps(here: dict[tuple[int, int], int], gone: dict[tuple[int, int], int]) -> list[tuple[int, int, int, int]]:
    """Return (a, b, c, d): a-b and c-d are gone, a-d and c-b are there; both are taken out of what is left."""
    extra, lost = _around(here), _around(gone)
    found = []
    for pair in list(gone):
        for a, b in (pair, pair[::-1]):
            for d in sorted(extra[a]):
                for c in sorted(extra[b] & lost[d]):
                    ends = {a, b, c, d}
                    while len(ends) == 4 and gone.get(pair, 0) and _both(here, gone, (a, b, c, d)):
                        found.append((a, b, c, d))
    return found


def _both(here: dict[tuple[int, int], int], gone: dict[tuple[int, int], int], four: tuple[int, int, int, int]) -> bool:
    a, b, c, d = four
    ready = all(here.get((min(e), max(e)), 0) for e in ((a, d), (c, b))) and all(
        gone.get((min(e), max(e)), 0) for e in ((a, b), (c, d))
    )
    return ready and _take(here, (a, d), (c, b)) and _take(gone, (a, b), (c, d))


def _moves(
    here: dict[tuple[int, int], int], gone: dict[tuple[int, int], int], host: NDArray[np.bool_]
) -> list[tuple[int, int, int]]:
    """Return (host, from, to) where one cable of a host is gone and another is there."""
    lost = _around(gone)
    found = []
    for pair in list(here):
        h, to = pair if host[pair[0]] else pair[::-1]
        for origin in sorted(lost.get(h, ())) if host[h] else ():
            if here[pair] and _take(gone, (h, origin)):
                here[pair] -= 1
                found.append((h, origin, to))
    return found


def _widths(observed: Topology, designed: Topology, pairs: Ints) -> list[Finding]:
    """Return the cables whose lanes are not the design's, where the usual ratio of both is one unit."""
    if not len(pairs):
        return []
    ratio = observed.lanes[pairs[:, 0]] / designed.lanes[pairs[:, 1]]
    unit = float(np.median(ratio))
    found = []
    for cable, plan in pairs[ratio != unit].tolist():
        a, b = observed.ends[cable].tolist()
        lanes = (float(observed.lanes[cable]) / unit, float(designed.lanes[plan]))
        found.append(Finding("width", (a, b), lanes=lanes))
    return found
