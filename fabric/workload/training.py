"""The verb of this wing: a model, a plan and a fabric as a training step in closed form. It prints nothing.

Step = m x (slowest stage) + (all other stages) / v + PP's exposed messages + DP's + optimizer + fixed; m micro batches, v
chunks a stage. A stage's micro batch is its layers' forward, recompute and backward passes with what of their communication
is exposed (exposed.py). Every communication's seconds are predict's (costs.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from fabric.network.fabric import Fabric
from fabric.network.placement import Devices
from fabric.predict.constants import Constants
from fabric.workload.check import checked
from fabric.workload.compute import On
from fabric.workload.costs import Costs
from fabric.workload.device import DeviceRates, device_of
from fabric.workload.exposed import Hidden, Window, of_dp, of_pp
from fabric.workload.kernels import Kernels, kernels_of
from fabric.workload.layers import Sent, Setting, Work, ends_work, layer_work, logits_work, scattered_work
from fabric.workload.layout import groups
from fabric.workload.memory import memory_of
from fabric.workload.messages import Message, dp_messages, pp_message
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan
from fabric.workload.stages import Stage, end_weights, stages
from fabric.workload.step import PARTS, Communication, Part, TrainingStep

SPREAD = {"dense": 0.15, "MoE": 0.35}
"""A step times and over 1 + this holds nine in ten published ones whose layout is stated (docs/training.md)."""
SPREAD_SOURCE = "nine in ten published steps with a stated layout lie so near, docs/training.md"
OPTIMIZER_BYTES = 34
"""Of Adam, a parameter: FP32 gradient, weight and two moments read, the last three and the BF16 weight written, and the
gradient read once more for its norm."""
MESSAGE_BOUND = 0.5
"""Of a step, taken by messages between stages: beyond it the step in time is more than 9 % off (benchmarks/two_levels.py)."""
BUCKET = 40e6
"""Parameters of a bucket of gradients, at least, and a million a DP rank where that is more (Megatron-LM's default)."""


def training_step(
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
) -> TrainingStep:
    """Return the step of a model under a plan.

    constants: of the collectives; None: of the library of the fabric's node. batch: sequences a step. seq: tokens of a
    sequence; None: the model's. ranks: None: all devices of the fabric. device, kernels: None: those of the fabric's node.
    costs: of this fabric and these ranks, shared by many plans (constants and given are then theirs). given: the device of
    every rank; None: rank r on device r.

    Raises:
        InputError: a plan that does not divide the model, the batch or the ranks, with the nearest that does; a fabric whose
            device is not known.
    """
    more = Given(ranks, device, kernels, costs, given)
    at = setting_of(model, plan, fabric, constants, batch=batch, seq=seq, more=more)
    return _step(at, batch)


class Given(NamedTuple):
    """What a caller may give in the place of what follows from the fabric; see training_step."""

    ranks: int | None
    device: DeviceRates | None
    kernels: Kernels | None
    costs: Costs | None
    given: Devices | None


def setting_of(
    model: LanguageModel,
    plan: ParallelPlan,
    fabric: Fabric,
    constants: Constants | None,
    *,
    batch: int,
    seq: int | None,
    more: Given,
) -> Setting:
    """Return the question with all defaults put in and the plan checked; as training_step.

    Raises:
        InputError: as training_step.
    """
    costs, rates = more.costs, more.device or device_of(fabric)
    ranks = more.ranks or (costs.ranks if costs else fabric.topology.devices)
    sequence = seq or model.sequence
    plan = checked(model, plan, ranks, batch, sequence)
    costs = costs or Costs(fabric, constants, ranks, more.given)
    on = On(rates, more.kernels or kernels_of(rates))
    return Setting(model, plan, on, costs, sequence, batch // ((plan.dp or 1) * plan.micro_batch))


def stage_works(at: Setting) -> list[Work]:
    """Return one micro batch's work of every stage, PP's messages aside."""
    kinds = {False: Work(), True: Work()}
    held = stages(at.model, at.plan)
    for experts in kinds:
        if any(stage.moe if experts else stage.dense for stage in held):
            kinds[experts] = layer_work(at, experts=experts)
    return [_stage_work(at, stage, kinds[False], kinds[True]) for stage in held]


def _stage_work(at: Setting, stage: Stage, dense: Work, moe: Work) -> Work:
    work = Work()
    work.add(dense, stage.dense)
    work.add(moe, stage.moe)
    if stage.last:
        work.add(logits_work(at))
    work.add(scattered_work(at, stage, work))
    if at.plan.fsdp and (stage.first or stage.last):
        work.add(ends_work(at, end_weights(at.model, at.plan, first=stage.first, last=stage.last)))
    return work


@dataclass
class _Tally:
    """Seconds by part and communications of a step, while they are added up."""

    at: Setting
    parts: dict[str, float]
    sent: dict[Message, Sent]

    def of_work(self, work: Work, times: int) -> None:
        """Add a micro batch's work so many times."""
        for what, seconds in work.parts.items():
            self.parts[what] += times * seconds
        for one in work.sent:
            self._send(one._replace(times=times * one.times, exposed=times * one.exposed))

    def sends(self, message: Message, count: float, hidden: Hidden) -> None:
        """Add messages outside of a micro batch's work."""
        self.parts["communication"] += hidden.exposed
        self.parts["contention"] += hidden.contention
        self._send(Sent(message, count, hidden.exposed, hidden.rule))

    def _send(self, one: Sent) -> None:
        known = self.sent.get(one.message)
        both = one if known is None else known._replace(times=known.times + one.times, exposed=known.exposed + one.exposed)
        self.sent[one.message] = both

    def communications(self) -> tuple[Communication, ...]:
        """Return all communications, those of the same kind and case together."""
        return tuple(_communication(self.at, one) for one in self.sent.values())


def _step(at: Setting, batch: int) -> TrainingStep:
    works, plan, kernels = stage_works(at), at.plan, at.on.kernels
    stage = deciding(at, works)
    slowest = works[stage]
    tally = _Tally(at, defaultdict(float), {})
    tally.of_work(slowest, at.micro_batches)
    others = sum(work.seconds for work in works) - slowest.seconds
    tally.parts["bubble"] += others / plan.vpp
    if plan.pp > 1:
        message = pp_message(at.model, plan, at.tokens)
        hidden = of_pp(plan, at.ask(message).seconds, sends_of(at, stage), _crowded(at, message, slowest))
        tally.sends(message, 2 * at.micro_batches * plan.vpp, hidden)
    for one in data_parallel(at, works):
        tally.sends(one.message, 1, one.hidden)
    tally.parts["optimizer"] += optimizer_seconds(at)
    tally.parts["fixed"] += kernels.fixed
    return _answer(at, batch, tally)


def deciding(at: Setting, works: list[Work]) -> int:
    """Return the stage that takes longest for a step's micro batches, with the messages that it waits for."""
    each = 0.0
    if at.plan.pp > 1 and not (at.plan.vpp > 1 and "pp" in at.plan.overlap):
        each = at.ask(pp_message(at.model, at.plan, at.tokens)).seconds
    return max(range(len(works)), key=lambda n: at.micro_batches * works[n].seconds + each * sends_of(at, n))


def sends_of(at: Setting, stage: int) -> int:
    """Return how many messages a stage sends in a step: one a pass, but the first and the last have nobody at one side."""
    plan = at.plan
    ends = (stage == 0) + (stage == plan.pp - 1)
    return at.micro_batches * (2 * plan.vpp - ends)


def _crowded(at: Setting, message: Message, work: Work) -> float:
    """Return by how much links are full for longer than a stage's passes of a step take, PP's messages beside them."""
    both = [*work.calls(forward=True), *work.calls(forward=False), (message, 2 * at.plan.vpp)]
    return at.micro_batches * max(0.0, at.fullest(both, work.seconds) - work.seconds)


class DataParallel(NamedTuple):
    """One of DP's messages: gradients (side `grad`) or weights (`param`), in so many buckets, and what of it is exposed.

    shared: seconds by which what the passes beside it send makes it longer, where they share links.
    """

    side: str
    message: Message
    buckets: int
    hidden: Hidden
    shared: float


def data_parallel(at: Setting, works: list[Work]) -> list[DataParallel]:
    """Return DP's messages of the fullest stage: gradients beside the last backward pass, weights beside the first forward."""
    slowest, chi = max(works, key=lambda work: work.seconds), at.on.kernels.contention
    found = list[DataParallel]()
    sides = zip(("grad", "param"), dp_messages(at.plan, fullest_stage(at)), strict=True)
    for side, messages in sides:
        forward, before, shared, calls = side == "param", 0.0, 0.0, list[tuple[Message, float]]()
        window = Window(slowest.forward if forward else slowest.backward, at.plan.pp, at.plan.vpp)
        beside = [(message, times) for message, times in slowest.calls(forward=forward) if message not in messages]
        passing = [(message, window.passes * times) for message, times in beside]
        if at.plan.pp > 1:
            passing.append((pp_message(at.model, at.plan, at.tokens), window.passes * at.plan.vpp))
        for message in messages:
            if len(groups(at.plan, message.dimension)[0]) == 1:
                continue
            buckets, each = _buckets(at, message), at.ask(message).seconds
            rest = each * (1 - 1 / buckets)
            calls.append((message, 1 - 1 / buckets))
            fullest = at.fullest([*calls, *passing], window.passes * window.seconds)
            hidden = of_dp(at.plan, side, each, before, window, buckets, chi, fullest)
            before += rest
            longer = max(0.0, fullest - before - shared)
            shared += longer
            found.append(DataParallel(side, message, buckets, hidden, longer))
    return found


def _buckets(at: Setting, message: Message) -> int:
    """Return into how many buckets the weights or gradients of the fullest stage are cut."""
    stage = fullest_stage(at)
    count = stage.expert_weights if message.dimension == "expert_dp" else stage.weights
    return max(1, ceil(count / max(BUCKET, 1e6 * (at.plan.dp or 1))))


def fullest_stage(at: Setting) -> Stage:
    """Return the stage with the most parameters a rank."""
    return max(stages(at.model, at.plan), key=lambda stage: stage.weights + stage.expert_weights)


def optimizer_seconds(at: Setting) -> float:
    """Return the seconds of the update of one rank's weights on the fullest stage."""
    return at.on.stream(OPTIMIZER_BYTES * optimizer_weights(at.plan, fullest_stage(at)))


def optimizer_weights(plan: ParallelPlan, stage: Stage) -> float:
    """Return the parameters that one rank of a stage updates."""
    if plan.fsdp:
        return stage.weights / plan.shard_ranks + stage.expert_weights / plan.expert_shard_ranks
    if not plan.zero:
        return stage.weights + stage.expert_weights
    return stage.weights / ((plan.dp or 1) * plan.cp) + stage.expert_weights / plan.expert_data_ranks


def _communication(at: Setting, one: Sent) -> Communication:
    table, cost = groups(at.plan, one.message.dimension), at.ask(one.message)
    return Communication(
        what=one.message.what,
        dimension=one.message.dimension,
        case=cost.case,
        count=round(one.times),
        seconds=one.times * cost.seconds,
        exposed=one.exposed,
        groups=len(table),
        ranks=tuple(table[0].tolist()),
        nics=at.costs.nics(at.plan, one.message.dimension),
        algorithm=cost.runs,
        rule=one.rule,
    )


def _answer(at: Setting, batch: int, tally: _Tally) -> TrainingStep:
    model, plan, rates = at.model, at.plan, at.on.rates
    flops, seconds = model.flops_per_token(at.sequence), sum(tally.parts.values())
    spread = 1 + SPREAD["MoE" if model.experts else "dense"]
    return TrainingStep(
        model=model,
        plan=plan,
        fabric=at.costs.fabric.name or at.costs.fabric.topology.name,
        device=rates.name,
        ranks=at.costs.ranks,
        batch=batch,
        sequence=at.sequence,
        seconds=seconds,
        parts=tuple(Part(what, tally.parts[what], WHY[what]) for what in PARTS if tally.parts.get(what)),
        communications=tally.communications(),
        memory=memory_of(model, plan, rates, at.sequence, at.micro_batches),
        flops=flops,
        hardware_flops=flops + recomputed_flops(model, plan, at.sequence),
        peak=rates.peak(plan.precision),
        interval=(seconds / spread, seconds * spread),
        interval_source=SPREAD_SOURCE,
        assumptions=tuple(assumptions(at)),
        warnings=(*warnings(at), *_crowded_stages(tally)),
    )


def _crowded_stages(tally: _Tally) -> Iterable[str]:
    """Yield a line where a step is mostly messages between stages: which of them meet is not in this level."""
    share = sum(one.exposed for one in tally.sent.values() if one.message.dimension == "pp") / sum(tally.parts.values())
    if share > MESSAGE_BOUND:
        yield (
            f"messages between stages are {share:.0%} of the step: where they meet, it takes 28 % less to 41 % more in time "
            "(--trace; docs/training.md, two levels)"
        )


def recomputed_flops(model: LanguageModel, plan: ParallelPlan, sequence: int) -> float:
    """Return the FLOP a token that backward passes do once more."""
    core = model.layers * model.core_flops(model.keys(sequence))
    if plan.recompute == "full":
        last = sum(model.last_matrix_weights(n) for n in range(model.layers)) if plan.fsdp else 0
        return 2.0 * (sum(model.matrix_weights(n) for n in range(model.layers)) - last) + core
    return core if plan.recompute == "selective" and not plan.flash else 0.0


def assumptions(at: Setting) -> Iterable[str]:
    """Yield what a step rests on, a line each."""
    rates, kernels = at.on.rates, at.on.kernels
    peak = rates.peak(at.plan.precision)
    yield (
        f"{rates.name}: {peak / 1e12:,.0f} TFLOP/s dense {at.plan.precision}, of which large matrices reach "
        f"{kernels.gemm(at.plan.precision):.0%}; memory {rates.memory_rate / 1e12:.2f} TB/s, of which {kernels.memory:.0%} "
        f"({kernels.source})"
    )
    yield f"collectives: {at.costs.constants.name} ({at.costs.constants.source})"
    yield (
        "groups that call at once share links; so do kinds of communication beside each other, whose bytes the fullest link "
        "carries one after the other; no rank is slower than the others"
    )
    if rates.weak:
        yield f"weak, no page to check: {', '.join(rates.weak)}"


def warnings(at: Setting) -> Iterable[str]:
    """Yield what a user should know of a plan that is allowed but unusual, a line each."""
    if at.plan.tp > 1 and not at.costs.inside(at.plan, "tp"):
        yield f"tp={at.plan.tp} reaches beyond a scale-up domain: its messages go over the network"
    for stage in memory_of(at.model, at.plan, at.on.rates, at.sequence, at.micro_batches):
        if stage.spare is not None and stage.spare < 0:
            yield (
                f"memory: stage {stage.stage} needs {stage.total / 2**30:,.1f} GiB a device, {at.on.rates.name} has "
                f"{(stage.capacity or 0) / 2**30:,.1f}: {-stage.spare / 2**30:,.1f} GiB too much"
            )
            return


WHY = {
    "gemm": "matrices of all layers, forward and backward",
    "attention core": "scores and their sums of values",
    "memory-bound": "norms, residuals, activations, casts, gradients added up",
    "recompute": "forward passes done again before backward",
    "logits": "the vocabulary's matrix and the loss, on the last stage",
    "host": "the device waits for the host to launch kernels",
    "bubble": "one micro batch of every other stage, over v: the pipe fills and drains",
    "communication": "what nothing hides",
    "contention": "arithmetic beside communication loses this share of the shorter",
    "optimizer": "34 bytes a parameter that a rank updates",
    "fixed": "a step's data, norms and logging, assumed",
}
"""Part -> what it is, in one line."""
