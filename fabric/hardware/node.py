"""A kind of server by name, its device's facts joined to its own: counts and speeds as plain numbers. It knows no topology.

Server and scale-up domain are two notions: `server` devices stand in one box (it fails and is bought), `domain` devices share a
scale-up network, `devices` are the unit that a fabric is built of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fabric.hardware.catalog import find
from fabric.hardware.entry import Entry
from fabric.hardware.facts import Fact
from fabric.hardware.uses import USES, on_or_off
from topologies.errors import InputError

SAID = {"nic_speed": "NIC ", "scale_up_speed": "scale-up "}
"""Quantity -> what stands before its figure, where the unit does not say it."""


@dataclass(frozen=True)
class NodeType:
    """A node as a fabric is built of it. Rates in bytes per second and one way; None: not known.

    graph: what is inside by its name in topologies, None where it has none there. shape: what it is then, or what the graph
    leaves out. scale_up_speed: of one device. link: the link inside, for its latency. network: infiniband, ethernet or efa.
    uses: what its entry says is on or off (uses.py); nothing is said where the architecture decides.
    """

    entry: Entry
    device: Entry
    devices: int
    server: int
    domain: int
    graph: str | None
    shape: str
    link: str | None
    scale_up_speed: float | None
    nics: int | None
    nic_speed: float | None
    network: str
    library: str
    uses: Mapping[str, bool]

    @property
    def name(self) -> str:
        """The node's name."""
        return self.entry.name

    @property
    def architecture(self) -> str:
        """Its devices', empty where none is stated."""
        return self.device.texts.get("architecture", "")

    @property
    def device_nic_speed(self) -> float | None:
        """What one device has into the network: its share of all NICs, or its own NIC where their number is not known."""
        if self.nic_speed is None:
            return None
        return self.nic_speed if self.nics is None else self.nics * self.nic_speed / self.devices

    @property
    def devices_per_nic(self) -> int:
        """Devices that share a NIC, 1 where every device has one of its own, or nothing is known."""
        return 1 if self.nics is None else max(1, self.devices // self.nics)

    def assumptions(self) -> list[str]:
        """Return what a fabric of such nodes rests on: counts, what is weak, what is contradicted, what is not known."""
        counted = f"{self.devices} x {self.device.name}"
        nics = "NICs not known" if self.nics is None else f"{self.nics} NIC{'s' * (self.nics > 1)}"
        speed = self.entry.fact("nic_speed") or self.device.fact("nic_speed")
        lines = [f"node {self.name}: {counted}, {nics}{f' of {speed.text()}' if speed else ''}, library {self.library}"]
        lines += [f"node {self.name}: {self.shape}"] if self.graph and self.shape else []
        used = self._used()
        weak = [f"{SAID.get(what, '')}{fact.text()} ({fact.source})" for what, fact in used.items() if fact.weak]
        lines += [f"node {self.name}: weak, no page to check: {', '.join(weak)}"] if weak else []
        for entry in (self.entry, self.device):
            lines += [
                f"{entry.name}: {what} {used[what].text()} by {used[what].source} is contradicted: "
                + ", ".join(f"{fact.text()} ({fact.source})" for fact in against)
                for what, against in entry.conflicts().items()
                if what in used
            ]
        return lines

    def _used(self) -> dict[str, Fact]:
        """Return the facts that a fabric is made of."""
        wanted = {"devices": self.entry, "nics": self.entry}
        wanted |= {what: self.entry if what in self.entry.facts else self.device for what in ("nic_speed", "scale_up_speed")}
        found = {what: entry.fact(what) for what, entry in wanted.items()}
        return {what: fact for what, fact in found.items() if fact is not None}


def _on(entry: Entry, key: str) -> bool:
    found = on_or_off(entry.texts[key])
    if found is None:
        raise InputError(f"node {entry.name}: {key} must be on or off, got {entry.texts[key]!r}")
    return found


def node(name: str) -> NodeType:
    """Return the node of this name.

    Raises:
        InputError: no such node, or one whose entry names no device or does not say how many it has.
    """
    entry = find("nodes", name)
    if "device" not in entry.texts or entry.fact("devices") is None:
        raise InputError(f"node {name}: must name its device and how many devices it has (facts: devices: 8 devices)")
    device = find("devices", entry.texts["device"])
    devices, nics = entry.whole("devices") or 0, entry.whole("nics")
    if nics and max(nics, devices) % min(nics, devices):
        raise InputError(f"node {name}: NICs must divide the devices or be so many times as many, got {nics} and {devices}")
    return NodeType(
        entry,
        device,
        devices,
        server=entry.whole("server") or devices,
        domain=entry.whole("domain") or devices,
        graph=entry.texts.get("graph"),
        shape=entry.texts.get("shape", ""),
        link=entry.texts.get("link") or device.texts.get("link"),
        scale_up_speed=entry.number("scale_up_speed") or device.number("scale_up_speed"),
        nics=nics,
        nic_speed=entry.number("nic_speed") or device.number("nic_speed"),
        network=entry.texts.get("network", "ethernet"),
        library=entry.texts.get("library", "nccl"),
        uses={key: _on(entry, key) for key in USES if key in entry.texts},
    )
