"""What every fidelity starts from: a fabric, constants and a routing policy, with what was routed once kept for reuse."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.algorithms import Algorithm
from fabric.collectives.algorithms import algorithm as find_algorithm
from fabric.collectives.schedule import Groups, Schedule, Step
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, groups_of, place
from fabric.predict.change import NO_CHANGE, Change
from fabric.predict.constants import Constants
from fabric.predict.cost import Cost, cost_of, load_of, most_by_level
from fabric.predict.needed import check_used
from fabric.records.case import Case

Floats = NDArray[np.float64]


class Model:
    """A fabric, constants and a routing policy; given: the devices of ranks for cases of a given order.

    watch: told about every second of a simulation, as watch(messages done, messages in all). force: simulate whatever it takes.
    """

    def __init__(
        self,
        fabric: Fabric,
        constants: Constants,
        routing: str,
        given: Devices | None = None,
        watch: Callable[[int, int], None] | None = None,
        *,
        force: bool = False,
    ) -> None:
        """Start with nothing worked out."""
        self.fabric, self.constants, self.routing, self.given, self.watch = fabric, constants, routing, given, watch
        self.force = force
        self.change = NO_CHANGE
        self._places: dict[tuple[int, str], tuple[Devices, Groups]] = {}
        self._costs: dict[tuple[bytes, int, str], Cost] = {}
        self._busiest: dict[tuple[bytes, int, str], tuple[Floats, Floats]] = {}

    def with_constants(self, constants: Constants, change: Change = NO_CHANGE) -> Model:
        """Return the model with other constants, its links changed by factors; what either has routed serves both."""
        other = copy(self)
        other.constants, other.change = constants, change
        return other

    def devices(self, case: Case) -> Devices:
        """Return the device of every rank."""
        return self._place(case)[0]

    def algorithm(self, case: Case, text: str) -> Algorithm:
        """Return the algorithm of this text for a case's collective."""
        return find_algorithm(case.collective, text)

    def schedule(self, case: Case, text: str) -> Schedule:
        """Return the schedule of an algorithm for a case; InputError where its fabric says that it has not what that needs."""
        check_used(self.fabric, text)
        groups = self._place(case)[1]
        return self.algorithm(case, text).schedule(groups, case.nbytes, root=case.root or 0, params=case.params)

    def cost(self, case: Case, schedule: Schedule, step: Step) -> Cost:
        """Return what a step costs, free of bytes, with the model's change."""
        found = self.unchanged(case, schedule, step)
        if self.change is NO_CHANGE:
            return found
        factor, levels = self.change.of_bytes(found.levels), self.fabric.level_latency
        return replace(
            found,
            seconds_per_byte=found.seconds_per_byte * factor,
            own=found.own * factor,
            latency=np.asarray(found.hops @ (levels * self.change.of_latency(found.levels))),
        )

    def unchanged(self, case: Case, schedule: Schedule, step: Step) -> Cost:
        """Return what a step costs on the fabric as it is."""
        key = (digest(step), case.world_size, case.order)
        if key not in self._costs:
            self._costs[key] = cost_of(self.fabric, schedule, step, self.devices(case), self.routing)
        return self._costs[key]

    def busiest(self, case: Case, schedule: Schedule) -> tuple[Floats, Floats]:
        """Return by level the most of any link in all steps of one chunk: seconds to move its bytes, and bytes (levels,)."""
        whole = blake2b(digest_size=16)
        for step in schedule.steps:
            whole.update(digest(step) + repr((step.repeats, step.share)).encode())
        key = (whole.digest(), case.world_size, case.order)
        if key not in self._busiest:
            devices, full = self.devices(case), np.zeros(2 * len(self.fabric.topology.ends))
            for step in schedule.steps:
                full += step.repeats * float(step.share) * load_of(self.fabric, schedule, step, devices, self.routing)
            topology = self.fabric.topology
            self._busiest[key] = most_by_level(topology, full), most_by_level(topology, full * self.fabric.link_speed)
        seconds, moved = self._busiest[key]
        return seconds * case.nbytes * self.change.of_bytes(self.fabric.topology.levels), moved * case.nbytes

    def _place(self, case: Case) -> tuple[Devices, Groups]:
        key = (case.world_size, case.order)
        if key not in self._places:
            devices = place(self.fabric.topology, case.world_size, case.order, self.given)
            self._places[key] = devices, groups_of(self.fabric.topology, devices)
        return self._places[key]


@lru_cache(maxsize=256)
def digest(step: Step) -> bytes:
    """Return sixteen bytes that differ where sources, targets or scales do."""
    found = blake2b(step.source.tobytes(), digest_size=16)
    found.update(step.target.tobytes())
    found.update(b"" if step.scale is None else step.scale.tobytes())
    found.update(repr(step.complete).encode())
    return found.digest()
