"""What of a slow node is slow: one of its rails, a device, or all of it. It asks nothing.

A rail is tested with a healthy node's over the network, devices among themselves inside the node. A slow device is slow there
too, by as much; a slow NIC or cable is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fabric.slow.belief import scale_of
from fabric.slow.confirm import near_to
from fabric.slow.plan import Test
from fabric.slow.tree import Tree
from fabric.slow.verdicts import Kind

Part = tuple[Kind, tuple[int, ...]]
"""Device, rail or node, and which rails."""
MOST_WELL = 4
"""Healthy nodes beside which devices are tested."""
SOME = 0.35
"""Of the logarithm of a node's or group's factor: by which a slow rail of it is slow, at least."""
MUCH = 0.6
"""Of the logarithm of a node's factor: by which a slow device is slow inside its node, at least."""


@dataclass(frozen=True)
class Parts:
    """The tests: (node, rail, test) over the network, then of devices alone: of the slow nodes first, then of healthy ones."""

    rails: tuple[tuple[int, int, Test], ...]
    slow: tuple[int, ...]
    at_home: tuple[Test, ...]

    @property
    def over_network(self) -> list[Test]:
        """The tests of rails."""
        return [test for *_, test in self.rails]

    def judged(
        self, network: Sequence[float], home: Sequence[float], factors: Mapping[int, float], limit: float, noise: float
    ) -> dict[int, Part]:
        """Return what of each node is slow, by the logarithms of the times of all tests. factors: of the nodes, logarithms.

        limit: from which logarithm over the usual on a rail is slow.
        """
        usual = scale_of(np.array(network), noise).centre
        worst = max(home[len(self.slow) :], default=float("inf"))
        found: dict[int, Part] = {}
        for node, inside in zip(self.slow, home, strict=False):
            own = [(rail, took) for (n, rail, _), took in zip(self.rails, network, strict=True) if n == node]
            slow = tuple(rail for rail, took in own if took - usual > max(limit, SOME * factors[node]))
            if len(slow) in (0, len(own)):
                found[node] = ("node", ())
            else:
                hot = inside - worst > max(limit, MUCH * factors[node])
                found[node] = ("device" if hot else "rail", slow)
        return found


def rails_of_groups(tree: Tree, groups: Sequence[int]) -> list[tuple[int, int, Test]]:
    """Return (group, rail, test) of two nodes of each of these smallest groups, by every rail alone."""
    both = {g: np.flatnonzero(tree.layers[0].group == g)[:2].tolist() for g in groups}
    return [(g, rail, Test((a, b), rail=rail)) for g, (a, b) in both.items() for rail in range(len(tree.devices[a]))]


def slow_rails(
    tests: Sequence[tuple[int, int, Test]], logs: Sequence[float], factors: Mapping[int, float], limit: float, noise: float
) -> dict[int, tuple[int, ...]]:
    """Return the rails of each group that are slow, by the logarithms of the times of its tests; all where none is quicker.

    factors: of the groups, logarithms.
    """
    usual = scale_of(np.array(logs), noise).centre
    found: dict[int, tuple[int, ...]] = {g: () for g, *_ in tests}
    for (group, rail, _), took in zip(tests, logs, strict=True):
        if took - usual > max(limit, SOME * factors[group]):
            found[group] = (*found[group], rail)
    return {g: slow or tuple(rail for own, rail, _ in tests if own == g) for g, slow in found.items()}


def parts_of(tree: Tree, nodes: Sequence[int], well: Sequence[int]) -> Parts:
    """Return the tests that tell what of these nodes is slow. well: nodes that are not; each keeps one of them company."""
    rails: list[tuple[int, int, Test]] = []
    used: set[int] = set()
    for node in nodes:
        count = len(tree.devices[node])
        out = {*tree.left_out([node])}
        alike = [n for n in well if n not in used and len(tree.devices[n]) == count and out >= {*tree.left_out([n])}]
        near = near_to(tree, node, alike)
        if count > 1 and near:
            used.add(near[0])
            rails += [(node, rail, Test((node, near[0]), rail=rail)) for rail in range(count) if rail not in out]
    slow = tuple(dict.fromkeys(node for node, *_ in rails))
    beside = [n for n in well if len(tree.devices[n]) > 1][:MOST_WELL]
    return Parts(tuple(rails), slow, tuple(Test((n,), inside=True) for n in (*slow, *beside)))
