"""Reads and writes NCCL's topology file (NCCL_TOPO_FILE): GPUs, PCIe, NICs, NVLink of one node. It knows no network beyond.

<system><cpu numaid><pci busid class link_speed link_width><gpu dev/><nvlink target count tclass/></pci></cpu></system>.
GPUs become devices; CPUs, PCIe switches, NICs and NVSwitches stand in the scale-up tier. Layout checked against
NVIDIA/nccl, src/graph/xml.cc and topo.cc of 2026: its parser holds 256 elements and stops before it reads on from the
256th, so that files of 256 and more are written with a warning; a link_width of 0 stands for 16; affinity may be absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

import numpy as np

from fabric.formats.faults import Element, attribute, fault, load_xml, number
from fabric.formats.named import Named, Written
from fabric.formats.observe import Cable, Vertex, observed
from fabric.units import rate
from topologies.base import SCALE_UP

NODE = "node0"
MOST_ELEMENTS = 255
KNOWN = ("cpu", "pci", "nic", "net", "nvlink", "gpu", "c2c", "xgmi", "pcilink", "gin", "rma")
ONLY_TOLD = ("net", "gin", "rma", "c2c", "pcilink")
"""Elements without a vertex: that they are left out is said."""
GPU_CLASS, NIC_CLASS, NVSWITCH_CLASS = "0x030200", "0x020000", "0x068000"
GIGATRANSFERS = re.compile(r"([0-9.]+)\s*GT/s.*")
NVLINK = rate("25GB/s")
"""Data rate of one NVLink from the third generation on, one direction; older ones are slower."""


@dataclass
class _Found:
    """What has been read so far: vertices by name, cables, NVLinks still to be joined, what was left out."""

    vertices: dict[str, Vertex] = field(default_factory=dict)
    cables: list[Cable] = field(default_factory=list)
    nvlinks: list[tuple[str, str, int]] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)


def read(text: str, where: str) -> Named:
    """Return the node as a fabric of one node; InputError where the file is none, cut, or without GPUs."""
    root = load_xml(text, where, "system")
    found = _Found()
    for element in root:
        _walk(element, "", found, where)  # type: ignore[arg-type]
    if not any(v.is_host for v in found.vertices.values()):
        raise fault(where, root.line, "at least one <gpu>")
    _join_nvlinks(found)
    losses = [f"attribute {name} is left out" for name in sorted(found.left_out)]
    return observed(list(found.vertices.values()), found.cables, where, losses)


def _walk(element: Element, parent: str, found: _Found, where: str) -> None:
    """Read one element and what stands below it."""
    if element.tag not in KNOWN:
        raise fault(where, element.line, "<cpu>, <pci>, <gpu>, <nic>, <net> or <nvlink>", f"<{element.tag}>")
    name = parent
    if element.tag in ("cpu", "pci"):
        name = _vertex(element, parent, found, where)
    elif element.tag == "gpu":
        found.vertices[parent] = Vertex(parent, is_host=True, node=NODE, tier="host")
        found.left_out |= {f"gpu {key}" for key in element.attrib}
    elif element.tag in ONLY_TOLD:
        found.left_out |= {f"{element.tag} {key}" for key in element.attrib}
    for child in element:
        if child.tag in ("nvlink", "xgmi"):
            target = child.get("target") or f"{child.get('tclass', NVSWITCH_CLASS)} switch"
            found.nvlinks.append((parent if element.tag == "gpu" else name, target, _count(child, where)))  # type: ignore[arg-type]
        else:
            _walk(child, name, found, where)  # type: ignore[arg-type]


def _vertex(element: Element, parent: str, found: _Found, where: str) -> str:
    """Add a CPU or PCIe function below its parent and return its name."""
    name = f"cpu{attribute(where, element, 'numaid')}" if element.tag == "cpu" else attribute(where, element, "busid")
    if name in found.vertices:
        raise fault(where, element.line, "every busid and numaid once", name)
    found.vertices[name] = Vertex(name, is_host=False, node=NODE, tier=SCALE_UP)
    if parent:
        told = element.get("link_width", "")
        width = number("16" if told in ("", "0") else told, where, element.line, "link_width")
        speed = GIGATRANSFERS.fullmatch(element.get("link_speed", ""))
        lanes = int(width) if width < 1_000 else 0
        if lanes < 1:
            raise fault(where, element.line, "link_width: a whole number of lanes", width)
        transfers = number(speed[1], where, element.line, "link_speed") if speed else 0.0
        found.cables.append(Cable(name, parent, lanes, _pcie(transfers) * lanes or None, level=SCALE_UP))
    found.left_out |= {f"{element.tag} {k}" for k in element.attrib} - {
        "pci busid",
        "pci link_speed",
        "pci link_width",
        "cpu numaid",
    }
    return name


def _pcie(gigatransfers: float) -> float:
    """Return the bytes per second of a PCIe lane: 8b/10b up to 5 GT/s, 128b/130b above."""
    return gigatransfers * 1e9 / 8 * (0.8 if gigatransfers <= 5 else 128 / 130)


def _count(element: Element, where: str) -> int:
    count = number(element.get("count", "1"), where, element.line, "count")
    if count != int(count) or count > 1_000:
        raise fault(where, element.line, "count: a whole number of links", count)
    return int(count)


def _join_nvlinks(found: _Found) -> None:
    """Add a cable per NVLink bundle; one between two GPUs stands in the file at both and is taken once."""
    seen: set[frozenset[str]] = set()
    for near, target, count in found.nvlinks:
        if target not in found.vertices:
            found.vertices[target] = Vertex(target, is_host=False, node=NODE, tier=SCALE_UP)
        pair = frozenset((near, target))
        if pair not in seen and near != target:
            seen.add(pair)
            found.cables.append(Cable(near, target, count, count * NVLINK, level=SCALE_UP))


def write(named: Named) -> Written:
    """Return the topology file of the fabric's first node: a NIC and a PCIe function per device, NVLinks where there are."""
    topology = named.topology
    devices = np.flatnonzero(topology.node[: topology.devices] == 0)
    links = _nvlink_count(named)
    rows = [
        '<system version="1">',
        '  <cpu numaid="0" arch="x86_64" vendor="GenuineIntel" familyid="6" modelid="143">',
    ]
    for index in range(len(devices)):
        rows += _device(index, links, _mbit(named, int(devices[index])))
    rows += ["  </cpu>", "</system>"]
    elements = sum(row.lstrip().startswith("<") and not row.lstrip().startswith("</") for row in rows)
    losses = ["bus ids, NUMA nodes, PCIe speeds and processor are invented: a fabric does not hold them"]
    losses += [f"{elements} elements: NCCL releases that hold {MOST_ELEMENTS + 1} refuse the file"] * (elements > MOST_ELEMENTS)
    losses += [f"only the first of {topology.nodes:,} nodes is written"] * (topology.nodes > 1)
    return Written("\n".join(rows) + "\n", tuple(losses))


