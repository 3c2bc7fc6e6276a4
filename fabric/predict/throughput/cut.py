"""Bounds from cuts: what must leave a group of devices, and whether its cables let so much out. It knows no routes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabric.network.fabric import Fabric
from fabric.predict.bounds import cuts, speeds
from fabric.predict.throughput.answer import Estimate
from fabric.predict.throughput.core import nic_rate
from fabric.predict.throughput.traffic import Traffic
from topologies.base import NIC, SCALE_UP
from topologies.bisection import EXACT, bisection

BISECTION_DEVICES = 1_000
"""More devices get a bisection only where their family has a formula."""


def device_bound(fabric: Fabric, traffic: Traffic) -> Estimate:
    """Return min over devices, and over NICs that they share, of the speed of their cables over what they send or receive."""
    topology = fabric.topology
    alone = np.arange(topology.vertices)
    shared = alone.copy()
    shared[: topology.devices] = topology.ports
    found = {"device": alone, NIC: shared} if NIC in topology.tiers else {"device": alone}
    theta, level = min((_theta(fabric, traffic, group), level) for level, group in found.items())
    return Estimate("nic", "bound", theta, note=f"{level} cut")


def cut_bound(fabric: Fabric, traffic: Traffic) -> Estimate:
    """Return the same of the tightest larger group of devices: node, leaf, pod; switch, dragonfly group, half."""
    found = [(_theta(fabric, traffic, group), level) for level, group in cuts(fabric.topology)[1:] if level != NIC]
    found = [pair for pair in found if np.isfinite(pair[0])]
    if not found:
        return Estimate("cut", "bound", None, note="no groups larger than a device exchange anything")
    theta, level = min(found, key=lambda pair: pair[0])
    return Estimate("cut", "bound", theta, note=f"{level} cut")


def bisection_bound(fabric: Fabric, traffic: Traffic) -> Estimate:
    """Return what uniform traffic between two halves of the devices leaves of theta: cables in a half cut over its demand.

    The cut is a real one, so this is a bound also where the smallest is not known. Cables count with the fastest speed.
    """
    topology = fabric.topology
    if traffic.name != "uniform" or SCALE_UP in topology.levels:
        return Estimate("bisection", "bound", None, note="for uniform traffic without a scale-up network only")
    if topology.devices > BISECTION_DEVICES and topology.family not in EXACT:
        return Estimate(
            "bisection", "bound", None, note=f"no formula for {topology.family}, and over {BISECTION_DEVICES:,} devices"
        )
    found = bisection(topology)
    if found is None:
        return Estimate("bisection", "bound", None, note="too large for a bracket of the bisection")
    half = topology.devices // 2
    demand = half * (topology.devices - half) / (topology.devices - 1)
    note = f"{found[1]:,} cables" if found[0] == found[1] else f"{found[0]:,} to {found[1]:,} cables"
    return Estimate("bisection", "bound", found[1] * fabric.link_speed.max() / nic_rate(fabric) / demand, note=note)


def _theta(fabric: Fabric, traffic: Traffic, group: NDArray[np.int64]) -> float:
    """Return the least speed over demand of all groups in both directions, infinite where nothing leaves any."""
    usable = fabric.topology.level != fabric.topology.scale_up_level
    own = group[: fabric.topology.devices]
    least = np.inf
    for speed, each in zip(speeds(fabric, group, usable), traffic.leaving(own), strict=True):
        demand = np.bincount(own, each, len(speed))
        asked = demand > 0
        least = min(least, (speed[asked] / demand[asked]).min(initial=np.inf) / nic_rate(fabric))
    return float(least)
