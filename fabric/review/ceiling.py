"""How far a design goes before its next tier, and what the step costs an endpoint. It prices counts, it lays nothing out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fabric.network.spec import wiring
from fabric.review.bill import Bill
from fabric.text.numbers import whole
from topologies import catalog
from topologies.base import Topology
from topologies.errors import InputError

GROWS = {
    "clos": "endpoints",
    "dragonfly": "groups",
    "dragonfly_plus": "groups",
    "dual_tor": "nodes",
    "leaf_spine": "leaves",
    "multi_plane": "nodes",
    "rail_only": "nodes",
    "rail_optimized": "nodes",
    "star": "devices",
}
"""Family -> the parameter that makes it larger on the same switches. Others' parameters fix their size."""
NETWORK_ONLY = ("link", "speed", "latency", "scale_up", "scale_up_link", "scale_up_speed", "scale_up_latency")
FIRST = 8
"""Values of the parameter below this are tried one by one for the first that can be built."""
MOST_DEVICES = 70_000
"""Nothing larger is built to look: just above 64^3 / 4, where three tiers of 64 ports end."""


@dataclass(frozen=True)
class Reach:
    """All sizes with one number of tiers: the largest, and USD of switches and cables per device there (None: no price).

    ends: whether the next size up was refused or has another tier; else the search stopped at MOST_DEVICES.
    """

    tiers: int
    devices: int
    switches: int
    cables: int
    usd_per_device: float | None
    ends: bool


def ceiling(topo: str, bill: Bill) -> tuple[Reach, ...]:
    """Return the reach of every number of tiers of a short form; switches and cables at the mean price of this bill.

    Empty for families whose parameters fix their size and for fabrics of a file.
    """
    family, params = _plain(topo)
    key = GROWS.get(family)
    if key is None or "tiers" in params or key not in params:
        return ()
    prices = _mean_prices(bill)
    found = []
    for topology, ends in _largest(family, params, key):
        found.append(_reach(topology, prices, ends=ends))
    return tuple(found)


def _plain(topo: str) -> tuple[str, dict[str, str]]:
    try:
        family, params = wiring(topo)
    except InputError:
        return "", {}
    return family, {name: value for name, value in params.items() if name not in NETWORK_ONLY}


def _largest(family: str, params: dict[str, str], key: str) -> Iterator[tuple[Topology, bool]]:
    """Yield per number of tiers the largest topology and whether something ends there."""
    unit = whole(params.get("devices_per_node", "1"), "devices_per_node", 1) if key in ("endpoints", "devices") else 1
    low = next((value for value in range(1, FIRST) if _built(family, params, key, value * unit)), FIRST)
    while (here := _built(family, params, key, low * unit)) is not None:
        tiers, high = _tiers(here), low * 2
        while (more := _built(family, params, key, high * unit)) is not None and _tiers(more) == tiers:
            here, low, high = more, high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            found = _built(family, params, key, middle * unit)
            if found is not None and _tiers(found) == tiers:
                here, low = found, middle
            else:
                high = middle
        per_value = here.devices / low
        beyond = (low + 1) * per_value > MOST_DEVICES
        yield here, not beyond
        if beyond:
            return
        low += 1


def _built(family: str, params: dict[str, str], key: str, value: int) -> Topology | None:
    """Return the topology with this value; None where the family refuses or where it is larger than MOST_DEVICES."""
    rails = whole(params.get("rails", "8"), "rails", 1) if key == "nodes" else 1
    if value * rails > MOST_DEVICES:
        return None
    try:
        topology = catalog.build(family, {**params, key: str(value)})
    except InputError:
        return None
    return topology if topology.devices <= MOST_DEVICES else None


def _tiers(topology: Topology) -> int:
    return sum(tier != "scale-up" and count > 0 for tier, count in topology.switches_by_tier.items())


def _mean_prices(bill: Bill) -> tuple[float, float] | None:
    """Return USD of a mean switch and of a mean cable on the bill, None where one has no price."""
    if any(line.part.price is None for line in bill.network):
        return None
    means = []
    for kind in ("switch", "link"):
        own = [line for line in bill.network if line.part.kind == kind]
        means.append(sum(line.price.mid for line in own) / max(1, sum(line.count for line in own)))
    return means[0], means[1]


def _reach(topology: Topology, prices: tuple[float, float] | None, *, ends: bool) -> Reach:
    switches = sum(count for tier, count in topology.switches_by_tier.items() if tier != "scale-up")
    cables = sum(count for level, count in topology.cables_by_level.items() if level != "scale-up")
    usd = (switches * prices[0] + cables * prices[1]) / topology.devices if prices else None
    return Reach(_tiers(topology), topology.devices, switches, cables, usd, ends)
