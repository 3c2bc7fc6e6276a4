"""What a twin consists of: namespaces, wires, rates, addresses and next hops, worked out of a Fabric. It runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

import numpy as np

from fabric.network.fabric import Fabric
from fabric.twin.next_hops import NextHops, next_hops
from topologies.base import Topology
from topologies.errors import InputError

MOST_HOSTS, MOST_NAMESPACES = 128, 512
"""What two cores bring up in some seconds; more hosts are CPU-bound at any rate worth measuring."""
SLOWEST, FASTEST = 1e5, 8e9
"""Bits per second of links: below, a single packet takes seconds; above, the processor is the link."""
FIRST_DEVICE, FIRST_SWITCH = IPv4Address("10.0.0.1"), IPv4Address("10.128.0.1")
GOODPUT = 1448 / 1514
"""Payload over what tc counts: an Ethernet frame of 1514 bytes carries 1448 bytes of TCP payload with time stamps."""


@dataclass(frozen=True)
class Box:
    """One namespace: a host (a node with its devices) or a switch. addresses: (interface, address) pairs."""

    name: str
    host: bool
    addresses: tuple[tuple[str, str], ...]
    seed: int


@dataclass(frozen=True)
class End:
    """One end of a wire: the box, its interface, and bits per second of what leaves there."""

    box: str
    interface: str
    rate: int


@dataclass(frozen=True)
class Wire:
    """A veth pair for one cable; lower is the end nearer to the devices."""

    cable: int
    lower: End
    upper: End


@dataclass(frozen=True)
class Hop:
    """One way out of a box: the neighbour's address, and the interface that leads there."""

    via: str
    interface: str


@dataclass(frozen=True)
class Route:
    """How a box sends to a device: several hops mean that the kernel hashes. source: the sender's own address, of hosts."""

    box: str
    destination: str
    hops: tuple[Hop, ...]
    source: str | None = None


@dataclass(frozen=True)
class TwinPlan:
    """Everything that a bring-up does. scale: bits per second on the twin over those of the fabric."""

    fabric: Fabric
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    routes: tuple[Route, ...]
    routing: str
    scale: float

    def links(self) -> Iterator[tuple[int, End]]:
        """Yield every link (twice the cable's number, plus one from the upper end) with the end that sends into it."""
        for wire in self.wires:
            yield 2 * wire.cable, wire.lower
            yield 2 * wire.cable + 1, wire.upper

    def host_of(self, device: int) -> str:
        """Return the namespace that a device lives in."""
        return _name(self.fabric.topology, device)

    def address_of(self, device: int) -> str:
        """Return a device's address."""
        return device_address(device)

    def interface_of(self, device: int) -> str:
        """Return the interface that a device's address stands on."""
        address = device_address(device)
        box = next(box for box in self.boxes if box.name == self.host_of(device))
        return next(interface for interface, own in box.addresses if own == address)


def plan_of(
    fabric: Fabric, rate: float, routing: str = "dmodk", interfaces: Sequence[tuple[str, str]] | None = None
) -> TwinPlan:
    """Return the plan of a fabric whose hosts' links run at `rate` bits per second, and all other links in proportion.

    routing: a policy that decides by destination (`dmodk`, `table:FILE`), or `kernel_ecmp:SEED`, every shortest path with
    the kernel's hash of addresses and ports. interfaces: of both ends of every cable, where they are there already.

    Raises:
        InputError: what cannot be emulated, with the reason.
    """
    topology = fabric.topology
    check(fabric)
    scale = rate / (8 * host_speed(fabric))
    slowest, fastest = (8 * scale * float(speed) for speed in (fabric.link_speed.min(), fabric.link_speed.max()))
    if fastest > FASTEST or slowest < SLOWEST:
        raise InputError(
            f"rate: links of the twin must be within {SLOWEST / 1e6:g} and {FASTEST / 1e6:g} Mbit/s; with hosts at "
            f"{rate / 1e6:g} Mbit/s the slowest has {slowest / 1e6:g} and the fastest {fastest / 1e6:g}"
        )
    found = next_hops(fabric, routing)
    interfaces = list(interfaces or _interfaces(topology))
    wires = tuple(_wire(fabric, cable, interfaces, scale) for cable in range(len(topology.ends)))
    return TwinPlan(
        fabric, _boxes(topology, interfaces, found.seed), wires, _routes(topology, found, interfaces), routing, scale
    )


def host_speed(fabric: Fabric) -> float:
    """Return the bytes per second of a host's link as built: degraded cables do not count."""
    topology = fabric.topology
    own = topology.ends[:, 0] < topology.devices
    speeds = [fabric.levels[topology.levels[level]].speed for level in topology.level[own]]
    return float((np.array(speeds) * topology.lanes[own]).min())


def payload_fabric(plan: TwinPlan) -> Fabric:
    """Return the fabric as the payload on the twin sees it: every speed scaled, less headers, and no latency.

    Latency on the twin is the processor's, so it is left to alpha.
    """
    fabric, factor = plan.fabric, plan.scale * GOODPUT
    levels = {
        name: replace(level, speed=level.speed * factor, latency=0.0, source=f"twin at {plan.scale:.3g} of {level.source}")
        for name, level in fabric.levels.items()
    }
    degraded = {cable: speed * factor for cable, speed in fabric.degraded.items()}
    return replace(fabric, levels=levels, degraded=degraded)


