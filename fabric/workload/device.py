"""What one device offers a step: its dense peaks, its memory's rate and size, by the catalogue. It knows no kernels."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fabric.hardware.catalog import find
from fabric.hardware.entry import Entry
from fabric.network.fabric import Fabric
from topologies.errors import InputError


@dataclass(frozen=True)
class DeviceRates:
    """A device: FLOP/s of dense matrices by precision (fp8 None: it has none, or it is not known), bytes per second, bytes.

    weak: figures without a page to check, for the assumptions.
    """

    name: str
    architecture: str
    bf16: float
    fp8: float | None
    memory_rate: float
    memory: float | None
    weak: tuple[str, ...] = ()

    def peak(self, precision: str) -> float:
        """Return the dense peak at a precision.

        Raises:
            InputError: the catalogue has none for this device.
        """
        found = self.bf16 if precision == "bf16" else self.fp8
        if found is None:
            raise InputError(f"plan: precision {precision} needs a device with a known {precision} peak, {self.name} has none")
        return found

    def slowed(self, times: float) -> DeviceRates:
        """Return a device on which all arithmetic takes so many times as long."""
        fp8 = None if self.fp8 is None else self.fp8 / times
        return replace(self, bf16=self.bf16 / times, fp8=fp8, memory_rate=self.memory_rate / times)


def device_of(fabric: Fabric, name: str | None = None) -> DeviceRates:
    """Return the device of a fabric's nodes, or the one of this name.

    Raises:
        InputError: neither is known, or the catalogue lacks its peak or its memory's rate.
    """
    if name is None and fabric.node is None:
        what = fabric.name or fabric.topology.name
        raise InputError(f"topo: {what} names no node, so no device: add node=NAME (dgx-h100 ...), or name a device")
    entry = find("devices", name, "device") if name is not None else fabric.node.device  # type: ignore[union-attr]
    return rates_of(entry)


def rates_of(entry: Entry) -> DeviceRates:
    """Return the rates of an entry of the catalogue.

    Raises:
        InputError: it lacks a peak or its memory's rate.
    """
    bf16, rate = entry.number("bf16") or entry.number("fp16"), entry.number("memory_bandwidth")
    if bf16 is None or rate is None:
        lacks = "bf16 or fp16" if bf16 is None else "memory_bandwidth"
        raise InputError(f"device: {entry.name}: the catalogue has no {lacks} for it; FABRICBENCH_HARDWARE adds figures")
    facts = {what: entry.fact(what) for what in ("bf16", "fp8", "memory_bandwidth", "memory")}
    weak = tuple(f"{what} {fact.text()} ({fact.source})" for what, fact in facts.items() if fact is not None and fact.weak)
    architecture = entry.texts.get("architecture", "")
    return DeviceRates(entry.name, architecture, bf16, entry.number("fp8"), rate, entry.number("memory"), weak)
