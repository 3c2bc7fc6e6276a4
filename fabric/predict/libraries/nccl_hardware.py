"""What NCCL's tuning model needs of the hardware, and how its channels follow from it. It holds no tuning formula (nccl.py).

NCCL tries speeds per channel from fast to slow and takes the first that fits, with as many channels as fit; few fast
channels are then split in two. Source: NVIDIA/nccl 2.30, src/graph/search.cc. Checked against a graph dump of an H100 node
(NVIDIA/nccl issue 1197: ring and tree 12 channels of 30 GB/s, NVLS 8 channels of 40 inside and 60 between); the others
were not seen in a dump.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from fabric.hardware.node import NodeType
from fabric.hardware.node import node as catalogued
from fabric.predict.libraries import nccl_constants as constants
from topologies.errors import InputError

OLD_INSIDE = (40.0, 30.0, 20.0, 18.0, 15.0, 12.0, 10.0, 9.0, 7.0, 6.0, 5.0, 4.0, 3.0)
OLD_BETWEEN = (48.0, 30.0, 28.0, 24.0, 20.0, 18.0, 15.0, 12.0, 10.0, 9.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.4, 1.2, 0.24, 0.12)
HOPPER_INSIDE = (60.0, 50.0, 40.0, 30.0, 24.0, 20.0, 15.0, 12.0, 11.0, 6.0, 3.0)
HOPPER_BETWEEN = (48.0, 45.0, 42.0, 40.0, 30.0, 24.0, 22.0, 20.0, 17.5, 15.0, 12.0, 6.0, 3.0, 2.4, 1.2, 0.24, 0.12)
BLACKWELL_INSIDE = (90.0, 80.0, 70.0, 60.0, 50.0, 45.0, 40.0, 30.0, 24.0, 20.0, 19.0, 18.0)
BLACKWELL_BETWEEN = (
    *(96.0, 86.0, 80.0, 48.0, 45.1, 42.0, 40.0, 30.0, 24.0, 22.0),
    *(20.0, 17.5, 15.0, 12.0, 6.0, 3.0, 2.4, 1.2, 0.24, 0.12),
)
SPEEDS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "volta": (OLD_INSIDE, OLD_BETWEEN),
    "ampere": (OLD_INSIDE, OLD_BETWEEN),
    "hopper": (HOPPER_INSIDE, HOPPER_BETWEEN),
    "blackwell": (BLACKWELL_INSIDE, BLACKWELL_BETWEEN),
}
"""Architecture -> speeds per channel that are tried, GB/s: inside one node, over several."""
SWITCHES = ("ll128", "nvls")
"""What a site may have switched off, as it is written."""
MOST_CHANNELS = 32
SPLIT_FROM, SPLIT_FAST, FEW = 25.0, 50.0, 4


@dataclass(frozen=True)
class Channels:
    """Channels of an algorithm: how many, GB/s of each inside a node and between nodes."""

    count: int
    inside: float
    between: float

    @property
    def total(self) -> float:
        """GB/s of all channels together, the slower of inside and between."""
        return self.count * min(self.inside, self.between)


@dataclass(frozen=True)
class Hardware:
    """A node with its NICs. nvlink, nic: GB/s per GPU and direction; pcie: GB/s between GPU and NIC.

    gpus_per_node: GPUs under one NVLink domain. multicast: the switches add and copy (NVLS). cpu: intel or amd, it limits
    LL over several nodes. nic_latency: us that the network plugin states (0 for InfiniBand). ll128: whether that protocol is in
    use. source says whence.
    """

    name: str
    architecture: str
    nvlink: float
    nic: float
    gpus_per_node: int
    multicast: bool
    source: str
    pcie: float = 48.0
    cpu: str = "intel"
    nic_latency: float = 0.0
    ll128: bool = True

    def __post_init__(self) -> None:
        if self.architecture not in SPEEDS:
            raise InputError(f"architecture: must be one of {', '.join(SPEEDS)}, got {self.architecture!r}")
        if self.cpu not in constants.LL_NODES:
            raise InputError(f"cpu: must be one of {', '.join(constants.LL_NODES)}, got {self.cpu!r}")
        for name, value in (("nvlink", self.nvlink), ("nic", self.nic), ("pcie", self.pcie)):
            if not value > 0:
                raise InputError(f"{name}: must be > 0 GB/s, got {value}")

    @property
    def net_overhead(self) -> float:
        """Us that the host's CPU adds to a step of a ring over several nodes; tripled for Simple."""
        return 2.0 if self.cpu == "amd" else 1.0

    def ll_limit(self, nodes: int) -> float:
        """Return the most that LL moves, GB/s."""
        return constants.LL_ONE_NODE[self.architecture] if nodes == 1 else constants.LL_NODES[self.cpu][min(nodes, 3) - 2]

    def switched(self, key: str) -> Hardware:
        """Return the same node by `ll128=off`, `nvls=off` or the same with `on`, which leaves what it has; its name says off.

        Raises:
            InputError: another key or value.
        """
        what, _, value = key.partition("=")
        if what not in SWITCHES or value not in ("on", "off"):
            raise InputError(f"backend: after nccl's hardware come {' or '.join(SWITCHES)} =on or =off, got {key!r}")
        if value == "on":
            return self
        named = replace(self, name=f"{self.name}:{key}")
        return named.without_multicast() if what == "nvls" else replace(named, ll128=False)

    def without_multicast(self) -> Hardware:
        """Return the same node whose switches only forward."""
        return replace(self, multicast=False)


