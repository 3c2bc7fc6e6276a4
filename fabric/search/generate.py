"""Candidate wirings for a demand: every family at its smallest feasible sizes, never below what is asked. It rates nothing.

A wiring is a short form without speeds; what is tried and does not fit is counted by reason, never left out in silence.
A plane of a divided port runs at 1 / split of the device's speed, on a switch with split times as many such ports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from fabric.hardware.node import node as catalogued
from fabric.text.numbers import whole
from topologies.errors import InputError
from topologies.finite_field import prime_power
from topologies.guess import did_you_mean

SHARES = (1, 2, 4, 8)
"""Parts of a switch's ports, in eighths, that direct families give to devices and to the links between groups."""


@dataclass(frozen=True)
class Demand:
    """What is asked. radices: ports of a switch at a device's speed; oversize: share of devices above the demand."""

    endpoints: int
    devices_per_node: int = 8
    radices: tuple[int, ...] = (64, 128)
    families: tuple[str, ...] = ()
    oversubscriptions: tuple[str, ...] = ("1", "1.5", "2", "3", "4", "7")
    planes: tuple[int, ...] = (2, 4)
    oversize: float = 0.25

    def __post_init__(self) -> None:
        for name, value, least in (("endpoints", self.endpoints, 2), ("devices-per-node", self.devices_per_node, 1)):
            if value < least:
                raise InputError(f"{name}: must be a whole number >= {least}, got {value}")
        if bad := [radix for radix in self.radices if radix < 4 or radix % 2]:
            raise InputError(f"radix: must be even numbers of ports >= 4, got {bad[0]}")
        if unknown := [family for family in self.families if family not in MAKERS]:
            raise InputError(f"families: must be of {', '.join(MAKERS)}, got {unknown[0]!r}{did_you_mean(unknown[0], MAKERS)}")
        if not self.oversize >= 0:
            raise InputError(f"oversize: must be >= 0, such as 0.25, got {self.oversize:g}")

    @property
    def nodes(self) -> int:
        """Nodes that hold the endpoints, the last one filled up."""
        return -(-self.endpoints // self.devices_per_node)

    @property
    def least(self) -> int:
        """The fewest devices: whole nodes."""
        return self.nodes * self.devices_per_node


@dataclass(frozen=True)
class Wiring:
    """One wiring. params: of its family, as text. devices: how many it holds. split: cables that share a port's speed."""

    family: str
    params: tuple[tuple[str, str], ...]
    devices: int
    split: int = 1

    def spec(self, devices_per_node: int, speed: str | None = None, node: str | None = None) -> str:
        """Return the short form, nodes included, with a cable's speed where one is given.

        node: of the catalogue, for what is inside; every device has a port of its own, also where the node's share NICs.
        """
        inside = [("node", node) if node else ("scale_up", "nvswitch" if devices_per_node > 1 else "none")]
        inside += [("devices_per_nic", "1")] if node and catalogued(node).devices_per_nic > 1 else []
        pairs = [*self.params, ("devices_per_node", str(devices_per_node)), *inside]
        text = ",".join(f"{key}={value}" for key, value in [*pairs, *([("speed", speed)] if speed else [])])
        return f"{self.family}:{text}"


Params = dict[str, object]
Made = Iterator[tuple[Params, int, str]]
"""Parameters, devices, and why it does not fit (empty where it does)."""


def generate(demand: Demand) -> tuple[list[Wiring], Counter[str]]:
    """Return the wirings, sorted, each once, and how many were skipped by reason."""
    found: set[Wiring] = set()
    skipped: Counter[str] = Counter()
    for family in demand.families or tuple(MAKERS):
        for radix in demand.radices:
            for params, devices, why in MAKERS[family](demand, radix):
                split = whole(params.pop("split", 1), "split", 1)
                if reason := why or _misfit(demand, devices):
                    skipped[f"{family}: {reason}"] += 1
                    continue
                found.add(Wiring(family, tuple((key, str(value)) for key, value in params.items()), devices, split))
    return sorted(found, key=lambda w: (w.family, w.devices, w.params, w.split)), skipped


def _misfit(demand: Demand, devices: int) -> str:
    """Return why so many devices do not do, empty where they do."""
    if devices < demand.least:
        return "too small"
    if devices > demand.least * (1 + demand.oversize):
        return f"more than {demand.oversize:.0%} above the demand"
    return "" if devices % demand.devices_per_node == 0 else "no whole number of nodes"


def _clos(demand: Demand, radix: int) -> Made:
    for tiers in (2, 3):
        for ratio in _per_tier(demand.oversubscriptions, tiers):
            yield {"radix": radix, "endpoints": demand.least, "tiers": tiers, "oversubscription": ratio}, demand.least, ""


def _per_tier(ratios: tuple[str, ...], tiers: int) -> list[str]:
    """Return one ratio per tier below the top."""
    return ["/".join(each) for each in product(ratios, repeat=tiers - 1)]


def _fat_tree(demand: Demand, radix: int) -> Made:
    for k in range(4, radix + 1, 2):
        if k**3 // 4 >= demand.least:
            yield {"k": k}, k**3 // 4, ""


def _leaf_spine(demand: Demand, radix: int) -> Made:
    step = max(1, radix // 32)
    for hosts in range(step, radix, step):
        leaves = -(-demand.least // hosts)
        for uplinks in range(max(1, step // 2), radix - hosts + 1, max(1, step // 2)):
            if uplinks > hosts:
                continue
            params: Params = {"leaves": leaves, "spines": uplinks, "hosts_per_leaf": hosts}
            yield params, leaves * hosts, "more leaves than a spine has ports" if leaves > radix else ""


def _rail_optimized(demand: Demand, radix: int) -> Made:
    for tiers in (2, 3):
        yield _railed(demand, radix) | {"tiers": tiers}, demand.least, ""


def _rail_only(demand: Demand, radix: int) -> Made:
    yield _railed(demand, radix) | {"tiers": 1}, demand.least, ""
    for tiers in (2, 3):
        for ratio in _per_tier(demand.oversubscriptions, tiers):
            yield _railed(demand, radix) | {"tiers": tiers, "oversubscription": ratio}, demand.least, ""


def _railed(demand: Demand, radix: int) -> Params:
    return {"nodes": demand.nodes, "rails": demand.devices_per_node, "radix": radix}


def _multi_plane(demand: Demand, radix: int) -> Made:
    """Yield planes of divided ports (one NIC's speed shared) and of whole ones (a NIC for every plane)."""
    for planes, tiers, divided in product(demand.planes, (2, 3), (True, False)):
        ports = radix * planes if divided else radix
        params = _railed(demand, ports) | {"planes": planes, "tiers": tiers, "split": planes if divided else 1}
        yield params, demand.least, ""


def _dual_tor(demand: Demand, radix: int) -> Made:
    """Yield leaves with so many nodes and uplinks; a lane is half a port, so a switch has twice as many lanes."""
    step = max(1, radix // 16)
    for down, up in product(range(step, 2 * radix, step), range(step, radix, step)):
        if down + 2 * up <= 2 * radix and up <= down:
            params = _railed(demand, 2 * radix) | {"down": down, "up": up, "core_up": 8, "split": 2}
            yield params, demand.least, ""


def _dragonfly(demand: Demand, radix: int) -> Made:
    for hosts, links, group in product(SHARES, SHARES, (8, 16, 32, 64)):
        p, h = radix * hosts // 16, radix * links // 16
        if p < 1 or h < 1 or p + h + group - 1 > radix:
            continue
        groups = -(-demand.least // (group * p))
        why = "more groups than global ports reach" if groups > group * h + 1 else "a single group" if groups < 2 else ""
        yield {"p": p, "a": group, "h": h, "groups": groups}, groups * group * p, why


def _dragonfly_plus(demand: Demand, radix: int) -> Made:
    for hosts, width in product(range(2, 13), (1, 2, 3, 4)):
        p, leaves = radix * hosts // 16, radix * width // 8
        spines = radix - p
        h = radix - leaves
        groups = -(-demand.least // (leaves * p)) if leaves and p else 0
        why = "more groups than global ports reach" if groups > spines * h + 1 else "a single group" if groups < 2 else ""
        yield {"p": p, "leaves": leaves, "spines": spines, "h": h, "groups": groups}, groups * leaves * p, why


def _slim_fly(demand: Demand, radix: int) -> Made:
    for q in range(3, radix):
        if prime_power(q) is not None:
            degree = (3 * q - (0 if q % 4 == 0 else 2 - q % 4)) // 2
            yield from _hosted(demand, radix, {"q": q}, 2 * q * q, degree)


def _polarfly(demand: Demand, radix: int) -> Made:
    for q in range(2, radix):
        if prime_power(q) is not None:
            yield from _hosted(demand, radix, {"q": q}, q * q + q + 1, q + 1)


def _hyperx(demand: Demand, radix: int) -> Made:
    for side in range(3, radix):
        for dims in ((side,), (side, side), (side, side + 1), (side, side, side), (side, side, side + 1)):
            switches, degree = 1, sum(d - 1 for d in dims)
            for d in dims:
                switches *= d
            if switches <= demand.least:
                yield from _hosted(demand, radix, {"dims": "x".join(map(str, dims))}, switches, degree)


def _jellyfish(demand: Demand, radix: int) -> Made:
    for sixteenths in range(1, 11):
        hosts = radix * sixteenths // 16
        if hosts:
            switches = -(-demand.least // hosts)
            switches += switches * (radix - hosts) % 2
            params: Params = {"switches": switches, "degree": radix - hosts, "hosts": hosts}
            yield params, switches * hosts, "fewer switches than its degree" if switches <= radix - hosts else ""


def _hosted(demand: Demand, radix: int, params: Params, switches: int, degree: int) -> Made:
    """Yield the fewest devices a switch that suffice and make whole nodes."""
    if degree >= radix:
        return
    hosts = -(-demand.least // switches)
    if degree + hosts > radix:
        yield {}, demand.least, "more ports than a switch has"
        return
    whole = next((n for n in range(hosts, radix - degree + 1) if switches * n % demand.devices_per_node == 0), hosts)
    yield params | {"hosts": whole}, switches * whole, ""


MAKERS: Mapping[str, Callable[[Demand, int], Made]] = {
    "clos": _clos,
    "dragonfly": _dragonfly,
    "dragonfly_plus": _dragonfly_plus,
    "dual_tor": _dual_tor,
    "fat_tree": _fat_tree,
    "hyperx": _hyperx,
    "jellyfish": _jellyfish,
    "leaf_spine": _leaf_spine,
    "multi_plane": _multi_plane,
    "polarfly": _polarfly,
    "rail_only": _rail_only,
    "rail_optimized": _rail_optimized,
    "slim_fly": _slim_fly,
}
"""Family -> what tries its sizes."""
