"""One pass of a model that serves: of whole prompts, or of one token of every sequence. It knows no queue and no memory's size.

Seconds are those of a training step's forward pass (compute.py) on the same shares of a device's rates, but for
  weights     a matrix whose tokens are few takes as long as its bytes (compute.py); of E experts a pass reads those that any of
              its T tokens visits, E (1 - (1 - k / E)^T)
  core        one token a sequence looks at all that came before: the longer of its FLOP and of the bytes of keys and values;
              latent attention looks at the latents themselves, 2 a (2 k + r) FLOP a key
  launches    a graph's kernels start one after the other: 2 us each, 10 a layer, 16 with experts (A)
  messages    TP sums after attention and after the MLP; experts over other ranks than TP's: two exchanges
Logits are worked out for the last token of a sequence alone. (A): assumed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from fabric.workload.compute import Product, layer_passes, layer_products
from fabric.workload.exposed import Hidden, of_ep
from fabric.workload.layers import Sent, Setting
from fabric.workload.layout import groups
from fabric.workload.messages import Message, ep_messages, pp_message
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan
from fabric.workload.stages import Stage, stages
from fabric.workload.step import Communication, Part

LAUNCH, KERNELS, MOE_KERNELS = 2e-6, 10, 16
"""Seconds from a kernel of a graph to the next one that wait for it, and kernels of a layer, plain and with experts (A)."""
PARTS = {
    "gemm": "matrices: their FLOP, or their weights' bytes where tokens are few",
    "attention core": "scores and their sums of values; of one token the bytes of keys and values",
    "memory-bound": "norms, residuals, activations, casts",
    "logits": "the vocabulary's matrix, for the last token of a sequence",
    "launches": f"kernels of a graph, {LAUNCH * 1e6:g} us each (assumed)",
    "communication": "what nothing hides",
    "contention": "arithmetic beside communication loses this share of the shorter",
    "bubble": "the slowest stage's pace: a token's other stages wait",
}
"""Part -> what it is, in one line, in the order in which they are shown."""


@dataclass(frozen=True)
class Tokens:
    """What one pass of one data-parallel rank works on: sequences, new tokens of each, tokens that each of them looks at."""

    sequences: float
    new: int
    context: float

    @property
    def count(self) -> float:
        """New tokens of all sequences."""
        return self.sequences * self.new

    @property
    def whole(self) -> bool:
        """Whether whole prompts are read."""
        return self.new > 1


@dataclass(frozen=True)
class Passed:
    """A pass of all stages. seconds: of one micro batch through all; pace: of the slowest stage, at which others follow.

    parts: what seconds are made of; communications: all messages of the pass, through all stages.
    """

    seconds: float
    pace: float
    parts: tuple[Part, ...]
    communications: tuple[Communication, ...]


def passed(at: Setting, tokens: Tokens, kv_bytes: float) -> Passed:
    """Return a pass. at: its plan's micro batch is not looked at. kv_bytes: of one element of keys and values."""
    plan = replace(at.plan, micro_batch=1)
    held = stages(at.model, plan)
    kinds = {experts: _layer(at, tokens, kv_bytes, experts=experts) for experts in (False, True) if _has(held, experts=experts)}
    parts, sent, pace = defaultdict[str, float](float), list[Sent](), 0.0
    between = pp_message(at.model, plan, tokens.count)
    for stage in held:
        own = defaultdict[str, float](float)
        for experts, layers in ((False, stage.dense), (True, stage.moe)):
            if layers:
                seconds, messages = kinds[experts]
                for what, each in seconds.items():
                    own[what] += layers * each
                sent += [one._replace(times=layers * one.times, exposed=layers * one.exposed) for one in messages]
        if stage.last:
            own["logits"] += _logits(at, tokens.sequences)
        if not stage.last:
            own["communication"] += at.ask(between).seconds
            sent.append(Sent(between, 1, at.ask(between).seconds, "nothing: the next stage waits for it"))
        pace = max(pace, sum(own.values()))
        for what, each in own.items():
            parts[what] += each
    shown = tuple(Part(what, parts[what], PARTS[what]) for what in PARTS if parts.get(what))
    return Passed(sum(parts.values()), pace, shown, tuple(_communications(at, sent)))


def _has(held: tuple[Stage, ...], *, experts: bool) -> bool:
    return any(stage.moe if experts else stage.dense for stage in held)