def graph(hardware: Hardware, nodes: int, per_node: int) -> Channels:
    """Return the channels of rings and trees: on one node as NVLink allows, over several one per NIC."""
    inside, between = SPEEDS[hardware.architecture]
    if nodes == 1:
        speed = next((s for s in inside if s <= hardware.nvlink), inside[-1])
        return _split(hardware, max(1, int(hardware.nvlink / speed)), speed)
    nics = max(1, per_node)
    room = min(hardware.nic, hardware.pcie, hardware.nvlink / nics if nics > 1 else hardware.nic)
    return _split(hardware, nics, next((s for s in between if s <= room), between[-1]))


def _split(hardware: Hardware, count: int, speed: float) -> Channels:
    """Return the channels, twice as many of half the speed where NCCL splits them."""
    newer = hardware.architecture in ("hopper", "blackwell")
    kept = speed < SPLIT_FROM or (newer and speed < SPLIT_FAST and count > FEW)
    doubled = count if kept else min(2 * count, MOST_CHANNELS)
    speed = speed if doubled == count else speed / 2
    return Channels(doubled, speed, speed)


def nvls_graph(hardware: Hardware, nodes: int, per_node: int) -> Channels:
    """Return the channels of NVLS: one per GPU of a node, each GPU's NVLink shared by all."""
    inside, between = SPEEDS[hardware.architecture]
    count = min(max(1, per_node), hardware.gpus_per_node, MOST_CHANNELS)
    own = next((s for s in inside if s <= hardware.nvlink / count), inside[-1])
    room = min(hardware.nic, hardware.pcie)
    return Channels(count, own, inside[0] if nodes == 1 else next((s for s in between if s <= room), between[-1]))


PER_LINK: Mapping[str, float] = {"ampere": 20.0, "hopper": 20.6, "blackwell": 40.1}
"""Architecture -> GB/s that NCCL plans with per NVLink, below nominal (src/graph/topo.h: SM80, SM90, SM100)."""
PCIE: Mapping[str, float] = {"ampere": 24.0, "hopper": 48.0, "blackwell": 48.0}
"""Architecture -> GB/s between GPU and NIC: PCIe 4 and 5 of 16 lanes. A NIC faster than FAST stands on PCIe 6: twice."""
FAST = 50.0
MULTICAST = ("hopper", "blackwell")
"""Architectures whose switches add and copy."""
SWITCHED = ("nvswitch", "nvswitch_chips", "nvl72")
NVLINK_SOURCE = "NCCL 2.30.7: NVLink 20 (SM80), 20.6 (SM90), 40.1 (SM100) GB/s per link times the node's links; NIC nominal"
NODES: Mapping[str, str] = {
    "a100": "dgx-a100",
    "h100": "dgx-h100",
    "h200": "dgx-h200",
    "b200": "dgx-b200",
    "gb200": "gb200-nvl72",
}
"""Short name -> the node of the catalogue that it stands for."""


def modelled(node: NodeType) -> bool:
    """Return whether NCCL's model is known for a node: NVLink of a generation above, links and NICs known."""
    links, known = node.device.number("scale_up_links"), node.architecture in PER_LINK
    return node.library == "nccl" and known and "nvlink" in (node.link or "") and None not in (links, node.device_nic_speed)


def of_node(node: NodeType, name: str) -> Hardware:
    """Return a node as NCCL plans with it: the catalogue's counts and NICs, NCCL's own speed per link.

    Raises:
        InputError: a node that its model is not known for.
    """
    if not modelled(node):
        raise InputError(
            f"constants: NCCL's model is known for nodes with NVLink of {', '.join(PER_LINK)} and NICs of a known speed, "
            f"got {node.name} ({node.architecture or 'architecture not stated'}, library {node.library}); use none"
        )
    architecture, nic = node.architecture, (node.device_nic_speed or 0.0) / 1e9
    return Hardware(
        name,
        architecture,
        nvlink=round((node.device.number("scale_up_links") or 0.0) * PER_LINK[architecture], 1),
        nic=nic,
        gpus_per_node=node.devices,
        multicast=architecture in MULTICAST and node.graph in SWITCHED,
        source=f"{NVLINK_SOURCE} {8 * nic:g} Gbit/s a GPU; node {node.name}",
        pcie=PCIE[architecture] * (2 if nic > FAST else 1),
    )


@lru_cache(maxsize=64)
def preset(name: str) -> Hardware:
    """Return the hardware of a short name; KeyError where it is none."""
    return of_node(catalogued(NODES[name]), name)


class _Presets(Mapping[str, Hardware]):
    """The short names' hardware, read from the catalogue when it is asked for."""

    def __getitem__(self, name: str) -> Hardware:
        return preset(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NODES)

    def __len__(self) -> int:
        return len(NODES)

    def __contains__(self, name: object) -> bool:
        return name in NODES


PRESETS: Mapping[str, Hardware] = _Presets()
"""Short name -> hardware, as of NCCL 2.30.7 (2026)."""
OF_PART: Mapping[str, str] = {"nvlink4": "h100", "nvlink5": "b200"}
"""Scale-up part -> the hardware that has it: what bare `nccl` means on a fabric."""
OF_GRAPH: Mapping[tuple[str, str], str] = {("nvlink5", "nvl72"): "gb200"}
"""The same where the graph inside nodes tells two kinds of hardware with that part apart."""
