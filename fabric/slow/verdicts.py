"""What a search says of one thing that is slow, and many of one switch as one. It does not find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fabric.slow.tree import Tree
from fabric.statistics import median

Kind = Literal["device", "rail", "node", "switch", "boundary", "pair", "hung"]
MANY, FEW = 0.75, 3
"""A switch is slow, not its nodes, where at least FEW and MANY of them are, on the same rails."""
RATIO = 2.8
"""Noises of one test within which the ratio of two is in 95 of 100: who is slower by less than that is not named."""


@dataclass(frozen=True)
class Verdict:
    """One thing that is slow. name: of the node or the groups; parts: of a node, its rails or devices by number.

    suspects: their numbers in the tree. factor, low, high: of the time of healthy ones, from the confirming tests.
    """

    kind: Kind
    name: str
    suspects: tuple[int, ...]
    factor: float
    low: float
    high: float
    probability: float
    parts: tuple[int, ...] = ()


def merged(tree: Tree, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts with those on nearly all nodes of one smallest group, on the same rails, as one on its switch."""
    if not tree.layers:
        return list(verdicts)
    layer, left = tree.layers[0], list(verdicts)
    for group, name in enumerate(layer.names):
        here = [v for v in left if v.kind in ("node", "rail") and layer.group[v.suspects[0]] == group]
        for parts in sorted({v.parts for v in here}):
            mine = [v for v in here if v.parts == parts]
            if len(mine) >= FEW and len(mine) >= MANY * layer.size[group]:
                left = [v for v in left if v not in mine]
                left.append(_of_switch(name, mine))
    return left


def on_rails(rails: Sequence[int], name: str) -> str:
    """Return the name of the switches of some rails of a group, which has one a rail; of all where none is named."""
    return f"rail {', '.join(map(str, rails))} of {name}" if rails else name


def _of_switch(name: str, mine: Sequence[Verdict]) -> Verdict:
    """Return the verdicts on nodes of one switch as one on it. A group of several switches has one a rail."""
    rails, factor = mine[0].parts, float(median([v.factor for v in mine]))
    low, high = min(v.low for v in mine), max(v.high for v in mine)
    suspects = tuple(v.suspects[0] for v in mine)
    return Verdict("switch", on_rails(rails, name), suspects, factor, low, high, min(v.probability for v in mine), rails)
