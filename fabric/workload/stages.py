"""Which layers a pipeline stage holds, and the parameters of one rank there. It knows no device and no fabric."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan


@dataclass(frozen=True)
class Stage:
    """One pipeline stage: layers with a plain MLP and with experts, and whether it has the embedding and the logits.

    weights, expert_weights: parameters of one rank, FSDP and ZeRO aside.
    """

    number: int
    dense: int
    moe: int
    first: bool
    last: bool
    weights: float
    expert_weights: float

    @property
    def layers(self) -> int:
        """All layers."""
        return self.dense + self.moe


def chunk_layers(layers: int, chunks: int) -> list[int]:
    """Return how many layers each of the pipeline's chunks has: as even as can be, the last and the first having the fewer.

    So they have room for the logits and the embedding, as 126 layers in 64 chunks of two are laid out.
    """
    most = -(-layers // chunks)
    found, short = [most] * chunks, most * chunks - layers
    ends = [n // 2 if n % 2 else chunks - 1 - n // 2 for n in range(chunks)]
    for index in ends[:short]:
        found[index] -= 1
    return found


def stages(model: LanguageModel, plan: ParallelPlan) -> tuple[Stage, ...]:
    """Return the stages of a plan, the first to the last; virtual stage j is on stage j mod pp."""
    return _stages(model, ParallelPlan(tp=plan.tp, pp=plan.pp, vpp=plan.vpp, ep=plan.ep, etp=plan.etp))


@lru_cache(maxsize=1024)
def _stages(model: LanguageModel, plan: ParallelPlan) -> tuple[Stage, ...]:
    """Return the stages of a plan that says nothing but what they depend on."""
    held: list[list[int]] = [[] for _ in range(plan.pp)]
    start = 0
    for chunk, count in enumerate(chunk_layers(model.layers, plan.pp * plan.vpp)):
        held[chunk % plan.pp] += range(start, start + count)
        start += count
    return tuple(_stage(model, plan, number, layers) for number, layers in enumerate(held))


def _stage(model: LanguageModel, plan: ParallelPlan, number: int, layers: list[int]) -> Stage:
    moe = sum(model.has_experts(n) for n in layers)
    first, last = number == 0, number == plan.pp - 1
    weights = sum(model.layer_parameters_beside_experts(n) for n in layers) / plan.tp
    weights += end_weights(model, plan, first=first, last=last)
    weights += model.learned_positions * model.hidden if first else 0
    experts = sum(model.layer_expert_parameters(n) for n in layers) / (plan.ep * plan.etp)
    return Stage(number, len(layers) - moe, moe, first, last, weights, experts)


def end_weights(model: LanguageModel, plan: ParallelPlan, *, first: bool, last: bool) -> float:
    """Return one rank's parameters of embedding, last norm and logits that a stage holds; TP cuts the matrices."""
    matrices = first + (last and (plan.pp > 1 or not model.tied))
    return matrices * model.embedding_weights / plan.tp + (model.last_norm if last else 0)
