"""Which pairs of groups to test next: rings through many pairs at once, and through fewer where they were slow. It asks none.

A ring that goes round the groups of a parent fills a pair with every step, each in one direction; of g groups g // 2 such
rings meet every pair. On tiers what leads out of a group carries one pair at its fullest, so that a ring takes all of a group's
nodes: with `at_once` of them each has that share of the nodes, and shows what is slower by so many times. On a direct network
each pair has cables of its own, and as many rings run at once as fill no other cable more than those. Where one of several
pairs must be slow, each is a ring of its own two groups, to and fro, and several are joined into a test as likely slow as not.
Nodes and ways out that are not cleared take no part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from fabric.slow.group_pairs import parents
from fabric.slow.pair_rings import best_ring, most_suspect, rings_of, weight
from fabric.slow.plan import EVEN, LEAST, NEARLY, SURE, Test, filled, interleaved, mixed, run_of, steps
from fabric.slow.plan_walks import pair_walks
from fabric.slow.tree import Layer, Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WELL = 0.6
"""Of the prior: what is less probable takes part."""
ACCUSED = 1.2
"""Of the prior: what is more probable was in a slow test."""
SHARE = 0.7
"""Of a group's nodes, from which on it takes part: fewer fill its pairs too little."""
FULLER = 0.02
"""By which a test must fill a pair more than the healthy ones did."""
MANY = 1.25
"""Of EVEN: the suspicion of a round from which on pairs are tested each by itself."""
LOCAL = 1.05
"""How full cables inside groups may be over the pairs' own."""
SEEN = 0.85
"""Of what a healthy test shows of a pair: by how much at least it makes it less probable."""
MOST = 10.0
FEW_STEPS = 6
"""Room of a pair from which on a step between two units says nothing of it."""


@dataclass(frozen=True)
class Known:
    """What is known of all suspects. prior: of nodes and boundaries; of_pair: of a pair.

    best: how full healthy tests made each pair. at_once: rings of a layer in one round. cover: whether pairs that nobody
    accuses are tested too.
    """

    probability: Floats
    prior: float
    of_pair: float
    best: Floats
    at_once: Mapping[int, int]
    cover: bool
    least: float


def shows(fill: float, least: float) -> float:
    """Return how probably a test that fills a pair so far shows it, were it slow."""
    return min(1.0, max(0.0, (log(MOST) - log((1 + least) / fill)) / (log(MOST) - log(1 + least)))) if fill > 0 else 0.0


def rounds_of(tree: Tree, at: int) -> int:
    """Return how many rounds all pairs of a tiered layer take at their fullest."""
    if tree.layers[at].direct:
        return 1
    return int(np.bincount(parents(tree.layers, at)).max()) // 2


def accused(tree: Tree, known: Known) -> NDArray[np.bool_]:
    """Return which pairs were in slow tests that nothing else explains, and are not to be confirmed yet."""
    own = known.probability[tree.first_pair :]
    return np.asarray((own > ACCUSED * known.of_pair) & (own < SURE))


def wanted(tree: Tree, known: Known) -> NDArray[np.bool_]:
    """Return which pairs are to be tested."""
    own = known.probability[tree.first_pair :]
    if not known.cover:
        return accused(tree, known)
    enough = np.array([1 - SEEN * shows(1 / known.at_once[at], known.least) for at in tree.pairs.layers])
    limit = enough[np.searchsorted(tree.pairs.layers, tree.pairs.layer)] * known.of_pair if len(own) else own
    return accused(tree, known) | ((own > limit) & (own < SURE))


def pair_tests(tree: Tree, known: Known, others: Sequence[Test] = ()) -> list[Test]:
    """Return tests of pairs that run beside those of a round: most suspect layers first, on nodes that no other test has."""
    open_ = wanted(tree, known)
    if not open_.any():
        return []
    own = known.probability[tree.first_pair :]
    mass = np.where(open_, -np.log1p(-np.minimum(own, 1 - 1e-9)), 0.0)
    if tree.walked:
        well = np.flatnonzero(known.probability[: tree.nodes] < WELL * known.prior).tolist()
        return [t for t in pair_walks(tree, known.probability, mass, well, others) if _tells(tree, known, mass, t)]
    order = sorted(tree.pairs.layers, key=lambda at: -float(mass[tree.pairs.layer == at].max()))
    found: list[Test] = []
    for at in order:
        found += _of_layer(tree, at, known, mass, [*others, *found])
    return found


