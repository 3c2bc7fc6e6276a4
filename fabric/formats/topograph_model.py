"""Reads and writes topograph's model files: switches with labels, blocks of nodes. It knows no speeds and no cables.

switches: {NAME: {labels: {...}, switches: [NAME ...]}}; blocks: [{switch: NAME, nodes: [LIST ...], annotations: {...}}].
"""

from __future__ import annotations

from typing import Any

import yaml

from fabric.formats.defects import NOISE, Defect, left_out
from fabric.formats.faults import Numbers, fault, load_yaml, shortened
from fabric.formats.hostlist import compress, expand
from fabric.formats.named import Named, Written
from fabric.formats.slurm_conf import check_stamp, stamp
from fabric.formats.tree import Branch, from_tree, to_branches
from topologies.errors import InputError

KNOWN = {"switches", "labels", "annotations", "nodes", "switch", "metadata"}


def read(text: str, where: str) -> Named:
    """Return the fabric of a model; switches that only stand in a list, and those without nodes, are kept as leaves."""
    content = load_yaml(text, where)
    if not isinstance(content, Numbers) or not isinstance(content.get("switches"), Numbers):
        raise fault(where, 1, "a mapping with switches and blocks", content)
    defects: list[Defect] = []
    children: dict[str, tuple[list[str], int]] = {}
    for name, row in content["switches"].items():
        row = Numbers() if row is None else row  # noqa: PLW2901  # `leaf:` alone is a switch without anything
        children[str(name)] = (_strings(row, "switches", where, defects), getattr(row, "line", 1))
    nodes = _blocks(content, where, defects)
    listed = [s for found, _ in children.values() for s in found] + list(nodes)
    branches = [
        Branch(name, tuple(children.get(name, ([], 1))[0]), tuple(nodes.get(name, ())), children.get(name, ([], 1))[1])
        for name in dict.fromkeys([*children, *listed])
    ]
    check_stamp(text, branches, where)
    idle = sum(not b.switches and not b.nodes for b in branches)
    losses = [f"{idle} switches have nothing below them"] * bool(idle) + ["labels and annotations are left out"]
    losses += [f"{shortened(key)} of the file is left out" for key in content if key not in ("switches", "blocks")]
    return from_tree(branches, where, losses, defects)


def _strings(row: Any, key: str, where: str, defects: list[Defect]) -> list[str]:  # any YAML
    """Return a list of names, nothing and a defect where it is none."""
    found = row.get(key, []) if isinstance(row, Numbers) else None
    if isinstance(found, list) and all(isinstance(name, str | int) for name in found):
        return [str(name) for name in found]
    error = fault(where, getattr(row, "line", 1), f"{key}: a list of names", row)
    defects.append(left_out(NOISE, error, where, getattr(row, "line", 1), "it is left out"))
    return []


def _blocks(content: Numbers, where: str, defects: list[Defect]) -> dict[str, list[str]]:
    """Return switch -> names of its nodes; a block that is none is a defect."""
    found: dict[str, list[str]] = {}
    blocks = content.get("blocks")
    if not isinstance(blocks, list) or not blocks:
        raise fault(where, content.line, "blocks: a list of switch and nodes (the file may be cut)", blocks)
    for block in blocks:
        line = getattr(block, "line", 1)
        try:
            if not isinstance(block, Numbers) or "switch" not in block or "nodes" not in block:
                raise fault(where, line, "a block with switch and nodes (the file may be cut)", block)
            lists = _strings(block, "nodes", where, defects)
            found.setdefault(str(block["switch"]), []).extend(n for text in lists for n in expand(text, where, line))
        except InputError as error:
            defects.append(left_out(NOISE, error, where, line, "the block is left out"))
    return found


def write(named: Named) -> Written:
    """Return the model of the fabric's tree; losses say what a tree leaves out."""
    branches, losses = to_branches(named)
    switches = {b.name: {"switches": list(b.switches)} for b in branches if b.switches}
    blocks = [{"switch": b.name, "nodes": compress(b.nodes).replace("],", "]\n").split("\n")} for b in branches if b.nodes]
    return Written(stamp(branches) + yaml.safe_dump({"switches": switches, "blocks": blocks}, sort_keys=False), tuple(losses))
