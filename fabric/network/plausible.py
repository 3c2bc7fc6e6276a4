"""What a typed speed or latency of a fabric can plausibly be: a slip of unit or of decimal point is refused. It builds nothing.

Ranges are ours and wide: they hold what is built and a factor more at either end. Who means it writes a fabric's YAML file,
where a level's `source` says where a figure comes from: nothing is refused beside one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fabric.units import show_duration
from topologies.errors import InputError

HOW = "to insist, give it in a fabric's YAML file with a source beside it (predict, review: --force)"
REVIEWED = "--force insists"


def _gigabytes(speed: float) -> str:
    return f"{speed / 1e9:,.6g} GB/s"


@dataclass(frozen=True)
class Plausible:
    """low to high of one figure in SI units, how it is shown, and what stands at the ends."""

    low: float
    high: float
    show: Callable[[float], str]
    why: str


PLAUSIBLE: Mapping[tuple[str, bool], Plausible] = {
    ("speed", False): Plausible(125e3, 1.6e12, _gigabytes, "1 Mb/s to 12.8 Tb/s; a NIC of 2026 has 1.6 Tb/s"),
    ("speed", True): Plausible(1e9, 2e13, _gigabytes, "of one device one way; 20 GB/s of the first NVLink to 1.8 TB/s in 2026"),
    ("latency", False): Plausible(0.0, 0.5, show_duration, "100 ms halfway round the Earth in fibre, 270 ms by satellite"),
    ("latency", True): Plausible(0.0, 1e-3, show_duration, "hundreds of ns for a hop inside a node"),
}
"""(Figure, inside nodes) -> what it can plausibly be."""
PCIE = Plausible(
    1e8, 5e11, _gigabytes, "PCIe one way; 0.25 GB/s of one lane of the first to 242 GB/s of 16 lanes of the seventh"
)
OF_GRAPH: Mapping[str, Plausible] = {"pcie_tree": PCIE, "host_memory": PCIE}
"""Graph inside nodes whose links are of a kind with a range of its own -> what a device's speed there can plausibly be."""


def check(figure: str, value: float, parameter: str, *, inside: bool, graph: str = "", how: str = HOW) -> None:
    """Raise InputError where a speed (bytes per second) or latency (seconds) is beyond its range.

    graph: what is inside nodes, where that is meant. how: what would insist.
    """
    own = PLAUSIBLE[figure, inside]
    if figure == "speed" and inside:
        own = OF_GRAPH.get(graph, own)
    if not own.low <= value <= own.high:
        low, high, got = map(own.show, (own.low, own.high, value))
        raise InputError(f"{parameter}: must be plausible, {low} to {high} ({own.why}), got {got}; {how}")
