"""A test of `--method search` as groups of ranks: a ring, its rails, its pairs where cores are few. It runs and judges none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, sqrt

from fabric.network.fabric import Fabric
from fabric.slow.plan import Test
from fabric.slow.tree import Tree, tree_of
from topologies.errors import InputError

Run = Callable[[Sequence[Sequence[int]]], list[list[float]]]
"""Runs disjoint groups at once and returns the seconds of every block of each."""
FEWEST = 4
"""Units that a search needs: a suspect, its company, and two that are well."""
MOST_VISITS, AGREE, QUICK = 6, 0.15, 0.4
"""Where ranks outnumber cores: visits of a pair at most; fewer are enough where the two shortest differ by AGREE at most and
from the quickest pair's by QUICK (logarithms)."""
SHARED_NOISE, FEW_PAIRS = 0.12, 2
"""There, of the logarithm of a pair's shortest time, until FEW_PAIRS were visited twice: then by how much visits differ."""


def tree_for(units: Sequence[Sequence[int]], ranks: int, word: str, fabric: Fabric | None, routing: str = "ideal") -> Tree:
    """Return the suspects of so many ranks: the nodes of a fabric that they fill, rank r on device r, else the units alone.

    word: what a unit is called. routing: how the fabric's switches send.

    Raises:
        InputError: too few units, or a fabric whose nodes the ranks do not fill.
    """
    if fabric is None:
        tree = Tree(tuple(f"{word} {n}" for n in range(len(units))), tuple(tuple(own) for own in units))
    else:
        topology = fabric.topology
        if topology.devices < ranks:
            raise InputError(f"topo: must have {ranks} devices or more, one a rank, got {topology.devices}")
        node = topology.node[: topology.devices]
        nodes = int(node[ranks - 1]) + 1
        if ranks < topology.devices and node[ranks] == node[ranks - 1]:
            each = topology.devices_per_node
            start = f"srun --nodes={topology.nodes} --ntasks-per-node={each} fabricbench slow ..."
            raise InputError(f"ranks: must fill the fabric's nodes of {each} devices, got {ranks}; on all of it: {start}")
        tree = tree_of(fabric, list(range(nodes)), routing, "domain")
        if tree.nodes < FEWEST <= nodes:
            many = f"got {tree.nodes} of {nodes} nodes"
            raise InputError(f"topo: a search needs {FEWEST} scale-up domains or more, or one, {many}; use --method pairs")
    if tree.nodes < FEWEST:
        raise InputError(f"ranks: a search needs {FEWEST} ranks or nodes or more, got {tree.nodes}; use --method pairs")
    return tree


def ranks_of(tree: Tree, test: Test) -> list[int]:
    """Return the ranks of a test in the order of its ring: rail by rail, so that every step goes to the next node."""
    if test.inside:
        return list(tree.devices[test.nodes[0]])
    return [tree.devices[n][r] for r in _rails(tree, test) for n in test.nodes if r < len(tree.devices[n])]


def rails_of(tree: Tree, test: Test) -> list[list[int]]:
    """Return the ranks of a test as a ring for each of its rails, so that no step changes the rail."""
    if test.inside or test.rail is not None:
        return [ranks_of(tree, test)]
    rings = [[tree.devices[n][rail] for n in test.nodes if rail < len(tree.devices[n])] for rail in _rails(tree, test)]
    return [ring for ring in rings if len(ring) > 1]


def _rails(tree: Tree, test: Test) -> Sequence[int]:
    """Return the rails that a test runs by."""
    if test.rail is not None:
        return [test.rail]
    return [rail for rail in range(max(len(tree.devices[n]) for n in test.nodes)) if rail not in test.without]


def pairs_in(ranks: Sequence[int]) -> list[list[int]]:
    """Return the steps of a ring that hold all its ranks: every other one, and of an odd ring the last."""
    found = [list(ranks[at : at + 2]) for at in range(0, len(ranks) - 1, 2)]
    return [*found, list(ranks[-2:])] if len(ranks) % 2 and len(ranks) > 1 else found or [list(ranks)]


def enough(visits: Sequence[float], quickest: float) -> bool:
    """Return whether the two shortest visits are what a pair takes while nobody else has its cores.

    They agree, and with the quickest pair's of all: two that agree on more may both have shared a core.
    """
    shortest = sorted(visits)[:2]
    agree = len(shortest) == 2 and log(shortest[1] / shortest[0]) < AGREE and log(shortest[1] / quickest) < QUICK
    return agree or len(visits) >= MOST_VISITS


def noise_of(spreads: Sequence[float]) -> float:
    """Return the noise of the logarithm of a pair's shortest time, of each of which the second was longer by spreads.

    An assumption, above the 10 % that `least` asks for, so that nobody is cleared, while too few pairs tell.
    """
    return sqrt(sum(s * s for s in spreads) / len(spreads)) if len(spreads) >= FEW_PAIRS else SHARED_NOISE


def by_pairs(rings: Sequence[Sequence[int]], run: Run, quickest: float, spreads: list[float] | None = None) -> list[float]:
    """Return the seconds of every ring as those of its slowest pair, one pair at a time, each the shortest of its visits.

    quickest: of any pair so far. spreads: takes by how much each quick pair's second shortest visit was longer.

    For ranks that outnumber cores: larger rings than there are cores take turns on them, and a pair that the scheduler puts on
    one core stays there for a visit. Others only add time, and a slow rank never makes a pair quick: the shortest tells.
    """
    seen: dict[tuple[int, ...], list[float]] = {tuple(pair): [] for ring in rings for pair in pairs_in(ring)}
    while waiting := [pair for pair, visits in seen.items() if not enough(visits, quickest)]:
        for pair in waiting:
            seen[pair].append(min(run([pair])[0]))
            quickest = min(quickest, seen[pair][-1])
    if spreads is not None:
        two = [sorted(visits)[:2] for visits in seen.values()]
        spreads += [log(second / first) for first, second in two if log(first / quickest) < QUICK]
    return [max(min(seen[tuple(pair)]) for pair in pairs_in(ring)) for ring in rings]
