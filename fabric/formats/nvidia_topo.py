"""Reads the matrix of `nvidia-smi topo -m`: one server's GPUs, how they are joined, which NIC is near. It knows no speed.

A cell is X (itself), NV# (# NVLinks), PIX, PXB, PHB, NODE, SYS (from one PCIe switch to across sockets), the same seen from
both ends; NICs that the matrix calls NIC0 ... have their names in the legend below it. Where NVLink joins any two GPUs, PCIe
carries nothing between them and is left out; else a PCIe tree is made of the cells, a vertex for what each kind goes through.
NV# tells how many links a pair has, not whether a switch is between: where the cells of a GPU add up to more links than any
GPU has, a switch is. Facts: `nvidia-smi topo --help` and NVIDIA's documentation of the matrix, 2026-11; the form by a sample.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fabric.formats.defects import CONTRADICTED, MISSING, NOISE, Defect
from fabric.formats.faults import fault, lines
from fabric.formats.named import Cable, Named, Vertex
from fabric.formats.nccl_links import Link, nvlink, pcie, together
from fabric.formats.observe import ASSUMED, observed
from fabric.text.numbers import whole
from topologies.base import SCALE_UP

NODE = "node0"
CELL = re.compile(r"X|NV[1-9]\d{0,2}|PIX|PXB|PHB|NODE|SYS|SOC|PSB", re.ASCII)
COLUMN = re.compile(r"GPU\d{1,3}|NIC\d{1,3}|mlx\d\w*|\w+_\d+", re.ASCII)
LEGEND = re.compile(r"\s*(NIC\d{1,3}):\s*([\w.-]+)\s*$", re.ASCII)
HEADER = re.compile(r"\s*GPU\d{1,3}(?:\s+(?:GPU\d{1,3}|NIC\d{1,3}|\w+_\d+))*(?:\s+CPU Affinity.*)?\s*$", re.ASCII)
ANSI = re.compile(r"\x1b\[[0-9;]*m")
MOST_LINKS = 18
"""NVLinks of a GPU that has them to other GPUs, at most (fabric/formats/nccl_links.py); Rubin's 36 go to switches."""
NEAR = (("PIX", "PCIe switch"), ("PXB", "PCIe switches"), ("PHB", "host bridge"), ("NODE", "CPU"), ("SYS", "sockets"))
"""The kinds of PCIe paths from near to far, and what stands for that which they go through."""
SAME_AS = {"SOC": "SYS", "PSB": "PXB"}
"""What older releases call them."""
LANES = 16


@dataclass
class Matrix:
    """What a text's matrix says: devices in its order, cells by (row, column), the names of its legend, its flaws.

    line: that of the header.
    """

    line: int
    devices: list[str]
    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)
    rows: set[str] = field(default_factory=set)

    @property
    def whole(self) -> bool:
        """Whether every row has a cell for every device."""
        return len(self.cells) == len(self.devices) ** 2

    def called(self, name: str) -> str:
        """Return a device's name in the legend, that of the matrix where the legend has none of its own for it."""
        told = self.names.get(name, name)
        return told if told not in self.devices and list(self.names.values()).count(told) == 1 else name

    def joined(self, a: str, b: str) -> str | None:
        """Return how two devices are joined, by either row; None where no row says so."""
        return self.cells.get((a, b)) or self.cells.get((b, a))


def parse(text: str, where: str) -> Matrix | None:
    """Return the first matrix of a text with what is wrong in it, None where there is none or it names a device twice."""
    rows = [(number, ANSI.sub("", line)) for number, line in lines(text, where)]
    if not text.endswith(("\n", "\r")):  # NV1 may be what is left of NV18
        rows[-1] = (rows[-1][0], re.sub(r"\S+$", "", rows[-1][1]))
    start = next((at for at, (_, line) in enumerate(rows) if HEADER.match(line)), None)
    if start is None:
        return None
    head = rows[start][1].split("CPU Affinity")[0].split()
    found = Matrix(rows[start][0], [name for name in head if COLUMN.fullmatch(name)])
    if len(set(found.devices)) < len(found.devices):
        return None
    for number, line in rows[start + 1 :]:
        _row(found, number, line)
        if match := LEGEND.match(line):
            found.names[match[1]] = match[2]
    _check(found)
    return found if found.cells else None


def _row(found: Matrix, number: int, line: str) -> None:
    """Add one row of cells; what is no cell, or is missing, is a defect."""
    name, *row = line.split()[: len(found.devices) + 1] or [""]
    if name not in found.devices:
        return
    if name in found.rows:
        found.defects.append(Defect(NOISE, number, f"{name} has a second row, which is left out"))
        return
    kept = {other: cell for other, cell in zip(found.devices, row, strict=False) if CELL.fullmatch(cell)}
    if kept.get(name, "X") != "X" or any(cell == "X" for other, cell in kept.items() if other != name):
        found.defects.append(Defect(NOISE, number, f"the row of {name} has no X where it meets itself; it is left out"))
        return
    found.rows.add(name)
    found.cells |= {(name, other): SAME_AS.get(cell, cell) for other, cell in kept.items()}
    if len(kept) < len(found.devices):
        told = f"the row of {name} has {len(kept)} cells of {len(found.devices)}; the rows of the others tell the rest"
        found.defects.append(Defect(MISSING, number, told))


def _check(found: Matrix) -> None:
    """Add a defect for every pair whose two rows differ, and for a device without a row."""
    for name in found.devices:
        if name not in found.rows:
            found.defects.append(Defect(MISSING, found.line, f"{name} has no row of its own; those of the others tell of it"))
    for a, b in _pairs(found.devices):
        one, other = found.cells.get((a, b)), found.cells.get((b, a))
        if one and other and one != other:
            told = f"{a} says {one} of {b}, and {b} says {other} of {a}; the first is taken"
            found.defects.append(Defect(CONTRADICTED, found.line, told))


