"""`--method search` on the ranks of a launch: a test as a ring of ranks, and the search that rank 0 leads. It judges nothing.

Rank 0 alone decides what is tested; the others are told, so that nothing depends on two processors rounding alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, inf, log, log2
from time import monotonic
from typing import Any

from fabric.collectives.catalog import busbw_factor
from fabric.measure.host.machine import usable_cores
from fabric.network.fabric import Fabric
from fabric.slow.adaptive import Found, search
from fabric.slow.drawn import drawn, evidence
from fabric.slow.findings import rows_of, verdict
from fabric.slow.plan import Test
from fabric.slow.search import Report
from fabric.slow.search_ranks import Bench
from fabric.slow.tree import Tree, tree_of
from topologies.errors import InputError

Run = Callable[[Sequence[Sequence[int]]], list[list[float]]]
"""Runs disjoint groups at once and returns the seconds of every block of each."""
FEWEST = 4
"""Units that a search needs: a suspect, its company, and two that are well."""
MOST_VISITS, AGREE, QUICK = 6, 0.15, 0.4
"""Where ranks outnumber cores: visits of a pair at most; fewer are enough where the two shortest differ by AGREE at most and
from the quickest pair's by QUICK (logarithms)."""
SHARED_NOISE = 0.12
"""There, of the logarithm of the shortest time of two visits: an assumption, above the 10 % that `least` asks for, so nobody
is cleared: healthy pairs differed by up to 40 % in single runs, and one stopped rank in nine tries was as quick as others."""
START = 0.1
"""Seconds to make the groups of a round, beside its blocks."""


def tree_for(bench: Bench, fabric: Fabric | None) -> Tree:
    """Return the suspects of a launch: the nodes of a fabric that its ranks fill, rank r on device r, else the units alone.

    Raises:
        InputError: too few units, or a fabric whose nodes the ranks do not fill.
    """
    world = bench.launch.world_size
    if fabric is None:
        word = bench.word
        tree = Tree(tuple(f"{word} {n}" for n in range(len(bench.units))), tuple(tuple(ranks) for ranks in bench.units))
    else:
        topology = fabric.topology
        if topology.devices < world:
            raise InputError(f"topo: must have {world} devices or more, one a rank, got {topology.devices}")
        node = topology.node[: topology.devices]
        nodes = int(node[world - 1]) + 1
        if world < topology.devices and node[world] == node[world - 1]:
            raise InputError(f"ranks: must fill the fabric's nodes of {topology.devices_per_node} devices, got {world}")
        tree = tree_of(fabric, list(range(nodes)))
    if tree.nodes < FEWEST:
        raise InputError(f"ranks: a search needs {FEWEST} ranks or nodes or more, got {tree.nodes}; use --method pairs")
    return tree


def ranks_of(tree: Tree, test: Test) -> list[int]:
    """Return the ranks of a test in the order of its ring: rail by rail, so that every step goes to the next node."""
    if test.inside:
        return list(tree.devices[test.nodes[0]])
    rails = range(max(len(tree.devices[n]) for n in test.nodes)) if test.rail is None else [test.rail]
    return [tree.devices[n][r] for r in rails for n in test.nodes if r < len(tree.devices[n])]


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


def expected(units: int, block: float, repeats: int, layers: int) -> tuple[int, float]:
    """Return about how many rounds a search takes where four are slow, and seconds: a round's blocks and half as much again."""
    rounds = ceil(log2(max(units, 2))) + 3
    return rounds * layers, rounds * layers * (1.5 * block * repeats + START)


