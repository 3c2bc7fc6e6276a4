"""A fabric as the tree that schedulers know, and back: nodes below switches below switches. It knows no syntax.

A group of a tier is what hangs together through that tier and the tiers below. Where it holds one switch of the tier
it is that switch; else (rails, dual homing, pods) it stands for several, under a name of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fabric.formats.defects import MISSING, REPEATED, Defect
from fabric.formats.faults import fault
from fabric.formats.named import Cable, Named, Vertex, scale_out
from fabric.formats.observe import TIERS, check_hosts, observed
from topologies.base import SCALE_UP

MOST_DEPTH = 12
NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True)
class Branch:
    """One switch of a tree: the names of its switches and of its nodes; line: where it stands."""

    name: str
    switches: tuple[str, ...]
    nodes: tuple[str, ...]
    line: int = 1


@dataclass(frozen=True)
class Group:
    """One group: its tier's name, the node numbers below it, its parent's place in the list (-1: none)."""

    name: str
    tier: str
    members: NDArray[np.int64]
    parent: int


def from_tree(
    branches: Sequence[Branch], where: str, losses: Sequence[str] = (), defects: Sequence[Defect] = (), *, apart: str = ""
) -> Named:
    """Return the fabric of a tree, one cable per step, one device per node.

    A node or switch below two switches is cabled to both. Nodes that a switch lists and that stand below its switches too,
    as in what scontrol prints, stand there. apart: why parts may have nothing between them.

    Raises:
        InputError: no switch, no node, or a switch that stands below itself.
    """
    found, told = list(defects), list(losses)
    known = _merged(branches, found)
    if not known:
        check_hosts((), found, where)
    heights: dict[str, int] = {}
    for name in known:
        _height(name, known, heights, where, 0)
    known = _at_leaves(known, heights, told)
    _tell_shared(known, found)
    nodes = dict.fromkeys(node for branch in known.values() for node in branch.nodes)
    names = _switch_names(known, nodes, found)
    switches = [Vertex(names[b.name], is_host=False, tier=_tier(heights[b.name]), line=b.line) for b in known.values()]
    cables = [Cable(node, names[b.name], line=b.line) for b in known.values() for node in dict.fromkeys(b.nodes)]
    cables += [Cable(names[s], names[b.name], line=b.line) for b in known.values() for s in dict.fromkeys(b.switches)]
    hosts = [Vertex(node, is_host=True, tier="host") for node in nodes]
    told.append("the file holds a tree: how many cables and switches stand behind it is not known, one each is read")
    return observed([*hosts, *switches], cables, where, told, found, apart=apart)


def _merged(branches: Sequence[Branch], defects: list[Defect]) -> dict[str, Branch]:
    """Return the branches by name: lines about one switch together, and a switch for every name that has no line."""
    known: dict[str, Branch] = {}
    for branch in branches:
        before = known.get(branch.name)
        if before is None:
            known[branch.name] = branch
            continue
        told = f"switch {branch.name!r} is described in line {before.line} already; both are taken together"
        defects.append(Defect(REPEATED, branch.line, told))
        known[branch.name] = Branch(
            before.name, (*before.switches, *branch.switches), (*before.nodes, *branch.nodes), before.line
        )
    for branch in list(known.values()):
        for name in branch.switches:
            if name not in known:
                told = f"switch {name!r} of {branch.name!r} is not described; nothing is known below it (the file may be cut)"
                defects.append(Defect(MISSING, branch.line, told))
                known[name] = Branch(name, (), (), branch.line)
    return known


def _at_leaves(known: Mapping[str, Branch], heights: Mapping[str, int], losses: list[str]) -> dict[str, Branch]:
    """Return the branches without nodes that their own switches hold already: lists of all nodes below are no cables."""
    below: dict[str, set[str]] = {}
    found = {}
    for name in sorted(known, key=lambda name: heights[name]):
        branch = known[name]
        inner = set().union(*(below[s] for s in branch.switches)) if branch.switches else set()
        below[name] = inner | set(branch.nodes)
        found[name] = replace(branch, nodes=tuple(node for node in branch.nodes if node not in inner))
    if any(len(found[name].nodes) < len(known[name].nodes) for name in known):
        losses.append("lists of all nodes below a switch are left out: each node stands at the lowest switch that names it")
    return {name: found[name] for name in known}


def _tell_shared(known: Mapping[str, Branch], defects: list[Defect]) -> None:
    """Add a defect for every name that stands below several switches."""
    parent: dict[str, str] = {}
    for branch in known.values():
        for name in dict.fromkeys((*branch.switches, *branch.nodes)):
            if parent.setdefault(name, branch.name) != branch.name:
                told = f"{name!r} stands below {parent[name]!r} and {branch.name!r}; it is read as cabled to both"
                defects.append(Defect(REPEATED, branch.line, told))


def _switch_names(known: Mapping[str, Branch], nodes: Mapping[str, None], defects: list[Defect]) -> dict[str, str]:
    """Return the switches' names in the fabric: their own, or another where a node has the same."""
    found = {}
    for name, branch in known.items():
        fresh = name
        while fresh in nodes or (fresh != name and fresh in known):
            fresh += "-switch"
        if fresh != name:
            defects.append(Defect(REPEATED, branch.line, f"{name!r} is a switch and a node; the switch is called {fresh!r}"))
        found[name] = fresh
    return found


