"""What to test next where rings go from neighbour to neighbour: walks as likely slow as not. It asks none and knows no time.

Every test meets nodes and what joins them. So walks are planned by the suspicion on both: from undecided nodes first, then, on
nodes that are cleared, from pairs of groups that are not told yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from fabric.slow.plan import ENOUGH, EVEN, LEAST, NEARLY, REFERENCES, SURE, Belief, Test, steps, suspicion
from fabric.slow.tree import Tree
from fabric.slow.walks import Ground, Pair, Walk, hemmed, pair_of, walk_from

Floats = NDArray[np.float64]
MORE = 1.5
"""Times the suspicion that makes a walk even: so much it takes of what others of the first round left beside it."""

THIN = 0.75
"""Room of a pair below which a step of whole nodes over its cables is slower than the nodes."""


def node_walks(
    tree: Tree, belief: Belief, bar: Collection[int] = (), *, beside: bool = False, mildest: bool = False
) -> list[Test]:
    """Return walks from undecided nodes. bar: nodes that do not take part.

    beside: whether the round has confirmations, so that a rest that is hardly suspect can wait.
    mildest: from the least suspect on, so that those of whom one must be slow meet others than before.
    """
    belief.busy.clear()
    group, mass = tree.layers[0].group, suspicion(tree, belief)
    out = {*bar} | {int(n) for n in np.flatnonzero(belief.probability[: tree.nodes] >= SURE)}
    ground = _ground(tree, [n for n in range(tree.nodes) if n not in out], mass)
    busy = {int(group[n]) for n in bar}
    thin = len(tree.pairs) > 0 and float(tree.pairs.room.min()) < THIN and int(tree.layers[0].size.min()) > 1
    own = range(len(tree.layers[0].names)) if thin else busy  # over thin cables no node shows: they meet inside groups
    ground.taken |= {pair_of(a, b) for a in own for b in tree.layers[0].beside[a] if thin or b in busy}
    ground.taken |= _shut(tree, belief.probability)
    few = belief.first and float(mass[: tree.nodes].sum()) < REFERENCES * NEARLY * EVEN
    most = max(2, tree.nodes // REFERENCES) if few else tree.nodes
    enough, least = belief.enough(mass), LEAST if beside else min(ENOUGH, belief.prior / 2)
    walks: list[Walk] = []
    left = [n for n in range(tree.nodes) if mass[n] > 0]
    while left:
        node = max(left, key=lambda n: (-mass[n] if mildest else mass[n], -hemmed(ground, [int(group[n])]), -n))
        left.remove(node)
        if belief.waits(node):
            continue
        need = float(enough[node])
        walk = walk_from(ground, node, need, need / NEARLY, most)
        if walk is None:
            continue
        if walk.sum <= (least if not walks else need / 2 if belief.first and not few else LEAST):  # the rest waits
            walk.undo()
            continue
        left = [n for n in left if n not in walk.ring]
        walks.append(walk)
        _hold(tree, belief, ground, [*walk.ring, *_suspects(tree, walk.pairs())])
    for walk in walks if belief.first else ():
        walk.limit *= MORE
        walk.grow(walk.limit)
    return [Test(walk.ring) for walk in walks]


def _hold(tree: Tree, belief: Belief, ground: Ground, met: Sequence[int]) -> None:
    """Leave those to a later round whom the same slow tests accuse as some that a walk meets: it tells of the others too."""
    alike = {int(belief.accused[s]) for s in met} - {0}
    belief.busy.update(alike)
    held = np.flatnonzero(np.isin(belief.accused, [*alike])) if alike else np.zeros(0, dtype=np.int64)
    for suspect in held.tolist():
        if suspect < tree.nodes:
            own = ground.nodes.get(int(tree.layers[0].group[suspect]), []) if suspect not in met else []
            if suspect in own:
                own.remove(suspect)
        elif suspect >= tree.first_pair:
            ground.taken.add(pair_of(*tree.ends(suspect)[1:]))


def pair_walks(tree: Tree, probability: Floats, mass: Floats, well: Collection[int], others: Sequence[Test]) -> Iterator[Test]:
    """Yield walks from pairs of groups that are to be tested, on cleared nodes and beside other tests.

    mass: suspicion on the pairs to be tested. well: nodes that are cleared.
    """
    busy = {n for test in others for n in test.nodes}
    full = np.concatenate([np.zeros(tree.first_pair), mass])
    room = float(tree.pairs.room[mass > 0].max())
    each = max(1, min(ceil(room - 1e-9), int(tree.layers[0].size.min())))
    ground = _ground(tree, [n for n in well if n not in busy], full, each)
    ground.taken |= crossed(tree, others) | _shut(tree, probability)
    least = LEAST if others else 0.0
    for suspect in (np.argsort(-mass, kind="stable") + tree.first_pair).tolist():
        if full[suspect] <= 0:
            break
        walk = walk_from(ground, suspect, NEARLY * EVEN, EVEN, tree.nodes)
        if walk is not None and walk.sum > least:
            least = min(LEAST, walk.sum / 2)
            yield Test(walk.ring)


def crossed(tree: Tree, tests: Sequence[Test]) -> set[Pair]:
    """Return the pairs of groups between which steps of tests go."""
    group = tree.layers[0].group
    ends = {(int(group[a]), int(group[b])) for test in tests if not test.inside for a, b in steps(test)}
    return {pair_of(a, b) for a, b in ends if a != b}


def _ground(tree: Tree, nodes: Sequence[int], mass: Floats, each: int = 1) -> Ground:
    own: dict[int, list[int]] = {}
    for node in nodes:
        own.setdefault(int(tree.layers[0].group[node]), []).append(node)
    return Ground(tree, own, mass, each=each)


def _shut(tree: Tree, probability: Floats) -> set[Pair]:
    """Return the pairs that are known to be slow."""
    slow = np.flatnonzero(probability[tree.first_pair :] >= SURE) + tree.first_pair
    return {pair_of(*tree.ends(int(s))[1:]) for s in slow}


def _suspects(tree: Tree, pairs: Collection[Pair]) -> list[int]:
    """Return the numbers of pairs that are suspects."""
    found = (tree.pair(0, *pair) for pair in pairs)
    return [s for s in found if s is not None]
