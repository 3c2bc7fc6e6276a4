"""Writes Slurm's blocks: topology.conf for topology/block, or topology.yaml. It knows no partitions and no segments.

A block is a group of the lowest tier that holds nodes. Checked against SchedMD/slurm, topology/block/block_record.c (24.05) and
topology.yaml.5 (25.05): a block with fewer nodes than the first of BlockSizes stops slurmctld; every size is the first times a
power of two, 2^15 at most; blocks are aggregated by their order in the file, so that neighbours of a tree stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from fabric.formats.hostlist import compress
from fabric.formats.named import Named, Written
from fabric.formats.slurm_conf import stamp
from fabric.formats.tree import Branch, to_branches

MOST_DOUBLINGS = 15


def write(named: Named) -> Written:
    """Return the topology.conf with one block per group of the lowest tier, in the tree's order."""
    blocks, sizes, losses = blocks_of(named)
    body = [f"BlockName={block.name} Nodes={compress(block.nodes)}" for block in blocks]
    lines = [*body, f"BlockSizes={','.join(map(str, sizes))}"]
    return Written(stamp(blocks) + "".join(line + "\n" for line in lines), tuple(losses))


def write_yaml(named: Named) -> Written:
    """Return the topology.yaml with the same blocks and sizes."""
    blocks, sizes, losses = blocks_of(named)
    rows = [{"block": block.name, "nodes": compress(block.nodes)} for block in blocks]
    content = [{"topology": "fabric", "cluster_default": True, "block": {"block_sizes": list(sizes), "blocks": rows}}]
    return Written(stamp(blocks) + yaml.safe_dump(content, sort_keys=False, width=10**6), tuple(losses))


def blocks_of(named: Named) -> tuple[list[Branch], tuple[int, ...], list[str]]:
    """Return the blocks in the tree's order, their sizes in nodes, smallest first, and what blocks cannot hold."""
    branches, losses = to_branches(named)
    known = {branch.name: branch for branch in branches}
    below = {name for branch in branches for name in branch.switches}
    roots = [branch for branch in branches if branch.name not in below]
    blocks = [found for root in roots for found in _in_order(root, known)]
    sizes = block_sizes([len(block.nodes) for block in blocks])
    losses.append("what joins the blocks is left out: Slurm aggregates neighbours of the file by powers of two")
    ragged = sum(len(block.nodes) > sizes[0] for block in blocks)
    if ragged:
        losses.append(
            f"{ragged:,} of {len(blocks):,} blocks have more than {sizes[0]:,} nodes, the fewest that any has: the base size "
            "is that of the smallest, since Slurm refuses a block below it"
        )
    return blocks, sizes, losses


def block_sizes(nodes: Sequence[int]) -> tuple[int, ...]:
    """Return BlockSizes for blocks of so many nodes: the smallest, doubled until all blocks are in one."""
    base, sizes = min(nodes), [min(nodes)]
    while sizes[-1] < base * len(nodes) and len(sizes) <= MOST_DOUBLINGS:
        sizes.append(2 * sizes[-1])
    return tuple(sizes)


def _in_order(branch: Branch, known: dict[str, Branch]) -> Iterator[Branch]:
    """Yield the branches with nodes below one, itself included, depth first."""
    if branch.nodes:
        yield Branch(branch.name, (), branch.nodes)
    for name in branch.switches:
        yield from _in_order(known[name], known)
