"""The graphs inside nodes, one function per kind: from a number of devices to switches and cables. It knows no speeds.

In a graph of n devices, 0 ... n - 1 are the devices and n, n + 1, ... the switches.

| kind | switches | cables | where |
|---|---|---|---|
| nvswitch | 1, which stands for all chips of the node | n | any NVSwitch server, non-blocking |
| nvswitch_chips | 4 | 4 n with 5, 4, 4, 5 lanes | DGX and HGX H100 and H200: 18 NVLinks per GPU |
| nvl72 | 18 | 18 n: 1,296 for 72 | GB200 NVL72: 18 NVLinks per GPU, one to each chip |
| full_mesh | 0 | n (n - 1) / 2 | HCCS of eight Ascend NPUs, Infinity Fabric of eight MI300X |
| ring | 0 | n, 1 for two devices | devices in a circle |
| torus | 0 | 2 n, fewer where a side is 2 | Trainium2: 4 x 4; sides as near to each other as n allows |
| hypercube | 0 | n log2(n) / 2 | Trainium1: 4 dimensions |
| cube_mesh | 0 | 16 of 1 or 2 lanes | DGX-1 V100: a partial mesh of eight, 6 NVLinks a device |
| pcie_tree | ceil(n / 2) + 1 root | n + ceil(n / 2) | servers without a device network: no direct way between two devices |
| host_memory | 2 roots | n + 1 of 4 lanes | consumer servers of two processors, peer access blocked |
| cloudmatrix | 7 per board of 8, and 112 | 7 n of 2 lanes + 112 per board | CloudMatrix384: 336 + 112 switches, 5,376 cables |

In torus, hypercube and cube_mesh a device has the next one (and the last the first) for a neighbour: along rows to and fro, by
Gray code, along links of two lanes. Devices pass nothing on: two that no link joins meet over the network.

All lanes inside a node are alike. A switch of a pcie_tree climbs to the root over one lane, as wide as one device's, and so
is 2:1 there; a switch of a cloudmatrix board has 16 lanes down (two dies of eight devices) and 16 up: non-blocking.

In host_memory a message is written to the memory of a root and read from there, so that what a device sends and what it
receives share its way: each direction gets half of what the device has. Half of the devices are below each root. The roots
are joined by four lanes: as much in each direction as two devices have (three UPI links of 20.8 GB/s beside PCIe 4 x16 of 31.5:
an assumption).

Sources: NVIDIA DGX H100 and GB200 NVL72 documentation; AMD MI300X platform data sheet; "Serving Large Language Models on
Huawei CloudMatrix384" (2025), section 3, whose host processors are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import isqrt

from topologies.base import MOST_PER_NODE
from topologies.errors import InputError

H100_LANES = (5, 4, 4, 5)
"""NVLinks of one GPU to each of the four NVSwitch chips."""
CHIP_PORTS = 64
"""NVLinks of one NVSwitch chip of that generation."""
NVL72_CHIPS, NVL72_PORTS = 18, 72
BOARD, PLANES, ABOVE, BOARDS, DIES = 8, 7, 16, 48, 2
"""CloudMatrix384: devices of a board, planes, switches per plane above, boards one of these has ports for, dies of a device.

