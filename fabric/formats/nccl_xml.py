"""Reads and writes NCCL's topology file (NCCL_TOPO_FILE): GPUs, PCIe, NICs, NVLink of one node. It knows no network beyond.

<system><cpu numaid><pci busid class link_speed link_width><gpu dev/><nvlink target count tclass/></pci></cpu></system>.
GPUs become devices; CPUs, PCIe switches, NICs and NVSwitches stand in the scale-up tier. Where NVLink or xGMI joins any two
GPUs, PCIe carries nothing between them and is left out; else a device's links are its PCIe lanes and its NVLinks together.
What a link carries is in fabric/formats/nccl_links.py. Layout checked against NVIDIA/nccl, src/graph/xml.cc and topo.cc of
2026: its parser holds 256 elements and stops before it reads on from the 256th, so that files of 256 and more are written
with a warning; a link_width of 0 stands for 16; affinity may be absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from xml.sax.saxutils import quoteattr

import numpy as np

from fabric.formats.defects import LOOPBACK, NOISE, REPEATED, Defect
from fabric.formats.faults import Element, fault, load_xml, number, shortened
from fabric.formats.named import Cable, Named, Vertex, Written
from fabric.formats.nccl_links import NVLINKS, Link, nvlink, pcie, together, xgmi
from fabric.formats.observe import ASSUMED, observed
from fabric.text.numbers import natural
from fabric.units import show_rate
from topologies.base import SCALE_UP
from topologies.scale_up import device_lanes

NODE = "node0"
MOST_ELEMENTS = 255
KNOWN = ("cpu", "pci", "nic", "net", "nvlink", "gpu", "c2c", "xgmi", "pcilink", "gin", "rma")
ONLY_TOLD = ("net", "gin", "rma", "c2c", "pcilink")
"""Elements without a vertex: that they are left out is said."""
GPU_CLASSES = ("0x0302", "0x0380", "0x1200")
"""How the PCI classes begin that NCCL and RCCL take for GPUs (3D controller, display controller, accelerator)."""
GPU_CLASS, NIC_CLASS, NVSWITCH_CLASS = "0x030200", "0x020000", "0x068000"
WRITTEN_SM = "90"
"""The compute capability of every GPU in what is written."""


@dataclass
class _Found:
    """What has been read so far: vertices by name, PCIe cables and what their lanes carry, NVLinks, what was left out.

    bus: bus id -> the line it stands in first. by_class: GPUs that only their PCI class tells.
    nvlinks: still to be joined, NVLink's and xGMI's: near, target, how many, what one carries.
    """

    vertices: dict[str, Vertex] = field(default_factory=dict)
    cables: list[Cable] = field(default_factory=list)
    lanes: list[Link] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    bus: dict[str, int] = field(default_factory=dict)
    by_class: int = 0
    nvlinks: list[tuple[str, str, int, Link]] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)


def read(text: str, where: str) -> Named:
    """Return the node as a fabric of one node; InputError where the file is none, cut, or without GPUs."""
    root = load_xml(text, where, "system")
    found = _Found()
    for element in root:
        _walk(element, "", found, where)  # type: ignore[arg-type]
    if not any(v.is_host for v in found.vertices.values()):
        raise fault(where, root.line, "at least one <gpu>, or a <pci> of class 0x0302, 0x0380 or 0x1200")
    told = f"{found.by_class} GPUs are known by their PCI class only; what else is in them is not in the file"
    losses = [told] * bool(found.by_class) + [f"attribute {name} is left out" for name in sorted(found.left_out)]
    cables, links = _nvlink_cables(found), [link for *_, link in found.nvlinks]
    losses += [f"{told}: a speed that the file does not state" for told in dict.fromkeys(link.told for link in links)]
    if _joins_all(found, cables):
        losses += _without_pcie(found, cables)
    else:
        cables, links = [*found.cables, *cables], [*found.lanes, *links]
    named = observed(list(found.vertices.values()), cables, where, losses, found.defects)
    return _with_source(named, f"{together(links)}; latency assumed: part {ASSUMED}") if cables else named


def _with_source(named: Named, source: str) -> Named:
    """Return the node with what its speeds were taken from."""
    levels = {SCALE_UP: replace(named.fabric.levels[SCALE_UP], source=source)}
    return replace(named, fabric=replace(named.fabric, levels=levels))


def _walk(element: Element, parent: str, found: _Found, where: str) -> None:
    """Read one element and what stands below it."""
    if element.tag not in KNOWN:
        told = f"<{shortened(element.tag)}> is no element of NCCL's that is known; it and what is in it are left out"
        found.defects.append(Defect(NOISE, element.line, told))
        return
    name = parent
    if element.tag in ("cpu", "pci"):
        name = _vertex(element, parent, found)
    elif element.tag == "gpu" and not parent:
        found.defects.append(Defect(NOISE, element.line, "<gpu> stands outside any <pci>; it is left out"))
        return
    elif element.tag == "gpu":
        found.vertices[parent] = Vertex(parent, is_host=True, node=NODE, tier="host")
        found.left_out |= {f"gpu {key}" for key in element.attrib} - {"gpu sm", "gpu gcn"}
    elif element.tag in ONLY_TOLD:
        found.left_out |= {f"{element.tag} {key}" for key in element.attrib}
    for child in element:
        if child.tag in ("nvlink", "xgmi"):
            near, target = parent if element.tag == "gpu" else name, child.get("target")
            link = nvlink(element.get("sm", "")) if child.tag == "nvlink" else xgmi(element.get("gcn", ""))
            target = target or f"{child.get('tclass', NVSWITCH_CLASS)} switch"
            if near == target:
                told = f"{near!r} has a link to itself; it is left out"
                found.defects.append(Defect(LOOPBACK, child.line, told))  # type: ignore[attr-defined]
            elif near:
                found.nvlinks.append((near, target, _count(child, where), link))  # type: ignore[arg-type]
        else:
            _walk(child, name, found, where)  # type: ignore[arg-type]


def _vertex(element: Element, parent: str, found: _Found) -> str:
    """Add a CPU or PCIe function below its parent and return its name."""
    name = _own_name(element, found)
    is_gpu = element.tag == "pci" and _is_gpu(element)
    found.by_class += is_gpu and not any(child.tag == "gpu" for child in element)
    found.vertices[name] = Vertex(name, is_gpu, node=NODE, tier="host" if is_gpu else SCALE_UP, line=element.line)
    if parent:
        lanes, lane = _width(element, found), pcie(element.get("link_speed", ""))
        found.lanes.append(lane)
        found.cables.append(Cable(name, parent, lanes, lanes * lane.speed, level=SCALE_UP))
    found.left_out |= {f"{element.tag} {k}" for k in element.attrib} - {
        "pci busid",
        "pci class",
        "pci link_speed",
        "pci link_width",
        "cpu numaid",
    }
    return name


def _width(element: Element, found: _Found) -> int:
    """Return the lanes of a PCIe function; 0 and nothing stand for 16 as in NCCL, and what is no width too, with a defect."""
    told = element.get("link_width", "").strip()
    width = natural(told)
    if width is not None and width < 1_000:
        return width or 16
    if told:
        found.defects.append(Defect(NOISE, element.line, f"link_width {shortened(told)!r} is no number of lanes; 16 are taken"))
    return 16


def _own_name(element: Element, found: _Found) -> str:
    """Return the name of a CPU or PCIe function; one whose id stands there already has a number behind it, and a defect."""
    told = element.get("numaid" if element.tag == "cpu" else "busid")
    ident = f"cpu{told or ''}" if element.tag == "cpu" else told or f"pci in line {element.line}"
    name, number = ident, 1
    while name in found.vertices:
        number += 1
        name = f"{ident} ({number})"
    first = found.bus.setdefault(ident, element.line)
    if number > 1:
        told = f"{ident!r} stands in line {first} already; this one is kept as {name!r}"
        found.defects.append(Defect(REPEATED, element.line, told))
    return name


def _is_gpu(element: Element) -> bool:
    """Return whether a PCIe function is a GPU by its class: a 3D or display controller or an accelerator, and a leaf."""
    return element.get("class", "").lower()[:6] in GPU_CLASSES and not any(child.tag in ("pci", "nic") for child in element)


def _count(element: Element, where: str) -> int:
    count = number(element.get("count", "1"), where, element.line, "count")
    if count != round(count) or count > 1_000:
        raise fault(where, element.line, "count: a whole number of links", count)
    return round(count)


def _nvlink_cables(found: _Found) -> list[Cable]:
    """Return a cable per NVLink bundle, and add its switches; one between two GPUs stands in the file at both, and is one."""
    seen: set[frozenset[str]] = set()
    cables = []
    for near, target, count, link in found.nvlinks:
        if target not in found.vertices:
            found.vertices[target] = Vertex(target, is_host=False, node=NODE, tier=SCALE_UP)
        pair = frozenset((near, target))
        if pair not in seen and near != target:
            seen.add(pair)
            cables.append(Cable(near, target, count, count * link.speed, level=SCALE_UP))
    return cables


def _joins_all(found: _Found, cables: list[Cable]) -> bool:
    """Return whether these cables join any two GPUs directly, or over one switch that both have a cable to."""
    gpus = [v.name for v in found.vertices.values() if v.is_host]
    reached: dict[str, set[str]] = {gpu: {gpu} for gpu in gpus}
    for cable in cables:
        for near, far in ((cable.a, cable.b), (cable.b, cable.a)):
            reached.setdefault(near, set()).add(far)
    switches = set(found.vertices) - set(gpus)
    return bool(cables) and all(b in reached[a] or reached[a] & reached[b] & switches for a, b in combinations(gpus, 2))


def _without_pcie(found: _Found, cables: list[Cable]) -> list[str]:
    """Take out what no cable ends at but PCIe's, and return what is lost by it."""
    kept = {name for cable in cables for name in (cable.a, cable.b)}
    found.vertices = {name: vertex for name, vertex in found.vertices.items() if vertex.is_host or name in kept}
    if not found.cables:
        return []
    fastest = max(cable.speed or 0.0 for cable in found.cables)
    return [f"PCIe (up to {show_rate(fastest)} one way) carries nothing between GPUs that faster links join, and is left out"]


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
    """Return how many NVLinks the scale-up speed of a device is, 0 without a scale-up network and where that is PCIe.

    PCIe is a pcie_tree, or has lanes slower than any NVLink.
    """
    level = named.fabric.levels.get(SCALE_UP)
    if level is None or named.topology.params.get("scale_up") in ("pcie_tree", "host_memory"):
        return 0
    lane = level.speed / int(device_lanes(named.topology).max(initial=1))
    slowest = min(speed for _, speed in NVLINKS) * 1e9
    return max(1, round(level.speed / nvlink(WRITTEN_SM).speed)) if lane >= slowest else 0


def _mbit(named: Named, device: int) -> int:
    """Return the speed of a device's cables into the network in Mb/s."""
    topology = named.topology
    mine = (topology.ends[:, 0] == device) & (topology.tier[topology.ends[:, 1]] != topology.scale_up_tier)
    return int(named.fabric.link_speed[::2][mine].max(initial=0.0) * 8 / 1e6)


def _device(index: int, links: int, mbit: int) -> list[str]:
    bus = f"0000:{index * 2 + 1:02x}:00.0" if index < 127 else f"{index:04x}:01:00.0"
    nic = f"0000:{index * 2 + 2:02x}:00.0" if index < 127 else f"{index:04x}:02:00.0"
    rows = [_pci(bus, GPU_CLASS), f'      <gpu dev="{index}" sm="{WRITTEN_SM}" rank="{index}" gdr="1">']
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
