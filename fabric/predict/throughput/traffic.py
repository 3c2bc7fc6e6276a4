"""Who sends how much to whom: the demand between devices, compact at any size. It knows no network beyond its nodes.

Demand is in units of the NIC's rate: in all of these every device sends 1 in sum. What two devices of one node exchange
stays in the node where there is something inside it, and is no demand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topologies.base import SCALE_UP, Topology
from topologies.errors import InputError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
KINDS = "uniform, permutation:SEED, worst or skewed:FACTOR"
HOT = 10
"""In skewed traffic one in so many devices is wanted more than the others."""


@dataclass(frozen=True, eq=False)
class Traffic:
    """Device i sends j != i out[i] * into[j] plus the weights of all pairs (source, target) = (i, j)."""

    name: str
    out: Floats
    into: Floats
    source: Ints
    target: Ints
    weight: Floats

    def leaving(self, group: Ints) -> tuple[Floats, Floats]:
        """Return what every device sends to, and receives from, devices of other groups; group: (devices,) labels."""
        count = int(group.max()) + 1
        wanted, offered = np.bincount(group, self.into, count), np.bincount(group, self.out, count)
        sent = self.out * (self.into.sum() - wanted[group])
        received = self.into * (self.out.sum() - offered[group])
        across = np.where(group[self.source] != group[self.target], self.weight, 0.0)
        return _add(sent, self.source, across), _add(received, self.target, across)


def of_pairs(name: str, topology: Topology, target: Ints) -> Traffic:
    """Return the traffic in which device i sends 1 to target[i]; nothing where that is itself."""
    nothing, source = np.zeros(topology.devices), np.arange(topology.devices)
    moves = source != target
    if SCALE_UP in topology.levels:
        node = topology.together[: topology.devices]
        moves &= node != node[target]
    return Traffic(name, nothing, nothing, source[moves], target[moves], np.ones(int(moves.sum())))


def uniform(topology: Topology) -> Traffic:
    """Return all-to-all: every device sends 1 / (devices - 1) to every other one."""
    return _product("uniform", topology, np.ones(topology.devices))


def skewed(topology: Topology, factor: float, seed: int = 0) -> Traffic:
    """Return all-to-all in which a tenth of the devices, a seeded draw, is wanted `factor` times as much as the others."""
    wanted = np.ones(topology.devices)
    wanted[np.random.default_rng(seed).permutation(topology.devices)[: -(-topology.devices // HOT)]] = factor
    return _product(f"skewed:{factor:g}", topology, wanted)


def permutation(topology: Topology, seed: int) -> Traffic:
    """Return a seeded random cyclic permutation: everyone sends 1 to one other device and receives from one."""
    order = np.random.default_rng(seed).permutation(topology.devices)
    target = np.empty(topology.devices, dtype=np.int64)
    target[order] = np.roll(order, -1)
    return of_pairs(f"permutation:{seed}", topology, target)


def named(topology: Topology, text: str) -> Traffic | None:
    """Return the traffic of a text, None for `worst`, which depends on distances.

    Raises:
        InputError: another text, or a topology of one device.
    """
    kind, _, argument = text.partition(":")
    if topology.devices < 2:
        raise InputError(f"throughput: {topology.name} has one device; traffic needs two or more")
    if text == "worst":
        return None
    if text == "uniform":
        return uniform(topology)
    if kind == "permutation" and argument.isdigit():
        return permutation(topology, int(argument))
    if kind == "skewed" and _is_factor(argument):
        return skewed(topology, float(argument))
    raise InputError(f"traffic: must be {KINDS} (FACTOR a number >= 1), got {text!r}")


def _is_factor(text: str) -> bool:
    try:
        return 1 <= float(text) < np.inf
    except ValueError:
        return False


def _product(name: str, topology: Topology, wanted: Floats) -> Traffic:
    """Return the traffic in which every device sends 1 in sum, to others as they are wanted."""
    out = 1 / (wanted.sum() - wanted)
    nobody = np.zeros(0, dtype=np.int64)
    if SCALE_UP not in topology.levels:
        return Traffic(name, out, wanted, nobody, nobody, np.zeros(0))
    source, target = _inside_nodes(topology.together[: topology.devices].astype(np.int64))
    return Traffic(name, out, wanted, source, target, -out[source] * wanted[target])


def _inside_nodes(node: Ints) -> tuple[Ints, Ints]:
    """Return all ordered pairs of different devices of one node."""
    order = np.argsort(node, kind="stable")
    count = np.bincount(node)
    first = np.cumsum(count) - count
    each = count[node[order]]
    source = np.repeat(order, each)
    place = np.arange(len(source)) - np.repeat(np.cumsum(each) - each, each)
    target = order[np.repeat(first[node[order]], each) + place]
    return source[source != target], target[source != target]


def _add(values: Floats, where: Ints, weight: Floats) -> Floats:
    """Return the values with the weights added, rounding below nothing taken out."""
    total: Floats = values + np.bincount(where, weight, len(values))
    return np.where(total <= 1e-12 * values, 0.0, total)
