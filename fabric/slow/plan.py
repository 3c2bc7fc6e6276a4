"""What to test next: groups that follow the fabric, share no node, and are as likely slow as not. It measures nothing.

A test is a ring of nodes. Inside one of the smallest groups it loads its nodes alone; a ring that goes from group to group with
every step fills what leads out of each as well. Nodes that are cleared keep suspects company: a ring has two at least.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from fabric.slow.tree import Layer, Tree
from fabric.slow.ways import Ways

Floats = NDArray[np.float64]
EVEN = log(2)
"""-log of the probability that nothing slow is in a group of which that is as likely as not."""
NEARLY = 0.75
"""Of EVEN: from here on a group is worth a test of its own where it is."""
LEAST = 0.08
"""-log of that probability below which a rest waits for the next round, where this one has other tests."""
ENOUGH = 0.005
"""The same of all that is not cleared, below which no test is worth its round: so many slow ones are missed, at most."""
SURE = 0.9
"""From this probability on a suspect is no longer grouped with others: it is confirmed."""
CLEARED, CLEAR_WAY = 0.2, 0.06
"""Of the prior: below it a node is cleared, or what leads out of a group (a fill of six eighths leaves 0.09, of seven 0.03)."""
REFERENCES = 6
"""Tests of the first round, at least: a healthy one must be among them."""


@dataclass(frozen=True, eq=False)
class Belief:
    """What is believed. accused: a number per suspect, the same for those that the same slow tests accuse, 0 without any.

    first: nothing was tested yet, so that several tests are needed to know what a healthy one takes.
    """

    probability: Floats
    prior: float
    accused: NDArray[np.int64]
    first: bool
    busy: set[int] = field(default_factory=set)
    """Numbers of accused of whom this round tests half already."""

    def enough(self, mass: Floats) -> Floats:
        """Return the suspicion that makes a test even, of every suspect: half of what the same slow tests accuse, or EVEN."""
        each = np.bincount(self.accused, mass)
        each[0] = np.inf
        return NEARLY * np.clip(each / 2, EVEN / 2, EVEN)[self.accused]

    def waits(self, node: int) -> bool:
        """Return whether a test of this round tells of the node already."""
        return int(self.accused[node]) in self.busy

    def alike(self, node: int, others: Sequence[int]) -> set[int]:
        """Return those that the same slow tests accuse as this node: half of them tells of the others, which wait for it."""
        return {n for n in others if self.accused[n] and self.accused[n] == self.accused[node]}


@dataclass(frozen=True)
class Test:
    """A ring of nodes, in order: by all their devices, by those of one rail, or (inside) of one node's own devices.

    without: rails that are left out, as they are known to be slow.
    """

    nodes: tuple[int, ...]
    rail: int | None = None
    inside: bool = False
    without: tuple[int, ...] = ()
    __test__ = False  # not one of pytest's


@dataclass
class _Rest:
    """What a group hands up: nodes that no test of this round has, and the suspicion on them and on what leads out of it."""

    nodes: list[int]
    mass: float


def steps(test: Test) -> list[tuple[int, int]]:
    """Return the ring's steps."""
    return list(zip(test.nodes, (*test.nodes[1:], test.nodes[0]), strict=True))


def filled(tree: Tree, test: Test) -> tuple[Floats, Floats]:
    """Return how full a test makes each suspect, in loads of a node's own link, and with which probability what is slow of it.

    The largest is a healthy test's time over one that its nodes alone bound: more than 1 where what leads out is too thin.
    """
    full, cover = np.zeros(tree.suspects), np.ones(tree.suspects)
    nodes = list(test.nodes)
    full[nodes] = 1.0
    if tree.switches and len(nodes) > 1:
        full[tree.first_switch + tree.layers[0].group[nodes]] = 1.0
    if test.without:
        cover = _narrowed(tree, len(test.without))
    if tree.ways is not None and not test.inside:
        return _routed(tree, tree.ways, test, full, cover)
    tails, heads = (np.array(side) for side in zip(*steps(test), strict=True))
    for at, layer in enumerate(tree.layers):
        leaves, enters = layer.group[tails], layer.group[heads]
        if at in tree.pairs.layers:
            pairs, load = tree.pairs.filled(at, leaves, enters)
            full[tree.first_pair + pairs] = load
        out = np.bincount(leaves[leaves != enters], minlength=len(layer.names))
        for group in np.flatnonzero(out):
            number = tree.boundary(at, int(group))
            full[number] = max(full[number], layer.fill[group] * out[group] / layer.size[group])
    return full, cover


