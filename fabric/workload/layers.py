"""One layer's work for one micro batch: its passes, its messages, what of them is exposed. It knows no pipeline and no step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from fabric.predict.together import Together
from fabric.workload.compute import LayerPasses, On, Pass, layer_passes, logits_passes
from fabric.workload.costs import Costs
from fabric.workload.exposed import Hidden, of_cp, of_ep, of_fsdp, of_scatter, of_tp
from fabric.workload.messages import (
    LayerMessages,
    Message,
    cp_messages,
    dp_messages,
    ep_messages,
    fsdp_messages,
    tp_messages,
)
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan
from fabric.workload.stages import Stage


@dataclass(frozen=True)
class Setting:
    """Everything of a question but the pipeline: the model, the plan on its ranks, device and kernels, what messages cost."""

    model: LanguageModel
    plan: ParallelPlan
    on: On
    costs: Costs
    sequence: int
    micro_batches: int

    @property
    def tokens(self) -> float:
        """Tokens of a micro batch on one rank."""
        return self.plan.micro_batch * self.sequence / self.plan.cp

    @property
    def places(self) -> int:
        """Scale-up domains of an EP group, or its ranks where it lies in one."""
        return self.costs.places(self.plan, "ep")

    def ask(self, message: Message) -> Together:
        """Return what a message costs."""
        return self.costs.call(self.plan, message.dimension, message.collective, message.nbytes)

    def fullest(self, calls: Iterable[tuple[Message, float]], seconds: float) -> float:
        """Return for how long the fullest link moves bytes of all calls; 0 where one after the other takes no more seconds.

        calls: messages and how many of each.
        """
        calls = list(calls)
        if sum(count * self.ask(message).seconds for message, count in calls) <= seconds:
            return 0.0
        return self.costs.fullest(self.plan, [(*message[1:], count) for message, count in calls])

    def timed(self, messages: Iterable[tuple[Message, int]]) -> list[tuple[Message, int, float]]:
        """Return messages with the seconds of one."""
        return [(message, count, self.ask(message).seconds) for message, count in messages]


class Sent(NamedTuple):
    """Messages of a micro batch: how many, how much of their seconds is exposed, by which rule, in which pass."""

    message: Message
    times: float
    exposed: float
    rule: str
    forward: bool = True


@dataclass
class Work:
    """What one micro batch takes: seconds by part, forward and backward, and its messages. Parts add up to both."""

    forward: float = 0.0
    backward: float = 0.0
    parts: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    sent: list[Sent] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Seconds of both passes."""
        return self.forward + self.backward

    def calls(self, *, forward: bool) -> list[tuple[Message, float]]:
        """Return the messages of one pass, and how many of each."""
        return [(one.message, one.times) for one in self.sent if one.forward == forward]

    def add(self, other: Work, times: int = 1) -> None:
        """Add another's, so many times."""
        self.forward += times * other.forward
        self.backward += times * other.backward
        for what, seconds in other.parts.items():
            self.parts[what] += times * seconds
        self.sent += [sent._replace(times=times * sent.times, exposed=times * sent.exposed) for sent in other.sent]

    def arithmetic(self, one: Pass, *, forward: bool, again: bool = False, logits: bool = False, beside: float = 0.0) -> None:
        """Add a pass; again: all of it is recompute; logits: all of it is the vocabulary's; beside: it waits for messages."""
        whole, waiting = "recompute" if again else "logits" if logits else None, one.waiting(beside)
        shares = {"gemm": one.gemm, "attention core": one.core, "memory-bound": one.memory, "host": waiting}
        for what, seconds in shares.items():
            self.parts[whole or what] += seconds
        self._lasts(one.busy + waiting, forward=forward)

    def sends(self, messages: Iterable[tuple[Message, float, float]], hidden: Hidden, *, forward: bool) -> None:
        """Add messages (how many, seconds of one), of which some are exposed: of each the same share."""
        messages = list(messages)
        seconds = sum(count * each for _, count, each in messages)
        for message, count, each in messages:
            share = count * each / seconds if seconds else 0.0
            self.sent.append(Sent(message, count, share * hidden.exposed, hidden.rule, forward))
        self.parts["communication"] += hidden.exposed
        self.parts["contention"] += hidden.contention
        self._lasts(hidden.exposed + hidden.contention, forward=forward)

    def _lasts(self, seconds: float, *, forward: bool) -> None:
        if forward:
            self.forward += seconds
        else:
            self.backward += seconds


