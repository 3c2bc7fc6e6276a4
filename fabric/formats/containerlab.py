"""Writes a containerlab topology: a Linux container per vertex, a veth per cable. It knows no addresses and no routes.

Layout checked against srl-labs/containerlab, schemas/clab.schema.json and docs/manual: eth0 is the management network's,
so that links start at eth1; links, where they stand, are at least one.
"""

from __future__ import annotations

import numpy as np
import yaml

from fabric.formats.named import Named, Written, scale_out
from fabric.formats.tree import plain_names

MOST = 2_000
"""More containers than this are written with a warning."""


def write(named: Named, image: str = "alpine:3") -> Written:
    """Return the topology file of the scale-out network; what is inside nodes is left out."""
    topology = named.topology
    kept = np.flatnonzero(scale_out(topology))
    shown = [v for v in range(topology.vertices) if v < topology.devices or topology.tier[v] != topology.scale_up_tier]
    plain, changed = plain_names([named.names[v] for v in shown])
    names = dict(zip(shown, plain, strict=True))
    used = dict.fromkeys(shown, 0)
    links = []
    for pair in topology.ends[kept].tolist():
        for v in pair:
            used[v] += 1
        links.append({"endpoints": [f"{names[v]}:eth{used[v]}" for v in pair]})
    nodes = {names[v]: {"group": topology.tiers[topology.tier[v]]} for v in shown}
    inner = {"defaults": {"kind": "linux", "image": image}, "nodes": nodes} | ({"links": links} if links else {})
    content = {"name": "fabric", "topology": inner}
    losses = ["speeds, latencies, lanes, nodes and rails are left out"]
    losses += [f"{changed:,} names are changed to letters, digits and dashes"] * bool(changed)
    losses += [f"{len(shown):,} containers: few machines run more than {MOST:,}"] * (len(shown) > MOST)
    return Written(yaml.safe_dump(content, sort_keys=False), tuple(losses))