def _narrowed(tree: Tree, without: int) -> Floats:
    """Return with which probability a test without so many rails shows what is slow: on those that are left.

    Of a group whose own rails are left out it is of the others that something is still to be known.
    """
    ran, first = tree.rails - without, tree.layers[0]
    known = np.array([len(rails) for rails in tree.out])
    share = ran / np.maximum(ran, tree.rails - known)
    cover = np.full(tree.suspects, ran / tree.rails)
    cover[tree.first_switch : tree.first_pair][known > 0] = 0.0
    cover[: tree.nodes] = share[first.group]
    cover[tree.nodes : tree.nodes + first.boundaries] = share if first.boundaries > 1 else share.max()
    return cover


def slack(tree: Tree, test: Test) -> float:
    """Return how long a healthy test takes, of one that its nodes alone bound: more where what leads out is too thin."""
    return float(filled(tree, test)[0].max())


def _routed(tree: Tree, ways: Ways, test: Test, full: Floats, cover: Floats) -> tuple[Floats, Floats]:
    """Return filled() by the ways that messages take."""
    tails, heads = (np.array(side) for side in zip(*steps(test), strict=True))
    loads = ways.loads(tails.tolist(), heads.tolist(), test.rail, test.without)
    if tree.walked:
        full[tree.first_pair :], cover[tree.first_pair :] = tree.pairs.loaded(loads)
        return full, cover
    for at, layer in enumerate(tree.layers):
        if at in tree.pairs.layers:
            pairs, even = tree.pairs.filled(at, layer.group[tails], layer.group[heads])
            for pair, load in zip(pairs.tolist(), even.tolist(), strict=True):
                leads = tree.pairs.leads[pair]
                number = tree.first_pair + pair
                full[number], cover[number] = ways.filled(loads, leads) if layer.direct else (load, 1.0)
        if layer.direct:
            continue
        for group in np.unique(layer.group[list(test.nodes)]).tolist():
            number, (most, share) = tree.boundary(at, group), ways.filled(loads, layer.leads[group])
            if most > full[number]:
                full[number], cover[number] = most, share
    return full, cover


def shown(tree: Tree, test: Test, least: float = 0.1) -> Floats:
    """Return how probably the test shows each suspect, were it slow: a factor drawn as belief draws it, less its slack."""
    return visible(*filled(tree, test), least)


def visible(full: Floats, cover: Floats, least: float) -> Floats:
    """Return shown() of what filled() gives."""
    with np.errstate(divide="ignore"):
        needs = np.log((1 + least) * full.max() / full)  # the factor that begins to show
    return np.asarray(cover * np.clip((log(10.0) - needs) / (log(10.0) - log(1 + least)), 0.0, 1.0))


def plan(tree: Tree, belief: Belief, bar: Collection[int] = (), *, beside: bool = False, mildest: bool = False) -> list[Test]:
    """Return the next round: disjoint tests. bar: nodes that do not take part.

    beside: whether the round has confirmations, so that a rest that is hardly suspect can wait for their nodes.
    mildest: groups are joined from the least suspect on, so that those of whom one must be slow meet others than before.
    """
    probability = belief.probability
    belief.busy.clear()
    mass = suspicion(tree, belief)
    mass[tree.first_pair :] = 0.0  # pairs of groups have a plan of their own
    out = {*bar} | {int(n) for n in np.flatnonzero(probability[: tree.nodes] >= SURE)} | hidden(tree, probability)
    shut = {int(s) for s in np.flatnonzero(probability[tree.nodes :] >= SURE) + tree.nodes}
    tests: list[Test] = []
    rests = _smallest(tree, mass, out, shut, tests, belief)
    for at in range(len(tree.layers)):
        rests = _joined(tree, at, rests, mass, shut, tests, belief, mildest=mildest)
    nodes = [rest.nodes for rest in rests.values() if rest.nodes]
    rest = sum(rest.mass for rest in rests.values())
    if sum(map(len, nodes)) >= 2 and rest > (LEAST if tests or beside else min(ENOUGH, belief.prior / 2)):
        tests.append(Test(mixed(tree, [n for some in nodes for n in some], len(tree.layers) - 1)))
    return [test for test in tests if float((shown(tree, test) * mass).sum()) > WORTH]


