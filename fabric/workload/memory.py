"""Bytes of one rank of every pipeline stage: weights, gradients, optimizer, activations. It knows no seconds.

State: weights 2 bytes, gradients `grad_bytes`, Adam 12 (FP32 weight and two moments), the last spread over DP by ZeRO-1,
gradients too by ZeRO-2 (whole for what is being added up and sent: two layers, two chunks of an interleaved stage), all over
FSDP's ranks; experts over their own group.
Activations of a token and layer, in units of h bytes (arXiv 2205.05198, equations 1 to 4): two-matrix MLP 10 + 24 / t +
5 a s / (h t), with sequence parallelism 34 / t + 5 a s / (h t); the last term only where scores are kept; recomputed in full 2.
Gated: 8 / t + (4 + 4 g / a + 6 f / h) / t, derived the same way. Recomputed pointwise: the outputs of two norms (4) and of the
activation (2 f / h) are not kept. 1F1B keeps p - i micro batches on stage i, interleaved
1 + (p - 1 - 2 i) / (p v) of a stage's p. Bytes are those of BF16 at FP8 too.
"""

from __future__ import annotations

from fabric.workload.device import DeviceRates
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan
from fabric.workload.stages import Stage, stages
from fabric.workload.step import StageMemory

RESERVE = 0.1
"""Part of a device's memory that libraries, their buffers and gaps take (assumed)."""
ADAM = 12


def memory_of(
    model: LanguageModel, plan: ParallelPlan, rates: DeviceRates | None, sequence: int, micro_batches: int
) -> tuple[StageMemory, ...]:
    """Return what a rank of every stage holds at its fullest. rates: None where the device's memory does not matter."""
    return tuple(_of(model, plan, rates, sequence, micro_batches, stage) for stage in stages(model, plan))


def _of(
    model: LanguageModel, plan: ParallelPlan, rates: DeviceRates | None, sequence: int, micro_batches: int, stage: Stage
) -> StageMemory:
    capacity = None if rates is None else rates.memory
    weights, gradients, optimizer = state_bytes(plan, stage)
    per_micro_batch = activation_bytes(model, plan, sequence, stage)
    logits = 4.0 * plan.micro_batch * sequence / plan.cp * model.vocabulary / plan.tp if stage.last else 0.0
    return StageMemory(
        stage=stage.number,
        weights=weights,
        gradients=gradients,
        optimizer=optimizer,
        activations=per_micro_batch * in_flight(plan, micro_batches, stage.number),
        logits=logits,
        reserve=RESERVE * (capacity or 0.0),
        capacity=capacity,
    )


def state_bytes(plan: ParallelPlan, stage: Stage) -> tuple[float, float, float]:
    """Return the bytes of weights, gradients and optimizer of one rank."""
    whole = stage.weights + stage.expert_weights
    if plan.fsdp:
        held = stage.weights / plan.shard_ranks + stage.expert_weights / plan.expert_shard_ranks
        return 2 * held, plan.grad_bytes * held, ADAM * held
    spread = stage.weights / ((plan.dp or 1) * plan.cp) + stage.expert_weights / plan.expert_data_ranks
    gradients = spread + 2 * whole / (plan.vpp if plan.vpp > 1 else stage.layers) if plan.zero > 1 else whole
    return 2 * whole, plan.grad_bytes * min(gradients, whole), ADAM * (spread if plan.zero else whole)


def in_flight(plan: ParallelPlan, micro_batches: int, stage: int) -> float:
    """Return how many micro batches' activations of its layers a stage keeps at once."""
    if plan.vpp > 1:
        whole = plan.pp * plan.vpp + plan.pp - 1 - 2 * stage
        return min(float(micro_batches), whole / plan.vpp)
    return float(min(plan.pp - stage, micro_batches))


def activation_bytes(model: LanguageModel, plan: ParallelPlan, sequence: int, stage: Stage) -> float:
    """Return the bytes of activations that one micro batch leaves on a rank of a stage."""
    unit = sequence * plan.micro_batch * model.hidden / plan.cp
    if plan.recompute == "full":
        return unit * 2 * stage.layers / (plan.tp if plan.sp else 1)
    dense, moe = (_per_token(model, plan, sequence, experts=experts) for experts in (False, True))
    return unit * (stage.dense * dense + stage.moe * moe)


def _per_token(model: LanguageModel, plan: ParallelPlan, sequence: int, *, experts: bool) -> float:
    """Return a layer's bytes of activations a token, in units of the hidden width."""
    t, h = plan.tp, model.hidden
    light = plan.recompute == "pointwise"
    kept = 0.0 if plan.flash or plan.recompute == "selective" else 5 * model.heads * sequence / (h * t)
    if not model.gated and not experts:
        inside = (16 + 8 * model.heads * model.head_width / h) / t * (model.mlp_width / (4 * h) * 16 + 8) / 24
        less = (4 / t if plan.sp else 4) + 2 * model.mlp_width / h / t if light else 0.0
        return (10 / t if plan.sp else 10) + inside + kept - less
    outside, wide = (4.0 if light else 8.0) / (t if plan.sp else 1), 2 * (model.mlp_matrices - light)
    attention = (2 + 2) * model.heads * model.head_width / h / t + 4 * model.kv_heads * model.head_width / h / t
    if model.latent is not None:
        low = model.latent
        attention = model.heads * 2 * (2 * (low.nope + low.rope) + 2 * low.value) / h / t
    if not experts or model.experts is None:
        return outside + attention + wide * model.mlp_width / h / t + kept
    e = model.experts
    routed = e.top_k * plan.skew * (wide * e.width + 4 * h) / h / t
    return outside + attention + kept + routed + wide * e.shared / h / t