Every die has one lane in every plane: 14 a device, 112 for the eight of a board, which climb over 56 modules of two lanes each.
"""
BETWEEN_ROOTS = 4
"""Lanes between the two roots of host_memory: both directions share them too, so as much each way as two devices have."""
CUBE = 8
CHORDS = ((0, 2), (0, 3), (1, 3), (1, 6), (2, 5), (4, 6), (4, 7), (5, 7))
"""cube_mesh: pairs with one NVLink, beside the ring of pairs with two. GPUs of a DGX-1 in its order: 0 3 2 1 5 6 7 4."""
Cables = list[tuple[int, int]]


@dataclass(frozen=True)
class Inside:
    """The graph inside one node: how many switches, the cables, and the lanes of each cable."""

    switches: int
    cables: Cables
    lanes: list[int]


def nvswitch(devices: int) -> Inside:
    """Return one switch for all chips together."""
    return _plain(1, [(device, devices) for device in range(devices)])


def nvswitch_chips(devices: int) -> Inside:
    """Return four chips; a cable has as many lanes as NVLinks run between its GPU and its chip."""
    cables = [(device, devices + chip) for device in range(devices) for chip in range(len(H100_LANES))]
    return Inside(len(H100_LANES), cables, list(H100_LANES) * devices)


def nvl72(devices: int) -> Inside:
    """Return 18 chips with one cable from every device."""
    return _plain(NVL72_CHIPS, [(device, devices + chip) for device in range(devices) for chip in range(NVL72_CHIPS)])


def full_mesh(devices: int) -> Inside:
    """Return a cable between any two devices."""
    return _plain(0, list(combinations(range(devices), 2)))


def ring(devices: int) -> Inside:
    """Return a cable from each device to the next, one alone between two devices."""
    around = devices if devices > 2 else devices - 1
    return _plain(0, [(device, (device + 1) % devices) for device in range(around)])


def torus(devices: int) -> Inside:
    """Return a 2-D torus with sides as near as can be, rows numbered to and fro; a side of 2 has one cable, of 1 none."""
    side = next(side for side in range(isqrt(devices), 0, -1) if devices % side == 0)
    rows, columns = sorted((side, devices // side), key=lambda count: count % 2)  # an even count of rows closes the round
    number = [
        [row * columns + (columns - 1 - column if row % 2 else column) for column in range(columns)] for row in range(rows)
    ]
    found = set[tuple[int, int]]()
    for row in range(rows):
        for column in range(columns):
            for other in (number[(row + 1) % rows][column], number[row][(column + 1) % columns]):
                own = number[row][column]
                found |= {(min(own, other), max(own, other))} if own != other else set()
    return _plain(0, sorted(found))


def hypercube(devices: int) -> Inside:
    """Return a hypercube numbered by Gray code; the number of devices is a power of two.

    Raises:
        InputError: it is none.
    """
    if devices & (devices - 1):
        raise InputError(f"scale_up=hypercube: devices of a node must be a power of two, got {devices}")
    code = [number ^ (number >> 1) for number in range(devices)]
    return _plain(0, [(a, b) for a, b in combinations(range(devices), 2) if (code[a] ^ code[b]).bit_count() == 1])


def cube_mesh(devices: int) -> Inside:
    """Return the hybrid cube mesh of eight devices, those of the ring of double links following each other.

    Raises:
        InputError: not eight devices.
    """
    if devices != CUBE:
        raise InputError(f"scale_up=cube_mesh: devices of a node must be {CUBE}, got {devices}")
    return Inside(0, [*((a, (a + 1) % CUBE) for a in range(CUBE)), *CHORDS], [2] * CUBE + [1] * len(CHORDS))


def pcie_tree(devices: int) -> Inside:
    """Return a PCIe switch for every two devices under one root complex; without peer access all traffic passes the root."""
    switches = -(-devices // 2)
    root = devices + switches
    down = [(device, devices + device // 2) for device in range(devices)]
    return _plain(switches + 1, down + [(devices + switch, root) for switch in range(switches)])


def host_memory(devices: int) -> Inside:
    """Return two roots, half of the devices below each, joined by a cable of BETWEEN_ROOTS lanes."""
    half = -(-devices // 2)
    down = [(device, devices + device // half) for device in range(devices)]
    return Inside(2, [*down, (devices, devices + 1)], [1] * devices + [BETWEEN_ROOTS])


def cloudmatrix(devices: int) -> Inside:
    """Return boards of eight with a switch per plane, and 16 switches per plane above them with a cable from each board.

    A device has a lane per die in every plane, a board's switch one to each of the 16 above.
    """
    boards = -(-devices // BOARD)
    above = devices + boards * PLANES
    first = [(device, devices + device // BOARD * PLANES + plane) for device in range(devices) for plane in range(PLANES)]
    lower = [(devices + board * PLANES + plane, plane) for board in range(boards) for plane in range(PLANES)]
    second = [(switch, above + plane * ABOVE + upper) for switch, plane in lower for upper in range(ABOVE)]
    return Inside((boards + ABOVE) * PLANES, first + second, [DIES] * len(first) + [1] * len(second))


def _plain(switches: int, cables: Cables) -> Inside:
    """Return a graph whose cables have one lane each."""
    return Inside(switches, cables, [1] * len(cables))


KINDS: Mapping[str, tuple[Callable[[int], Inside], int, int]] = {
    "nvswitch": (nvswitch, MOST_PER_NODE, 8),
    "nvswitch_chips": (nvswitch_chips, CHIP_PORTS // max(H100_LANES), 8),
    "nvl72": (nvl72, NVL72_PORTS, 72),
    "full_mesh": (full_mesh, 256, 8),
    "ring": (ring, MOST_PER_NODE, 8),
    "torus": (torus, MOST_PER_NODE, 16),
    "hypercube": (hypercube, 2**14, 16),
    "cube_mesh": (cube_mesh, CUBE, CUBE),
    "pcie_tree": (pcie_tree, MOST_PER_NODE, 8),
    "host_memory": (host_memory, MOST_PER_NODE, 8),
    "cloudmatrix": (cloudmatrix, BOARD * BOARDS, 384),
}
"""Kind -> its graph, the most devices of a node, and how many the machine that it is known from has."""
SHARED = frozenset({"host_memory"})
"""Kinds in which what a device sends and what it receives share what it has."""
