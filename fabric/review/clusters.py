"""Clusters of one kind of node in any number, and how fast they do a round of work. It compares none (equivalent.py).

Facts that contradict each other give two ends beside what counts: the lowest and the highest that is said of the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from fabric.hardware.entry import Entry
from fabric.hardware.facts import counts, in_si
from fabric.hardware.node import NodeType
from fabric.network.fabric import Fabric
from fabric.network.of_node import levels as levels_of
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.best import BEST
from fabric.predict.cases import cases
from fabric.predict.constants import NONE, Constants
from fabric.predict.of_node import constants_on
from fabric.review.steps import StepWork, Work, step_on
from fabric.review.work import FLOPS, MEMORY, Item
from fabric.workload.device import device_of
from fabric.workload.step import TrainingStep
from topologies.errors import InputError

NOMINAL, LOW, HIGH = "nominal", "low", "high"
"""The facts that count, and the lowest and highest of those that contradict each other."""
WIRE, LIBRARIES = "wire", "library"
PEAKS = ("bf16", "fp16")


class Cluster:
    """Nodes of one kind, in any number, and the work they do: text names them, e.g. `dgx-h100` or `dgx-h100:radix=128`."""

    def __init__(self, text: str, work: Work, by: str, algorithm: str | None) -> None:
        self.text, self.work, self.by, self.algorithm = text, work, by, algorithm
        self.rate = lru_cache(maxsize=512)(self._rate)
        self.steps = dict[int, TrainingStep]()
        self.why = ""
        self.node = node_of(self.fabric(2))

    def fabric(self, nodes: int) -> Fabric:
        """Return the fabric of so many nodes."""
        return cluster(self.text, nodes)

    def _rate(self, nodes: int, facts: str) -> float:
        if isinstance(self.work, StepWork):
            return self._tokens(self.work, nodes)
        fabric = with_facts(self.fabric(nodes), facts)
        return fabric.topology.devices / round_seconds(fabric, self.work, self.by, self.algorithm, facts)

    def _tokens(self, work: StepWork, nodes: int) -> float:
        """Return tokens a second, 0 where no plan fits; the facts that count at every end (equivalent.py moves the rate)."""
        if nodes not in self.steps:
            device_of(fabric := self.fabric(nodes))
            try:
                self.steps[nodes] = step_on(work, fabric, step_constants(self.by))
            except InputError as error:
                self.why = str(error)
                return 0.0
        return self.steps[nodes].tokens_per_second


def step_constants(by: str) -> Constants | None:
    """Return the constants of a step's collectives: none of the wire alone, None for each node's own library."""
    return NONE if by == WIRE else None


def cluster(text: str, nodes: int) -> Fabric:
    """Return the fabric of so many nodes of NODE or NODE:key=value,...; InputError where there is none."""
    name, colon, rest = text.partition(":")
    return load(f"{name}:nodes={nodes}{',' if colon else ''}{rest}")


def node_of(fabric: Fabric) -> NodeType:
    """Return the kind of server that a fabric is built of; InputError where it names none."""
    if fabric.node is None:
        raise InputError(f"of: must be a fabric of a node of the catalogue, such as dgx-h100:nodes=32, got {fabric.name}")
    return fabric.node


def span(entry: Entry, quantity: str) -> tuple[float, float, float] | None:
    """Return a quantity's figure that counts, and the lowest and highest of it and those that contradict it; None: unknown."""
    chosen = counts(entry.facts.get(quantity, ()))
    if chosen is None:
        return None
    every = [in_si(quantity, fact) for fact in (chosen, *entry.conflicts().get(quantity, ()))]
    return every[0], min(every), max(every)


def figure(node: NodeType, quantity: str, facts: str = NOMINAL) -> float | None:
    """Return a quantity of a node or its device, by the facts that count or at an end of those that contradict them."""
    entry = node.entry if quantity in node.entry.facts else node.device
    found = span(entry, quantity)
    return None if found is None else found[(NOMINAL, LOW, HIGH).index(facts)]


def with_facts(fabric: Fabric, facts: str) -> Fabric:
    """Return the fabric with its node's speeds at an end of the facts; levels whose speed was given keep it."""
    if facts == NOMINAL:
        return fabric
    node = node_of(fabric)
    inside, outside = (figure(node, key, facts) for key in ("scale_up_speed", "nic_speed"))
    moved = replace(node, scale_up_speed=inside, nic_speed=outside)
    before, after = levels_of(fabric.topology, node), levels_of(fabric.topology, moved)
    own = {name: after[name] if level == before[name] else level for name, level in fabric.levels.items()}
    return replace(fabric, levels=own, node=moved)


def round_seconds(fabric: Fabric, work: Sequence[Item], by: str, algorithm: str | None, facts: str = NOMINAL) -> float:
    """Return the seconds of a round: flops / peak + bytes / memory bandwidth + the collectives over all devices.

    by: `wire` (alpha = gamma = 0, the fastest algorithm unless one is named) or `library` (the node's own).

    Raises:
        InputError: a figure of the node that the work needs is not known, or a collective cannot be predicted.
    """
    return sum(item.count * _seconds(fabric, item, by, algorithm, facts) for item in work)


def _seconds(fabric: Fabric, item: Item, by: str, algorithm: str | None, facts: str) -> float:
    node = node_of(fabric)
    if item.what == FLOPS:
        return item.amount / _known(node, PEAKS, facts)
    if item.what == MEMORY:
        return item.amount / _known(node, ("memory_bandwidth",), facts)
    asked = cases(fabric, item.what, sizes=[int(item.amount)])
    constants = constants_on(fabric, {item.what}) if by == LIBRARIES else NONE
    chosen = algorithm or (None if by == LIBRARIES else BEST)
    return predict(asked, fabric, constants, algorithm=chosen, fidelity="loaded")[0].time


def _known(node: NodeType, quantities: Sequence[str], facts: str) -> float:
    found = next((value for value in (figure(node, one, facts) for one in quantities) if value), None)
    if found is None:
        raise InputError(f"{node.device.name}: {' and '.join(quantities)} not known, which the work needs")
    return found
