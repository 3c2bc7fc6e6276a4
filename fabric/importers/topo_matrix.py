"""The matrix of `nvidia-smi topo -m` as context of a log: which NIC is near which GPU. It holds no time."""

from __future__ import annotations

from typing import Any

from fabric.formats.nvidia_topo import NEAR, Matrix, parse


def read(text: str) -> Matrix | None:
    """Return the first matrix in a text, None where there is none that is whole: every row has a cell for every device."""
    found = parse(text, "log") if text.strip() else None
    return found if found is not None and found.whole else None


def context(text: str) -> dict[str, Any]:
    """Return the affinity of GPUs and NICs and the links among GPUs that a text's matrix states, {} without one."""
    matrix = read(text)
    if matrix is None:
        return {}
    pairs = matrix.cells.items()
    links = {cell for (a, b), cell in pairs if a != b and a.startswith("GPU") and b.startswith("GPU")}
    return {"gpu_nic": nic_affinity(matrix), "nearest_nic": nearest_nic(matrix), "gpu_links": sorted(links)}


def nic_affinity(matrix: Matrix) -> dict[str, dict[str, str]]:
    """Return per GPU how each NIC is joined to it, by the names of the legend."""
    found: dict[str, dict[str, str]] = {}
    for (gpu, other), cell in matrix.cells.items():
        if gpu.startswith("GPU") and not other.startswith("GPU"):
            found.setdefault(gpu, {})[matrix.called(other)] = cell
    return found


def nearest_nic(matrix: Matrix) -> dict[str, list[str]]:
    """Return per GPU the NICs that no other NIC is nearer than."""
    order = [kind for kind, _ in NEAR]
    found = {}
    for gpu, row in nic_affinity(matrix).items():
        places = {nic: order.index(cell) for nic, cell in row.items() if cell in order}
        found[gpu] = sorted(nic for nic, place in places.items() if place == min(places.values()))
    return {gpu: nics for gpu, nics in found.items() if nics}