def _layer(at: Setting, tokens: Tokens, kv_bytes: float, *, experts: bool) -> tuple[dict[str, float], list[Sent]]:
    """Return a layer's seconds by part, and its messages."""
    plan = replace(at.plan, micro_batch=1)
    forward = layer_passes(at.model, plan, at.on, max(1, round(tokens.count)), 1, experts=experts).forward
    found = {
        "gemm": sum(one.forward(at.on) for one in _matrices(at, tokens.count, experts=experts)),
        "attention core": _core(at, tokens, kv_bytes),
        "memory-bound": forward.memory,
        "launches": LAUNCH * (MOE_KERNELS if experts else KERNELS),
    }
    busy, sent = sum(found.values()), list[Sent]()
    found |= {"communication": 0.0, "contention": 0.0}
    for message, times in _messages(at, tokens.count, experts=experts):
        hidden = Hidden(times * at.ask(message).seconds, 0.0, "nothing: the next matrix needs it")
        if message.dimension == "ep":
            hidden = of_ep(plan, hidden.exposed, busy, at.on.kernels.contention)
        found["communication"] += hidden.exposed
        found["contention"] += hidden.contention
        sent.append(Sent(message, times, hidden.exposed, hidden.rule))
    return found, sent


def _matrices(at: Setting, tokens: float, *, experts: bool) -> Iterator[Product]:
    """Yield a layer's matrices; of experts those that any token of their group visits."""
    found, e, plan = layer_products(at.model, at.plan, at.on, tokens, experts=experts), at.model.experts, at.plan
    if not experts or e is None:
        yield from found
        return
    yield from found[:-2]
    together = tokens * max(1, plan.ep * plan.etp // plan.tp)
    hit = 1 - (1 - e.top_k / e.count) ** together
    for one in found[-2:]:
        each = together * e.top_k / e.count * plan.skew
        yield one._replace(i=each / hit, times=e.count / plan.ep * hit)


def _core(at: Setting, tokens: Tokens, kv_bytes: float) -> float:
    """Return the seconds of a layer's attention core."""
    model, rates, kernels = at.model, at.on.rates, at.on.kernels
    keys = model.keys(round(tokens.context), causal=tokens.whole)
    flops = model.core_flops(keys) * tokens.count / at.plan.tp
    if not tokens.whole and model.latent is not None:
        low = model.latent
        flops = 2 * model.heads * (2 * low.kv_rank + low.rope) * keys * tokens.count / at.plan.tp
    read = 0.0 if tokens.whole else tokens.sequences * keys * kv_token_bytes(model, at.plan, kv_bytes)
    return max(flops / (kernels.core * rates.bf16), at.on.stream(read))


def kv_token_bytes(model: LanguageModel, plan: ParallelPlan, kv_bytes: float) -> float:
    """Return the bytes of keys and values that one rank keeps of a token in one layer; TP beyond the KV heads copies them."""
    if model.latent is not None:
        return kv_bytes * (model.latent.kv_rank + model.latent.rope)
    return kv_bytes * 2 * model.kv_heads * model.head_width / min(plan.tp, model.kv_heads)


def _messages(at: Setting, tokens: float, *, experts: bool) -> Iterator[tuple[Message, int]]:
    """Yield a layer's messages and how many of each."""
    plan = at.plan
    apart = experts and plan.ep * plan.etp > plan.tp
    if plan.tp > 1:
        yield Message("TP sum", "tp", "all_reduce", 2 * tokens * at.model.hidden), 1 if apart else 2
    if apart:
        yield from ep_messages(at.model, plan, tokens, at.places).forward


def _logits(at: Setting, sequences: float) -> float:
    """Return the seconds of the vocabulary's matrix."""
    return at.on.matrix(sequences, at.model.vocabulary / at.plan.tp, at.model.hidden, "bf16")


def _communications(at: Setting, sent: Iterable[Sent]) -> Iterator[Communication]:
    """Yield all messages of a pass, those that are alike together."""
    kinds = dict[Message, list[Sent]]()
    for one in sent:
        kinds.setdefault(one.message, []).append(one)
    for message, ones in kinds.items():
        table, cost, times = groups(at.plan, message.dimension), at.ask(message), sum(one.times for one in ones)
        yield Communication(
            what=message.what,
            dimension=message.dimension,
            case=cost.case,
            count=round(times),
            seconds=times * cost.seconds,
            exposed=sum(one.exposed for one in ones),
            groups=len(table),
            ranks=tuple(table[0].tolist()),
            nics=at.costs.nics(at.plan, message.dimension),
            algorithm=cost.runs,
            rule=ones[0].rule,
        )
