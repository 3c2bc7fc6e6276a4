"""Writes the list of links that SimAI's ns-3 reads: counts, switches, one line per cable. It knows no traffic.

First line: nodes, GPUs per server, NVSwitches, other switches, links, GPU type; then the switches' numbers; then `source
target bandwidth latency error-rate`. GPUs come first, NVSwitches next, other switches last. Layout checked against
aliyun/SimAI, inputs/topo/gen_Topo_Template.py and its sample files, and the ns-3 reader: GPU i belongs to server
i / GPUs-per-server and to the NVSwitch of that number, and two nodes have one link between them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.formats.named import Named, Written
from topologies.base import Topology
from topologies.errors import InputError


def write(named: Named, gpu: str = "H100") -> Written:
    """Return the list of links with vertices renumbered in SimAI's order.

    Raises:
        InputError: servers that are not equally full, since SimAI counts GPUs off to them.
    """
    topology, fabric = named.topology, named.fabric
    if len(np.unique(np.bincount(topology.node[: topology.devices]))) > 1:
        raise InputError("simai: nodes must have equally many devices")
    number, inside, total = _numbers(topology)
    ends, speeds, latencies = _links(number[topology.ends], fabric.link_speed[::2], fabric.level_latency[topology.level])
    outside = total - topology.devices - inside
    head = f"{total} {topology.devices_per_node} {inside} {outside} {len(ends)} {gpu}"
    switches = " ".join(str(n) for n in range(topology.devices, total))
    lines = [
        f"{a} {b} {_plain(speed * 8 / 1e9)}Gbps {_plain(latency * 1e6)}us 0"
        for (a, b), speed, latency in zip(ends.tolist(), speeds, latencies, strict=True)
    ]
    return Written("\n".join([head, switches, *lines]) + "\n", tuple(_losses(topology, gpu, inside, len(ends))))


def _numbers(topology: Topology) -> tuple[NDArray[np.int64], int, int]:
    """Return every vertex's number, how many NVSwitches there are (one per server), and how many vertices."""
    vertex = np.arange(topology.vertices)
    chip = (topology.tier == topology.scale_up_tier) & (vertex >= topology.devices)
    number = np.zeros(topology.vertices, dtype=np.int64)
    number[np.argsort(topology.node[: topology.devices], kind="stable")] = np.arange(topology.devices)
    inside = topology.nodes if chip.any() else 0
    number[chip] = topology.devices + topology.node[chip]
    rest = ~chip & (vertex >= topology.devices)
    number[rest] = topology.devices + inside + np.arange(int(rest.sum()))
    return number, inside, topology.devices + inside + int(rest.sum())


def _links(
    ends: NDArray[np.int64], speeds: NDArray[np.float64], latencies: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return one link per pair of numbers, as fast as its cables together, as slow to cross as the slowest."""
    apart = ends[:, 0] != ends[:, 1]
    pairs, place = np.unique(ends[apart], axis=0, return_inverse=True)
    place = place.reshape(-1)
    latency = np.zeros(len(pairs))
    speed = np.zeros(len(pairs))
    np.add.at(speed, place, speeds[apart])
    np.maximum.at(latency, place, latencies[apart])
    return pairs, speed, latency


def _plain(value: float) -> str:
    """Return the number without an exponent, which ns-3 does not read in a rate."""
    return np.format_float_positional(value, precision=9, trim="-")


def _losses(topology: Topology, gpu: str, inside: int, links: int) -> list[str]:
    chips = int((topology.tier[topology.devices :] == topology.scale_up_tier).sum())
    cables = len(topology.ends)
    found = ["names, tiers, rails and planes are left out", f"GPU type {gpu} is invented"]
    found += [f"{chips:,} switches inside nodes become {inside:,}: SimAI knows one per server"] * (chips > inside)
    return found + [f"{cables:,} cables become {links:,} links: parallel ones are one faster link"] * (cables > links)
