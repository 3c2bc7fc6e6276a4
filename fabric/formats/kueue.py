"""Writes Kueue's Topology and the nodes' labels it goes by. It knows no ResourceFlavor and no queue."""

from __future__ import annotations

from fabric.formats.kubernetes import HOSTNAME, documents, labels
from fabric.formats.named import Named, Written


def write(named: Named) -> Written:
    """Return a Topology with one level per tier and the hostname, and one Node with labels per node."""
    levels, nodes, losses = labels(named)
    spec = {"levels": [{"nodeLabel": level} for level in (*levels, HOSTNAME)]}
    topology = {"apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "Topology", "metadata": {"name": "fabric"}, "spec": spec}
    rows = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "labels": {**found, HOSTNAME: node}}}
        for node, found in nodes.items()
    ]
    return Written(documents([topology, *rows]), tuple(losses))
