"""Which routing a candidate is judged with: adaptive where its machines route so, with minimal ways beside. It times nothing.

Dragonflies and their kin save cables because routing goes around what is full: Slingshot and Cray's machines before it choose
per packet between minimal ways and detours (De Sensi et al., "An in-depth analysis of the Slingshot interconnect", SC 2020),
and so do the papers that propose slim fly, HyperX and PolarFly. Under minimal ways alone they are not what anybody runs.
"""

from __future__ import annotations

from fabric.network.routing.policies import MIXED
from fabric.review.losses import network_switches
from topologies.base import Topology

MINIMAL, _, UGAL = MIXED
FAMILIES = ("dragonfly", "dragonfly_plus", "slim_fly", "hyperx", "polarfly")
"""Families whose detours are part of the design."""
MOST_SWITCHES = 2048
"""Switches up to which detours are worked out on wirings without groups (network/routing/switch_ways.py)."""


def judged_by(topology: Topology, own: str | None, everyone: str) -> str:
    """Return the routing of a candidate: its own where it names one, ugal on families that need it, else the review's."""
    if own is not None or topology.family not in FAMILIES:
        return own or everyone
    small = topology.family.startswith("dragonfly") or int(network_switches(topology).sum()) <= MOST_SWITCHES
    return UGAL if small else everyone