def layer_work(at: Setting, *, experts: bool) -> Work:
    """Return a layer's work for one micro batch."""
    model, plan = at.model, at.plan
    passes = layer_passes(model, plan, at.on, at.sequence, at.micro_batches, experts=experts)
    work = Work()
    _side(at, work, passes.forward, "forward", experts=experts)
    _side(at, work, passes.backward, "backward", experts=experts)
    if plan.recompute == "full":
        _side(at, work, passes.again, "again", experts=experts)
    elif passes.again.busy:
        work.arithmetic(passes.again, forward=False, again=True)
    layer = model.layers - 1 if experts else 0
    weights = model.layer_parameters_beside_experts(layer) / plan.tp
    own = model.layer_expert_parameters(layer) / (plan.ep * plan.etp)
    _sharded(at, work, fsdp_messages(plan, weights, own), work.forward, work.backward)
    return work


def _side(at: Setting, work: Work, one: Pass, side: str, *, experts: bool) -> None:
    """Add a pass with its messages; `again` sends what forward sends, in backward's time."""
    forward, chi, beside = side == "forward", at.on.kernels.contention, 0.0
    kinds: list[tuple[str, LayerMessages]] = [
        ("tp", tp_messages(at.model, at.plan, at.tokens, experts=experts)),
        ("cp", cp_messages(at.model, at.plan, at.tokens)),
        ("ep", ep_messages(at.model, at.plan, at.tokens, at.places) if experts else LayerMessages((), ())),
    ]
    for kind, both in kinds:
        messages = both.backward if side == "backward" else both.forward
        if messages:
            timed = at.timed(messages)
            hidden = _hidden(kind, at.plan, total(timed), one, chi)
            work.sends(timed, hidden, forward=forward)
            beside += hidden.exposed + hidden.contention
    work.arithmetic(one, forward=forward, again=side == "again", beside=beside)


def _hidden(kind: str, plan: ParallelPlan, seconds: float, one: Pass, chi: float) -> Hidden:
    if kind == "tp":
        return of_tp(plan, seconds, one.busy, chi)
    return of_cp(seconds, one.core, chi) if kind == "cp" else of_ep(plan, seconds, one.busy, chi)


def _sharded(at: Setting, work: Work, both: LayerMessages, forward: float, backward: float) -> None:
    """Add FSDP's messages of one unit beside so many seconds of its passes."""
    chi = at.on.kernels.contention
    for messages, beside, is_forward in ((both.forward, forward, True), (both.backward, backward, False)):
        if messages:
            timed = at.timed(messages)
            calls = [*messages, *work.calls(forward=is_forward)] if beside else []
            hidden = of_fsdp(at.plan, total(timed), beside, chi, at.fullest(calls, beside))
            work.sends(timed, hidden, forward=is_forward)


def logits_work(at: Setting) -> Work:
    """Return the work of the vocabulary's matrix and the loss for one micro batch."""
    passes: LayerPasses = logits_passes(at.model, at.plan, at.on, at.sequence, at.micro_batches)
    work = Work()
    work.arithmetic(passes.forward, forward=True, logits=True)
    work.arithmetic(passes.backward, forward=False, logits=True)
    return work


def ends_work(at: Setting, weights: float) -> Work:
    """Return what FSDP adds at both ends of a micro batch: nothing runs beside the first gather and the last scatter.

    Embedding, last norm and logits are one unit, gathered once: torch keeps the outermost unit between the passes.
    """
    work = Work()
    unit = fsdp_messages(at.plan, weights)
    once = tuple(one for one in unit.backward if one[0].collective != "all_gather")
    _sharded(at, work, LayerMessages(unit.forward, once), 0.0, 0.0)
    return work


def scattered_work(at: Setting, stage: Stage, beside: Work) -> Work:
    """Return what ZeRO-2 adds to a micro batch of a stage, beside its work: its part of all scatters but the last.

    The last is DP's at the step's end; of the others what the backward passes beside them leave is exposed. Interleaved
    schedules take pp micro batches of a chunk in a row, and scatter once for all of them.
    """
    work, share = Work(), 1 / at.plan.gradient_rounds - 1 / at.micro_batches
    timed = [(message, share, at.ask(message).seconds) for message in dp_messages(at.plan, stage)[0]]
    if at.plan.zero > 1 and share > 0 and timed:
        fullest = at.fullest([(one[0], share) for one in timed] + beside.calls(forward=False), beside.backward)
        hidden = of_scatter(at.plan, total(timed), beside.backward, at.on.kernels.contention, fullest)
        work.sends(timed, hidden, forward=False)
    return work


def total(timed: Iterable[tuple[Message, float, float]]) -> float:
    """Return the seconds of messages one after the other."""
    return sum(count * each for _, count, each in timed)