def check(fabric: Fabric) -> None:
    """Return nothing where the fabric can be emulated.

    Raises:
        InputError: the reason why not.
    """
    topology = fabric.topology
    if fabric.carriers or topology.family == "local":
        raise InputError(f"twin: {topology.name} is the machine itself, not a network; take leaf_spine, fat_tree, clos ...")
    if topology.forwards[: topology.devices].any():
        raise InputError(
            f"twin: devices of {topology.name} forward for others; a host's kernel would be a switch too and its processor "
            "the bottleneck. Families whose devices only send and receive can be emulated"
        )
    if topology.scale_up_level >= 0:
        raise InputError(
            f"twin: {topology.name} has a network inside its nodes, which veth pairs cannot show; take scale_up=none"
        )
    if topology.nodes > MOST_HOSTS:
        raise InputError(f"twin: one machine carries at most {MOST_HOSTS} hosts, got {topology.nodes}")
    boxes = topology.nodes + topology.vertices - topology.devices
    if boxes > MOST_NAMESPACES:
        raise InputError(f"twin: one machine carries at most {MOST_NAMESPACES} namespaces, {topology.name} needs {boxes}")
    if topology.nodes < 2:
        raise InputError(f"twin: needs 2 hosts or more, {topology.name} has {topology.nodes}")


def device_address(device: int) -> str:
    """Return the address of a device."""
    return str(FIRST_DEVICE + device)


def groups(topology: Topology, order: Sequence[int]) -> list[list[int]]:
    """Return the process groups that run at once over devices in rank order: one per rail, a single one without rails.

    Two devices of one node share a kernel, which passes their bytes over its loopback and never over the fabric.
    """
    first = np.zeros(topology.nodes, dtype=np.int64)
    rail = np.zeros(topology.devices, dtype=np.int64)
    for device in range(topology.devices):
        node = topology.node[device]
        rail[device], first[node] = first[node], first[node] + 1
    return [[d for d in order if rail[d] == one] for one in sorted({int(rail[d]) for d in order})]


def _address(topology: Topology, vertex: int) -> str:
    return device_address(vertex) if vertex < topology.devices else str(FIRST_SWITCH + (vertex - topology.devices))


def _name(topology: Topology, vertex: int) -> str:
    return f"host{topology.node[vertex]}" if vertex < topology.devices else topology.vertex_name(vertex)


def _interfaces(topology: Topology) -> list[tuple[str, str]]:
    """Return the interfaces' names at both ends of every cable: eth0, eth1 ... in hosts, p0, p1 ... in switches."""
    used: dict[str, int] = {}
    found = []
    for ends in topology.ends.tolist():
        pair = []
        for vertex in ends:
            box = _name(topology, vertex)
            number = used.get(box, 0)
            used[box] = number + 1
            pair.append(f"{'eth' if vertex < topology.devices else 'p'}{number}")
        found.append((pair[0], pair[1]))
    return found


def _wire(fabric: Fabric, cable: int, interfaces: list[tuple[str, str]], scale: float) -> Wire:
    low, high = (_name(fabric.topology, vertex) for vertex in fabric.topology.ends[cable].tolist())
    up, down = (round(8 * scale * float(fabric.link_speed[2 * cable + side])) for side in (0, 1))
    return Wire(cable, End(low, interfaces[cable][0], up), End(high, interfaces[cable][1], down))


def _boxes(topology: Topology, interfaces: list[tuple[str, str]], seed: int) -> tuple[Box, ...]:
    """Return the hosts, every device's address on its first interface, and the switches with theirs on lo."""
    owned: dict[str, list[tuple[str, str]]] = {}
    placed: set[int] = set()
    for (low, _), (interface, _) in zip(topology.ends.tolist(), interfaces, strict=True):
        if low < topology.devices and low not in placed:
            placed.add(low)
            owned.setdefault(_name(topology, low), []).append((interface, device_address(low)))
    names = list(dict.fromkeys(_name(topology, device) for device in range(topology.devices)))
    hosts = [Box(name, True, tuple(owned.get(name, ())), seed) for name in names]
    switches = [
        Box(_name(topology, v), False, (("lo", _address(topology, v)),), seed + v)
        for v in range(topology.devices, topology.vertices)
    ]
    return (*hosts, *switches)


def _routes(topology: Topology, found: NextHops, interfaces: list[tuple[str, str]]) -> tuple[Route, ...]:
    """Return the routes of every box; a host with several devices sends to a device from its own device on that rail."""
    routes = []
    for (at, target), links in sorted(found.links.items()):
        hops = tuple(
            Hop(_address(topology, int(topology.ends[link // 2, 1 - link % 2])), interfaces[link // 2][link % 2])
            for link in links
        )
        source = device_address(at) if at < topology.devices else None
        routes.append(Route(_name(topology, at), device_address(target), hops, source))
    return tuple(routes)
