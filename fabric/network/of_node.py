"""What `node=NAME` sets of a fabric: its topology's counts and graph inside, its levels' speeds. It times nothing.

Precedence: a key that is given, then the node, then the family's default. Counts that contradict the node are an error.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import numpy as np

from fabric.hardware.catalog import exists, names
from fabric.hardware.node import NodeType, node
from fabric.network.fabric import Level
from fabric.network.parts import Part, part
from topologies.base import HOST_NIC, NIC, SCALE_UP, Topology
from topologies.catalog import FAMILIES
from topologies.errors import InputError
from topologies.guess import did_you_mean, near

CLASSES: Mapping[str, tuple[str, ...]] = {
    "infiniband": ("400g-ndr", "200g-hdr", "800g-xdr"),
    "ethernet": ("400gbe", "100gbe", "200gbe", "800gbe"),
    "efa": ("400gbe",),
}
"""Kind of network -> the parts of its cables; of a speed that none has, the first lends its latency."""
HOP = "nvlink4"
"""The part whose latency stands for that of a hop inside nodes of which nothing is known."""
MOST_RAILS = 16
"""Devices of a node up to which `NODE:nodes=N` has a rail for each; larger ones (a rack) hang on a Clos."""
RADIX = "64"


def named(family: str, params: Mapping[str, str]) -> tuple[str, dict[str, str], NodeType | None]:
    """Return family, parameters and node of a short form split in two: `FAMILY:...,node=NAME` or `NAME:nodes=N,...`.

    Raises:
        InputError: no such node, counts that contradict it, or an inside that no graph of ours is.
    """
    rest = dict(params)
    name = rest.pop("node", None)
    if family not in FAMILIES:
        if not exists("nodes", family):
            _refuse(family)
            return family, dict(params), None
        if name is not None:
            raise InputError(f"{family}: node is given twice, as {family!r} and as {name!r}")
        found = node(family)
        family, rest = _usual(found, rest)
        return family, _filled(family, rest, found), found
    if name is None:
        return family, rest, None
    found = node(name)
    return family, _filled(family, rest, found), found


def levels(topology: Topology, of: NodeType) -> dict[str, Level]:
    """Return level -> its speed and latency as the node has them; a speed of 0 where the node does not say it."""
    return {name: _made(topology, of, name) for name in topology.levels}


def _made(topology: Topology, of: NodeType, name: str) -> Level:
    if name == SCALE_UP:
        return _inside(of)
    return _to_nic(topology, of) if name == HOST_NIC else _network(topology, of)


def _refuse(family: str) -> None:
    """Raise where a node is nearer to the word than any family is."""
    nodes = names("nodes")
    nearest = near(family, [*FAMILIES, *nodes])
    if nearest and nearest[0] in nodes:
        hint = did_you_mean(family, nodes, most=3)
        raise InputError(f"topology: no family and no node {family!r}{hint}; `fabricbench hardware` lists nodes")


def _usual(of: NodeType, params: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return the fabric that `NAME:nodes=N` stands for: rail-optimised where every device has NICs of its own, else a Clos."""
    if "nodes" not in params:
        raise InputError(f"{of.name}: nodes is missing; write {of.name}:nodes=N")
    nics = of.nics or of.devices
    if of.devices <= MOST_RAILS and nics % of.devices == 0:
        return "rail_optimized", params
    count = params.pop("nodes")
    if not (count.isascii() and count.isdigit()):
        raise InputError(f"{of.name}: nodes must be a whole number, got {count!r}")
    each = params.get("devices_per_nic", "")
    ports = of.devices // (int(each) if each.isascii() and each.isdigit() and int(each) else of.devices_per_nic)
    return "clos", {"radix": RADIX, "endpoints": str(int(count) * ports), **params}


