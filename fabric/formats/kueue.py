"""Reads and writes Kueue's Topology and the nodes' labels it goes by. It knows no ResourceFlavor and no queue.

Layout checked against kubernetes-sigs/kueue, apis/kueue/v1beta2/topology_types.go: 1 to 16 levels, all different,
the hostname last only. v1beta1 has the same fields and is deprecated; releases without v1beta2 need that line changed.
"""

from __future__ import annotations

from fabric.formats.kubernetes import HOSTNAME, documents, labels
from fabric.formats.kubernetes_read import read_labels as read
from fabric.formats.named import Named, Written
from fabric.formats.slurm_conf import stamp

__all__ = ["read", "write"]
API = "kueue.x-k8s.io/v1beta2"


def write(named: Named) -> Written:
    """Return a Topology with one level per tier and the hostname, and one Node with labels per node."""
    levels, nodes, losses, branches = labels(named)
    spec = {"levels": [{"nodeLabel": level} for level in (*levels, HOSTNAME)]}
    topology = {"apiVersion": API, "kind": "Topology", "metadata": {"name": "fabric"}, "spec": spec}
    rows = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "labels": {**found, HOSTNAME: node}}}
        for node, found in nodes.items()
    ]
    return Written(stamp(branches) + documents([topology, *rows]), tuple(losses))
