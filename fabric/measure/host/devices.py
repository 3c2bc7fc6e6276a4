"""The GPUs and network cards of this machine, without names, addresses or serial numbers. It does not use or time them.

GPUs: nvidia-smi's --query-gpu fields and `nvlink --status` (its --help-query-gpu). Network cards: Linux' /sys/class/net and
/sys/class/infiniband (Documentation/ABI/testing/sysfs-class-net and stable/sysfs-class-infiniband).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

Kind = Literal["ethernet", "infiniband", "roce"]
FIELDS = ("name", "memory.total", "driver_version", "pcie.link.gen.max", "pcie.link.width.max", "compute_cap")
OLD_FIELDS = FIELDS[:-1]
"""Before driver 510 there is no compute_cap, and one unknown field makes the whole query fail."""
PATIENCE = 20
"""Seconds for nvidia-smi: without persistence mode it wakes every GPU."""
CLASSES = Path("/sys/class")
ETHERNET, INFINIBAND = "1", "32"
"""/sys/class/net/*/type, ARPHRD_ETHER and ARPHRD_INFINIBAND of linux/if_arp.h."""


@dataclass(frozen=True)
class Gpu:
    """One GPU; None: nvidia-smi does not say. nvlinks: active ones, of nvlink_bytes_per_second each in one direction."""

    name: str
    memory_bytes: int | None = None
    driver: str | None = None
    pcie_generation: int | None = None
    pcie_lanes: int | None = None
    compute_capability: str | None = None
    nvlinks: int = 0
    nvlink_bytes_per_second: float | None = None


@dataclass(frozen=True)
class Nic:
    """One network port; None: the driver does not say. up: whether it carries traffic; numa: the memory node it hangs on."""

    kind: Kind
    driver: str | None
    bytes_per_second: float | None
    mtu: int | None
    numa: int | None
    up: bool


def counted(devices: Iterable[Gpu | Nic]) -> list[dict[str, Any]]:
    """Return equal devices as one row each, with their count."""
    return [{"count": count, **asdict(device)} for device, count in Counter(devices).items()]


@cache
def gpus() -> tuple[Gpu, ...]:
    """Return every NVIDIA GPU; none where nvidia-smi is absent or fails."""
    text = _nvidia_smi(f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits")
    if text is None:
        text = _nvidia_smi(f"--query-gpu={','.join(OLD_FIELDS)}", "--format=csv,noheader,nounits")
    found = read_gpus(text or "")
    links = read_nvlinks(_nvidia_smi("nvlink", "--status") or "") if found else {}
    return tuple(_linked(gpu, links.get(number, [])) for number, gpu in enumerate(found))


def _nvidia_smi(*arguments: str) -> str | None:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        answer = subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout if answer.returncode == 0 else None


def read_gpus(text: str) -> list[Gpu]:
    """Return the GPUs of nvidia-smi's CSV without header and units, in the order of FIELDS; memory is in MiB there."""
    rows = [[cell.strip() for cell in line.split(", ")] for line in text.splitlines() if line.strip()]
    return [_gpu(row) for row in rows if len(row) in (len(FIELDS), len(OLD_FIELDS))]


def _gpu(row: list[str]) -> Gpu:
    said = {field: cell for field, cell in zip(FIELDS, row, strict=False) if not cell.startswith("[")}  # [N/A], [Not Supported]
    memory = _whole(said.get("memory.total"))
    return Gpu(
        name=said.get("name", "unknown"),
        memory_bytes=None if memory is None else memory * 2**20,
        driver=said.get("driver_version"),
        pcie_generation=_whole(said.get("pcie.link.gen.max")),
        pcie_lanes=_whole(said.get("pcie.link.width.max")),
        compute_capability=said.get("compute_cap"),
    )


def read_nvlinks(text: str) -> dict[int, list[float]]:
    """Return GPU number -> bytes per second of each active link, of `nvidia-smi nvlink --status`."""
    found: dict[int, list[float]] = {}
    number = None
    for line in text.splitlines():
        if gpu := re.match(r"GPU (\d+):", line):
            number = int(gpu[1])
        elif number is not None and (link := re.match(r"\s*Link \d+: ([\d.]+) GB/s", line)):
            found.setdefault(number, []).append(float(link[1]) * 1e9)
    return found


def _linked(gpu: Gpu, links: list[float]) -> Gpu:
    return replace(gpu, nvlinks=len(links), nvlink_bytes_per_second=min(links)) if links else gpu


def nics(classes: Path = CLASSES) -> tuple[Nic, ...]:
    """Return every network port that hangs on a device; loopback, bridges and the like do not. classes: /sys/class.

    A card with RDMA stands there once, as infiniband or roce, and not again as the Ethernet port that it also is.
    """
    fast = list(_rdma_ports(classes / "infiniband"))
    hardware = {device for device, _ in fast}
    plain = [nic for device, nic in _net_ports(classes / "net") if device not in hardware]
    return tuple(nic for _, nic in fast) + tuple(plain)


def _rdma_ports(folder: Path) -> Iterator[tuple[Path, Nic]]:
    for card in _entries(folder):
        device = (card / "device").resolve()
        for port in _entries(card / "ports"):
            kind: Kind = "infiniband" if _text(port / "link_layer") == "InfiniBand" else "roce"
            rate = re.match(r"[\d.]+", _text(port / "rate") or "")  # 100 Gb/sec (4X EDR)
            speed = float(rate[0]) * 1e9 / 8 if rate else None
            state = "ACTIVE" in (_text(port / "state") or "")
            yield device, Nic(kind, _driver(device), speed, _mtu_beside(device), _numa(device), state)


def _net_ports(folder: Path) -> Iterator[tuple[Path, Nic]]:
    for port in _entries(folder):
        kind = _text(port / "type")
        if not (port / "device").exists() or kind not in (ETHERNET, INFINIBAND):
            continue
        device = (port / "device").resolve()
        megabits = _whole(_text(port / "speed"))  # -1 where the driver does not know
        speed = megabits * 1e6 / 8 if megabits and megabits > 0 else None
        name: Kind = "infiniband" if kind == INFINIBAND else "ethernet"
        up = _text(port / "operstate") == "up"
        yield device, Nic(name, _driver(device), speed, _whole(_text(port / "mtu")), _numa(device), up)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:  # also EINVAL: the speed of a port that is down
        return None


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?\d+", text) else None


def _driver(device: Path) -> str | None:
    """Return the name of a device's driver."""
    link = device / "driver"
    return link.resolve().name if link.exists() else None


def _numa(device: Path) -> int | None:
    """Return the memory node of a device or of what it hangs on; None where there is but one or nobody says."""
    for place in (device, device.parent):
        node = _whole(_text(place / "numa_node"))
        if node is not None and node >= 0:
            return node
    return None


def _mtu_beside(device: Path) -> int | None:
    """Return the MTU of the network port on the same device: RDMA ports have none of their own there."""
    found = [_whole(_text(port / "mtu")) for port in _entries(device / "net")]
    return max((mtu for mtu in found if mtu is not None), default=None)
