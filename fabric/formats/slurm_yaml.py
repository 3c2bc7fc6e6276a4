"""Reads and writes Slurm's topology.yaml (newer than topology.conf): tree, and blocks on reading. It knows no partitions.

A list of topologies, each with `topology: NAME` and one of tree, block, flat, ring, torus3d; the one with cluster_default
or else the first is read. flat, ring and torus3d name no switches and are refused. Layout checked against SchedMD/slurm,
doc/man/man5/topology.yaml.5 of 25.05 (tree, block, flat) and topology/tree/switch_record.c: a switch with nodes loses its
children, so that its nodes are written below a switch of their own; a switch's name has at most 64 characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from fabric.formats.defects import NOISE, Defect, left_out
from fabric.formats.faults import Numbers, fault, load_yaml, shortened
from fabric.formats.hostlist import compress, expand
from fabric.formats.named import Named, Written
from fabric.formats.slurm_conf import NOTHING_ABOVE, check_stamp, stamp
from fabric.formats.tree import Branch, apart, from_tree, to_branches
from topologies.errors import InputError

LONGEST = 64


def read(text: str, where: str) -> Named:
    """Return the fabric of a topology.yaml; InputError where it is none, cut, or of a kind without switches."""
    content = load_yaml(text, where)
    if not isinstance(content, list) or not all(isinstance(t, Numbers) and "topology" in t for t in content) or not content:
        raise fault(where, 1, "a list of topologies, each with the key topology", content)
    chosen = next((t for t in content if t.get("cluster_default") is True), content[0])
    losses = _others(content, chosen)
    defects: list[Defect] = []
    because = ""
    if isinstance(chosen.get("tree"), Numbers):
        branches = _branches(_list_of(chosen["tree"], "switches", where, defects), "switch", where, defects)
    elif isinstance(chosen.get("block"), Numbers):
        branches = _branches(_list_of(chosen["block"], "blocks", where, defects), "block", where, defects)
        losses += ["blocks are read as switches without anything above", "block_sizes are left out"]
        because = NOTHING_ABOVE
    else:
        raise fault(where, chosen.line, "tree or block, with their switches", ", ".join(map(str, chosen)))
    check_stamp(text, branches, where)
    return from_tree(branches, where, losses, defects, apart=because)


def _others(content: Sequence[Numbers], chosen: Numbers) -> list[str]:
    """Return the line that says which topologies of a file are not read, and how one of them is."""
    others = [f"{shortened(t['topology'])!r} (line {t.line})" for t in content if t is not chosen]
    if not others:
        return []
    why = "its cluster_default" if chosen.get("cluster_default") is True else "its first"
    told = f"of {len(content)} topologies {shortened(chosen['topology'])!r} is read, {why}; {', '.join(others)} left out: "
    return [f"{told}cluster_default: true in one of them reads that one"]


def _list_of(row: Numbers, key: str, where: str, defects: list[Defect]) -> list[Numbers]:
    found = row.get(key)
    if not isinstance(found, list) or not found:
        raise fault(where, row.line, f"{key}: a list of mappings", found)
    odd = sum(not isinstance(item, Numbers) for item in found)
    if odd:
        defects.append(Defect(NOISE, row.line, f"{key}: a list of mappings was expected; {odd} other entries are left out"))
    return [item for item in found if isinstance(item, Numbers)]


def _branches(rows: Sequence[Numbers], key: str, where: str, defects: list[Defect]) -> list[Branch]:
    """Return the switches that can be read; any other is a defect."""
    found = []
    for row in rows:
        try:
            found.append(_branch(row, key, where))
        except InputError as error:
            defects.append(left_out(NOISE, error, where, row.line, f"the {key} is left out"))
    return found


def _branch(row: Numbers, key: str, where: str) -> Branch:
    if not isinstance(row.get(key), str | int):
        raise fault(where, row.line, f"{key}: NAME with children or nodes", dict(row))
    return Branch(str(row[key]), _names(row, "children", where), _names(row, "nodes", where), row.line)


def _names(row: Numbers, key: str, where: str) -> tuple[str, ...]:
    value: Any = row.get(key)
    if value in (None, ""):
        return ()
    if not isinstance(value, str | int):
        raise fault(where, row.line, f"{key}: a list of names such as node[01-04]", value)
    return tuple(expand(str(value), where, row.line))


def write(named: Named) -> Written:
    """Return the topology.yaml of the fabric's tree; losses say what a tree leaves out."""
    branches, losses = to_branches(named)
    branches = apart(branches)
    long = sum(len(b.name) > LONGEST for b in branches)
    losses += [f"{long:,} switches have names of more than {LONGEST} characters, which Slurm does not take"] * bool(long)
    content = [{"topology": "fabric", "cluster_default": True, "tree": {"switches": [_row(b) for b in branches]}}]
    return Written(stamp(branches) + yaml.safe_dump(content, sort_keys=False, width=10**6), tuple(losses))


def _row(branch: Branch) -> dict[str, str]:
    row = {"switch": branch.name}
    lists: Sequence[tuple[str, tuple[str, ...]]] = (("children", branch.switches), ("nodes", branch.nodes))
    return row | {key: compress(names) for key, names in lists if names}
