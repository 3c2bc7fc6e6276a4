"""Reads and writes Volcano's HyperNodes: one per group of a tier, its members the groups or nodes below. It knows no queue.

Layout checked against volcano-sh/volcano, topology/v1alpha1/hypernode_types.go and the admission webhook: a member is
found by the exact name of its object, which is in lower case.
"""

from __future__ import annotations

from typing import Any

from fabric.formats.kubernetes import documents, heights, lower_branches
from fabric.formats.kubernetes_read import read_hyper_nodes as read
from fabric.formats.named import Named, Written
from fabric.formats.slurm_conf import stamp
from fabric.formats.tree import Branch

__all__ = ["read", "write"]


def write(named: Named) -> Written:
    """Return a HyperNode per group; tier 1 holds nodes."""
    branches, losses = lower_branches(named)
    height = heights(branches)
    return Written(stamp(branches) + documents([_hyper_node(b, height[b.name]) for b in branches]), tuple(losses))


def _hyper_node(branch: Branch, tier: int) -> dict[str, Any]:
    names = [("HyperNode", name) for name in branch.switches] + [("Node", name) for name in branch.nodes]
    members = [{"type": kind, "selector": {"exactMatch": {"name": name}}} for kind, name in names]
    metadata = {"name": branch.name}
    spec = {"tier": tier, "members": members}
    return {"apiVersion": "topology.volcano.sh/v1alpha1", "kind": "HyperNode", "metadata": metadata, "spec": spec}