@dataclass
class Free:
    """The nodes of every group of a layer that take part; taken from as tests are made. whole: how many there were."""

    tree: Tree
    at: int
    nodes: dict[int, list[int]]
    whole: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Count them."""
        self.whole = {group: len(own) for group, own in self.nodes.items()}

    def need(self, one: int, other: int, at_once: int) -> int:
        """Return how many nodes of a group a unit takes in which these two are side by side."""
        if self.tree.layers[self.at].direct:
            room = self.tree.pairs.room[self.tree.pairs.number[self.at][one, other]]
            return max(1, ceil(float(room) - 1e-9))
        return max(1, min(self.whole[one], self.whole[other]) // at_once)

    def unit(self, ring: Sequence[int], at_once: int) -> tuple[int, ...] | None:
        """Take and return the nodes of a unit, groups once round or two to and fro, in order; None where too few are left."""
        sides = list(zip(ring, (*ring[1:], ring[0]), strict=True))
        need = max(self.need(a, b, at_once) for a, b in sides)
        layer = self.tree.layers[self.at]
        if not layer.direct:
            need = min(need, *(self.whole[g] // at_once for g in ring))
        if need < 1 or any(len(self.nodes[g]) < need for g in ring):
            return None
        before = {b: a for a, b in sides}
        own = [self._take(a, need, (b, before[a])) for a, b in sides]
        return interleaved(own, 1 if layer.direct else run_of(layer))

    def _take(self, group: int, count: int, beside: Sequence[int]) -> list[int]:
        """Take nodes of a group: on a direct network first those whose switch has the cables to its neighbours in the ring."""
        there = self.nodes[group]
        for other in reversed(beside):
            gates = _gates(self.tree, self.at, group, other)
            there.sort(key=lambda n, gates=gates: n not in gates)  # type: ignore[misc]
        taken, self.nodes[group] = there[:count], there[count:]
        return taken


def _gates(tree: Tree, at: int, group: int, other: int) -> set[int]:
    """Return the nodes of a group whose own switch has a cable to another group."""
    if tree.ways is None or not tree.layers[at].direct:
        return set()
    topology = tree.ways.fabric.topology
    leads = tree.pairs.leads[int(tree.pairs.number[at][group, other])]
    ends = {*topology.ends[leads].ravel().tolist()}
    return {n for n in np.flatnonzero(tree.layers[at].group == group).tolist() if tree.ways.switches[n] in ends}


def _of_layer(tree: Tree, at: int, known: Known, mass: Floats, others: Sequence[Test]) -> list[Test]:
    free = Free(tree, at, _taking_part(tree, at, known, others))
    units = _units(tree, at, known, mass, free, others)
    hot = float(mass[accused(tree, known) & (tree.pairs.layer == at)].sum())
    even = min(max(hot / 2, EVEN / 2), EVEN) if hot else EVEN  # half of those of whom one must be slow
    tests: list[Test] = []
    ring: list[int] = []
    sum_ = 0.0
    for suspicion, nodes in units:
        more = _joining(tree, at, ring, nodes, mass) if ring else nodes
        if more is None or (ring and (sum_ >= NEARLY * even or (sum_ + suspicion > even and suspicion > LEAST))):
            tests.append(Test(tuple(ring)))
            ring, sum_, more = [], 0.0, nodes
        ring += more
        sum_ += suspicion
    tests += [Test(tuple(ring))] if ring else []
    return [test for test in tests if _tells(tree, known, mass, test)]


def _joining(tree: Tree, at: int, ring: Sequence[int], nodes: Sequence[int], mass: Floats) -> tuple[int, ...] | None:
    """Return nodes of a unit as they go on with a ring; None where the steps between would fill a pair that is accused.

    Groups once round begin where the ring began, so that its last step is the one that closed it.
    """
    group, number = tree.layers[at].group, tree.pairs.number[at]
    start = next((place for place, n in enumerate(nodes) if group[n] == group[ring[0]]), 0)
    once_round = len({int(group[n]) for n in nodes}) > 2
    ways = [(*nodes[start:], *nodes[:start])] if once_round else [tuple(nodes), (*nodes[1:], nodes[0])]
    for way in ways:
        between = [number[group[ring[-1]], group[way[0]]], number[group[way[-1]], group[ring[0]]]]
        full = [1 / tree.pairs.room[pair] for pair in between if pair >= 0 and mass[pair] > LEAST]
        if once_round or not any(fill > 1 / FEW_STEPS for fill in full):
            return way
    return None


def _tells(tree: Tree, known: Known, mass: Floats, test: Test) -> bool:
    """Return whether a test fills an open pair more than healthy ones did, or an accused one at all."""
    full, cover = filled(tree, test)
    share = (full / full.max() * cover)[tree.first_pair :]
    return bool(((mass > 0) & (share > np.where(accused(tree, known), 0.25, known.best + FULLER))).any())


def _taking_part(tree: Tree, at: int, known: Known, others: Sequence[Test]) -> dict[int, list[int]]:
    """Return the nodes of every group that are cleared, lie behind cleared ways out, and are in no other test of the round."""
    layer, busy = tree.layers[at], {n for test in others for n in test.nodes}
    well = known.probability < WELL * known.prior
    for below, one in enumerate(tree.layers[: at + 1]):
        if one.direct:
            continue
        crossed = {g for test in others for g in _crossed(tree, below, test)}
        thin = {g for g in crossed if one.fill[g] > 1 + 1e-9}  # two tests would share what leads out of it
        good = np.array([well[tree.boundary(below, g)] and g not in thin for g in range(len(one.names))])
        well[: tree.nodes] &= good[one.group]
    found: dict[int, list[int]] = {}
    for group in range(len(layer.names)):
        own = [int(n) for n in np.flatnonzero(layer.group == group) if well[n] and int(n) not in busy]
        if own and (layer.direct or len(own) >= SHARE * layer.size[group]):
            found[group] = list(mixed(tree, own, at - 1))
    return found


def _crossed(tree: Tree, at: int, test: Test) -> Collection[int]:
    """Return the groups of a layer that a test leaves."""
    group = tree.layers[at].group
    return {int(group[n]) for pair in steps(test) for n in pair if group[pair[0]] != group[pair[1]]}


def _units(
    tree: Tree, at: int, known: Known, mass: Floats, free: Free, others: Sequence[Test]
) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Yield (suspicion, nodes in order) of units that fit beside each other: rings round the groups of every parent.

    Where more than MANY of their pairs must be slow, those that are accused go to and fro, and rings round the groups left. So
    do those of whom a ring round all told what it could: the group with the fewest nodes bounds how full it is.
    """
    number, direct = tree.pairs.number[at], tree.layers[at].direct
    at_once, load = _at_once(tree, at, known), _load(tree, others)
    shut = known.probability[tree.first_pair :] >= SURE
    rings = _rings(tree, at, free, np.where(shut, -np.inf, mass), at_once)
    hot = accused(tree, known)
    if sum(weight(ring, number, mass) for ring in rings) <= MANY * EVEN:
        hot &= (known.best + FULLER > SHARE) & (tree.pairs.layer == at) & (not direct)
    if hot.any():
        for ring in _to_and_fro(tree, at, np.where(hot, mass, 0.0), free):
            nodes = _beside(tree, at, ring, free, load) if direct else free.unit(ring, 1)
            if nodes is not None:
                load = load + _load(tree, [Test(nodes)]) if direct else load
                yield weight(ring, number, mass), nodes
        rings = _rings(tree, at, free, np.where(shut | hot, -np.inf, mass), at_once)
    for ring in sorted(rings, key=lambda ring: -weight(ring, number, mass)):
        nodes = _beside(tree, at, ring, free, load) if direct else free.unit(ring, int(at_once[ring[0]]))
        if nodes is not None:
            load = load + _load(tree, [Test(nodes)]) if direct else load
            yield weight(ring, number, mass), nodes


