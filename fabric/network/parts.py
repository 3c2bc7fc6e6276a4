"""Parts that links are made of: speed one way and latency per link, each number with its source and date. No prices, no power.

A part inside nodes (NVLink, UB, PCIe) has the speed of all links of one device together. Where public pages disagree the
note says so; a user's or a measured value overrides a part.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from fabric.units import duration, rate
from topologies.errors import InputError


@dataclass(frozen=True)
class Part:
    """One kind of link: bytes per second in one direction, seconds to cross it and enter what is behind it.

    speed: of a cable's lane; of a part inside nodes, of one device.
    """

    name: str
    speed: float
    latency: float
    speed_source: str
    latency_source: str
    date: str
    note: str = ""


SWITCH_LATENCY = (
    "assumed: public pages quote 130 to 400 ns port to port for 400G-class switches and disagree; "
    "about 50 ns more for 10 m of fibre"
)
ETHERNET_LATENCY = "assumed: Ethernet switch ASICs of this class are quoted between 0.5 and 1 us port to port (weak)"
PCIE_LATENCY = "NCCL 2.30.7, src/graph/tuning.cc: hardware latency of a PCI hop (ring, LL), 1.0 us over two links"
NVLINK_LATENCY = "NCCL 2.30.7, src/graph/tuning.cc: hardware latency of an NVLink hop (ring, LL), 0.6 us over two links"

_ROWS = (
    Part("400g-ndr", rate("400Gb/s"), duration("300ns"), "NDR line rate, NVIDIA QM9700 pages", SWITCH_LATENCY, "2026-11"),
    Part("800g-xdr", rate("800Gb/s"), duration("300ns"), "XDR line rate, NVIDIA Quantum-X800 pages", SWITCH_LATENCY, "2026-11"),
    Part("400gbe", rate("400Gb/s"), duration("800ns"), "IEEE 802.3bs line rate", ETHERNET_LATENCY, "2026-11"),
    Part("800gbe", rate("800Gb/s"), duration("800ns"), "IEEE 802.3df line rate", ETHERNET_LATENCY, "2026-11"),
    Part("100gbe", rate("100Gb/s"), duration("800ns"), "IEEE 802.3ba line rate", ETHERNET_LATENCY, "2026-11"),
    Part(
        "nvlink4",
        rate("450GB/s"),
        duration("300ns"),
        "NVIDIA H100 pages: 900 GB/s both ways per GPU = 18 links of 25 GB/s one way",
        NVLINK_LATENCY,
        "2026-11",
        "per GPU, all 18 links together, into the node's NVSwitch chips",
    ),
    Part(
        "nvlink5",
        rate("900GB/s"),
        duration("300ns"),
        "NVIDIA B200 and GB200 pages: 1,800 GB/s both ways per GPU = 18 links of 50 GB/s one way",
        NVLINK_LATENCY,
        "2026-11",
        "per GPU, all 18 links together, into NVSwitch chips",
    ),
    Part(
        "ub-910c",
        rate("392GB/s"),
        duration("300ns"),
        "Zuo et al., CloudMatrix384, arXiv 2506.12708, section 3: 392 GB/s one way per Ascend 910C",
        "assumed: as an NVLink hop; no figure per hop was found",
        "2026-11",
        "per device, its 14 lanes of 28 GB/s together, two in each of seven planes",
    ),
    Part("pcie4-x16", rate("31.5GB/s"), duration("500ns"), "PCI-SIG: 16 GT/s, 128b/130b, 16 lanes", PCIE_LATENCY, "2026-11"),
    Part("pcie5-x16", rate("63GB/s"), duration("500ns"), "PCI-SIG: 32 GT/s, 128b/130b, 16 lanes", PCIE_LATENCY, "2026-11"),
    Part(
        "loopback",
        rate("1.64GB/s"),
        duration("4.76us"),
        "measured: median of 9 transfers of 64 MiB one way over TCP between two processes of a shared 2-core AMD EPYC, Linux",
        "measured there too: a quarter of the median round trip of one byte, two links each way, 300 trips",
        "2026-11-22",
        "a placeholder for machines not yet measured: `build local` measures yours",
    ),
)
PARTS: Mapping[str, Part] = {part.name: part for part in _ROWS}


def part(name: str, parameter: str = "link") -> Part:
    """Return the part of this name; InputError naming what exists."""
    if name not in PARTS:
        near = difflib.get_close_matches(name.lower(), PARTS, 1, 0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"{parameter}: must be a part of the catalogue ({', '.join(PARTS)}), got {name!r}{hint}")
    return PARTS[name]
