"""The noun of the supply: pools of nodes on a network, what fails, prices and power. It runs no job and sums no money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fabric.fleet.tree import Tree, flat, tree_of
from fabric.hardware.node import NodeType
from fabric.network.fabric import Fabric
from fabric.text.escape import shown
from topologies.errors import InputError

HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Pool:
    """Nodes of one kind, in a row of the fleet's numbering.

    kind: what jobs ask for by name (a device model), empty where all are alike. devices: of one node. off: how many of its
    nodes, from its end, are not switched on at all. type: the catalogue's node, where one is named. processors, memory: of one
    node, in thousandths of a processor and in MiB; 0: not known, so that they bind no job.
    """

    name: str
    nodes: int
    devices: int
    kind: str = ""
    off: int = 0
    type: NodeType | None = None
    processors: int = 0
    memory: int = 0

    def __post_init__(self) -> None:
        """Refuse a pool without nodes or devices, or with more off than there are."""
        if self.nodes < 1 or self.devices < 1:
            raise InputError(f"pool {shown(self.name)}: nodes and devices must be >= 1, got {self.nodes} and {self.devices}")
        if not 0 <= self.off <= self.nodes:
            raise InputError(f"pool {shown(self.name)}: off must be from 0 to its {self.nodes} nodes, got {self.off}")


@dataclass(frozen=True, slots=True)
class Outage:
    """A node that is down from start to end; end None: it does not come back."""

    node: int
    start_us: int
    end_us: int | None = None


@dataclass(frozen=True)
class FailureRates:
    """Failures to be drawn: mean hours between two of one node, median and P90 hours of an outage, and where they come from.

    Times to failure are exponential, outages log-normal through the two quantiles.
    """

    node_mtbf_hours: float
    repair_median_hours: float
    repair_p90_hours: float
    source: str = "stated"


@dataclass(frozen=True)
class Power:
    """Watts of one device with its part of the node, busy, idle and off, and the site's PUE; source: where they come from."""

    busy: float
    idle: float
    off: float = 0.0
    pue: float = 1.0
    source: str = "stated"


@dataclass(frozen=True)
class Prices:
    """Money as given, each None where it is not known; currency: of all four.

    device_hour: what a device-hour installed costs. charged: what is charged for one allocated. kwh: of one kWh.
    fixed_per_year: what the site costs whatever runs.
    """

    currency: str
    device_hour: float | None = None
    charged: float | None = None
    kwh: float | None = None
    fixed_per_year: float | None = None
    source: str = "stated"


@dataclass(frozen=True, eq=False)
class Fleet:
    """Pools of nodes on a network. Node i of the fleet is node tree.site[i] of the fabric; pools take them in order.

    outages: a trace of what is down when; elsewhere: how many it has of other nodes, left out. rates: failures to be drawn by
    the run's seed instead or on top. name: for reports.
    """

    pools: tuple[Pool, ...]
    tree: Tree
    fabric: Fabric | None = None
    outages: tuple[Outage, ...] = ()
    rates: FailureRates | None = None
    power: Power | None = None
    prices: Prices | None = None
    name: str = ""
    elsewhere: int = 0

    def __post_init__(self) -> None:
        """Refuse pools that are not the tree's nodes, and outages of none."""
        if sum(pool.nodes for pool in self.pools) != self.tree.nodes:
            held = sum(pool.nodes for pool in self.pools)
            raise InputError(f"fleet: pools must hold the network's {self.tree.nodes} nodes, got {held}")
        for outage in self.outages:
            late = outage.end_us is not None and outage.end_us <= outage.start_us
            if not 0 <= outage.node < self.nodes or outage.start_us < 0 or late:
                end = "no end" if outage.end_us is None else f"{outage.end_us / HOUR_US:g} h"
                told = f"node {outage.node} from {outage.start_us / HOUR_US:g} h to {end}"
                raise InputError(
                    f"failures: an outage is of a node from 0 to {self.nodes - 1} and ends after it starts, got {told}"
                )

    @property
    def nodes(self) -> int:
        """The number of nodes, those that are off among them."""
        return self.tree.nodes

    @property
    def node_devices(self) -> NDArray[np.int32]:
        """Devices of every node."""
        return np.repeat([pool.devices for pool in self.pools], [pool.nodes for pool in self.pools]).astype(np.int32)

    @property
    def node_pool(self) -> NDArray[np.int32]:
        """The pool of every node."""
        return np.repeat(np.arange(len(self.pools)), [pool.nodes for pool in self.pools]).astype(np.int32)

    @property
    def node_on(self) -> NDArray[np.bool_]:
        """Which nodes are switched on."""
        parts = [np.arange(pool.nodes) < pool.nodes - pool.off for pool in self.pools]
        return np.concatenate(parts)

    @property
    def devices(self) -> int:
        """Devices installed."""
        return sum(pool.nodes * pool.devices for pool in self.pools)

    @property
    def devices_on(self) -> int:
        """Devices of the nodes that are switched on."""
        return sum((pool.nodes - pool.off) * pool.devices for pool in self.pools)