def _at_once(tree: Tree, at: int, known: Known) -> Ints:
    """Return for every group how many rings run at once round its parent's groups.

    One, where a pair of them is accused and a healthy test filled it as far as one of several would, or only such are tested.
    """
    parent, most = parents(tree.layers, at), known.at_once.get(at, 1)
    found = np.full(len(parent), most)
    fuller = accused(tree, known) & (tree.pairs.layer == at) & ((known.best + FULLER > SHARE / most) | (not known.cover))
    found[np.isin(parent, parent[tree.pairs.one[fuller]])] = 1
    return found


def _beside(tree: Tree, at: int, ring: Sequence[int], free: Free, load: Floats) -> tuple[int, ...] | None:
    """Return a unit of a direct network that fits beside what else runs, in one direction or the other."""
    for way in (tuple(ring), tuple(reversed(ring))):
        kept = {group: list(free.nodes[group]) for group in ring}
        nodes = free.unit(way, 1)
        if nodes is not None and _fits(tree, at, load, _load(tree, [Test(nodes)])):
            return nodes
        free.nodes |= kept
    return None


def _rings(tree: Tree, at: int, free: Free, mass: Floats, at_once: Ints) -> list[tuple[int, ...]]:
    """Return rings for one round: of each parent's groups `at_once` (by group), on a direct network as many as there are.

    mass: minus infinity where a pair must not be filled.
    """
    parent, direct = parents(tree.layers, at), tree.layers[at].direct
    families: dict[int, list[int]] = {}
    for group, own in free.nodes.items():
        if own and (direct or len(own) == free.whole[group]):
            families.setdefault(int(parent[group]), []).append(group)
    number = tree.pairs.number[at]
    most = np.full(len(parent), len(parent)) if direct else at_once
    return [ring for own in families.values() if len(own) > 1 for ring in most_suspect(own, number, mass, int(most[own[0]]))]