def _height(name: str, known: Mapping[str, Branch], heights: dict[str, int], where: str, depth: int) -> int:
    """Return how many tiers of switches stand from this one down, itself included."""
    if depth > MOST_DEPTH:
        raise fault(where, known[name].line, f"at most {MOST_DEPTH} tiers of switches, and none below itself", name)
    if name not in heights:
        heights[name] = 1 + max((_height(s, known, heights, where, depth + 1) for s in known[name].switches), default=0)
    return heights[name]


def _tier(height: int) -> str:
    return TIERS[height] if height < len(TIERS) else f"tier{height}"


def groups(named: Named) -> list[Group]:
    """Return the groups, top first; every group's members are a subset of its parent's."""
    topology = named.topology
    found: list[tuple[str, str, NDArray[np.int64]]] = []
    for tier, label in _partitions(named):
        found = _of_tier(named, tier, label) + found
    placed: list[Group] = []
    holds = np.full(len(named.nodes), -1)
    for name, tier_name, members in found:
        placed.append(Group(name, tier_name, members, int(holds[members[0]])))
        holds[members] = len(placed) - 1
    if not placed:
        everything = np.arange(topology.nodes)
        placed = [Group("all", "all", everything, -1)]
    return placed


def _partitions(named: Named) -> list[tuple[int, NDArray[np.int64]]]:
    """Return (tier, component per vertex) from the lowest tier up; a tier cabled to itself has a second, wider one."""
    topology = named.topology
    kept = scale_out(topology)
    ends, high = topology.ends[kept], topology.tier[topology.ends[kept]].max(axis=1)
    flat = topology.tier[ends[:, 0]] == topology.tier[ends[:, 1]]
    device = np.arange(topology.devices)
    servers = np.stack([device, topology.vertices + topology.node[device]], axis=1)
    found = []
    for tier in range(1, len(topology.tiers)):
        if topology.tiers[tier] == SCALE_UP:
            continue
        wider = bool((flat & (high == tier)).any())
        chosen = [(high < tier) | ((high == tier) & ~flat), *[high <= tier] * wider]
        found += [(tier, _components(np.concatenate([ends[c], servers]), topology.vertices + topology.nodes)) for c in chosen]
    return found


