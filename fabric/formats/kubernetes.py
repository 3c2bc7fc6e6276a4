"""What Kubernetes schedulers read of a fabric: its tiers as levels of labels. It knows no clusters, queues or pods.

Names of objects are RFC 1123: lower-case letters, digits, dash and dot; a label's value has at most 63 characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import yaml

from fabric.formats.named import Named
from fabric.formats.tree import Branch, to_branches

LABEL = "network.fabricbench/"
HOSTNAME = "kubernetes.io/hostname"
LONGEST = 63
DOTTED = re.compile(r"[-.]*\.[-.]*")
"""A dot with what may not stand beside it: parts between dots begin and end with a letter or a digit."""
NAME = "fabric"
"""Of the objects that stand for the whole fabric."""
POOL = "fabricbench/pool"
"""The label of all nodes of the fabric, by which a flavor chooses them."""


def documents(rows: list[dict[str, Any]]) -> str:
    """Return the objects as YAML documents."""
    return yaml.safe_dump_all(rows, sort_keys=False)


def topology_row(api: str, levels: Sequence[str]) -> dict[str, Any]:
    """Return the object of kind Topology with these node labels as levels, the widest first."""
    return {
        "apiVersion": api,
        "kind": "Topology",
        "metadata": {"name": NAME},
        "spec": {"levels": [{"nodeLabel": level} for level in levels]},
    }


def node_rows(nodes: Mapping[str, Mapping[str, str]], more: Mapping[str, str] = MappingProxyType({})) -> list[dict[str, Any]]:
    """Return one Node per node with its labels, its hostname, and those that all have."""
    return [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "labels": {**found, **more, HOSTNAME: node}}}
        for node, found in nodes.items()
    ]


def lower_branches(named: Named) -> tuple[list[Branch], list[str]]:
    """Return the fabric's tree with names that Kubernetes takes, and what is lost."""
    branches, losses = to_branches(named)
    fresh = _object_names(name for b in branches for name in (b.name, *b.nodes))
    changed = sum(old != new for old, new in fresh.items())
    losses += [f"{changed:,} names are put into lower case, dashes and {LONGEST} characters"] * bool(changed)
    return [
        Branch(fresh[b.name], tuple(fresh[s] for s in b.switches), tuple(fresh[n] for n in b.nodes)) for b in branches
    ], losses


def _object_names(names: Iterable[str]) -> dict[str, str]:
    """Return a name that Kubernetes takes for every name, all different."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        short = DOTTED.sub(".", name.lower().replace("_", "-")).strip("-.")[:LONGEST].rstrip("-.") or "x"
        fresh, number = short, 1
        while fresh in taken:
            number += 1
            tail = f"-{number}"
            fresh = short[: LONGEST - len(tail)] + tail
        taken.add(fresh)
        found[name] = fresh
    return found


def heights(branches: list[Branch]) -> dict[str, int]:
    """Return how many tiers of groups stand from each group down, itself included; branches come top first."""
    found: dict[str, int] = {}
    for branch in reversed(branches):
        found[branch.name] = 1 + max((found[name] for name in branch.switches), default=0)
    return found


def labels(named: Named) -> tuple[list[str], dict[str, dict[str, str]], list[str], list[Branch]]:
    """Return the levels, top first, every node's label per level, what is lost, and the tree that they are of.

    A node with fewer tiers above it than the deepest repeats its nearest group, since schedulers want every label.
    """
    branches, losses = lower_branches(named)
    height = heights(branches)
    parent = {child: b.name for b in branches for child in b.switches}
    tiers = range(max(height.values()), 0, -1)
    levels = [f"{LABEL}tier-{tier}" for tier in tiers]
    nodes: dict[str, dict[str, str]] = {}
    for branch in branches:
        above: dict[int, str] = {}
        group = branch.name
        for tier in reversed(tiers):
            if height[group] < tier and group in parent:
                group = parent[group]
            above[tier] = group
        nodes |= {node: {f"{LABEL}tier-{tier}": above[tier] for tier in tiers} for node in branch.nodes}
    return levels, nodes, losses, branches