def _to_and_fro(tree: Tree, at: int, mass: Floats, free: Free) -> list[tuple[int, ...]]:
    """Return the open pairs of a layer, the most suspect first; on tiers each group is in one."""
    pairs = tree.pairs
    own = np.flatnonzero((pairs.layer == at) & (mass > 0))
    found, used = list[tuple[int, ...]](), set[int]()
    for pair in own[np.argsort(-mass[own], kind="stable")]:
        ends = (int(pairs.one[pair]), int(pairs.other[pair]))
        if not {*ends} <= {*free.nodes} or (used & {*ends} and not tree.layers[at].direct):
            continue
        used |= {*ends}
        found.append(ends)
    return found


def _load(tree: Tree, tests: Sequence[Test]) -> Floats:
    """Return how full tests that run at once make every cable of a direct network."""
    if tree.ways is None:
        return np.zeros(0)
    found = np.zeros(len(tree.ways.fabric.topology.ends))
    for test in tests:
        if not test.inside:
            tails, heads = zip(*steps(test), strict=True)
            found += tree.ways.loads(tails, heads, test.rail)
    return found


def _fits(tree: Tree, at: int, load: Floats, more: Floats) -> bool:
    """Return whether a unit beside others fills its pairs' cables no more than alone, and no other cable more than those."""
    leads = np.concatenate([leads for leads, layer in zip(tree.pairs.leads, tree.pairs.layer, strict=True) if layer == at])
    own = np.zeros(len(load), dtype=bool)
    own[leads] = True
    full = max(1.0, float(more[own].max()))
    return bool((load + more)[more > 0].max() <= LOCAL * full)


def around(tree: Tree, known: Known, test: Test) -> Test | None:
    """Return a planned test with its groups in an order that fills pairs that are not tested yet, and none that is accused.

    So tests of nodes and boundaries tell of pairs what they can. None where each order fills one that is known to be slow.
    """
    if test.inside or not len(tree.pairs) or tree.walked:  # walks go by pairs already
        return test
    own = known.probability[tree.first_pair :]
    mass = np.where(wanted(tree, known), own * (1 - known.best), 0.0)
    mass = np.where(own >= SURE, -np.inf, np.where(accused(tree, known), -own, mass))
    for at in tree.pairs.layers if mass.any() else ():
        layer, number = tree.layers[at], tree.pairs.number[at]
        members: dict[int, list[int]] = {}
        for node in sorted(test.nodes, key=lambda n: int(layer.group[n])):
            members.setdefault(int(layer.group[node]), []).append(node)
        groups = [*members]
        one_parent = len({int(p) for p in parents(tree.layers, at)[groups]}) == 1  # else its steps go from parent to parent
        if len(groups) < 2 or not one_parent or not mass[tree.pairs.layer == at].any():
            continue
        orders = [tuple(groups[place] for place in ring) for ring in rings_of(len(groups))]
        best = max([*orders, best_ring(groups, number, mass)], key=lambda ring: weight(ring, number, mass))
        if weight(best, number, mass) == -np.inf:
            return None
        if best != orders[0] or layer.direct:
            lists = [members[group] for group in best]
            test = Test(_once_round(tree, layer, test, lists), test.rail)
    return test


def _once_round(tree: Tree, layer: Layer, test: Test, lists: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return groups' nodes in a ring that goes round them in this order as long as all have some left.

    Where that fills what leads out of them less than before, a group that has fewer comes less often instead.
    """
    if layer.direct:
        return _through_gates(tree, lists)
    run = run_of(layer)
    turns = sorted((place // run, at, node) for at, own in enumerate(lists) for place, node in enumerate(own))
    nodes = tuple(node for *_, node in turns)
    before, after = (filled(tree, ring)[0][tree.nodes : tree.first_pair] for ring in (test, Test(nodes, test.rail)))
    return nodes if (after >= before - FULLER).all() else interleaved(lists, run)


def _through_gates(tree: Tree, lists: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return groups' nodes one group after the other, each entered and left where its cables to the ones beside it are.

    Between them it goes from switch to switch once: so that no cable inside a group carries two steps where one can do.
    """
    at = len(tree.layers) - 1
    of = [int(tree.layers[at].group[own[0]]) for own in lists]
    found: list[int] = []
    for place, own in enumerate(lists):
        into, out = (_gates(tree, at, of[place], of[(place + side) % len(of)]) for side in (-1, 1))
        first = next((n for n in own if n in into), own[0])
        last = next((n for n in reversed(own) if n in out and n != first), own[-1] if own[-1] != first else own[0])
        switch = tree.ways.switches if tree.ways is not None else ()
        ends = {switch[first]: -1, switch[last]: 1} if switch[first] != switch[last] else {switch[first]: -1}
        between = sorted((n for n in own if n not in (first, last)), key=lambda n: (ends.get(switch[n], 0), switch[n], n))
        found += [first, *between, *([last] if last != first else [])]
    return tuple(found)