def _nvlink_count(named: Named) -> int:
    """Return how many NVLinks the scale-up speed of a device is, 0 without a scale-up network."""
    level = named.fabric.levels.get(SCALE_UP)
    return max(1, round(level.speed / NVLINK)) if level else 0


def _mbit(named: Named, device: int) -> int:
    """Return the speed of a device's cables into the network in Mb/s."""
    topology = named.topology
    mine = (topology.ends[:, 0] == device) & (topology.tier[topology.ends[:, 1]] != topology.scale_up_tier)
    return int(named.fabric.link_speed[::2][mine].max(initial=0.0) * 8 / 1e6)


def _device(index: int, links: int, mbit: int) -> list[str]:
    bus = f"0000:{index * 2 + 1:02x}:00.0" if index < 127 else f"{index:04x}:01:00.0"
    nic = f"0000:{index * 2 + 2:02x}:00.0" if index < 127 else f"{index:04x}:02:00.0"
    rows = [_pci(bus, GPU_CLASS), f'      <gpu dev="{index}" sm="90" rank="{index}" gdr="1">']
    if links:
        rows.append(f'        <nvlink target="ffff:ff:00.0" count="{links}" tclass="{NVSWITCH_CLASS}"/>')
    rows += ["      </gpu>", "    </pci>"]
    net: Mapping[str, object] = {
        "name": f"mlx5_{index}",
        "dev": index,
        "speed": mbit,
        "port": 1,
        "guid": hex(index + 1),
        "gdr": 1,
    }
    attributes = " ".join(f"{key}={quoteattr(str(value))}" for key, value in net.items())
    return (
        [*rows, _pci(nic, NIC_CLASS), "      <nic>", f"        <net {attributes}/>", "      </nic>", "    </pci>"]
        if mbit
        else rows
    )


def _pci(bus: str, kind: str) -> str:
    return f'    <pci busid="{bus}" class="{kind}" link_speed="32.0 GT/s PCIe" link_width="16">'
