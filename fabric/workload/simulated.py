"""A training step laid out in time on the flow engine: every stage's passes in 1F1B order, messages over shared links.

Passes are stretches of their closed length, with what TP, CP, EP and FSDP expose in them (those run within a pass); PP's
messages of all pipelines and DP's collectives of all groups share the fabric's links as they come. DP's last bucket follows
the last backward pass, the others run beside it. A collective that cannot be listed lasts its closed seconds. Pipelines, ranks
and messages that are alike are laid out once (alike.py). It knows no overlap of kinds within a pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.placement import Devices
from fabric.network.routing.ways import Ints
from fabric.predict.constants import Constants
from fabric.workload.alike import Alike, alike
from fabric.workload.costs import Costs
from fabric.workload.device import DeviceRates
from fabric.workload.graph import Graph
from fabric.workload.kernels import Kernels
from fabric.workload.layers import Setting, Work
from fabric.workload.messages import Message
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan
from fabric.workload.slots import Turn, before, turns
from fabric.workload.step import SimulatedStep, Slot
from fabric.workload.traffic import Traffic, parts, traffic_of, units
from fabric.workload.training import DataParallel, Given, data_parallel, optimizer_seconds, setting_of, stage_works
from topologies.errors import InputError


def simulated_step(
    model: LanguageModel,
    plan: ParallelPlan,
    fabric: Fabric,
    constants: Constants | None = None,
    *,
    batch: int,
    seq: int | None = None,
    ranks: int | None = None,
    device: DeviceRates | None = None,
    kernels: Kernels | None = None,
    costs: Costs | None = None,
    given: Devices | None = None,
    every: bool = False,
) -> SimulatedStep:
    """Return a step laid out in time: its seconds, and the slots of every stage of the first pipeline. As training_step.

    every: each rank and message is laid out, also those that are alike: the same answer, later.

    Raises:
        InputError: as training_step.
    """
    more = Given(ranks, device, kernels, costs, given)
    at = setting_of(model, plan, fabric, constants, batch=batch, seq=seq, more=more)
    works = stage_works(at)
    sides, ways = data_parallel(at, works), units(at.plan)
    traffic = traffic_of(at, ways, sides)
    run = _Run(at, works, sides, traffic, alike(ways, traffic.exchanges, every=every))
    run.weights()
    run.passes()
    run.gradients()
    return run.answer()


@dataclass
class _Slotted:
    """A stretch of the first pipeline, to be read back: which slot it is, its flow, and the flow or seconds it begins by."""

    slot: Slot
    flow: int
    since: int | None


@dataclass
class _Run:
    """A step under way: the graph, and per stage the flows (one a class of pipelines) that its next pass comes after."""

    at: Setting
    works: list[Work]
    sides: list[DataParallel]
    traffic: Traffic
    alike: Alike
    last: list[Ints] = field(default_factory=list)
    late: list[list[Ints]] = field(default_factory=list)
    gathered: list[int] = field(default_factory=list)
    begun: dict[int, list[Ints]] = field(default_factory=dict)
    slotted: list[_Slotted] = field(default_factory=list)

    def __post_init__(self) -> None:
        stages = self.at.plan.pp
        self.graph = Graph(self.alike.capacity)
        start = self.graph.joins(len(self.alike.pipes), np.zeros(0, np.int64), np.zeros(0, np.int64))
        self.last = [start for _ in range(stages)]
        self.gathered = [0] * stages
        self.begun = {chunk: [start] * stages for chunk in range(self.at.plan.vpp)}
        self.shown = int(self.alike.pipe[0])

    def weights(self) -> None:
        """Gather DP's weights: one bucket before the first pass, the rest beside first passes, or all of them before."""
        sent = [(one, parts(self.at.plan, one)) for one in self.sides if one.side == "param"]
        for _, (alone, *_) in sent:
            self.last = self._collective(alone, self.last)
        flows = self.last
        for chunk in range(self.at.plan.vpp):
            for one, (_, *rest) in sent:
                if rest:
                    flows = self._collective(rest[chunk], self._longer(flows, one), chunk)
            self.late.append(flows)

    def passes(self) -> None:
        """Add every stage's passes in 1F1B order, each after the message that it waits for."""
        plan = self.at.plan
        order = [turns(plan.pp, plan.vpp, self.at.micro_batches, stage) for stage in range(plan.pp)]
        done, arrived = [0] * plan.pp, dict[tuple[int, Turn], Ints]()
        while any(done[stage] < len(order[stage]) for stage in range(plan.pp)):
            stuck = True
            for stage in range(plan.pp):
                while done[stage] < len(order[stage]):
                    turn = order[stage][done[stage]]
                    waits = before(plan.pp, plan.vpp, stage, turn)
                    if waits is not None and plan.pp > 1 and (stage, turn) not in arrived:
                        break
                    self._pass(stage, turn, arrived)
                    done[stage], stuck = done[stage] + 1, False
            if stuck:
                raise InputError(
                    f"plan: 1F1B of {plan.pp} x {plan.vpp} stages does not run with {self.at.micro_batches} micro batches"
                )

    def _pass(self, stage: int, turn: Turn, arrived: dict[tuple[int, Turn], Ints]) -> None:
        plan, work = self.at.plan, self.works[stage]
        seconds = (work.forward if turn.forward else work.backward) / plan.vpp
        after = [self.last[stage], *([arrived.pop((stage, turn))] if (stage, turn) in arrived else [])]
        chunks = turn.chunk + (not turn.forward or turn.micro_batch > 0)  # the first runs beside the gather of its own weights
        if chunks > self.gathered[stage]:
            after, self.gathered[stage] = [*after, self.late[chunks - 1][stage]], chunks
        if not turn.forward and turn.micro_batch == self.at.micro_batches - 1:
            self.begun[turn.chunk][stage] = self._all(after)
        flows = self.graph.stretches(seconds, *after)
        self._slot("forward" if turn.forward else "backward", stage, turn, int(flows[self.shown]), seconds)
        self.last[stage] = flows
        self._send(stage, turn, flows, arrived)

    def _send(self, stage: int, turn: Turn, flows: Ints, arrived: dict[tuple[int, Turn], Ints]) -> None:
        """Send a pass's result to the stage that waits for it; without overlap the sender waits until it is there."""
        plan = self.at.plan
        virtual = turn.chunk * plan.pp + stage + (1 if turn.forward else -1)
        if not 0 <= virtual < plan.pp * plan.vpp or plan.pp == 1:
            return
        lanes = self.alike.lanes[self.traffic.sends[stage, turn.forward]]
        sent = self.graph.messages(lanes, flows[lanes.pipe])
        there = self.graph.joins(len(flows), lanes.sent[0], sent[lanes.sent[1]])
        arrived[virtual % plan.pp, turn._replace(chunk=virtual // plan.pp)] = there
        if not (plan.vpp > 1 and "pp" in plan.overlap):
            self.last[stage] = there

    def gradients(self) -> None:
        """Send DP's gradients: all buckets but one beside the last backward passes, or all after them; then the update."""
        sent = [(one, parts(self.at.plan, one)) for one in self.sides if one.side == "grad"]
        flows = self.begun[self.at.plan.vpp - 1]
        for chunk in reversed(range(self.at.plan.vpp)):
            for one, (_, *rest) in sent:
                if rest:
                    flows = self._collective(rest[chunk], self._longer(self._both(self.begun[chunk], flows), one), chunk)
        self.last = self._both(self.last, flows)
        for _, (alone, *_) in sent:
            self.last = self._collective(alone, self.last)
        lost = sum(one.hidden.contention for one in self.sides)
        update = optimizer_seconds(self.at) + self.at.on.kernels.fixed + lost
        for stage in range(self.at.plan.pp):
            done = self.graph.stretches(update, self.last[stage])
            turn = Turn(forward=False, chunk=0, micro_batch=-1)
            self._slot("update", stage, turn, int(done[self.shown]), update)
            self.last[stage] = done

    def _longer(self, flows: list[Ints], one: DataParallel) -> list[Ints]:
        """Return flows later by what passes beside a part of a DP message send over the same links."""
        seconds = one.shared / self.at.plan.vpp
        return [self.graph.stretches(seconds, these) for these in flows] if seconds else flows

    def _both(self, one: list[Ints], two: list[Ints]) -> list[Ints]:
        return [self._all(pair) for pair in zip(one, two, strict=True)]

    def _all(self, flows: Sequence[Ints]) -> Ints:
        """Return flows that end when the n-th of every list has."""
        return self.graph.joins(len(flows[0]), np.tile(np.arange(len(flows[0])), len(flows)), np.concatenate(flows))

    def _collective(self, message: Message, after: list[Ints], chunk: int = 0) -> list[Ints]:
        """Add a DP message of all groups, each rank beginning after its pipeline's flow; return the flows that end it."""
        rounds = self.traffic.rounds[message]
        if rounds is None:
            seconds = self.at.ask(message).seconds
            ends = [self.graph.stretches(seconds, flows) for flows in after]
        else:
            entry = np.empty(len(self.alike.ranks), dtype=np.int64)
            for (pipe, rank), flows in zip(self.alike.stages, after, strict=True):
                entry[rank] = flows[pipe]
            done = self.graph.rounds([self.alike.lanes[n] for n in rounds], entry)
            ends = [
                self.graph.joins(len(flows), pipe, done[rank])
                for (pipe, rank), flows in zip(self.alike.stages, after, strict=True)
            ]
        for stage, flows in enumerate(ends):
            slot = Slot(stage, message.what, chunk, -1, 0.0, 0.0)
            self.slotted.append(_Slotted(slot, int(flows[self.shown]), int(after[stage][self.shown])))
        return ends

    def _slot(self, what: str, stage: int, turn: Turn, flow: int, seconds: float) -> None:
        self.slotted.append(_Slotted(Slot(stage, what, turn.chunk, turn.micro_batch, -seconds, 0.0), flow, None))

    def answer(self) -> SimulatedStep:
        """Return the finished step."""
        finish = self.graph.finish()
        seconds = max(float(finish[flows].max()) for flows in self.last)
        slots = []
        for one in self.slotted:
            end = float(finish[one.flow])
            start = end + one.slot.start if one.since is None else float(finish[one.since])
            slots.append(replace(one.slot, start=max(0.0, start), end=end))
        return SimulatedStep(seconds, tuple(sorted(slots, key=lambda slot: (slot.stage, slot.start))))