def search_all(bench: Bench, fabric: Fabric | None) -> Report:
    """Search layer by layer; every rank calls it and gets the same report."""
    tree = tree_for(bench, fabric)
    found: list[tuple[str, Found]] = []
    for layer in bench.search.layers:
        collective = "sendrecv" if layer == "pairs" else bench.search.collective
        if bench.launch.rank == 0:
            found.append((layer, _lead(bench, tree, collective)))
        else:
            _follow(bench, collective)
    rows, line = ([], "") if bench.launch.rank else (rows_of(tree, found), verdict(tree, found))
    rows, line = bench.world.gather((rows, line))[0]
    slow = sorted({s for row in rows if row["state"] == "slow" for s in row["suspects"]})
    open_ = any(row["state"] == "open" for row in rows)
    seen = bench.world.gather({**_counts(found), **_shown(bench, tree, found)} if found else None)[0]
    return bench.report(line, slow, rows, **seen, undecided=open_ and not slow)


def _shown(bench: Bench, tree: Tree, found: Sequence[tuple[str, Found]]) -> dict[str, Any]:
    """Return what a page draws: the suspects where they stand, and every test."""
    return {"evidence": [row for layer, one in found for row in evidence(tree, layer, one, bench.search.count)], **drawn(tree)}


def _counts(found: Sequence[tuple[str, Found]]) -> dict[str, Any]:
    return {
        "tests": sum(f.searched for _, f in found),
        "confirmations": sum(len(f.asked) - f.searched for _, f in found),
        "rounds": sum(f.rounds for _, f in found),
        "noise": max((f.noise for _, f in found), default=0.0),
    }


def _lead(bench: Bench, tree: Tree, collective: str) -> Found:
    """Return what a search finds whose tests all ranks run; rank 0."""
    started, rounds, quickest = monotonic(), 0, inf
    crowded = bench.search.batch is None and bench.launch.world_size > len(usable_cores()) * len(set(bench.placement.node))
    at_once = bench.search.batch or tree.nodes
    likely = expected(tree.nodes, bench.search.block, bench.search.count, 1)[0]

    def ask(tests: Sequence[Test]) -> list[list[float]]:
        nonlocal rounds, quickest
        rounds += 1
        bench.progress(min(rounds, likely), likely)
        rings = [ranks_of(tree, test) for test in tests]
        if crowded:
            times = by_pairs(rings, run, quickest)
            quickest = min(quickest, *times)
            return [[seconds] for seconds in times]
        return [blocks for start in range(0, len(rings), at_once) for blocks in run(rings[start : start + at_once])]

    def run(groups: Sequence[Sequence[int]]) -> list[list[float]]:
        groups = bench.world.gather(groups)[0]
        blocks = bench.blocks_side_by_side(groups, bench.search.count, collective)
        # per byte that a rank sends, so that rings of two and of many can be compared
        return [[s / busbw_factor(collective, len(g)) for s in own] for g, own in zip(groups, blocks, strict=True)]

    def over() -> bool:
        spent = monotonic() - started
        return bench.search.budget is not None and spent + spent / max(rounds, 1) > bench.search.budget

    found = search(tree, ask, least=bench.search.least, over=over, floor=SHARED_NOISE if crowded else 0.0)
    bench.world.gather(None)
    return found


def by_pairs(rings: Sequence[Sequence[int]], run: Run, quickest: float) -> list[float]:
    """Return the seconds of every ring as those of its slowest pair, one pair at a time, each the shortest of its visits.

    quickest: of any pair so far.

    For ranks that outnumber cores: larger rings than there are cores take turns on them, and a pair that the scheduler puts on
    one core stays there for a visit. Others only add time, and a slow rank never makes a pair quick: the shortest tells.
    """
    seen: dict[tuple[int, ...], list[float]] = {tuple(pair): [] for ring in rings for pair in pairs_in(ring)}
    while waiting := [pair for pair, visits in seen.items() if not enough(visits, quickest)]:
        for pair in waiting:
            seen[pair].append(min(run([pair])[0]))
            quickest = min(quickest, seen[pair][-1])
    return [max(min(seen[tuple(pair)]) for pair in pairs_in(ring)) for ring in rings]


def _follow(bench: Bench, collective: str) -> None:
    """Run the tests that rank 0 asks for, until it asks for no more."""
    while (groups := bench.world.gather(None)[0]) is not None:
        bench.blocks_side_by_side(groups, bench.search.count, collective)
