"""Parallel ports generalised fat-tree (PGFT), ragged ones too: trees of any height. It does not know speeds or routes.

A tier-l switch has m_l children and every vertex below tier l has w_l parents, joined by p_l parallel cables each:
    endpoints = m_1 ... m_h; switches of tier l = w_1 ... w_l * m_(l+1) ... m_h; cables below tier l = switches * m_l * p_l.
Between leaves that meet at tier l there are (w_2 ... w_l) * (p_2 ... p_l)^2 shortest paths, parallel cables counted.
With p = 1 everywhere it is the extended generalised fat-tree XGFT(h; m; w). With w_1 > 1 every device has w_1 ports, and
the tree falls apart in w_1 planes that meet in devices only. With fewer endpoints only the first ones are there, and of
the switches those that have an endpoint below them.
Sources: Zahavi, "D-Mod-K routing providing non-blocking traffic for shift permutations on real life fat trees", CCIT
report 776, 2010 (PGFT); Ohring et al., "On generalized fat trees", IPPS 1995 (XGFT).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from topologies.base import Ints, Topology, assemble, check_size, check_whole, tier_names, uplinks, whole_numbers
from topologies.errors import InputError

FAMILY = "pgft"
MOST_TIERS = 12
"""More tiers than this are refused; 12 tiers of 4-port switches carry 8,192 endpoints."""


@dataclass(frozen=True)
class Tree:
    """A generalised fat-tree over `endpoints` vertices: children, parents and parallel cables per tier, lowest first."""

    endpoints: int
    children: tuple[int, ...]
    parents: tuple[int, ...]
    parallel: tuple[int, ...]

    @property
    def height(self) -> int:
        """The number of tiers above the endpoints."""
        return len(self.children)

    def width(self, tier: int) -> int:
        """Return how many switches of a tier stand above each of its endpoints: w_1 ... w_l."""
        return prod(self.parents[:tier])

    def size(self, tier: int) -> int:
        """Return the vertices of a tier, 0 for the endpoints: subtrees that hold an endpoint times their width."""
        return -(-self.endpoints // prod(self.children[:tier])) * self.width(tier)

    @property
    def cable_count(self) -> int:
        """The number of cables of all levels."""
        return sum(self.size(t) * self.parents[t] * self.parallel[t] for t in range(self.height))

    def cables(self, first: int = 0) -> Iterator[Ints]:
        """Yield the cables (n, 2) of each level; vertices are numbered tier by tier from `first`.

        Inside a tier subtrees follow each other; a vertex's parents are neighbours in the subtree above.
        """
        for tier in range(self.height):
            above = first + self.size(tier)
            subtree, place = np.divmod(np.arange(self.size(tier)), self.width(tier))
            parent = subtree // self.children[tier] * self.width(tier + 1) + place * self.parents[tier]
            upper = above + parent[:, None] + np.arange(self.parents[tier])
            yield uplinks(np.arange(first, above), upper, self.parallel[tier])
            first = above

    def planes(self) -> NDArray[np.int16]:
        """Return the plane of every vertex: which of an endpoint's parents leads there; endpoints stand in all of them."""
        if self.parents[0] == 1:
            return np.zeros(sum(map(self.size, range(self.height + 1))), dtype=np.int16)
        share = [self.width(tier) // self.parents[0] for tier in range(1, self.height + 1)]
        upper = [np.arange(self.size(t)) % self.width(t) // each for t, each in enumerate(share, start=1)]
        return np.concatenate([np.full(self.endpoints, -1), *upper]).astype(np.int16)


def pgft(h: int, m: str, w: str, p: str = "", endpoints: int = 0) -> Topology:
    """Return the tree of h tiers with children m, parents w and parallel cables p per tier, each as `4x4`.

    p: 1 everywhere by default. endpoints: only the first so many devices are there; 0 means all.

    Raises:
        InputError: a list that is not h whole numbers >= 1, or more endpoints than the tree has.
    """
    check_whole(FAMILY, most=MOST_TIERS, h=h)
    check_whole(FAMILY, least=0, endpoints=endpoints)
    lists = {"m": m, "w": w, "p": p or "x".join("1" * h)}
    children, parents, parallel = (_per_tier(key, text, h) for key, text in lists.items())
    if endpoints > prod(children):
        raise InputError(f"{FAMILY}: endpoints must be at most {prod(children)} (the product of m={m}), got {endpoints}")
    tree = Tree(endpoints or prod(children), children, parents, parallel)
    given = {"p": p} if p else {}
    return build_tree(FAMILY, {"h": h, "m": m, "w": w} | given | ({"endpoints": endpoints} if endpoints else {}), tree)


def build_tree(family: str, params: Mapping[str, object], tree: Tree) -> Topology:
    """Return the Topology of a tree whose endpoints are devices, every device a node of its own."""
    check_size(family, tree.cable_count)
    names = ["host", *tier_names(tree.height)]
    sizes = {name: tree.size(tier) for tier, name in enumerate(names)}
    levels = [f"{low}-{high}" for low, high in pairwise(names)]
    return assemble(family, params, sizes, dict(zip(levels, tree.cables(), strict=True)), plane=tree.planes())


def _per_tier(key: str, text: str, h: int) -> tuple[int, ...]:
    """Return the h numbers of a list such as `4x4`."""
    numbers = whole_numbers(FAMILY, key, text)
    if len(numbers) != h:
        raise InputError(f"{FAMILY}: {key} must name one number per tier (h={h}), got {text!r} with {len(numbers)}")
    return numbers
