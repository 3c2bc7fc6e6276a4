"""A training step laid out in time on the flow engine: every stage's passes in 1F1B order, messages over shared links.

Passes are stretches of their closed length, with what TP, CP, EP and FSDP expose in them (those run within a pass); PP's
messages of all pipelines and DP's collectives of all groups share the fabric's links as they come. DP's last bucket follows
the last backward pass, the others run beside it. A collective that cannot be listed lasts its closed seconds. It knows no
overlap of kinds within a pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from fabric.network.fabric import Fabric
from fabric.network.placement import Devices
from fabric.network.routing.ways import Ints
from fabric.predict.constants import Constants
from fabric.predict.flows.programs import Phase, Program
from fabric.predict.together import Groups
from fabric.workload.costs import Costs
from fabric.workload.device import DeviceRates
from fabric.workload.graph import Graph, some_of
from fabric.workload.kernels import Kernels
from fabric.workload.layers import Setting, Work
from fabric.workload.layout import groups
from fabric.workload.messages import Message, pp_message
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan
from fabric.workload.slots import Turn, before, turns
from fabric.workload.step import SimulatedStep, Slot
from fabric.workload.training import Given, data_parallel, optimizer_seconds, setting_of, stage_works
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
) -> SimulatedStep:
    """Return a step laid out in time: its seconds, and the slots of every stage of the first pipeline. As training_step.

    Raises:
        InputError: as training_step.
    """
    more = Given(ranks, device, kernels, costs, given)
    at = setting_of(model, plan, fabric, constants, batch=batch, seq=seq, more=more)
    works = stage_works(at)
    run = _Run(at, works, Graph())
    run.weights()
    run.passes()
    run.gradients()
    return run.answer()


MOST_MESSAGES = 2**19
"""Of a collective of all groups, all repeats counted, beyond which it lasts its closed seconds."""


def messages_of(program: Program) -> int:
    """Return the messages of a program, all repeats counted."""
    return sum(len(phase.source) * phase.repeats for phase in program.phases)


def units(plan: ParallelPlan) -> Ints:
    """Return the ranks that pass a micro batch together (replicas, stages, tp x cp), by data-parallel replica and stage."""
    sizes = {"tp": plan.tp, "cp": plan.cp, "dp": plan.dp or 1, "pp": plan.pp}
    names = list(reversed(plan.layout))
    ranks = np.arange(plan.ranks).reshape([sizes[name] for name in names])
    return np.transpose(ranks, [names.index(name) for name in ("dp", "pp", "cp", "tp")]).reshape(sizes["dp"], plan.pp, -1)


@dataclass
class _Slotted:
    """A stretch of the first pipeline, to be read back: which slot it is, its flow, and the flow or seconds it begins by."""

    slot: Slot
    flow: int
    since: int | None


@dataclass
class _Run:
    """A step under way: the graph, and per stage the flows (one a replica) that its next pass comes after."""

    at: Setting
    works: list[Work]
    graph: Graph
    last: list[Ints] = field(default_factory=list)
    late: list[list[Ints]] = field(default_factory=list)
    begun: list[Ints] = field(default_factory=list)
    slotted: list[_Slotted] = field(default_factory=list)
    _phases: dict[tuple[int, bool], Phase] = field(default_factory=dict)
    _wholes: dict[bool, Phase] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan = self.at.plan
        self.units = units(plan)
        start = self.graph.joins(len(self.units), np.zeros(0, np.int64), np.zeros(0, np.int64))
        self.last = [start for _ in range(plan.pp)]
        self.late = [[] for _ in range(plan.pp)]
        self.begun = [start for _ in range(plan.pp)]
        self.sides = data_parallel(self.at, self.works)

    def weights(self) -> None:
        """Gather DP's weights: one bucket before the first pass, the rest beside it, or all of them before."""
        for one in self.sides:
            if one.side != "param":
                continue
            alone = 1 / one.buckets if "param" in self.at.plan.overlap else 1.0
            self.last = self._collective(one.message, alone, self.last, "weights")
            if alone < 1:
                rest = self._collective(one.message, 1 - alone, self.last, "weights")
                self.late = [[*late, flows] for late, flows in zip(self.late, rest, strict=True)]

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
                    left = len(order[stage]) - done[stage]
                    self._pass(stage, turn, arrived, left)
                    done[stage], stuck = done[stage] + 1, False
            if stuck:
                raise InputError(
                    f"plan: 1F1B of {plan.pp} x {plan.vpp} stages does not run with {self.at.micro_batches} micro batches"
                )

    def _pass(self, stage: int, turn: Turn, arrived: dict[tuple[int, Turn], Ints], left: int) -> None:
        plan, work = self.at.plan, self.works[stage]
        seconds = (work.forward if turn.forward else work.backward) / plan.vpp
        after = [self.last[stage], *([arrived.pop((stage, turn))] if (stage, turn) in arrived else [])]
        if not turn.forward or turn.micro_batch or turn.chunk:
            after, self.late[stage] = after + self.late[stage], []
        if not turn.forward and left == plan.vpp:
            self.begun[stage] = self.graph.joins(
                len(after[0]), np.tile(np.arange(len(after[0])), len(after)), np.concatenate(after)
            )
        flows = self.graph.stretches(seconds, *after)
        self._slot("forward" if turn.forward else "backward", stage, turn, int(flows[0]), seconds)
        self.last[stage] = flows
        self._send(stage, turn, flows, arrived)

    def _send(self, stage: int, turn: Turn, flows: Ints, arrived: dict[tuple[int, Turn], Ints]) -> None:
        """Send a pass's result to the stage that waits for it; without overlap the sender waits until it is there."""
        plan = self.at.plan
        virtual = turn.chunk * plan.pp + stage + (1 if turn.forward else -1)
        if not 0 <= virtual < plan.pp * plan.vpp or plan.pp == 1:
            return
        width = self.units.shape[2]
        sent = self.graph.messages("pp", self._phase(stage, forward=turn.forward), np.repeat(flows, width))
        there = self.graph.joins(len(flows), np.repeat(np.arange(len(flows)), width), sent)
        arrived[virtual % plan.pp, turn._replace(chunk=virtual // plan.pp)] = there
        if not (plan.vpp > 1 and "pp" in plan.overlap):
            self.last[stage] = there

    def _phase(self, stage: int, *, forward: bool) -> Phase:
        """Return the messages of all ranks of a stage to the next one, or back, in the units' order."""
        key = (stage, forward)
        if key not in self._phases:
            whole = self._whole(forward=forward)
            pipes = np.moveaxis(self.units, 1, 2).reshape(-1, self.at.plan.pp)
            position = stage if forward else self.at.plan.pp - 1 - stage
            wanted = np.arange(len(pipes)) * self.at.plan.pp + position
            at_source = np.empty(len(whole.source), dtype=np.int64)
            at_source[whole.source] = np.arange(len(whole.source))
            self._phases[key] = some_of(whole, at_source[wanted])
        return self._phases[key]

    def _whole(self, *, forward: bool) -> Phase:
        """Return the ring of messages of all pipelines, up or down the stages."""
        if forward in self._wholes:
            return self._wholes[forward]
        at, message = self.at, pp_message(self.at.model, self.at.plan, self.at.tokens)
        pipes = np.moveaxis(self.units, 1, 2).reshape(-1, at.plan.pp)
        ways = pipes if forward else pipes[:, ::-1]
        program = Groups(at.costs.fabric, at.costs.constants, at.costs.devices[ways]).program("sendrecv", round(message.nbytes))
        if program is None or len(program.phases) != 1:
            raise InputError("step: messages between stages cannot be listed on this fabric; use the closed level")
        self._wholes[forward] = program.phases[0]
        return self._wholes[forward]

    def gradients(self) -> None:
        """Send DP's gradients: all buckets but one beside the last backward pass, or all after it; then the update."""
        for one in self.sides:
            if one.side != "grad":
                continue
            alone = 1 / one.buckets if "grad" in self.at.plan.overlap else 1.0
            if alone < 1:
                self.begun = self._collective(one.message, 1 - alone, self.begun, "gradients")
            ready = [self._both(*pair) for pair in zip(self.last, self.begun, strict=True)] if alone < 1 else self.last
            self.last = self._collective(one.message, alone, ready, "gradients")
        lost = sum(one.hidden.contention for one in self.sides)
        update = optimizer_seconds(self.at) + self.at.on.kernels.fixed + lost
        for stage in range(self.at.plan.pp):
            flows = self.graph.stretches(update, self.last[stage], *self.late[stage])
            self._slot("update", stage, Turn(forward=False, chunk=0, micro_batch=-1), int(flows[0]), update)
            self.last[stage] = flows

    def _both(self, one: Ints, two: Ints) -> Ints:
        return self.graph.joins(len(one), np.tile(np.arange(len(one)), 2), np.concatenate([one, two]))

    def _collective(self, message: Message, share: float, after: list[Ints], what: str) -> list[Ints]:
        """Add a share of a DP message of all groups, each rank beginning after its unit's flow; return the units' ends."""
        at = self.at
        message = replace_bytes(message, share)
        program = at.costs.program(at.plan, message.dimension, message.collective, message.nbytes)
        if program is None or messages_of(program) > MOST_MESSAGES:
            seconds = at.ask(message).seconds
            ends = [self.graph.stretches(seconds, flows) for flows in after]
        else:
            table = groups(at.plan, message.dimension)
            entry = np.empty(at.plan.ranks, dtype=np.int64)
            for stage, flows in enumerate(after):
                entry[self.units[:, stage, :]] = flows[:, None]
            use = f"{what} {message.dimension} {message.nbytes:.0f}"
            done = self.graph.phases(use, program.phases, program.ranks, entry[table.ravel()])
            of_rank = np.empty(at.plan.ranks, dtype=np.int64)
            of_rank[table.ravel()] = done
            ends = [self._unit_ends(of_rank[self.units[:, stage, :]]) for stage in range(at.plan.pp)]
        for stage, flows in enumerate(ends):
            slot = Slot(stage, f"{message.what}", 0, -1, 0.0, 0.0)
            self.slotted.append(_Slotted(slot, int(flows[0]), int(after[stage][0])))
        return ends

    def _unit_ends(self, flows: Ints) -> Ints:
        count, width = flows.shape
        return self.graph.joins(count, np.repeat(np.arange(count), width), flows.ravel())

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


def replace_bytes(message: Message, share: float) -> Message:
    """Return a share of a message."""
    return message._replace(nbytes=message.nbytes * share)
