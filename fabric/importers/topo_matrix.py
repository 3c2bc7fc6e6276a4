"""The matrix of `nvidia-smi topo -m`: how GPUs and NICs of one server are joined. It is context, it holds no time.

A cell is X (itself), NV# (# NVLinks), PIX, PXB, PHB, NODE, SYS (from one PCIe switch to across sockets). NICs that the matrix
calls NIC0 ... have their names in the legend below it. Facts: `nvidia-smi topo --help` and NVIDIA's documentation of the
matrix; the form by a sample.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

CELL = re.compile(r"X|NV\d{1,3}|PIX|PXB|PHB|NODE|SYS|SOC|PSB")
COLUMN = re.compile(r"GPU\d{1,3}|NIC\d{1,3}|mlx\d\w*|\w+_\d+")
LEGEND = re.compile(r"\s*(NIC\d{1,3}):\s*([\w.-]+)\s*$")
HEADER = re.compile(r"^\s*GPU0(?:\s+(?:GPU\d+|NIC\d+|\w+_\d+))*")
ORDER = ("X", "PIX", "PSB", "PXB", "PHB", "NODE", "SOC", "SYS")
"""From near to far; NV# is no way to a NIC."""


@dataclass(frozen=True)
class Matrix:
    """How each device is joined to each other one, by the names of the matrix or of its legend."""

    cells: dict[str, dict[str, str]]

    @property
    def nic_affinity(self) -> dict[str, dict[str, str]]:
        """Return per GPU how each NIC is joined to it."""
        return {
            gpu: {other: cell for other, cell in row.items() if not other.startswith("GPU")}
            for gpu, row in self.cells.items()
            if gpu.startswith("GPU")
        }

    @property
    def nearest_nic(self) -> dict[str, list[str]]:
        """Return per GPU the NICs that no other NIC is nearer than."""
        found = {}
        for gpu, row in self.nic_affinity.items():
            places = {nic: ORDER.index(cell) for nic, cell in row.items() if cell in ORDER}
            found[gpu] = sorted(nic for nic, place in places.items() if place == min(places.values()))
        return {gpu: nics for gpu, nics in found.items() if nics}


def read(text: str) -> Matrix | None:
    """Return the first matrix in a text, None where there is none that is whole: every row has a cell for every device."""
    rows = text.splitlines()
    start = next((at for at, line in enumerate(rows) if HEADER.match(line)), None)
    if start is None:
        return None
    devices = [name for name in re.split(r"\s+", rows[start].split("CPU Affinity")[0].strip()) if COLUMN.fullmatch(name)]
    cells: dict[str, dict[str, str]] = {}
    for line in rows[start + 1 :]:
        name, *row = line.split()[: len(devices) + 1] or [""]
        if name in devices and len(row) == len(devices) and all(CELL.fullmatch(cell) for cell in row):
            cells[name] = dict(zip(devices, row, strict=True))
    if set(cells) != set(devices) or any(cells[name][name] != "X" for name in devices):
        return None
    legend = {found[1]: found[2] for line in rows if (found := LEGEND.match(line))}
    named = {
        legend.get(name, name): {legend.get(other, other): cell for other, cell in row.items()} for name, row in cells.items()
    }
    return Matrix(named)


def context(text: str) -> dict[str, Any]:
    """Return the affinity of GPUs and NICs and the links among GPUs that a text's matrix states, {} without one."""
    matrix = read(text)
    if matrix is None:
        return {}
    links = {
        cell
        for gpu, row in matrix.cells.items()
        for other, cell in row.items()
        if gpu.startswith("GPU") and other.startswith("GPU")
    }
    return {"gpu_nic": matrix.nic_affinity, "nearest_nic": matrix.nearest_nic, "gpu_links": sorted(links - {"X"})}
