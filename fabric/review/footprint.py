"""What a cluster draws, costs and takes up: its devices, its servers and the network between them. It times nothing.

Devices and servers by the catalogue's facts, the network by the bill of a review: listed parts, on a floor as assumed there.
Storage, cooling and management are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fabric.hardware.entry import Entry
from fabric.hardware.node import NodeType
from fabric.network.fabric import Fabric
from fabric.review.bill import Line, bill, without_figures
from fabric.review.clusters import node_of, span
from fabric.review.parts import PARTS
from fabric.review.quote import total
from fabric.review.racks import Floor, place
from topologies.errors import InputError

Ends = tuple[float, float]
RENTS = ("USD/GPU/h", "USD/device/h", "USD/card/h")
RACK_SCALE = "nvl72"
"""The graph inside of which a domain is one rack; other domains of several servers fill racks as servers do."""


@dataclass(frozen=True)
class Network:
    """What stands between the nodes. watts, price: low and high, None where a part has none, or where none fits.

    racks: of their own; switches all of whose cables end in one rack stand there. rack_units: of all switches. missing: why a
    figure is not there.
    """

    switches: int
    cables: int
    racks: int
    rack_units: float | None
    watts: Ends | None
    price: Ends | None
    missing: str = ""


@dataclass(frozen=True)
class Footprint:
    """Of one cluster: pairs are the lowest and highest that a fact says, None where nobody says it.

    watts, price, rent: of all devices, busy; USD; USD an hour. server_watts, server_price: of whole servers, NICs included.
    racks: of Floor's size, the network's included; rack_units: of servers and switches.
    """

    devices: int
    servers: int
    racks: int
    watts: Ends | None
    price: Ends | None
    rent: Ends | None
    server_watts: Ends | None
    server_price: Ends | None
    rack_units: float | None
    network: Network

    @property
    def all_watts(self) -> Ends | None:
        """Watts of servers and network; None where either is not known."""
        return both(self.server_watts, self.network.watts)

    @property
    def all_price(self) -> Ends | None:
        """USD of servers and network; None where either is not known."""
        return both(self.server_price, self.network.price)


def footprint(fabric: Fabric) -> Footprint:
    """Return what the cluster takes; InputError where its fabric names no node."""
    node, devices = node_of(fabric), fabric.topology.devices
    servers = -(-devices // node.server)
    own = network(fabric, node)
    height = node.entry.number("height")
    compute = -(-devices // node.devices) if node.graph == RACK_SCALE else -(-servers // Floor().nodes_per_rack)
    units = None if height is None or own.rack_units is None else height * servers + own.rack_units
    watts = span(node.device, "power")
    return Footprint(
        devices,
        servers,
        compute + own.racks,
        None if watts is None else (devices * watts[1], devices * watts[2]),
        _offers(node.device, "price", ("USD",), devices),
        _offers(node.device, "rent", RENTS, devices),
        _stated(node.entry, devices / node.devices),
        _offers(node.entry, "price", ("USD",), devices / node.devices),
        units,
        own,
    )


def network(fabric: Fabric, node: NodeType) -> Network:
    """Return what stands between the nodes, by the parts that a review lists; without figures where no part fits."""
    topology = fabric.topology
    switches = int(topology.is_switch.sum())
    cables = int(topology.is_cable.sum())
    layout = place(topology, Floor(nodes_per_rack=_nodes_per_rack(node, topology.devices_per_node)))
    try:
        lines = bill(fabric, layout, PARTS).network
    except InputError as error:
        return Network(switches, cables, layout.network_racks, None, None, None, str(error))
    units = sum(line.part.rack_units * line.count for line in lines)
    watts, price = (_sum(lines, what) for what in ("watts", "price"))
    missing = [f"no {what} of {', '.join(names)}" for what in ("watts", "price") if (names := without_figures(lines, what))]
    return Network(switches, cables, layout.network_racks, units, watts, price, "; ".join(missing))


def _nodes_per_rack(node: NodeType, devices_per_node: int) -> int:
    """Return how many of the fabric's nodes fill a rack: a rack-scale node is one, its trays are all that it has."""
    if node.server == node.devices:
        return Floor().nodes_per_rack
    return max(1, node.devices // devices_per_node)


def _sum(lines: Sequence[Line], what: str) -> Ends | None:
    """Return low and high of all lines, None where one lacks a figure."""
    if without_figures(lines, what):
        return None
    found = total(getattr(line, what) for line in lines)
    return found.low, found.high


def both(one: Ends | None, other: Ends | None) -> Ends | None:
    """Return two pairs added up, None where either is not known."""
    return None if one is None or other is None else (one[0] + other[0], one[1] + other[1])


def _stated(entry: Entry, count: float) -> Ends | None:
    """Return the power of so many nodes, from the lowest to the highest of facts that contradict each other."""
    found = span(entry, "power")
    return None if found is None else (count * found[1], count * found[2])


def _offers(entry: Entry, quantity: str, units: tuple[str, ...], count: float) -> Ends | None:
    """Return the lowest and highest offer for so many: offers of a day do not contradict each other."""
    found = [fact.value for fact in entry.facts.get(quantity, ()) if fact.unit in units]
    return (count * min(found), count * max(found)) if found else None
