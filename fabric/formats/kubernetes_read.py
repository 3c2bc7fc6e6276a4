"""Reads what Kubernetes knows of a network: a Kueue Topology with its Nodes, the Nodes' labels alone, HyperNodes. No queues.

Levels come from Kueue's Topology where there is one, else from the labels that clusters use (LABELS); every node stands below
its path of labels, and groups of one name below different ones are kept apart. HyperNodes name their members exactly.
`kubectl get nodes -o yaml` and -o json are lists of Nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fabric.formats.defects import MISSING, NOISE, Defect
from fabric.formats.faults import Numbers, fault, load_yaml_documents, shortened
from fabric.formats.kubernetes import HOSTNAME, LABEL
from fabric.formats.named import Named
from fabric.formats.slurm_conf import check_stamp
from fabric.formats.tree import Branch, from_tree

LABELS = (
    ("network.topology.nvidia.com/core", "network.topology.nvidia.com/spine", "network.topology.nvidia.com/leaf"),
    ("cloud.provider.com/topology-block", "cloud.provider.com/topology-rack"),
    ("cloud.google.com/gce-topology-block", "cloud.google.com/gce-topology-subblock"),
    ("topology.k8s.aws/network-node-layer-1", "topology.k8s.aws/network-node-layer-2", "topology.k8s.aws/network-node-layer-3"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/zone"),
)
"""Sets of labels that tell where a node stands, from the top down; the first of which a node has one is taken."""


def objects(text: str, where: str) -> list[Numbers]:
    """Return the objects of all documents, those in lists too."""
    found: list[Numbers] = []
    for document in load_yaml_documents(text, where):
        inner = document.get("items") if isinstance(document, Numbers) else document
        several = inner if isinstance(inner, list) else [document]
        found += [row for row in several if isinstance(row, Numbers) and isinstance(row.get("kind", "Node"), str)]
    return found


def read_labels(text: str, where: str) -> Named:
    """Return the fabric of a Topology and its Nodes, or of Nodes with labels of their network.

    Raises:
        InputError: no Node, or none whose labels say where it stands.
    """
    rows = objects(text, where)
    nodes = [row for row in rows if row.get("kind", "Node") == "Node" and isinstance(row.get("metadata"), Numbers)]
    if not nodes:
        raise fault(where, 1, "Nodes with the labels of their network beside the Topology (kubectl get nodes -o yaml)")
    levels = _levels(rows) or _known_levels(nodes)
    if not levels:
        raise fault(where, nodes[0].line, f"labels that tell where a node stands, such as {LABELS[0][-1]}")
    return _from_labels(nodes, levels, text, where)


def _levels(rows: Iterable[Numbers]) -> tuple[str, ...]:
    """Return the labels of the first Topology, top first, without the host's own; nothing where there is none."""
    for row in rows:
        spec = row.get("spec")
        found = spec.get("levels") if row.get("kind") == "Topology" and isinstance(spec, Mapping) else None
        if isinstance(found, list):
            names = [str(level.get("nodeLabel")) for level in found if isinstance(level, Mapping)]
            return tuple(name for name in names if name != HOSTNAME)
    return ()


def _known_levels(nodes: Iterable[Numbers]) -> tuple[str, ...]:
    """Return the first set of usual labels of which some node has one, or our own."""
    there = {str(label) for node in nodes for label in _labels(node)}
    ours = sorted((label for label in there if label.startswith(LABEL)), reverse=True)
    return tuple(ours) or next((tuple(x for x in known if x in there) for known in LABELS if there & set(known)), ())


def _labels(node: Numbers) -> Mapping[str, Any]:
    found = node["metadata"].get("labels")
    return found if isinstance(found, Mapping) else {}


def _from_labels(nodes: Iterable[Numbers], levels: tuple[str, ...], text: str, where: str) -> Named:
    defects: list[Defect] = []
    below: dict[tuple[str, ...], dict[str, int]] = {}
    inner: dict[tuple[str, ...], dict[tuple[str, ...], int]] = {}
    for node in nodes:
        name, labels = str(node["metadata"].get("name", "")), _labels(node)
        path: list[str] = []
        for label in levels:
            value = str(labels.get(label, "") or "")
            if value and (not path or path[-1] != value):
                path.append(value)
        if not name or not path:
            told = f"node {shortened(name)!r} has none of the labels {', '.join(levels)}; it is left out"
            defects.append(Defect(MISSING, node.line, told))
            continue
        lacking = [label for label in levels if not labels.get(label)]
        if lacking:
            told = f"node {shortened(name)!r} has no label {', '.join(lacking)}; it stands below {path[-1]!r} (it may be cut)"
            defects.append(Defect(MISSING, node.line, told))
        for depth in range(1, len(path)):
            inner.setdefault(tuple(path[:depth]), {})[tuple(path[: depth + 1])] = node.line
        below.setdefault(tuple(path), {})[name] = node.line
    names = _path_names([*inner, *below])
    branches = []
    for place in dict.fromkeys([*inner, *below]):
        groups, own = inner.get(place, {}), below.get(place, {})
        line = min((*groups.values(), *own.values()))
        branches.append(Branch(names[place], tuple(names[p] for p in groups), tuple(own), line))
    check_stamp(text, branches, where)
    losses = [f"levels are the labels {', '.join(levels)}", "all other labels, and what is inside nodes, are left out"]
    return from_tree(branches, where, losses, defects)


def _path_names(paths: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return a name for every group: its last label where no other group has the same, else its whole path."""
    every = list(dict.fromkeys(paths))
    often: dict[str, int] = {}
    for path in every:
        often[path[-1]] = often.get(path[-1], 0) + 1
    return {path: path[-1] if often[path[-1]] == 1 else "/".join(path) for path in every}


def read_hyper_nodes(text: str, where: str) -> Named:
    """Return the fabric of Volcano's HyperNodes; InputError where there is none that names a node."""
    rows = [row for row in objects(text, where) if row.get("kind") == "HyperNode" and isinstance(row.get("metadata"), Numbers)]
    if not rows:
        raise fault(where, 1, "objects of kind HyperNode")
    defects: list[Defect] = []
    branches = [_hyper_node(row, defects) for row in rows]
    check_stamp(text, branches, where)
    return from_tree(branches, where, ["tiers follow from who is a member of whom, not from spec.tier"], defects)


def _hyper_node(row: Numbers, defects: list[Defect]) -> Branch:
    name, spec = str(row["metadata"].get("name", "")), row.get("spec")
    members = spec.get("members", []) if isinstance(spec, Mapping) else None
    found: dict[str, list[str]] = {"HyperNode": [], "Node": []}
    for member in members if isinstance(members, list) else []:
        exact = member.get("selector", {}) if isinstance(member, Mapping) else {}
        exact = exact.get("exactMatch") if isinstance(exact, Mapping) else None
        kind = str(member.get("type")) if isinstance(member, Mapping) else ""
        if kind in found and isinstance(exact, Mapping) and isinstance(exact.get("name"), str):
            found[kind].append(exact["name"])
        else:
            told = f"a member of {shortened(name)!r} is not chosen by exactMatch: who it is stands outside this file; left out"
            defects.append(Defect(NOISE, getattr(member, "line", row.line), told))
    return Branch(name, tuple(found["HyperNode"]), tuple(found["Node"]), row.line)
