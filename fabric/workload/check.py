"""What a plan asks of a model, a batch and a number of ranks: refused with the nearest that divides. It times nothing."""

from __future__ import annotations

from collections.abc import Callable

from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan, with_dp
from topologies.errors import InputError

SPARE_SLOTS = 3
"""Layers that a pipeline's chunks may lack in all: embedding, logits and multi-token prediction take their place."""


def checked(model: LanguageModel, plan: ParallelPlan, ranks: int, batch: int, sequence: int) -> ParallelPlan:
    """Return the plan on its ranks, dp set.

    Raises:
        InputError: what does not divide, with the nearest that does; a sequence beyond the model's.
    """
    if not 1 <= sequence <= model.sequence:
        raise InputError(f"seq: must be 1 to {model.sequence:,} tokens for {model.name}, got {sequence:,}")
    _check_model(model, plan, sequence)
    plan = with_dp(plan, ranks)
    _check_experts(model, plan)
    _check_batch(plan, batch)
    _check_shards(plan)
    return plan


def _check_model(model: LanguageModel, plan: ParallelPlan, sequence: int) -> None:
    _divides("tp", plan.tp, model.heads, f"heads of {model.name}")
    if plan.tp > model.kv_heads and plan.tp % model.kv_heads:
        raise InputError(f"plan: tp must divide or be a multiple of {model.name}'s {model.kv_heads} kv heads, got {plan.tp}")
    if model.experts is None or model.experts.dense_layers:
        _divides("tp", plan.tp, model.mlp_width, f"MLP width of {model.name}")
    _divides("cp", plan.cp, sequence, "tokens of a sequence")
    chunks = plan.pp * plan.vpp
    short = -model.layers % chunks
    if chunks > model.layers + SPARE_SLOTS:
        raise InputError(
            f"plan: pp x vpp must be at most {model.name}'s {model.layers} layers, got {plan.pp} x {plan.vpp} = {chunks}; "
            f"nearest {model.layers}"
        )
    if short > SPARE_SLOTS:
        what = f"pp x vpp = {chunks}" if plan.vpp > 1 else f"pp = {chunks}"
        raise InputError(
            f"plan: {what} must divide {model.name}'s {model.layers} layers (at most {SPARE_SLOTS} may lack), "
            f"got {short} short; nearest {_near(chunks, lambda n: -model.layers % n <= SPARE_SLOTS)}"
        )


def _check_experts(model: LanguageModel, plan: ParallelPlan) -> None:
    if model.experts is None:
        if plan.ep > 1 or plan.etp > 1:
            raise InputError(
                f"plan: ep and etp need a mixture of experts, {model.name} is dense, got ep={plan.ep}, etp={plan.etp}"
            )
        return
    _divides("ep", plan.ep, model.experts.count, f"experts of {model.name}")
    room = (plan.dp or 1) * plan.cp * plan.tp
    if room % (plan.ep * plan.etp):
        near = _near(plan.ep, lambda n: room % (n * plan.etp) == 0)
        raise InputError(f"plan: ep x etp must divide tp x cp x dp = {room}, got {plan.ep} x {plan.etp}; nearest ep {near}")


def _check_batch(plan: ParallelPlan, batch: int) -> None:
    data = (plan.dp or 1) * plan.micro_batch
    if batch < data or batch % data:
        below = batch // data * data
        near = f"{below} or {below + data}" if below else str(data)
        raise InputError(
            f"batch: must be a multiple of dp x mb = {plan.dp} x {plan.micro_batch} = {data}, got {batch}; nearest {near}"
        )
    micro_batches = batch // data
    if plan.vpp > 1 and micro_batches % plan.pp:
        close = max(1, round(micro_batches / plan.pp)) * plan.pp * data
        raise InputError(
            f"batch: interleaved 1F1B needs micro batches in multiples of pp = {plan.pp}, got {micro_batches}; "
            f"nearest batch {close}"
        )


def _check_shards(plan: ParallelPlan) -> None:
    data = (plan.dp or 1) * plan.cp
    if plan.fsdp > 0 and data % plan.fsdp:
        raise InputError(
            f"plan: fsdp must divide dp x cp = {data}, got {plan.fsdp}; nearest {_near(plan.fsdp, lambda n: data % n == 0)}"
        )


def _divides(name: str, value: int, whole: int, what: str) -> None:
    if whole % value:
        raise InputError(
            f"plan: {name} must divide the {whole:,} {what}, got {value}; nearest {_near(value, lambda n: whole % n == 0)}"
        )


def _near(value: int, fits: Callable[[int], bool]) -> str:
    """Return the nearest number below and above that fits, as far as 4 times the value."""
    below = next((n for n in range(value - 1, 0, -1) if fits(n)), None)
    above = next((n for n in range(value + 1, 4 * value + 1) if fits(n)), None)
    return " or ".join(str(n) for n in (below, above) if n is not None) or "none"