def of_fabric(fabric: Fabric, *, devices: int | None = None, name: str = "", tree: Tree | None = None) -> Fleet:
    """Return a fleet of one pool: every node of a fabric. devices: of a node, for a read fabric that has one end per host.

    Further pools, failures and prices: dataclasses.replace.
    """
    tree = tree or tree_of(fabric)
    each = devices or fabric.topology.devices_per_node
    kind = fabric.node.device.name if fabric.node else ""
    pool = Pool("all", tree.nodes, each, kind, type=fabric.node)
    return Fleet((pool,), tree, fabric, name=name or fabric.name or fabric.topology.name)


def stated(nodes: int, devices: int, *, leaf: int, ratio: float = 1.0, name: str = "") -> Fleet:
    """Return a fleet without a fabric: nodes of so many devices, in leaves of `leaf` nodes, oversubscribed by `ratio`."""
    return Fleet((Pool("all", nodes, devices),), flat(nodes, leaf, ratio=ratio), name=name or f"{nodes} nodes of {devices}")


def draw(rates: FailureRates, nodes: int, until_us: int, seed: int) -> tuple[Outage, ...]:
    """Return outages of every node up to a time, drawn by a seed: exponential times to failure, log-normal repairs.

    Raises:
        InputError: a rate that is not above 0, or a P90 below the median.
    """
    ordered = 0 < rates.repair_median_hours <= rates.repair_p90_hours
    if rates.node_mtbf_hours <= 0 or not ordered:
        raise InputError(f"failures: rates must be above 0 and the P90 at least the median, got {rates}")
    random = np.random.default_rng(seed)
    spread = np.log(rates.repair_p90_hours / rates.repair_median_hours) / 1.2815515655446004
    found = []
    for node in range(nodes):
        now = 0
        while True:
            now += max(1, int(random.exponential(rates.node_mtbf_hours) * HOUR_US))
            if now >= until_us:
                break
            down = max(1, int(random.lognormal(np.log(rates.repair_median_hours), spread) * HOUR_US))
            found.append(Outage(node, now, now + down))
            now += down
    return tuple(sorted(found, key=lambda outage: (outage.start_us, outage.node)))


def joined(outages: Sequence[Outage], until_us: int) -> list[Outage]:
    """Return outages of each node without overlaps, cut at a time, by (node, start)."""
    found: list[Outage] = []
    for outage in sorted(outages, key=lambda o: (o.node, o.start_us)):
        end = until_us if outage.end_us is None else min(outage.end_us, until_us)
        if outage.start_us >= end:
            continue
        last = found[-1] if found else None
        if last is not None and last.node == outage.node and outage.start_us <= (last.end_us or 0):
            found[-1] = Outage(last.node, last.start_us, max(last.end_us or 0, end))
        else:
            found.append(Outage(outage.node, outage.start_us, end))
    return found