def read(text: str, where: str) -> Named:
    """Return the server as a fabric of one node.

    Raises:
        InputError: no matrix, or one without a GPU.
    """
    matrix = parse(text, where)
    if matrix is None:
        raise fault(where, 1, "the matrix of `nvidia-smi topo -m`: a row GPU0 GPU1 ..., then a row of cells per device")
    gpus = [name for name in matrix.devices if name.startswith("GPU")]
    vertices = [Vertex(name, is_host=True, node=NODE, tier="host") for name in gpus]
    links = [
        (a, b, whole(cell[2:], "NVLinks")) for a, b in _pairs(gpus) if (cell := matrix.joined(a, b) or "").startswith("NV")
    ]
    losses = list(_nearest(matrix, gpus))
    if len(gpus) > 1 and len(links) == len(gpus) * (len(gpus) - 1) // 2:
        cables, used, more = _nvlinks(links, gpus, vertices)
        losses += [*more, "PCIe carries nothing between GPUs that NVLink joins, and is left out; so are the NICs"]
    else:
        cables, used = _tree(matrix, vertices)
        cables += _direct(links)
        used += [nvlink("")] * bool(links)
    losses += [f"{told}: a speed that the file does not state" for told in dict.fromkeys(link.told for link in used)]
    losses.append("which GPU it is, CPU and NUMA affinity, and the network beyond the NICs are not in the fabric")
    named = observed(vertices, cables, where, losses, matrix.defects)
    return _with_source(named, together(used)) if cables else named


def _with_source(named: Named, told: str) -> Named:
    level = replace(named.fabric.levels[SCALE_UP], source=f"{told}; latency assumed: part {ASSUMED}")
    return replace(named, fabric=replace(named.fabric, levels={SCALE_UP: level}))


def _nvlinks(
    links: Sequence[tuple[str, str, int]], gpus: Sequence[str], vertices: list[Vertex]
) -> tuple[list[Cable], list[Link], list[str]]:
    """Return the cables of GPUs that NVLink joins pair by pair, or over one switch where they must be, which is added."""
    link = nvlink("")
    total = {gpu: sum(count for a, b, count in links if gpu in (a, b)) for gpu in gpus}
    if max(total.values()) <= MOST_LINKS:
        direct = ["NVLinks are taken to go from GPU to GPU; a switch between them would show the same"]
        return _direct(links), [link], direct * (len(gpus) > 2)
    vertices.append(Vertex("NVSwitch", is_host=False, node=NODE, tier=SCALE_UP))
    most = {gpu: max(count for a, b, count in links if gpu in (a, b)) for gpu in gpus}
    told = f"one NVSwitch is taken to stand between: a GPU's cells add up to {max(total.values())} links, more than any has"
    return [Cable(gpu, "NVSwitch", n, n * link.speed, level=SCALE_UP) for gpu, n in most.items()], [link], [told]


def _direct(links: Sequence[tuple[str, str, int]]) -> list[Cable]:
    return [Cable(a, b, count, count * nvlink("").speed, level=SCALE_UP) for a, b, count in links]


def _pairs(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((a, b) for at, a in enumerate(names) for b in names[at + 1 :])


def _nearest(matrix: Matrix, gpus: Sequence[str]) -> Iterator[str]:
    """Yield which NICs are nearest to which GPUs, one line per set of NICs."""
    order = [kind for kind, _ in NEAR]
    groups: dict[str, list[str]] = {}
    for gpu in gpus:
        near = {nic: cell for nic in matrix.devices if nic not in gpus and (cell := matrix.joined(gpu, nic)) in order}
        if near:
            least = min(near.values(), key=order.index)
            nics = ", ".join(matrix.called(nic) for nic, cell in near.items() if cell == least)
            groups.setdefault(f"{nics} ({least})", []).append(gpu)
    for told, mine in groups.items():
        yield f"nearest NIC of {', '.join(mine)}: {told}; a fabric of one node has no use for it"


def _tree(matrix: Matrix, vertices: list[Vertex]) -> tuple[list[Cable], list[Link]]:
    """Return the PCIe tree of all devices, adding NICs and what joins them: from near to far, each kind joins groups."""
    lane = pcie("")
    vertices += [
        Vertex(matrix.called(n), is_host=False, node=NODE, tier=SCALE_UP) for n in matrix.devices if not n.startswith("GPU")
    ]
    groups = {matrix.called(name): [name] for name in matrix.devices}
    cables: list[Cable] = []
    reach: set[str] = set()
    for kind, what in NEAR:
        reach.add(kind)
        for number, members in enumerate(m for m in _joined(matrix, groups, reach) if len(m) > 1):
            hub = f"{what} {number}"
            vertices.append(Vertex(hub, is_host=False, node=NODE, tier=SCALE_UP))
            cables += [Cable(member, hub, LANES, LANES * lane.speed, level=SCALE_UP) for member in members]
            groups[hub] = [device for member in members for device in groups.pop(member)]
    return cables, [lane] * bool(cables)


def _joined(matrix: Matrix, groups: Mapping[str, Sequence[str]], reach: set[str]) -> list[list[str]]:
    """Return the groups in sets that cells of these kinds join, NVLink apart, in the order of the first of each."""
    found: list[list[str]] = []
    for name, devices in groups.items():
        mine = [
            known for known in found if any(matrix.joined(a, b) in reach for one in known for a in groups[one] for b in devices)
        ]
        for known in mine:
            found.remove(known)
        found.append([*(one for known in mine for one in known), name])
    return found
