"""What a search knows as a page draws it: the suspects in their groups, and every test beside a healthy one. It judges none."""

from __future__ import annotations

from math import exp, log

import numpy as np

from fabric.slow.belief import scale_of
from fabric.slow.plan import slack
from fabric.slow.state import Asked, Found
from fabric.slow.tree import Tree

LARGEST = 50.0
"""Of a logarithm that is shown as a factor."""


def drawn(tree: Tree) -> dict[str, object]:
    """Return the suspects: names of nodes, the groups of every layer, and the pairs of groups.

    switch: of the smallest groups, the number of what the first of them hangs on.
    """
    layers: list[dict[str, object]] = [
        {"what": one.what, "names": list(one.names), "group": one.group.tolist(), "boundaries": one.boundaries}
        for one in tree.layers
    ]
    if tree.switches:
        layers[0]["switch"] = tree.first_switch
    pairs = [[*tree.ends(number)] for number in range(tree.first_pair, tree.suspects)]
    return {"nodes": list(tree.names), "groups": layers, "pairs": pairs}


def evidence(tree: Tree, layer: str, found: Found, times: int) -> list[dict[str, object]]:
    """Return every test of a layer: its nodes, why it was asked, in which round, and its time / a healthy one's.

    times: blocks of a test. factor: None where it never ended. A test of one rail, or of a node's own devices, stands beside
    the others of its kind, for it moves other bytes than a ring of whole nodes.
    """
    usual = {kind: _usual(tree, found, kind) for kind in {_kind(one) for one in found.asked}}
    return [
        {
            "layer": layer,
            "nodes": [tree.names[n] for n in one.test.nodes],
            "why": one.why,
            "round": one.round,
            "rail": one.test.rail,
            "inside": one.test.inside,
            "times": times,
            "factor": None if not one.seconds else exp(min(_log(tree, one) - usual[_kind(one)], LARGEST)),
        }
        for one in found.asked
    ]


def _kind(one: Asked) -> str:
    return "inside" if one.test.inside else "whole" if one.test.rail is None else "rail"


def _log(tree: Tree, one: Asked) -> float:
    return log((one.seconds or 1.0) / slack(tree, one.test))


def _usual(tree: Tree, found: Found, kind: str) -> float:
    """Return the logarithm of what a healthy test of a kind takes."""
    logs = [_log(tree, one) for one in found.asked if one.seconds and _kind(one) == kind]
    return scale_of(np.array(logs), found.noise).centre