def _filled(family: str, params: dict[str, str], of: NodeType) -> dict[str, str]:
    """Return the parameters with what the node sets of them."""
    filled = dict(params)
    if "rails" in inspect.signature(FAMILIES[family]).parameters:
        filled["rails"] = _rails(family, filled.get("rails", str(of.devices)), of)
    given = filled.setdefault("devices_per_node", str(of.devices))
    rack = of.server < of.devices == of.domain
    by_server = rack and given == str(of.server)
    if by_server:  # the node is a rack: its servers one by one, its graph over all of them
        filled.setdefault("domain", str(of.domain))
    elif given != str(of.devices):
        servers = f" (or {of.server}, of a server)" if rack else ""
        raise InputError(
            f"{family}: devices_per_node must be {of.devices}{servers}, as node {of.name} has devices, got {given}"
        )
    if of.devices_per_nic > 1 and "rails" not in filled:
        filled.setdefault("devices_per_nic", str(of.devices_per_nic))
    if "scale_up" not in filled and of.devices > 1:
        if of.graph is None:
            raise InputError(
                f"node {of.name}: inside it is {of.shape}, which no scale_up graph here is; name one that may stand for it, "
                "such as scale_up=ring, or scale_up=none"
            )
        filled["scale_up"] = of.graph
    return filled


def _rails(family: str, text: str, of: NodeType) -> str:
    """Return the rails where they agree with the node's NICs and devices; what is no number is left to the family."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        return text
    rails = int(text)
    if of.nics is not None and of.nics % rails:
        raise InputError(
            f"{family}: rails must equal the NICs of node {of.name}, {of.nics}, or divide them, got {rails}; "
            f"{of.name}:nodes=N builds a fabric of such nodes"
        )
    if rails != of.devices:
        raise InputError(f"{family}: rails must be {of.devices}, one for each device of node {of.name}, got {rails}")
    return text


def _inside(of: NodeType) -> Level:
    hop = part(of.link or HOP)
    latency = f"latency of part {hop.name}" if of.link else f"latency assumed as of part {HOP}"
    return _level(
        of.scale_up_speed, hop, f"node {of.name}, {of.device.name}; {latency}", f"{of.device.name}: no scale-up speed"
    )


def _network(topology: Topology, of: NodeType) -> Level:
    """Return the level of all cables between nodes: a lane has what a device, or a shared NIC, has over its lanes."""
    lanes, own = _lanes(topology), of.nic_speed if NIC in topology.tiers else of.device_nic_speed
    speed = None if own is None else own / lanes
    parts = [part(name) for name in CLASSES.get(of.network, CLASSES["ethernet"])]
    made_of = next((one for one in parts if one.speed == speed), parts[0])
    shared = f", {of.devices} devices on {of.nics} NIC{'s' * (of.nics != 1)}" if of.nics not in (None, of.devices) else ""
    split = f", over {lanes} lanes a device" if lanes > 1 else ""
    return _level(speed, made_of, f"node {of.name}{shared}{split}; latency of part {made_of.name}", "no NIC speed")


def _to_nic(topology: Topology, of: NodeType) -> Level:
    """Return what joins a device to a NIC that it shares: as fast as that, its latency in that of the NIC's cable."""
    level = _network(topology, of)
    return Level(level.speed, 0.0, f"{level.source.partition(';')[0]}; a device alone is given all of its NIC")


def _level(speed: float | None, made_of: Part, source: str, missing: str) -> Level:
    """Return a level; where no speed is known the source says what is missing."""
    if speed is None:
        return Level(0.0, made_of.latency, f"{source.partition(';')[0]}: {missing} is known")
    return Level(speed, made_of.latency, source, part=made_of.name if made_of.speed == speed else None)


def _lanes(topology: Topology) -> int:
    """Return the most lanes that a device has between nodes."""
    between = topology.level != topology.scale_up_level
    at = np.bincount(topology.ends[between].ravel(), np.repeat(topology.lanes[between], 2), minlength=topology.vertices)
    return max(1, int(at[: topology.devices].max(initial=1)))
