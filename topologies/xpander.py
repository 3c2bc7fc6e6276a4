"""Xpander: a random lift of a full mesh, drawn from a seed. It does not know speeds or routes.

degree + 1 meta-nodes of `lift` switches each; between any two meta-nodes a random perfect matching, inside them no
cable. (degree + 1) lift switches of degree `degree`, so half of switches * degree switch cables; lift=1 is the full mesh.
One random lift of that size, as the authors' deployments use; their derandomised 2-lifts are not built.
Source: Valadarsky, Shahaf, Dinitz, Schapira, "Xpander: towards optimal-performance datacenters", CoNEXT 2016.
"""

from __future__ import annotations

import numpy as np

from topologies.base import Ints, Topology, check_whole
from topologies.direct import all_pairs, check_graph, wire

FAMILY = "xpander"


def xpander(degree: int, lift: int, hosts: int, seed: int = 1) -> Topology:
    """Return the lift: switch i of every meta-node meets one switch of each other meta-node.

    Raises:
        InputError: degree or lift below 1, hosts or seed below 0.
    """
    check_whole(FAMILY, degree=degree, lift=lift)
    check_whole(FAMILY, least=0, seed=seed)
    switches = (degree + 1) * lift
    check_graph(FAMILY, switches, hosts, switches * degree // 2)
    params = {"degree": degree, "lift": lift, "hosts": hosts, "seed": seed}
    return wire(FAMILY, params, switches, hosts, _cables(degree + 1, lift, seed))


def _cables(meta_nodes: int, lift: int, seed: int) -> Ints:
    """Return one random perfect matching between any two meta-nodes."""
    here, there = all_pairs(meta_nodes).T[:, :, None] * lift
    place = np.tile(np.arange(lift), (len(here), 1))
    partner = np.random.default_rng(seed).permuted(place, axis=1)
    return np.stack([here + place, there + partner], axis=-1).reshape(-1, 2).astype(np.int32)
