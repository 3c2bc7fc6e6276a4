"""Reads and writes Kueue's Topology, its ResourceFlavor and the nodes' labels it goes by. It knows no quota and no queue.

Layout checked against kubernetes-sigs/kueue, apis/kueue/v1beta2/topology_types.go and resourceflavor_types.go: 1 to 16 levels,
all different, the hostname last only; a flavor with a topology must name at least one label of its nodes. v1beta1 has the same
fields and is deprecated; releases without v1beta2 need those lines changed.
"""

from __future__ import annotations

from fabric.formats.kubernetes import HOSTNAME, NAME, POOL, documents, labels, node_rows, topology_row
from fabric.formats.kubernetes_read import read_labels as read
from fabric.formats.named import Named, Written
from fabric.formats.slurm_conf import stamp

__all__ = ["read", "write"]
API = "kueue.x-k8s.io/v1beta2"


def write(named: Named) -> Written:
    """Return a Topology with one level per tier and the hostname, its ResourceFlavor, and one Node with labels per node."""
    levels, nodes, losses, branches = labels(named)
    flavor = {
        "apiVersion": API,
        "kind": "ResourceFlavor",
        "metadata": {"name": NAME},
        "spec": {"nodeLabels": {POOL: NAME}, "topologyName": NAME},
    }
    rows = [topology_row(API, [*levels, HOSTNAME]), flavor, *node_rows(nodes, {POOL: NAME})]
    return Written(stamp(branches) + documents(rows), tuple(losses))
