"""Writes the list of links that SimAI's ns-3 reads: counts, switches, one line per cable. It knows no traffic.

First line: nodes, GPUs per server, NVSwitches, other switches, links, GPU type; then the switches' numbers; then `source
target bandwidth latency error-rate`. GPUs come first, NVSwitches next, other switches last.
"""

from __future__ import annotations

import numpy as np

from fabric.formats.named import Named, Written


def write(named: Named, gpu: str = "H100") -> Written:
    """Return the list of links with vertices renumbered in SimAI's order."""
    topology, fabric = named.topology, named.fabric
    kind = np.where(topology.tier == topology.scale_up_tier, 1, 2)
    kind[: topology.devices] = 0
    order = np.argsort(kind, kind="stable")
    number = np.empty(topology.vertices, dtype=np.int64)
    number[order] = np.arange(topology.vertices)
    inside, outside = int((kind == 1).sum()), int((kind == 2).sum())
    head = f"{topology.vertices} {topology.devices_per_node} {inside} {outside} {len(topology.ends)} {gpu}"
    switches = " ".join(str(n) for n in range(topology.devices, topology.vertices))
    speeds, latencies = fabric.link_speed[::2], fabric.level_latency[topology.level]
    lines = [
        f"{number[a]} {number[b]} {speed * 8 / 1e9:g}Gbps {latency * 1e6:g}us 0"
        for (a, b), speed, latency in zip(topology.ends.tolist(), speeds, latencies, strict=True)
    ]
    losses = ("names, tiers, rails and planes are left out", f"GPU type {gpu} is invented")
    return Written("\n".join([head, switches, *lines]) + "\n", losses)
