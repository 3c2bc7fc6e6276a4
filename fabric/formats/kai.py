"""Writes the KAI scheduler's Topology and the nodes' labels it goes by. It knows no queue and no pod group.

Layout checked against kai-scheduler/KAI-Scheduler, docs/topology (kai.scheduler/v1alpha1, 2026): the levels are node labels
from the widest down, the host's own last. The levels of one object never change: a changed fabric needs a new object.
`read --format kueue` reads it, which has the same levels.
"""

from __future__ import annotations

from fabric.formats.kubernetes import HOSTNAME, documents, labels, node_rows, topology_row
from fabric.formats.named import Named, Written
from fabric.formats.slurm_conf import stamp

API = "kai.scheduler/v1alpha1"


def write(named: Named) -> Written:
    """Return a Topology with one level per tier and the hostname, and one Node with labels per node."""
    levels, nodes, losses, branches = labels(named)
    rows = [topology_row(API, [*levels, HOSTNAME]), *node_rows(nodes)]
    return Written(stamp(branches) + documents(rows), tuple(losses))
