"""What a server of the hardware catalogue is on a bill: its price and power by the catalogue's facts. It times nothing.

A review's own part of the same name stands over it. Price and power of a server hold its NICs; a price of its devices alone is
no price of a server, so it is left unknown. Heights are not in the catalogue: rack_units is 0, not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fabric.hardware.catalog import exists
from fabric.hardware.entry import Entry
from fabric.hardware.facts import Fact, in_si
from fabric.hardware.node import NodeType
from fabric.hardware.node import node as catalogued
from fabric.network.fabric import Fabric
from fabric.review.parts import Part
from fabric.review.quote import Quote, quote
from topologies.errors import InputError

UNDATED = "undated"


def node_name(fabric: Fabric, named: str | None) -> str | None:
    """Return the part that a fabric's nodes are: the one a review names, else the fabric's own node, else None."""
    return named or (fabric.node.name if fabric.node is not None else None)


def catalogued_name(name: str | None, parts: Mapping[str, Part]) -> str | None:
    """Return the name where it is a server of the catalogue and no part that is listed."""
    return name if name is not None and name not in parts and exists("nodes", name) else None


def with_node(parts: Mapping[str, Part], name: str | None, devices: int) -> Mapping[str, Part]:
    """Return the parts with the catalogue's server of this name, where they lack it. devices: of one node of the fabric."""
    own = catalogued_name(name, parts)
    return {**parts, own: node_part(catalogued(own), devices)} if own else parts


def check_size(name: str | None, parts: Mapping[str, Part], devices: int) -> None:
    """Raise InputError where a server of the catalogue is asked to be nodes of a size that it has not."""
    own = catalogued_name(name, parts)
    if own is None:
        return
    of = catalogued(own)
    if devices not in (of.devices, of.server):
        sizes = " or ".join(str(one) for one in dict.fromkeys((of.devices, of.server)))
        raise InputError(f"node: {name} has {sizes} devices, and the fabric's nodes have {devices}")


def node_part(of: NodeType, devices: int) -> Part:
    """Return a node of so many devices as a part; of a rack's tray its share of the rack.

    watts: the server's, else its devices' alone (weak, and the note says so); None where neither is known.
    """
    share = devices / of.devices
    price = _quote(_usd(of.entry), "price", "USD", share)
    watts, note = _quote(_standing(of.entry), "power", "W", share), f"{of.entry.title}: NICs included"
    if watts is None:
        watts = _quote(_standing(of.device), "power", "W", devices, weak=True)
        note = f"{of.entry.title}: power of its devices alone"
    return Part(of.name, "node", price, watts, note=note)


def _usd(entry: Entry) -> tuple[Fact, ...]:
    """Return offers in USD; those in other currencies would need a rate of exchange."""
    return tuple(fact for fact in entry.facts.get("price", ()) if fact.unit == "USD")


def _standing(entry: Entry) -> tuple[Fact, ...]:
    """Return the fact of the power that counts, and those that contradict it."""
    chosen = entry.fact("power")
    return () if chosen is None else (chosen, *entry.conflicts().get("power", ()))


def _quote(facts: Sequence[Fact], quantity: str, unit: str, factor: float, *, weak: bool = False) -> Quote | None:
    """Return the lowest to the highest of the facts, times a factor; None of no facts."""
    if not facts:
        return None
    values = [in_si(quantity, fact) * factor for fact in facts]
    source = "hardware catalogue: " + ", ".join(dict.fromkeys(fact.source for fact in facts))
    return quote(min(values), max(values), unit, source, facts[0].date or UNDATED, weak=weak or any(f.weak for f in facts))
