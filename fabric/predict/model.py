"""What every fidelity starts from: a fabric, constants and a routing policy, with placements and step costs kept for reuse."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from fabric.collectives.algorithms import Algorithm
from fabric.collectives.algorithms import algorithm as find_algorithm
from fabric.collectives.schedule import Groups, Schedule, Step
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, groups_of, place
from fabric.predict.constants import Constants
from fabric.predict.cost import Cost, cost_of
from fabric.records.case import Case


class Model:
    """A fabric, constants and a routing policy; given: the devices of ranks for cases of a given order.

    watch: told about every second of a simulation, as watch(messages done, messages in all).
    """

    def __init__(
        self,
        fabric: Fabric,
        constants: Constants,
        routing: str,
        given: Devices | None = None,
        watch: Callable[[int, int], None] | None = None,
    ) -> None:
        """Start with nothing worked out."""
        self.fabric, self.constants, self.routing, self.given, self.watch = fabric, constants, routing, given, watch
        self._places: dict[tuple[int, str], tuple[Devices, Groups]] = {}
        self._costs: dict[tuple[bytes, int, str], Cost] = {}

    def devices(self, case: Case) -> Devices:
        """Return the device of every rank."""
        return self._place(case)[0]

    def algorithm(self, case: Case, text: str) -> Algorithm:
        """Return the algorithm of this text for a case's collective."""
        return find_algorithm(case.collective, text)

    def schedule(self, case: Case, text: str) -> Schedule:
        """Return the schedule of an algorithm for a case."""
        groups = self._place(case)[1]
        return self.algorithm(case, text).schedule(groups, case.nbytes, root=case.root or 0, params=case.params)

    def cost(self, case: Case, schedule: Schedule, step: Step) -> Cost:
        """Return what a step costs, free of bytes."""
        key = (self.digest(step), case.world_size, case.order)
        if key not in self._costs:
            self._costs[key] = cost_of(self.fabric, schedule, step, self.devices(case), self.routing)
        return self._costs[key]

    def digest(self, step: Step) -> bytes:
        """Return what tells a step's messages from others, whatever their bytes."""
        return digest(step)

    def _place(self, case: Case) -> tuple[Devices, Groups]:
        key = (case.world_size, case.order)
        if key not in self._places:
            devices = place(self.fabric.topology, case.world_size, case.order, self.given)
            self._places[key] = devices, groups_of(self.fabric.topology, devices)
        return self._places[key]


def digest(step: Step) -> bytes:
    """Return sixteen bytes that differ where sources, targets or scales do."""
    found = blake2b(step.source.tobytes(), digest_size=16)
    found.update(step.target.tobytes())
    found.update(b"" if step.scale is None else step.scale.tobytes())
    found.update(repr(step.complete).encode())
    return found.digest()
