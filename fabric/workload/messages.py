"""The communications of a plan: what is sent, over which groups, how many bytes, how often a step. It times nothing.

Bytes S as nccl-tests count them, of BF16 unless said; M tokens of a micro batch on a rank (sequence / CP), t ways of TP.
  TP    a layer's pass: with SP a gather and a scatter of M h for attention and as many for a plain MLP; without, all-reduces
  CP    keys and values go once round the ring forward: c - 1 messages of M g d / t, twice; backward twice as much
  EP    a pass: every token to its top-k experts and back, two exchanges of M / t top_k h
  PP    a boundary: M h / t each way
  DP    a stage's gradients scattered (ZeRO-1) or all-reduced, weights gathered; experts over their own, thinner group
  FSDP  a layer's weights gathered for forward and for backward, its gradients scattered; HSDP all-reduces the shard as well
"""

from __future__ import annotations

from typing import NamedTuple

from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan
from fabric.workload.stages import Stage


class Message(NamedTuple):
    """One call: what it is for, the groups it runs over (layout.py), the collective, its bytes S."""

    what: str
    dimension: str
    collective: str
    nbytes: float


class LayerMessages(NamedTuple):
    """The calls of one layer's forward pass and of its backward pass, with how often each comes."""

    forward: tuple[tuple[Message, int], ...]
    backward: tuple[tuple[Message, int], ...]


def tp_messages(model: LanguageModel, plan: ParallelPlan, tokens: float, *, experts: bool) -> LayerMessages:
    """Return a layer's TP calls; where there are experts, only attention (and shared experts) are cut by TP."""
    if plan.tp == 1:
        return LayerMessages((), ())
    nbytes = 2 * tokens * model.hidden
    shared = experts and model.experts is not None and model.experts.shared > 0
    blocks = 1 if experts and not shared else 2
    if not plan.sp:
        one = ((Message("TP all-reduce", "tp", "all_reduce", nbytes), blocks),)
        return LayerMessages(one, one)
    pair = (
        (Message("TP gather", "tp", "all_gather", nbytes), blocks),
        (Message("TP scatter", "tp", "reduce_scatter", nbytes), blocks),
    )
    return LayerMessages(pair, pair)


def cp_messages(model: LanguageModel, plan: ParallelPlan, tokens: float) -> LayerMessages:
    """Return a layer's CP calls: the ring of keys and values."""
    if plan.cp == 1:
        return LayerMessages((), ())
    width = model.kv_heads * model.head_width if model.latent is None else model.latent.kv_rank + model.latent.rope
    ring = Message("CP keys and values", "cp", "sendrecv", 4 * tokens * width / min(plan.tp, model.kv_heads))
    return LayerMessages(((ring, plan.cp - 1),), ((ring, 2 * (plan.cp - 1)),))


def ep_messages(model: LanguageModel, plan: ParallelPlan, tokens: float) -> LayerMessages:
    """Return the EP calls of a layer with experts: tokens out and back, forward and backward."""
    if plan.ep == 1 or model.experts is None:
        return LayerMessages((), ())
    nbytes = 2 * tokens / plan.tp * model.experts.top_k * model.hidden * plan.skew
    both = ((Message("EP exchange", "ep", "all_to_all", nbytes), 2),)
    return LayerMessages(both, both)


def pp_message(model: LanguageModel, plan: ParallelPlan, tokens: float) -> Message:
    """Return one message between neighbouring stages."""
    return Message("PP activations", "pp", "sendrecv", 2 * tokens * model.hidden / (plan.tp if plan.sp else 1))


def dp_messages(plan: ParallelPlan, stage: Stage) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """Return what follows a stage's last backward (gradients), and what its first forward waits for (weights)."""
    if plan.fsdp:
        return (), ()
    gradients, weights = list[Message](), list[Message]()
    for what, dimension, count in (("", "dp_cp", stage.weights), ("expert ", "expert_dp", stage.expert_weights)):
        if not count:
            continue
        if plan.zero:
            gradients.append(Message(f"DP {what}gradients", dimension, "reduce_scatter", plan.grad_bytes * count))
            weights.append(Message(f"DP {what}weights", dimension, "all_gather", 2 * count))
        else:
            gradients.append(Message(f"DP {what}gradients", dimension, "all_reduce", plan.grad_bytes * count))
    return tuple(gradients), tuple(weights)


def fsdp_messages(plan: ParallelPlan, weights: float) -> LayerMessages:
    """Return the FSDP calls of one unit of so many weights of a rank: a layer, or embedding and logits."""
    if plan.shard_ranks == 1:
        return LayerMessages((), ())
    gather = Message("FSDP weights", "shard", "all_gather", 2 * weights)
    scatter = Message("FSDP gradients", "shard", "reduce_scatter", plan.grad_bytes * weights)
    backward = [(gather, 1), (scatter, 1)]
    if plan.shard_ranks < (plan.dp or 1) * plan.cp:
        backward.append((Message("HSDP gradients", "replica", "all_reduce", plan.grad_bytes * weights / plan.shard_ranks), 1))
    return LayerMessages(((gather, 1),), tuple(backward))
