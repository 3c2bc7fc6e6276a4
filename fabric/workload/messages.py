"""The communications of a plan: what is sent, over which groups, how many bytes, how often a step. It times nothing.

Bytes S as nccl-tests count them, of BF16 unless said; M tokens of a micro batch on a rank (sequence / CP), t ways of TP.
  TP    a layer's pass: with SP a gather and a scatter of M h for attention and as many for a plain MLP; without, all-reduces
  CP    keys and values go once round the ring forward: c - 1 messages of M g d / t, twice; backward twice as much
  EP    a pass: every token to its top-k experts and back, two exchanges of M / t c h; c copies of a token: top-k, or, sent once
        to each of P places (ranks; scale-up domains where there are several), P (1 - C(E - E / P, k) / C(E, k)) of them, fewer
        where a token may visit few groups of experts only
  PP    a boundary: M h / t each way
  DP    a stage's gradients scattered (ZeRO-1; ZeRO-2: once a micro batch) or all-reduced, weights gathered; experts over their
        own, thinner group
  FSDP  a layer's weights gathered for forward and for backward, its gradients scattered; HSDP all-reduces the shard as well;
        a layer's experts over theirs
"""

from __future__ import annotations

from math import comb
from typing import NamedTuple

from fabric.workload.model import Experts, LanguageModel
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


def ep_messages(model: LanguageModel, plan: ParallelPlan, tokens: float, places: int) -> LayerMessages:
    """Return the EP calls of a layer with experts: tokens out and back, forward and backward.

    places: scale-up domains of an EP group, or its ranks where it lies in one.
    """
    if plan.ep == 1 or model.experts is None:
        return LayerMessages((), ())
    nbytes = 2 * tokens / plan.tp * token_copies(model.experts, plan, places) * model.hidden * plan.skew
    both = ((Message("EP exchange", "ep", "all_to_all", nbytes), 2),)
    return LayerMessages(both, both)


def token_copies(experts: Experts, plan: ParallelPlan, places: int) -> float:
    """Return how often a token is sent: to each of its experts, or once to every place that has one, its own counted.

    Experts are chosen evenly and without regard to places, among those of the groups that a token may visit: m of these groups
    in one place have none of k experts with C(E' - m E'/g, k) / C(E', k), E' experts of g groups.
    """
    if plan.dispatch == "each":
        return experts.top_k
    limit, group = experts.top_groups, experts.count // experts.groups
    own = min(group, experts.count // places)  # a place's experts of one group
    inside = max(1, experts.groups // places)  # groups of a place
    reach = limit * group
    none = sum(
        _share(experts.groups, limit, inside, m) * comb(max(0, reach - m * own), experts.top_k) for m in range(inside + 1)
    )
    return places * (1 - none / comb(reach, experts.top_k))


def _share(groups: int, chosen: int, inside: int, m: int) -> float:
    """Return how likely m of the chosen groups are among those inside a place."""
    return comb(inside, m) * comb(groups - inside, chosen - m) / comb(groups, chosen) if m <= chosen else 0.0


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


def fsdp_messages(plan: ParallelPlan, weights: float, experts: float = 0.0) -> LayerMessages:
    """Return the FSDP calls of one unit of so many weights of a rank: a layer, or embedding and logits.

    experts: weights of the rank's own experts, which fewer ranks share.
    """
    forward, backward = list[tuple[Message, int]](), list[tuple[Message, int]]()
    kinds = (
        ("", "shard", "replica", weights, plan.shard_ranks, (plan.dp or 1) * plan.cp),
        ("expert ", "expert_shard", "expert_replica", experts, plan.expert_shard_ranks, plan.expert_data_ranks),
    )
    for what, shard, replica, count, ranks, data in kinds:
        if not count or not plan.fsdp:
            continue
        if ranks > 1:
            gather = Message(f"FSDP {what}weights", shard, "all_gather", 2 * count)
            forward.append((gather, 1))
            backward += [(gather, 1), (Message(f"FSDP {what}gradients", shard, "reduce_scatter", plan.grad_bytes * count), 1)]
        if ranks < data:
            backward.append((Message(f"HSDP {what}gradients", replica, "all_reduce", plan.grad_bytes * count / ranks), 1))
    return LayerMessages(tuple(forward), tuple(backward))
