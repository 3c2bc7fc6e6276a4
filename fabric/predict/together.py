"""Equal collectives of many groups at once on one fabric, at the loaded fidelity: links shared. It knows no work.

One group's schedule is laid out over all groups, so that every link carries what all of them send; the library chooses for one
group, as it does in life. In-network reduction is timed for one group, and slowed as much as rings of the same groups are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.schedule import Ranks, Schedule, Step
from fabric.network.fabric import Fabric
from fabric.network.placement import Devices, given_order, spread
from fabric.predict.change import NO_CHANGE, Change
from fabric.predict.chosen import asked, chosen
from fabric.predict.constants import Constants
from fabric.predict.cost import Floats
from fabric.predict.flows.programs import Program
from fabric.predict.loaded import loaded
from fabric.predict.model import Model
from fabric.predict.timed import one_speed, program_of
from fabric.predict.work import listed
from fabric.records.case import Case
from topologies.errors import InputError

MOST_MESSAGES = 2**20
"""Messages of a step over all groups beyond which only some are laid out, those next to each other: more are alike."""


@dataclass(frozen=True)
class Together:
    """What every group's call takes beside the others and alone, in seconds, and which algorithm runs."""

    seconds: float
    alone: float
    runs: str
    case: Case


class Groups:
    """Equal groups of devices (groups, ranks) of a fabric, on which calls are timed; what was routed once serves all calls."""

    def __init__(
        self, fabric: Fabric, constants: Constants, devices: Devices, routing: str = "ideal", change: Change = NO_CHANGE
    ) -> None:
        """Start with nothing worked out. change: of the links and of the library's constants, to see what it does.

        Raises:
            InputError: groups that are no table, or that share a device.
        """
        if devices.ndim != 2 or len(np.unique(devices)) != devices.size:
            raise InputError("groups: must be a table of different devices, one group a row")
        self.constants, self.devices, self.change = constants, devices, change
        self.fabric = fabric.carrying(constants.backend)
        self._one = Model(self.fabric, constants, routing, devices[0])
        self._all = Model(self.fabric, constants, routing, devices.ravel())
        self._laid_out: dict[bytes | str, Schedule] = {}
        self._some: dict[int, Model] = {}

    @property
    def ranks(self) -> int:
        """Ranks of one group."""
        return int(self.devices.shape[1])

    def case(self, collective: str, nbytes: int) -> Case:
        """Return one group's case."""
        nodes, per_node = spread(self.fabric.topology, self.devices[0])
        order = given_order(self.devices[0])
        return Case(collective, nbytes, self.ranks, nodes, per_node, order=order, dtype="bf16")

    def call(self, collective: str, nbytes: int, algorithm: str | None = None) -> Together:
        """Return how long a collective of every group takes when all call at once.

        Raises:
            InputError: what cannot be placed, scheduled or routed.
        """
        case = self.case(collective, nbytes)
        if self.ranks == 1:
            return Together(0.0, 0.0, "none", case)
        way = chosen(case, self.constants, asked(algorithm, collective, self.constants), self._one)
        constants = way.at(self.change)
        one = self._one.with_constants(constants, self.change)
        schedule = one.schedule(case, way.text)
        alone = loaded(one, case, schedule).total
        seconds = alone * self._slowdown(case, constants, way.text, schedule) if schedule.switches else None
        if seconds is None:
            seconds = alone if len(self.devices) == 1 else self._of_all(case, constants, way.text, schedule)
        return Together(max(seconds, alone), alone, way.text, case)

    def busy(self, collective: str, nbytes: int) -> Floats:
        """Return by level for how many seconds of a call its fullest link moves bytes at its own speed (levels,).

        Of all groups' calls at once. Where switches add, what rings of the same groups do; no longer than the call.

        Raises:
            InputError: as call.
        """
        case, found = self.case(collective, nbytes), np.zeros(len(self.fabric.topology.levels))
        if self.ranks == 1:
            return found
        way = chosen(case, self.constants, asked(None, collective, self.constants), self._one)
        constants = way.at(self.change)
        text = "ring" if self._one.schedule(case, way.text).switches else way.text
        schedule = self._one.schedule(case, text)
        model, whole, wide = self._one.with_constants(constants, self.change), case, schedule
        if len(self.devices) > 1:
            model, whole, wide = self._laid(case, constants, text, schedule)
        for step in wide.steps:
            found += step.repeats * float(step.share) * model.cost(whole, wide, step).seconds_per_byte
        return np.minimum(found * nbytes * schedule.chunks, self.call(collective, nbytes).seconds)

    def program(self, collective: str, nbytes: int, algorithm: str | None = None) -> Program | None:
        """Return the messages of all groups' calls, rank j of group i numbered i * ranks + j; None where they cannot be listed.

        Those in chunks, with switches that add, of several speeds, and too many.

        Raises:
            InputError: as call.
        """
        case = self.case(collective, nbytes)
        way = chosen(case, self.constants, asked(algorithm, collective, self.constants), self._one)
        schedule = self._one.with_constants(way.constants).schedule(case, way.text)
        if schedule.chunks > 1 or schedule.switches or listed(schedule) * len(self.devices) > MOST_MESSAGES:
            return None
        wide = copied(schedule, len(self.devices))
        whole = _whole(case, wide, self.devices)
        model = self._all.with_constants(way.constants)
        return program_of(model, whole, wide) if one_speed(model, whole, wide) else None

    def _of_all(self, case: Case, constants: Constants, text: str, schedule: Schedule) -> float:
        """Return the seconds of all groups' schedules together."""
        return loaded(*self._laid(case, constants, text, schedule)).total

    def _laid(self, case: Case, constants: Constants, text: str, schedule: Schedule) -> tuple[Model, Case, Schedule]:
        """Return all groups' schedules as one, with the model and the case of it."""
        copies = min(len(self.devices), max(1, MOST_MESSAGES // max(1, _messages(schedule))))
        key = f"{case.collective} {text}"
        if key not in self._laid_out:
            self._laid_out[key] = copied(schedule, copies)
        wide = self._laid_out[key]
        model = self._all if copies == len(self.devices) else self._nearest(copies)
        whole = _whole(case, wide, self.devices)
        return model.with_constants(constants, self.change), whole, wide

    def _nearest(self, copies: int) -> Model:
        """Return the model of so many groups by their lowest device: groups that share a node are next to each other."""
        if copies not in self._some:
            order = np.argsort(self.devices.min(axis=1), kind="stable")
            some = self.devices[order[:copies]].ravel()
            self._some[copies] = Model(self.fabric, self._all.constants, self._all.routing, some)
        return self._some[copies]

    def _slowdown(self, case: Case, constants: Constants, _text: str, _schedule: Schedule) -> float:
        """Return how much rings of the same groups slow each other."""
        if len(self.devices) == 1:
            return 1.0
        ring = self._one.schedule(case, "ring")
        alone = loaded(self._one.with_constants(constants, self.change), case, ring).total
        return max(1.0, self._of_all(case, constants, "ring", ring) / alone)


def _whole(case: Case, wide: Schedule, devices: Devices) -> Case:
    """Return the case of all groups' schedules as one."""
    return replace(case, world_size=wide.world_size, nodes=wide.world_size, order=given_order(devices.ravel()))


def _messages(schedule: Schedule) -> int:
    return max(len(step.pairs()[0]) for step in schedule.steps)


def copied(schedule: Schedule, copies: int) -> Schedule:
    """Return a schedule of `copies` groups one after the other, each as the one given: rank j of group i is i * ranks + j."""
    ranks = schedule.world_size
    steps = tuple(_copied_step(step, ranks, copies) for step in schedule.steps)
    return replace(schedule, world_size=ranks * copies, steps=steps)


def _copied_step(step: Step, ranks: int, copies: int) -> Step:
    source, target = step.pairs()
    scale = None if step.scale is None else np.tile(step.scale, copies)
    many = _offset(source, ranks, copies), _offset(target, ranks, copies)
    return replace(step, source=many[0], target=many[1], scale=scale, complete=False, active=_active(step, copies))


def _offset(ranks_of: Ranks, ranks: int, copies: int) -> Ranks:
    return (ranks_of[None, :] + ranks * np.arange(copies, dtype=np.int32)[:, None]).astype(np.int32).ravel()


def _active(step: Step, copies: int) -> Callable[[int], NDArray[np.bool_]] | None:
    one = step.active
    return None if one is None else lambda repeat: np.tile(one(repeat), copies)