def suspicion(tree: Tree, belief: Belief) -> Floats:
    """Return -log of the probability that each suspect is well; nothing of those that are decided."""
    mass = -np.log1p(-np.minimum(belief.probability, 1 - 1e-9))
    return np.where(undecided(tree, belief.probability, belief.prior), mass, 0.0)


def hidden(tree: Tree, probability: Floats) -> set[int]:
    """Return the nodes of groups whose own switches are slow, but for those of which tests leave out the slow rails."""
    slow = {int(g) for g in np.flatnonzero(probability[tree.first_switch : tree.first_pair] >= SURE)}
    free = {g for g in slow if tree.out and 0 < len(tree.out[g]) < tree.rails}
    return {n for g in slow - free for n in np.flatnonzero(tree.layers[0].group == g).tolist()}


def undecided(tree: Tree, probability: Floats, prior: float) -> NDArray[np.bool_]:
    """Return which suspects are neither cleared nor to be confirmed."""
    limit = np.where(np.arange(tree.suspects) < tree.nodes, CLEARED, CLEAR_WAY) * prior
    return np.asarray((probability > limit) & (probability < SURE))


WORTH = 1e-3
"""Suspicion that a test must show to be asked."""


def _smallest(
    tree: Tree, mass: Floats, out: Collection[int], shut: Collection[int], tests: list[Test], belief: Belief
) -> dict[int, _Rest]:
    """Cut even tests out of each of the smallest groups; return what is left of each, by group."""
    group = tree.layers[0].group if tree.layers else np.zeros(tree.nodes, dtype=np.int64)
    rests: dict[int, _Rest] = {}
    few = belief.first and float(mass.sum()) < REFERENCES * NEARLY * EVEN
    most = max(2, tree.nodes // REFERENCES) if few else tree.nodes
    for number in range(int(group.max()) + 1):
        there = [int(n) for n in np.flatnonzero(group == number) if int(n) not in out]
        there.sort(key=lambda n: (-mass[n], n))
        alone = few or (bool(tree.layers) and _shut(tree, 0, number, shut))
        shared = float(mass[tree.first_switch + number]) if tree.switches else 0.0
        rest = _cut(there, mass, most, tests, 0.0 if alone else LEAST, belief, shared)
        if tree.layers:
            rests[number] = rest
        else:
            rests[0] = rest
    return rests


def _cut(there: list[int], mass: Floats, most: int, tests: list[Test], least: float, belief: Belief, shared: float) -> _Rest:
    """Take even tests from nodes sorted by suspicion, the most suspect first; return the rest.

    least: the suspicion that is worth a test where no more is left: none, where the rest cannot be joined with others.
    shared: the suspicion on what they all hang on.
    """
    there[:] = [n for n in there if not belief.waits(n)]
    enough = belief.enough(mass)
    while len(there) >= 2:  # a ring has two
        taken, sum_, need = 0, shared, float(enough[there[0]])
        while taken < len(there) and taken < most and (sum_ < need or not taken):
            sum_ += float(mass[there[taken]])
            taken += 1
        if sum_ <= least or (sum_ < need and taken < most and least):
            break
        own = there[:taken]
        del there[:taken]
        held = belief.alike(own[-1], there)
        belief.busy.update({int(belief.accused[own[-1]])} - {0})
        there[:] = [n for n in there if n not in held]
        if len(own) == 1:
            if not there:
                there.append(own.pop())
                break
            own.append(there.pop())  # the least suspect
        tests.append(Test(tuple(own)))
    return _Rest(there, float(mass[there].sum()) + shared if there else 0.0)


def _shut(tree: Tree, at: int, group: int, shut: Collection[int]) -> bool:
    """Return whether what leads out of a group is known to be slow."""
    return not tree.layers[at].direct and tree.boundary(at, group) in shut


def _out(tree: Tree, at: int, group: int, mass: Floats) -> float:
    """Return the suspicion on what leads out of a group: none where that is its pairs."""
    return 0.0 if tree.layers[at].direct else float(mass[tree.boundary(at, group)])


def _suspect(tree: Tree, at: int, group: int, rest: _Rest, mass: Floats) -> int:
    """Return the most suspect of a group's rest and of what leads out of it."""
    if tree.layers[at].direct:
        return rest.nodes[0]
    boundary = tree.boundary(at, group)
    return boundary if mass[boundary] >= mass[rest.nodes[0]] else rest.nodes[0]


def _joined(
    tree: Tree,
    at: int,
    rests: dict[int, _Rest],
    mass: Floats,
    shut: Collection[int],
    tests: list[Test],
    belief: Belief,
    *,
    mildest: bool,
) -> dict[int, _Rest]:
    """Join the rests of a layer's groups into even tests that go between them; return what is left, by group of the next."""
    layer = tree.layers[at]
    above = tree.layers[at + 1].group if at + 1 < len(tree.layers) else np.zeros(tree.nodes, dtype=np.int64)
    parents: dict[int, list[int]] = {}
    for group in rests:
        parents.setdefault(int(above[np.flatnonzero(layer.group == group)[0]]), []).append(group)
    found: dict[int, _Rest] = {}
    for parent, groups in parents.items():
        free = [g for g in groups if rests[g].nodes and not _shut(tree, at, g, shut)]
        weights = {g: rests[g].mass + _out(tree, at, g, mass) for g in free}
        order = sorted(weights, key=lambda g: (weights[g] if mildest else -weights[g], g))
        while len(order) >= 2:  # between two groups at least
            taken, sum_ = 0, 0.0
            while taken < len(order) and (sum_ < NEARLY * EVEN or taken < 1):
                sum_ += weights[order[taken]]
                taken += 1
            if sum_ < NEARLY * EVEN:
                break
            own = order[:taken]
            del order[:taken]
            most = {g: _suspect(tree, at, g, rests[g], mass) for g in (*own, *order)}
            waiting = belief.alike(most[own[-1]], [most[g] for g in order])
            wait = [g for g in order if most[g] in waiting]
            order = [g for g in order if most[g] not in waiting]
            if len(own) == 1:
                own.append((order or wait).pop())
            tests.append(Test(mixed(tree, [n for g in own for n in rests[g].nodes], at)))
        left = order
        nodes = [n for g in left for n in rests[g].nodes]
        boundary = sum(_out(tree, at, g, mass) for g in left)
        if len(left) > 1 and boundary > ENOUGH and at + 1 < len(tree.layers) and tree.layers[at + 1].direct:
            tests.append(Test(mixed(tree, nodes, at)))  # cables between groups are too thin for what leads out of these
            continue
        found[parent] = _Rest(nodes, sum(rests[g].mass for g in left) + float(boundary))
        if tree.layers[at].boundaries == 1 and left:
            found[parent].mass -= float(boundary) / 2  # both groups name the same one
    return found


def mixed(tree: Tree, nodes: Sequence[int], at: int) -> tuple[int, ...]:
    """Return nodes in a ring that leaves its group of layer `at` with every step where it can, and so those below it.

    Groups of a direct network follow each other whole: one step fills what joins two of them.
    """
    if at < 0 or len(nodes) < 2:
        return tuple(nodes)
    layer = tree.layers[at]
    of = layer.group[list(nodes)]
    own = [mixed(tree, [n for n, g in zip(nodes, of, strict=True) if g == group], at - 1) for group in sorted({*of.tolist()})]
    if layer.direct:
        return tuple(n for some in own for n in some)
    return interleaved(own, run_of(layer)) if len(own) > 1 else own[0]


def interleaved(groups: Sequence[Sequence[int]], run: int = 1) -> tuple[int, ...]:
    """Return all members, `run` of each group in turn, so that every run's end is a step to another group where one is left."""
    longest = max(len(group) for group in groups)
    spread = [
        (position // run * run * longest / len(group), number, position, node)
        for number, group in enumerate(groups)
        for position, node in enumerate(group)
    ]
    return tuple(node for *_, node in sorted(spread))


def run_of(layer: Layer) -> int:
    """Return how many nodes of a group stand together in a ring that fills what leads out of it, and no more than that."""
    return max(1, ceil(float(layer.fill.max()) - 1e-9))
