"""The nouns and the verb of a serving replica: a model, a plan, a fabric, sequences at once in; seconds a token out.

Prefill reads a prompt in one pass of all stages, decode makes one token of every sequence a pass (inference.py). Two ways:
  together   one replica does both: a prompt stops the decoding of the others. A token takes D + (b - 1) P / (o - 1), b
             sequences a data-parallel rank, D a decode pass, P seconds a prompt (of as many a pass as wait, up to 8,192
             tokens), o tokens made
  apart      a replica reads prompts, the next one on the fabric decodes; keys and values go from one to the other, rank to
             rank, before the first token is made
Nobody queues, prompts are alike, none is cached, no token is guessed ahead. It prints nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from fabric.network.fabric import Fabric
from fabric.predict.constants import Constants
from fabric.predict.together import Groups
from fabric.workload.ask import domain_of
from fabric.workload.check import checked
from fabric.workload.compute import On
from fabric.workload.costs import Costs
from fabric.workload.device import DeviceRates, device_of
from fabric.workload.inference import LAUNCH, Passed, Tokens, kv_token_bytes, passed
from fabric.workload.kernels import kernels_of
from fabric.workload.layers import Setting
from fabric.workload.memory import RESERVE
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan
from fabric.workload.stages import end_weights, stages
from topologies.errors import InputError

PASS = 8192
"""Tokens of prompts that one pass reads at most, where several wait: the usual bound of serving engines (assumed)."""
KV_BYTES = {"bf16": 2.0, "fp8": 1.0}
"""Precision of keys and values -> bytes of an element."""
PUBLISHED = {"tokens/s": (0.52, 1.18, 15), "first token": (0.96, 1.77, 9), "next token": (0.88, 1.09, 4)}
"""Figure -> published over predicted, least and most, of how many (benchmarks/serving_published.py; a test holds them)."""
CUTS = ("tp", "pp", "ep", "etp", "dp")
"""Keys of a plan that say over how many devices a replica is cut."""


class Asked(NamedTuple):
    """What is served: tokens of a prompt, tokens made of each, the precision of keys and values."""

    prompt: int
    output: int
    kv: str = "bf16"


@dataclass(frozen=True)
class ReplicaMemory:
    """Bytes of the fullest stage's device: weights, keys and values at their longest, a prompt's activations, a reserve.

    sequence: keys and values of one sequence at its longest; capacity: of the device, None unknown.
    """

    weights: float
    kv_cache: float
    activations: float
    reserve: float
    sequence: float
    capacity: float | None

    @property
    def total(self) -> float:
        """Bytes in all."""
        return self.weights + self.kv_cache + self.activations + self.reserve

    @property
    def feasible(self) -> bool | None:
        """Whether it fits; None where the device's memory is not known."""
        return None if self.capacity is None else self.total <= self.capacity

    @property
    def room(self) -> int | None:
        """Sequences a data-parallel rank for which there is room; None where the device's memory is not known."""
        if self.capacity is None:
            return None
        return max(0, int((self.capacity - self.weights - self.activations - self.reserve) / self.sequence))


@dataclass(frozen=True)
class Handover:
    """Keys and values of a prompt on their way to the next replica: bytes and seconds of every rank, all ranks at once."""

    nbytes: float
    seconds: float


@dataclass(frozen=True)
class ServingReplica:
    """A replica that serves so many sequences at once.

    prefill: one prompt's pass, nobody beside it; pace: seconds a prompt of a data-parallel rank where prompts wait, so many a
    pass as PASS holds. decode: a pass of all sequences, halfway through their tokens. token: seconds of a decode pass, pipeline
    and all. handover: None where the fabric has no room for a second replica.
    """

    model: LanguageModel
    plan: ParallelPlan
    fabric: str
    device: str
    ranks: int
    batch: int
    asked: Asked
    prefill: Passed
    pace: float
    decode: Passed
    token: float
    memory: ReplicaMemory
    handover: Handover | None
    assumptions: tuple[str, ...] = ()

    @property
    def each(self) -> int:
        """Sequences of a data-parallel rank."""
        return self.batch // (self.plan.dp or 1)

    @property
    def first_token(self) -> float:
        """Seconds to the first token, nobody before it."""
        return self.prefill.seconds

    @property
    def next_token(self) -> float:
        """Seconds from a token to the next, other sequences' prompts in between."""
        return self.token + (self.each - 1) * self.pace / max(1, self.asked.output - 1)

    @property
    def request(self) -> float:
        """Seconds of a request, first token and others."""
        return self.first_token + (self.asked.output - 1) * self.next_token

    @property
    def tokens_per_second(self) -> float:
        """Tokens made a second by the replica, prompts read in between."""
        return self.batch * self.asked.output / self.request

    @property
    def decode_tokens_per_second(self) -> float:
        """Tokens made a second by a replica that only decodes."""
        return self.batch / self.token

    @property
    def prompt_tokens_per_second(self) -> float:
        """Tokens read a second by a replica that only reads prompts."""
        return (self.plan.dp or 1) * self.asked.prompt / self.pace

    @property
    def prefill_replicas(self) -> float:
        """Replicas that read prompts for one that only decodes."""
        prompts = self.decode_tokens_per_second / self.asked.output
        return prompts * self.asked.prompt / self.prompt_tokens_per_second


