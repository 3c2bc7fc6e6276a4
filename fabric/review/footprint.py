"""What so many nodes draw, cost and take up, by the catalogue's facts: devices alone where it knows no more. It times nothing.

Networks, hosts' processors and cooling are left out: the catalogue has the draw and the price of devices, not of whole boxes.
"""

from __future__ import annotations

from dataclasses import dataclass

from fabric.hardware.entry import Entry
from fabric.hardware.node import NodeType
from fabric.review.clusters import span
from fabric.review.racks import Floor

Ends = tuple[float, float]
RENTS = ("USD/GPU/h", "USD/device/h", "USD/card/h")


@dataclass(frozen=True)
class Footprint:
    """Of one count of nodes: pairs are the lowest and highest that a fact says, None where nobody says it.

    watts: all devices busy. price: USD of all devices. rent: USD an hour. racks: of Floor's size; a rack-scale domain is one.
    """

    devices: int
    servers: int
    racks: int
    watts: Ends | None
    price: Ends | None
    rent: Ends | None


def footprint(node: NodeType, nodes: int) -> Footprint:
    """Return what so many nodes take."""
    devices = nodes * node.devices
    servers = -(-devices // node.server)
    racks = nodes if node.graph == "nvl72" else -(-servers // Floor().nodes_per_rack)
    watts = span(node.device, "power")
    return Footprint(
        devices,
        servers,
        racks,
        None if watts is None else (devices * watts[1], devices * watts[2]),
        _offers(node.device, "price", ("USD",), devices),
        _offers(node.device, "rent", RENTS, devices),
    )


def _offers(entry: Entry, quantity: str, units: tuple[str, ...], devices: int) -> Ends | None:
    """Return the lowest and highest offer for so many devices: offers of a day do not contradict each other."""
    found = [fact.value for fact in entry.facts.get(quantity, ()) if fact.unit in units]
    return (devices * min(found), devices * max(found)) if found else None
