"""What a plan's messages cost on one fabric: every case asked of predict once, then kept. It knows no model and no step."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, place
from fabric.network.routing.ways import Floats, Ints
from fabric.predict.change import NO_CHANGE, Change
from fabric.predict.constants import Constants
from fabric.predict.flows.programs import Program
from fabric.predict.of_node import constants_on
from fabric.predict.together import Groups, Together
from fabric.workload.layout import groups
from fabric.workload.plan import ParallelPlan
from topologies.base import SCALE_UP

COLLECTIVES = ("all_gather", "reduce_scatter", "all_reduce", "all_to_all", "sendrecv")


@dataclass(frozen=True)
class Faster:
    """Times as fast: every link between nodes with its NICs, and every link inside them; the library keeps up with both."""

    network: float = 1.0
    scale_up: float = 1.0

    def change(self, fabric: Fabric, *, inside: bool) -> Change:
        """Return what this does to a group's calls. inside: the group lies in one scale-up domain."""
        if self == AS_IT_IS:
            return NO_CHANGE
        own = {name: 1 / (self.scale_up if name == SCALE_UP else self.network) for name in fabric.levels}
        return Change(bytes=own, byte=1 / (self.scale_up if inside else self.network))


AS_IT_IS = Faster()


class Costs:
    """A fabric with the collectives' constants and the devices of the ranks; many plans share one, and what it has asked."""

    def __init__(
        self,
        fabric: Fabric,
        constants: Constants | None,
        ranks: int,
        given: Devices | None = None,
        faster: Faster = AS_IT_IS,
        routing: str = "ideal",
    ) -> None:
        """Start with nothing asked. given: the device of every rank; None: rank r on device r. routing: a policy of one seed.

        Raises:
            InputError: more ranks than devices.
        """
        self.fabric, self.ranks, self.faster = fabric, ranks, faster
        self.constants = constants_on(fabric, COLLECTIVES, constants)
        order = "contiguous" if given is None else "given:ranks"
        self.devices = place(fabric.topology, ranks, order, given)
        self.routing = routing
        self._groups: dict[Hashable, Groups] = {}
        self._known: dict[Hashable, Together] = {}
        self._busy: dict[Hashable, Floats] = {}
        self._programs: dict[Hashable, Program | None] = {}

    def call(self, plan: ParallelPlan, dimension: str, collective: str, nbytes: float) -> Together:
        """Return what a collective of all groups of a dimension takes at once; nbytes: S of one group's call."""
        key = (_key(plan, dimension), collective, round(nbytes))
        if key not in self._known:
            self._known[key] = self._of(plan, dimension).call(collective, round(nbytes))
        return self._known[key]

    def fullest(self, plan: ParallelPlan, sent: Iterable[tuple[str, str, float, float]]) -> float:
        """Return for how long the fullest links move bytes of all that is sent, those of every level taken to be the same ones.

        sent: dimension, collective, S of one group's call, how many calls.
        """
        found = np.zeros(len(self.fabric.topology.levels))
        for dimension, collective, nbytes, times in sent:
            key = (_key(plan, dimension), collective, round(nbytes))
            if key not in self._busy:
                self._busy[key] = self._of(plan, dimension).busy(collective, round(nbytes))
            found += times * self._busy[key]
        return float(found.max())

    def program(self, plan: ParallelPlan, dimension: str, collective: str, nbytes: float) -> Program | None:
        """Return the messages of all groups of a dimension, ranks in the groups' order; None where they cannot be listed."""
        key = (_key(plan, dimension), collective, round(nbytes))
        if key not in self._programs:
            self._programs[key] = self._of(plan, dimension).program(collective, round(nbytes))
        return self._programs[key]

    def ring(self, plan: ParallelPlan, ranks: Ints, name: str, nbytes: float) -> Program | None:
        """Return the messages from each rank of a row to the next one in it, of all rows. name: of these rows in the plan."""
        key = (_key(plan, name), round(nbytes))
        if key not in self._programs:
            rows = Groups(self.fabric, self.constants, self.devices[ranks], self.routing)
            self._programs[key] = rows.program("sendrecv", round(nbytes))
        return self._programs[key]

    def nics(self, plan: ParallelPlan, dimension: str) -> int:
        """Return the NICs of a node that one group uses: at most one a rank of it there, 0 inside one domain."""
        devices = self.devices[groups(plan, dimension)[0]]
        topology = self.fabric.topology
        if len(np.unique(topology.together[devices])) == 1:
            return 0
        per_node = int(np.bincount(topology.node[devices]).max())
        node = self.fabric.node
        return per_node if node is None or node.nics is None else min(per_node, node.nics)

    def inside(self, plan: ParallelPlan, dimension: str) -> bool:
        """Return whether every group of a dimension lies inside one scale-up domain."""
        together = self.fabric.topology.together[self.devices[groups(plan, dimension)]]
        return bool((together == together[:, :1]).all())

    def places(self, plan: ParallelPlan, dimension: str) -> int:
        """Return the scale-up domains that a group of a dimension spans, or its ranks where it lies in one."""
        devices = self.devices[groups(plan, dimension)[0]]
        domains = len(np.unique(self.fabric.topology.together[devices]))
        return domains if domains > 1 else len(devices)

    def _of(self, plan: ParallelPlan, dimension: str) -> Groups:
        key = _key(plan, dimension)
        if key not in self._groups:
            change = self.faster.change(self.fabric, inside=self.inside(plan, dimension))
            self._groups[key] = Groups(self.fabric, self.constants, self.devices[groups(plan, dimension)], self.routing, change)
        return self._groups[key]


def _key(plan: ParallelPlan, dimension: str) -> Hashable:
    """Return what the groups of a dimension depend on."""
    experts = (plan.ep, plan.etp) if dimension == "ep" or dimension.startswith("expert") else ()
    shard = (plan.shard_ranks,) if "shard" in dimension or "replica" in dimension else ()
    return (dimension, plan.tp, plan.cp, plan.dp, plan.pp, plan.layout, *experts, *shard)
