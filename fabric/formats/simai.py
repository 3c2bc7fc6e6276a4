"""Reads and writes the list of links that SimAI's ns-3 reads: counts, switches, one line per cable. It knows no traffic.

First line: nodes, GPUs per server, NVSwitches, other switches, links, GPU type; then the switches' numbers; then `source
target bandwidth latency error-rate`. GPUs come first, NVSwitches next, other switches last. Layout checked against
aliyun/SimAI, inputs/topo/gen_Topo_Template.py and its sample files, and the ns-3 reader: GPU i belongs to server
i / GPUs-per-server and to the NVSwitch of that number, and two nodes have one link between them.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from fabric.formats.defects import MISSING, NOISE, Defect, unfinished
from fabric.formats.faults import fault, lines, shortened
from fabric.formats.named import Cable, Named, Vertex, Written
from fabric.formats.observe import observed
from fabric.formats.stated_speed import stated
from fabric.text.numbers import natural
from topologies.base import SCALE_UP, Topology
from topologies.errors import InputError

MOST = 1_000_000
"""Vertices that are read."""


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


def read(text: str, where: str) -> Named:
    """Return the fabric of a list of links: GPUs of a server are a node, NVSwitches stand inside.

    Raises:
        InputError: another first or second line, or no link that can be read.
    """
    numbered = [(number, line.split()) for number, line in lines(text, where) if line.strip()]
    head = numbered[0][1]
    if len(head) not in (5, 6) or not all(word.isascii() and word.isdigit() and len(word) < 9 for word in head[:5]):
        raise fault(where, numbered[0][0], "nodes, GPUs per server, NVSwitches, switches, links, GPU type", " ".join(head))
    total, per_server, inside, outside, count = map(int, head[:5])
    gpus = total - inside - outside
    if not 1 <= gpus <= MOST or total > MOST or per_server < 1:
        raise fault(where, numbered[0][0], f"at least one GPU beside the switches, at most {MOST:,} nodes", " ".join(head))
    defects = unfinished(text, "it may be cut, and is left out; end it if it is whole")
    cables = [
        cable for number, row in (numbered[2:-1] if defects else numbered[2:]) if (cable := _link(row, number, total, defects))
    ]
    if len(cables) != count:
        told = f"{count} links are announced, {len(cables)} can be read (the file may be cut)"
        defects.append(Defect(MISSING, numbered[0][0], told))
    ends = [(min(a, b), max(a, b), speed, line) for a, b, speed, line in cables]
    server = _servers(gpus, per_server, inside, [(a, b) for a, b, *_ in ends])
    names = [f"gpu{i}" if i < gpus else f"nvswitch{i}" if i < gpus + inside else f"switch{i}" for i in range(total)]
    vertices = [
        Vertex(name, i < gpus, f"server{server[i]}" if server[i] >= 0 else "", "" if i < gpus or server[i] < 0 else SCALE_UP)
        for i, name in enumerate(names)
    ]
    found = [Cable(names[a], names[b], speed=speed, line=line) for a, b, speed, line in ends]
    losses = ["latencies, error rates and the GPU's type are left out"]
    return observed(vertices, found, where, losses, defects)


def _link(row: list[str], number: int, total: int, defects: list[Defect]) -> tuple[int, int, float | None, int] | None:
    """Return the ends, speed and line of a link, None and a defect where a line is none."""
    a, b = (natural(word) for word in row[:2]) if len(row) >= 3 else (None, None)
    speed = None if a is None or b is None or max(a, b) >= total else stated({"speed": row[2]})[0]
    if a is None or b is None or speed is None:
        told = f"SOURCE TARGET SPEED LATENCY ERROR-RATE below {total} was expected, got {shortened(' '.join(row))!r}; left out"
        defects.append(Defect(NOISE, number, told))
        return None
    return a, b, speed, number


def _servers(gpus: int, per_server: int, inside: int, ends: list[tuple[int, int]]) -> dict[int, int]:
    """Return the server of every GPU and NVSwitch, -1 for other switches: an NVSwitch stands where its first GPU does."""
    found = defaultdict(lambda: -1, {gpu: gpu // per_server for gpu in range(gpus)})
    for low, high in ends:
        if low < gpus <= high < gpus + inside:
            found.setdefault(high, low // per_server)
    return found


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
