"""A fabric with one of its figures changed (network, scale-up, memory rate, peak), to see what that does to a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from fabric.hardware.entry import Entry
from fabric.hardware.node import NodeType
from fabric.network.fabric import Fabric, Level
from fabric.workload.step import TrainingStep
from topologies.base import SCALE_UP

PEAKS = ("bf16", "fp16", "fp8")


@dataclass(frozen=True)
class Changed:
    """A step with one thing changed. name: what was; factor: seconds before / after."""

    name: str
    seconds: float
    factor: float


def faster_network(fabric: Fabric, factor: float) -> Fabric:
    """Return the fabric with every link between nodes, NICs among them, so many times as fast."""
    levels = {name: level if name == SCALE_UP else _faster(level, factor) for name, level in fabric.levels.items()}
    inside = fabric.topology.scale_up_level
    network = {n: speed * (factor if fabric.topology.level[n] != inside else 1.0) for n, speed in fabric.degraded.items()}
    return replace(fabric, levels=levels, degraded=network)


def faster_scale_up(fabric: Fabric, factor: float) -> Fabric:
    """Return the fabric with the links inside nodes so many times as fast; itself where nodes have none."""
    if SCALE_UP not in fabric.levels:
        return fabric
    inside = fabric.topology.scale_up_level
    own = {n: speed * (factor if fabric.topology.level[n] == inside else 1.0) for n, speed in fabric.degraded.items()}
    return replace(fabric, levels={**fabric.levels, SCALE_UP: _faster(fabric.levels[SCALE_UP], factor)}, degraded=own)


def faster_memory(fabric: Fabric, factor: float) -> Fabric:
    """Return the fabric of devices whose memory is read and written so many times as fast."""
    return _with_device(fabric, ("memory_bandwidth",), factor)


def higher_peak(fabric: Fabric, factor: float) -> Fabric:
    """Return the fabric of devices that calculate so many times as fast at every precision."""
    return _with_device(fabric, PEAKS, factor)


CHANGES: Mapping[str, Callable[[Fabric, float], Fabric]] = {
    "network speed": faster_network,
    "scale-up speed": faster_scale_up,
    "memory rate": faster_memory,
    "peak": higher_peak,
}
"""What can be changed -> how. Network: all links between nodes, NICs among them."""


def sensitivity(
    step: TrainingStep, fabric: Fabric, again: Callable[[Fabric], TrainingStep], factor: float = 2.0
) -> list[Changed]:
    """Return what each change alone makes of a step, the one that gains most first.

    again: the same step on another fabric. What a change cannot touch (no scale-up network) is left out.
    """
    found = []
    for name, change in CHANGES.items():
        changed = change(fabric, factor)
        if changed is fabric:
            continue
        seconds = again(changed).seconds
        found.append(Changed(f"{factor:g} x {name}", seconds, step.seconds / seconds))
    return sorted(found, key=lambda one: -one.factor)


def _faster(level: Level, factor: float) -> Level:
    spread = level.spread and (level.spread[0] * factor, level.spread[1] * factor)
    return replace(level, speed=level.speed * factor, spread=spread)


def _with_device(fabric: Fabric, quantities: tuple[str, ...], factor: float) -> Fabric:
    """Return the fabric whose node's device has other facts; itself where no node is named."""
    if fabric.node is None:
        return fabric
    return replace(fabric, node=_other(fabric.node, quantities, factor))


def _other(node: NodeType, quantities: tuple[str, ...], factor: float) -> NodeType:
    device: Entry = node.device
    facts = {
        name: tuple(replace(fact, value=fact.value * factor) for fact in figure) if name in quantities else figure
        for name, figure in device.facts.items()
    }
    return replace(node, device=replace(device, facts=facts))