def _components(pairs: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    labels: NDArray[np.int64] = connected_components(graph.tocsr(), directed=False)[1]
    return labels


def _of_tier(named: Named, tier: int, label: NDArray[np.int64]) -> list[tuple[str, str, NDArray[np.int64]]]:
    """Return (name, tier, members) of the components that hold a switch of the tier and at least one node."""
    topology = named.topology
    switch = np.flatnonzero((topology.tier == tier) & (np.arange(topology.vertices) >= topology.devices))
    own = label[topology.vertices :]
    order = np.argsort(own, kind="stable")
    cuts = np.searchsorted(own[order], np.arange(label.max() + 2))
    first: dict[int, list[int]] = {}
    for v in switch:
        first.setdefault(int(label[v]), []).append(int(v))
    found = []
    for number, (component, switches) in enumerate(first.items()):
        members = np.sort(order[cuts[component] : cuts[component + 1]])
        name = named.names[switches[0]] if len(switches) == 1 else f"{topology.tiers[tier]}-group{number}"
        if len(members):
            found.append((name, topology.tiers[tier], members))
    return found


def plain_names(names: Sequence[str]) -> tuple[list[str], int]:
    """Return the names in letters, digits, dot, dash and underline, all different, and how many had to change."""
    found: list[str] = []
    taken: set[str] = set()
    changed = 0
    for name in names:
        plain = NOT_PLAIN.sub("-", name).strip("-.") or "x"
        fresh, number = plain, 1
        while fresh in taken:
            number += 1
            fresh = f"{plain}-{number}"
        taken.add(fresh)
        found.append(fresh)
        changed += fresh != name
    return found, changed


def to_branches(named: Named) -> tuple[list[Branch], list[str]]:
    """Return the fabric as a tree with plain names, top first, and what a tree cannot hold."""
    found = groups(named)
    count = len(found)
    names, changed = plain_names([g.name for g in found] + list(named.nodes))
    lowest = np.full(len(named.nodes), -1)
    for number, group in enumerate(found):
        lowest[group.members] = number
    children: list[list[str]] = [[] for _ in found]
    for number, group in enumerate(found):
        if group.parent >= 0:
            children[group.parent].append(names[number])
    nodes: list[list[str]] = [[] for _ in found]
    for node, number in enumerate(lowest):
        nodes[number].append(names[count + node])
    branches = [Branch(names[i], tuple(children[i]), tuple(nodes[i])) for i in range(count)]
    return branches, _losses(named, changed, count) + _merged_switches(named, found)


def _merged_switches(named: Named, found: Sequence[Group]) -> list[str]:
    """Return one line where groups of the lowest tier stand for several switches, with the names of one such group's."""
    topology = named.topology
    lowest = next((tier for tier, name in enumerate(topology.tiers) if tier and name != SCALE_UP), -1)
    several = [g for g in found if g.name not in named.names and lowest > 0 and g.tier == topology.tiers[lowest]]
    if not several:
        return []
    node = np.append(topology.node[: topology.devices], np.full(topology.vertices - topology.devices, -1))
    below = np.isin(node[topology.ends[:, 0]], several[0].members)
    high = topology.ends[below & scale_out(topology), 1]
    names = [named.names[v] for v in np.unique(high[topology.tier[high] == lowest])]
    shown = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
    told = (
        f"{len(several):,} groups of the lowest tier stand for several switches, joined by nodes with cables to more than one"
    )
    return [f"{told} ({several[0].name}: {shown}); --only leaves a network out"]


def _losses(named: Named, changed: int, count: int) -> list[str]:
    topology = named.topology
    switches = sum(topology.switches_by_tier.values())
    cables = int(scale_out(topology).sum())
    found = [
        f"{cables:,} cables and {switches:,} switches become a tree of {count:,} groups: parallel paths and speeds are left out"
    ]
    found += [f"{changed:,} names are changed to letters, digits, dots and dashes"] * bool(changed)
    return found + ["devices inside nodes are left out"] * (topology.devices > topology.nodes)


def apart(branches: Sequence[Branch]) -> list[Branch]:
    """Return the branches with nodes and switches below different ones: Slurm keeps only one kind of a mixed switch."""
    found, taken = [], {b.name for b in branches}
    for branch in branches:
        if branch.switches and branch.nodes:
            name = f"{branch.name}-nodes"
            while name in taken:
                name += "-1"
            taken.add(name)
            found += [Branch(branch.name, (*branch.switches, name), ()), Branch(name, (), branch.nodes)]
        else:
            found.append(branch)
    return found
