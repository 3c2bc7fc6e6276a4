"""What one NVLink, one xGMI link and one PCIe lane of NCCL's topology file carry one way. It knows no file and no wiring.

The file tells PCIe's rate, but of NVLink and xGMI the count alone: the speed is that of the GPU's generation, nominal; NCCL
plans with less on purpose (20.6 GB/s of 25 on sm 90, 48 of 64 on gfx942).

| link | generation | GB/s | source |
|---|---|---|---|
| NVLink 1 | sm 60 | 20 | NVIDIA P100 white paper: 4 links, 160 GB/s both ways |
| NVLink 2, 3, 4 | sm 70, 80, 90 | 25 | V100: 6 links, 300 both ways; A100: 12, 600; H100: 18, 900 |
| NVLink 3 bridge | sm 86 | 14.0625 | RTX 3090 and A6000: 4 links, 112.5 both ways |
| NVLink 5, 6 | sm 100 on | 50 | B200: 18 links, 1,800 both ways; Rubin: 36, 3,600 |
| xGMI | gfx906, gfx908 | 46 | AMD MI50, MI60, MI100: 92 both ways a link |
| xGMI | gfx90a | 50 | ROCm documentation, MI250: 100 both ways |
| xGMI | gfx94x | 64 | AMD MI300X data sheet: 128 both ways |
| xGMI | gfx95x | 76.5 | AMD MI350X data sheet: 153 both ways |
| PCIe | link_speed | | 8b/10b up to 5 GT/s, 128b/130b up to 32, from 64 on flits that carry 242 of 256 bytes |

Generations as NCCL tells them apart (src/graph/topo.h, src/graph/topo.cc; RCCL's for gcn): makers' pages, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fabric.text.numbers import maybe_real, natural
from fabric.units import show_rate

NVLINKS = ((100, 50.0), (90, 25.0), (87, 25.0), (86, 14.0625), (70, 25.0), (60, 20.0))
"""From which compute capability on a link carries how many GB/s, the newest first."""
XGMI = {"906": 46.0, "908": 46.0, "90a": 50.0, "910": 50.0, "94": 64.0, "95": 76.5}
"""How a GPU's gcn begins, without its gfx, and the GB/s of a link; older files have 910 for gfx90a."""
USUAL_SM, USUAL_GCN = 90, "gfx942"
"""The generations that stand for one which a file does not tell."""
GIGATRANSFERS = re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9]{1,3})?)\s*GT/s.*", re.ASCII)
FALLBACK = 8.0
"""GT/s of a PCIe lane where a file does not tell: what NCCL then takes."""
FLITS = ((5.0, 0.8), (32.0, 128 / 130), (float("inf"), 242 / 256))
"""Up to how many GT/s which share of a lane's bits carries packets."""


@dataclass(frozen=True)
class Link:
    """Bytes per second of one link or lane one way, and what they were taken from."""

    speed: float
    told: str


def nvlink(sm: str) -> Link:
    """Return an NVLink of a GPU of this compute capability, as `90`."""
    told = natural(sm) or 0
    known = re.fullmatch(r"\d{2,3}", sm, re.ASCII) is not None and told >= NVLINKS[-1][0]
    number = told if known else USUAL_SM
    speed = next(gigabytes for least, gigabytes in NVLINKS if number >= least) * 1e9
    return _generation("NVLink", speed, f"sm {number}", f"sm {sm!r}" if sm else "sm", known=known)


def xgmi(gcn: str) -> Link:
    """Return an xGMI link of a GPU of this architecture, as `gfx942`."""
    known = _xgmi(gcn)
    speed = 1e9 * (known or _xgmi(USUAL_GCN) or 0.0)
    named = gcn.partition(":")[0] if known else USUAL_GCN
    return _generation("xGMI", speed, named, f"gcn {gcn!r}" if gcn else "gcn", known=bool(known))


def pcie(link_speed: str) -> Link:
    """Return one lane of a PCIe link of this rate, as `16.0 GT/s PCIe`."""
    told = GIGATRANSFERS.fullmatch(link_speed)
    rate = (maybe_real(told[1]) if told else None) or FALLBACK
    share = next(share for most, share in FLITS if rate <= most)
    why = "" if told else " assumed where the file does not tell it, as NCCL does"
    return Link(rate * 1e9 / 8 * share, f"PCIe {rate:g} GT/s{why}")


def together(links: Sequence[Link]) -> str:
    """Return what several links were taken from, each once, in the order of the first."""
    return ", ".join(dict.fromkeys(link.told for link in links))


def _xgmi(gcn: str) -> float | None:
    name = gcn.removeprefix("gfx")
    return next((speed for start, speed in XGMI.items() if name.startswith(start)), None)


def _generation(kind: str, speed: float, generation: str, untold: str, *, known: bool) -> Link:
    why = f"by {generation}" if known else f"by {generation}, assumed: {untold} of the GPU is not known"
    return Link(speed, f"{kind} {show_rate(speed)} a link {why}")
