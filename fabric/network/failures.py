"""Failed cables and switches: drawn by a text, and taken out of a fabric. It does not know what runs on the fabric."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.names import given_names, vertex_name, vertex_of
from fabric.network.routing.cuts import Failures, cut
from fabric.network.routing.router import Router, router_of
from fabric.network.routing.ways import Ints
from fabric.text.escape import shown
from fabric.text.numbers import natural
from topologies.base import Topology
from topologies.errors import InputError
from topologies.guess import did_you_mean

__all__ = ["FORMS", "Failures", "at_devices", "between_switches", "cut", "draw", "router_without", "without"]

FORMS = (
    "links:COUNT, host_links:COUNT, switches:COUNT, switches:TIER:COUNT, plane:NUMBER, cable:NUMBER, cable:NAME--NAME, "
    "switch:NAME or a switch's name alone"
)
BETWEEN = "--"
"""What stands between the two names of a cable."""


def draw(topology: Topology, text: str, seed: int = 0) -> Failures:
    """Return the failures of a text such as `links:10`, or several joined by `+`; seed: of what is drawn.

    links:COUNT draws cables between switches (of the whole network where there are none) without replacement, and
    links:6 draws the first 6 of links:10, so that a curve over counts adds up; host_links:COUNT draws of those at devices.
    switches:spine:2 draws of a tier,
    switches:2 of all; plane:1 takes all switches of a plane; cable:17 and switch:leaf3 (or its number) are as they say, and
    spine0 alone is switch:spine0. cable:leaf0--spine1 takes all cables between the two. Names are a file's where it has any.

    Raises:
        InputError: another form, more than there are, or something that does not exist.
    """
    if _is_switch(topology, text.strip()):  # a file's own name may hold the + and : of this form
        return _switch(topology, text, seed)
    found = Failures()
    for one in text.split("+"):
        found |= _one(topology, one.strip(), seed)
    return found


def _one(topology: Topology, text: str, seed: int) -> Failures:
    """Return the failures of one text without a `+`."""
    kind, _, rest = text.partition(":")
    if kind in DRAWN and rest:
        return DRAWN[kind](topology, rest, seed)
    if _is_switch(topology, text):
        return _switch(topology, text, seed)
    given = given_names(topology)
    hint = did_you_mean(text, given.vertices[topology.devices :], most=3) if given and not rest else did_you_mean(kind, DRAWN)
    raise InputError(f"failures: must be {FORMS}, several joined by +; got {text!r}{hint}")


def _is_switch(topology: Topology, text: str) -> bool:
    """Return whether a text is the name of a switch, and no number."""
    if not text or text.isdigit():
        return False
    try:
        return vertex_of(topology, text, "failures") >= topology.devices
    except InputError:
        return False


def without(fabric: Fabric, failures: Failures) -> Fabric:
    """Return the fabric without what failed: same vertices, fewer cables; other cables keep their speeds."""
    alive = failures.alive(fabric.topology)
    number = np.cumsum(alive) - 1
    degraded = {int(number[cable]): speed for cable, speed in fabric.degraded.items() if alive[cable]}
    left = replace(fabric, topology=cut(fabric.topology, failures), degraded=degraded)
    before = fabric.link_speed[::2][alive]
    faster = np.flatnonzero(left.link_speed[::2] != before)  # of a device that lost lanes inside its node: the others' shares
    kept = dict(zip(faster.tolist(), before[faster].tolist(), strict=True))
    return replace(left, degraded=degraded | kept) if kept else left


def router_without(topology: Topology, failures: Failures) -> Router:
    """Return the router over the cut wiring, which takes over every distance that the failures leave as it was (reuse.py)."""
    return router_of(cut(topology, failures))


def between_switches(topology: Topology) -> Ints:
    """Return the network's cables between two switches."""
    return np.flatnonzero(topology.is_cable & topology.is_switch[topology.ends[:, 0]])


def at_devices(topology: Topology) -> Ints:
    """Return the network's cables that end at a device or its NIC: all that are not between two switches."""
    return np.flatnonzero(topology.is_cable & ~topology.is_switch[topology.ends[:, 0]])


def _links(topology: Topology, text: str, seed: int) -> Failures:
    among = between_switches(topology)
    return Failures(cables=_some("links", among if len(among) else at_devices(topology), text, seed))


def _host_links(topology: Topology, text: str, seed: int) -> Failures:
    return Failures(cables=_some("host_links", at_devices(topology), text, seed))


def _switches(topology: Topology, text: str, seed: int) -> Failures:
    tier, colon, count = text.rpartition(":")
    if colon and tier not in topology.switches_by_tier:
        raise InputError(f"failures: switches: tiers are {', '.join(topology.switches_by_tier)}, got {tier!r}")
    switches = np.flatnonzero(topology.is_switch)
    if colon:
        switches = switches[topology.tier[switches] == topology.tiers.index(tier)]
    return Failures(switches=_some("switches", switches, count, seed))


def _some(what: str, among: Ints, text: str, seed: int) -> tuple[int, ...]:
    count = natural(text)
    if count is None or count > len(among):
        raise InputError(f"failures: {what} must be a whole number from 0 to {len(among)}, got {shown(text)}")
    chosen = np.random.default_rng(seed).permutation(among)[:count]
    return tuple(sorted(chosen.tolist()))


def _plane(topology: Topology, text: str, seed: int) -> Failures:
    del seed  # nothing is drawn
    planes = np.unique(topology.plane[topology.devices :])
    planes = planes[planes >= 0]
    number = natural(text)
    if number is None or number not in planes:
        raise InputError(f"failures: planes of {topology.name} are {', '.join(map(str, planes.tolist()))}, got {shown(text)}")
    switch = (np.arange(topology.vertices) >= topology.devices) & (topology.plane == number)
    return Failures(switches=tuple(np.flatnonzero(switch).tolist()))


def _cable(topology: Topology, text: str, seed: int) -> Failures:
    del seed
    if BETWEEN in text:
        return _between(topology, text)
    cable = natural(text)
    if cable is None or cable >= len(topology.ends):
        raise InputError(f"failures: cables of {topology.name} are 0 ... {len(topology.ends) - 1}, got {shown(text)}")
    return Failures(cables=(cable,))


def _between(topology: Topology, text: str) -> Failures:
    """Return all cables between two vertices by their names."""
    one, other = (vertex_of(topology, name, "failures") for name in text.split(BETWEEN, 1))
    found = np.flatnonzero((np.sort(topology.ends, axis=1) == sorted((one, other))).all(axis=1))
    if not len(found):
        names = f"{vertex_name(topology, one)} and {vertex_name(topology, other)}"
        raise InputError(f"failures: a cable must be there to fail, {names} have none between them")
    return Failures(cables=tuple(found.tolist()))


def _switch(topology: Topology, text: str, seed: int) -> Failures:
    del seed
    vertex = vertex_of(topology, text, "failures")
    if vertex < topology.devices:
        raise InputError(f"failures: switch must be a switch, got {text!r}, which is {vertex_name(topology, vertex)}")
    return Failures(switches=(vertex,))


DRAWN = {"links": _links, "host_links": _host_links, "switches": _switches, "plane": _plane, "cable": _cable, "switch": _switch}
"""Kind of failure -> what it takes down."""