def serving_replica(
    model: LanguageModel,
    plan: ParallelPlan,
    fabric: Fabric,
    constants: Constants | None = None,
    *,
    batch: int,
    asked: Asked,
    device: DeviceRates | None = None,
    costs: Costs | None = None,
) -> ServingReplica:
    """Return the replica. batch: sequences at once, of all data-parallel ranks. costs: shared by questions of one plan.

    Raises:
        InputError: a plan that does not divide the model or the batch, sequences beyond the model's, a fabric that is too
            small or whose device is not known.
    """
    plan = whole_plan(model, plan)
    whole = asked.prompt + asked.output
    if whole > model.sequence:
        raise InputError(f"prompt: with its output at most {model.sequence:,} tokens for {model.name}, got {whole:,}")
    plan = checked(model, plan, plan.ranks, batch, whole)
    costs = costs or costs_of(fabric, plan, constants)
    rates = device or device_of(fabric)
    at = Setting(model, plan, On(rates, kernels_of(rates)), costs, whole, 1)
    width, each = KV_BYTES[asked.kv], batch // (plan.dp or 1)
    turns = min(plan.pp, each)
    prefill = passed(at, Tokens(1, asked.prompt, asked.prompt), width)
    waiting = max(1, min(each, PASS // asked.prompt))
    full = passed(at, Tokens(waiting, asked.prompt, asked.prompt), width)
    decode = passed(at, Tokens(each / turns, 1, asked.prompt + asked.output / 2), width)
    return ServingReplica(
        model=model,
        plan=plan,
        fabric=fabric.name or fabric.topology.name,
        device=rates.name,
        ranks=plan.ranks,
        batch=batch,
        asked=asked,
        prefill=prefill,
        pace=full.pace / waiting,
        decode=decode,
        token=max(decode.seconds, turns * decode.pace),
        memory=_memory(at, each, asked),
        handover=_handover(at, asked),
        assumptions=tuple(_assumptions(at)),
    )


def usual_plan(
    model: LanguageModel, plan: ParallelPlan, fabric: Fabric, asked: Asked, constants: Constants | None = None
) -> ParallelPlan:
    """Return a plan that says no cut, cut so that a device makes most tokens/s with as many sequences as fit.

    Of a dense model by TP, of experts by EP, powers of two inside a scale-up domain; where it fits into none, over the fewest
    devices beyond (stages of whole domains, or more EP). Where the device's memory is not known, one device.

    Raises:
        InputError: no sequence fits, with what the largest replica lacks.
    """
    domain, faults, tried = domain_of(fabric), list[InputError](), list[ServingReplica]()
    for ways in (1 << power for power in range(fabric.topology.devices.bit_length())):
        fitting = [one for one in tried if one.memory.feasible is not False]
        if fitting and (ways > domain or fitting[0].memory.capacity is None):
            break
        tp = min(ways, domain)
        cut = replace(plan, tp=tp, pp=ways // tp) if model.experts is None else replace(plan, ep=ways)
        try:
            tried.append(_fullest(model, cut, fabric, asked, constants))
        except InputError as error:  # so many ways do not divide the model, or something else is wrong for all of them
            faults.append(error)
    fitting = [one for one in tried if one.memory.feasible is not False]
    if fitting:
        return max(fitting, key=lambda one: one.tokens_per_second / one.ranks).plan
    if not tried:
        raise faults[0]
    most = tried[-1]
    lacks = (most.memory.total - (most.memory.capacity or 0.0)) / 2**30
    raise InputError(
        f"plan: the largest replica of {model.name} tried, {most.ranks:,} devices of {most.fabric}, lacks {lacks:.1f} GiB "
        "a device for one sequence; ask for a larger fabric, precision=fp8 or fewer tokens, or say tp, pp, ep"
    )


def _fullest(
    model: LanguageModel, cut: ParallelPlan, fabric: Fabric, asked: Asked, constants: Constants | None
) -> ServingReplica:
    """Return the replica of a plan with as many sequences as fit, one at least."""
    whole = whole_plan(model, cut)
    costs, dp = costs_of(fabric, whole, constants), whole.dp or 1
    one = serving_replica(model, whole, fabric, batch=dp, asked=asked, costs=costs)
    room = one.memory.room or 1
    return one if room == 1 else serving_replica(model, whole, fabric, batch=dp * room, asked=asked, costs=costs)


def costs_of(fabric: Fabric, plan: ParallelPlan, constants: Constants | None = None) -> Costs:
    """Return what messages cost the replica of a plan, and a second one where the fabric has room.

    Raises:
        InputError: a fabric that is too small.
    """
    devices = fabric.topology.devices
    if plan.ranks > devices:
        what = fabric.name or fabric.topology.name
        raise InputError(f"plan: a replica takes {plan.ranks:,} devices, {what} has {devices:,}")
    return Costs(fabric, constants, min(devices, 2 * plan.ranks))


def whole_plan(model: LanguageModel, plan: ParallelPlan) -> ParallelPlan:
    """Return the plan as a replica runs it: no sequence parallelism; what it leaves open follows from its experts.

    dp: as many as the experts need; etp: where TP cuts attention more often than ep does experts, it cuts these too.
    """
    for key, usual in (("cp", 1), ("vpp", 1), ("fsdp", 0), ("micro_batch", 1)):
        if getattr(plan, key) != usual:
            raise InputError(f"plan: {key} means nothing to a replica that serves, got {getattr(plan, key)}")
    if model.experts is not None and plan.ep * plan.etp < plan.tp:
        plan = replace(plan, etp=plan.tp // plan.ep)
    dp = plan.dp or max(1, plan.ep * plan.etp // plan.tp)
    return replace(plan, sp=False, dp=dp)


def _memory(at: Setting, each: int, asked: Asked) -> ReplicaMemory:
    """Return the bytes of the fullest stage's device."""
    return max((_of_stage(at, number, each, asked) for number in range(at.plan.pp)), key=lambda one: one.total)


def _of_stage(at: Setting, number: int, each: int, asked: Asked) -> ReplicaMemory:
    model, plan, capacity = at.model, at.plan, at.on.rates.memory
    stage = stages(model, plan)[number]
    ends = end_weights(model, plan, first=stage.first, last=stage.last)
    weights = 2 * ends + (2 if plan.precision == "bf16" else 1) * (stage.weights + stage.expert_weights - ends)
    kept = model.keys(asked.prompt + asked.output, causal=False)
    one = stage.layers * kept * kv_token_bytes(model, plan, KV_BYTES[asked.kv])
    active = model.mlp_width if model.experts is None else model.experts.top_k * model.experts.width + model.experts.shared
    wide = 4 * model.hidden + model.mlp_matrices * active / plan.tp
    return ReplicaMemory(weights, each * one, 2 * asked.prompt * wide, RESERVE * (capacity or 0.0), one, capacity)


def _handover(at: Setting, asked: Asked) -> Handover | None:
    """Return the way of a prompt's keys and values to the next replica: rank r's to rank r of it, all at once."""
    ranks = at.plan.ranks
    if len(at.costs.devices) < 2 * ranks:
        return None
    layers = max(stage.layers for stage in stages(at.model, at.plan))
    each = kv_token_bytes(at.model, at.plan, KV_BYTES[asked.kv])
    nbytes = layers * at.model.keys(asked.prompt, causal=False) * each
    pairs = at.costs.devices[np.stack([np.arange(ranks), np.arange(ranks) + ranks], axis=1)]
    way = Groups(at.costs.fabric, at.costs.constants, pairs, at.costs.routing)
    return Handover(nbytes, way.call("sendrecv", round(nbytes)).seconds)


def _assumptions(at: Setting) -> list[str]:
    rates, kernels, precision = at.on.rates, at.on.kernels, at.plan.precision
    return [
        f"{rates.name}: {rates.peak(precision) / 1e12:,.0f} TFLOP/s dense {precision}, of which large matrices reach "
        f"{kernels.gemm(precision):.0%}; memory {rates.memory_rate / 1e12:.2f} TB/s, of which {kernels.memory:.0%}: the shares "
        "of training steps, none fitted on serving",
        f"collectives: {at.costs.constants.name} ({at.costs.constants.source})",
        f"nobody queues, no prompt is cached, no token is guessed ahead; {LAUNCH * 1e6:g} us a kernel; a prompt is one pass",
    ]
