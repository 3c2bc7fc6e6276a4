"""Seconds of arithmetic and memory traffic of one layer's pass on one device. It knows no communication and no schedule.

M tokens of a micro batch on a rank (sequence / CP), t ways of TP:
  matrix i x j x k  the longer of 2 i j k / (share of peak) (1 + edge / k), k its depth, and bytes / memory; backward two such
  attention core    forward FLOP over its share of the 16-bit peak; backward 2.5 times the FLOP at 0.85 of that share
  memory-bound      10 tensors of the hidden width (two norms, two residuals; / t with SP), rotary positions, the MLP's
                    activation; backward 1.6 times; where nothing is fused, what eager operators read and write instead
  FP8               a pass over the inputs of every matrix and, backward, over the gradients of its outputs: 4 bytes an element
  gradients         added up by the matrix that makes them: 4 bytes a weight (or as the plan says) more, twice that where there
                    are several micro batches
A pass, with what it waits for messages, lasts at least what the host needs to launch it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from fabric.workload.device import DeviceRates
from fabric.workload.kernels import Kernels
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan

BACKWARD_TRAFFIC = 1.6
"""Bytes of a backward pass's memory-bound work over the forward's: gradients are read and written, inputs read again."""
CORE_BACKWARD_FLOPS = 2.5
"""FLOP of the attention core's backward over its forward's: five products for two (arXiv 2307.08691)."""
FUSED = (10.0, 1.0, 1.0)
EAGER = {"rms": (40.0, 5.0, 1.7), "layer": (27.0, 5.0, 1.7), "layer_no_bias": (27.0, 5.0, 1.7)}
"""Hidden tensors a layer, and factors of rotary positions and of the activation. Fused: one read and one write. Eager, by the
norm: counted from what an RMS norm in FP32 (several operators), a complex product in FP32 and silu times gate read and write in
PyTorch; with LayerNorm, which is one operator there, the first is fitted on llm-foundry's rows (F)."""
SCORE_BYTES = (13.0, 19.0)
"""Bytes a score that is kept (no flash attention), forward and backward: softmax, mask and dropout, read and written."""


class Pass(NamedTuple):
    """Seconds of one pass: matrices, attention core, memory-bound work, and the least that the host takes to launch it."""

    gemm: float
    core: float
    memory: float
    host: float

    @property
    def busy(self) -> float:
        """Seconds of the device."""
        return self.gemm + self.core + self.memory

    def waiting(self, beside: float) -> float:
        """Return the seconds in which the device waits for the host. beside: that it waits for messages, as launches go on."""
        return max(0.0, self.host - self.busy - beside)


NOTHING = Pass(0.0, 0.0, 0.0, 0.0)


class LayerPasses(NamedTuple):
    """A layer's passes for one micro batch; again: what backward does once more before it."""

    forward: Pass
    backward: Pass
    again: Pass


@dataclass(frozen=True)
class On:
    """A device and its kernels, as passes are timed."""

    rates: DeviceRates
    kernels: Kernels

    def stream(self, nbytes: float) -> float:
        """Return the seconds in which so many bytes go through memory."""
        return nbytes / (self.kernels.memory * self.rates.memory_rate)

    def matrix(self, i: float, j: float, k: float, precision: str, share: float = 1.0, sums: float = 0.0) -> float:
        """Return the seconds of one product i x k by k x j: of its FLOP, or of its bytes where these take longer.

        share: of the usual share of the peak, for grouped matrices; sums: bytes more for each of the i j outputs.
        """
        if min(i, j, k) <= 0:
            return 0.0
        width = 2 if precision == "bf16" else 1
        moved = self.stream(width * (i * k + k * j) + (2 + sums) * i * j)
        rate = self.kernels.gemm(precision) * share * self.rates.peak(precision)
        return max(2 * i * j * k / rate * (1 + self.kernels.edge / k), moved)


class Product(NamedTuple):
    """A matrix of i tokens, j outputs and k inputs. share: of the usual share of the peak; times: how many alike there are."""

    i: float
    j: float
    k: float
    precision: str
    share: float = 1.0
    times: float = 1.0

    def forward(self, on: On) -> float:
        """Return the seconds of the outputs."""
        return self.times * on.matrix(self.i, self.j, self.k, self.precision, self.share)

    def backward(self, on: On, sums: float) -> float:
        """Return the seconds of both gradients. sums: bytes more for every weight's."""
        inputs = on.matrix(self.i, self.k, self.j, self.precision, self.share)
        return self.times * (inputs + on.matrix(self.k, self.j, self.i, self.precision, self.share, sums))


@lru_cache(maxsize=4096)
def layer_passes(
    model: LanguageModel, plan: ParallelPlan, on: On, sequence: int, micro_batches: int, *, experts: bool
) -> LayerPasses:
    """Return the passes of one layer for one micro batch. experts: its MLP is a mixture of them."""
    tokens = plan.micro_batch * sequence / plan.cp
    products = layer_products(model, plan, on, tokens, experts=experts)
    gemm = sum(one.forward(on) for one in products)
    back = sum(one.backward(on, _accumulated(plan, micro_batches)) for one in products)
    core, core_back, kept = _core(model, plan, on, sequence, tokens)
    routed = on.kernels.routed if experts else 0.0
    forward_bytes = _memory_bytes(model, plan, tokens, routed)
    inputs, gradients = _quantized(model, plan, tokens, routed)
    host = on.kernels.moe_host if experts else on.kernels.host
    forward = Pass(gemm, core, on.stream(forward_bytes + inputs) + kept[0], host)
    back_bytes = BACKWARD_TRAFFIC * forward_bytes + gradients
    backward = Pass(back, core_back, on.stream(back_bytes) + kept[1], host)
    if plan.recompute == "pointwise":
        return LayerPasses(forward, backward, Pass(0.0, 0.0, on.stream(_pointwise_bytes(model, plan, tokens, routed)), 0.0))
    if plan.recompute == "full" and plan.fsdp:
        return LayerPasses(forward, backward, forward._replace(gemm=gemm - products[-1].forward(on)))
    return LayerPasses(forward, backward, _again(plan, forward, Pass(0.0, core, kept[0], 0.0)))


@lru_cache(maxsize=1024)
def logits_passes(model: LanguageModel, plan: ParallelPlan, on: On, sequence: int, micro_batches: int) -> LayerPasses:
    """Return the passes of the vocabulary's matrix and the loss, in BF16 at any precision: 12 bytes a logit in all."""
    tokens, width = plan.micro_batch * sequence / plan.cp, model.vocabulary / plan.tp
    product = Product(tokens, width, model.hidden, "bf16")
    loss = on.stream(6 * tokens * width)
    back = product.backward(on, _accumulated(plan, micro_batches))
    return LayerPasses(Pass(product.forward(on), 0.0, loss, 0.0), Pass(back, 0.0, loss, 0.0), NOTHING)


def _again(plan: ParallelPlan, forward: Pass, core: Pass) -> Pass:
    if plan.recompute == "full":
        return forward
    return core if plan.recompute == "selective" and not plan.flash else NOTHING


def _accumulated(plan: ParallelPlan, micro_batches: int) -> float:
    """Return the bytes a weight for adding up gradients; FSDP hands them on at once."""
    if plan.fsdp:
        return 0.0
    return plan.grad_bytes * (2.0 if micro_batches > 1 else 1.0)


def _attention_matrices(model: LanguageModel, plan: ParallelPlan, tokens: float) -> list[tuple[float, float, float]]:
    h, t, a = model.hidden, plan.tp, model.heads
    if model.latent is None:
        width = model.head_width
        return [(tokens, (a + 2 * model.kv_heads) * width / t, h), (tokens, h, a * width / t)]
    low = model.latent
    key, value = low.nope + low.rope, low.value
    query = (
        [(tokens / t, low.query_rank, h), (tokens, a * key / t, low.query_rank)]
        if low.query_rank
        else [(tokens, a * key / t, h)]
    )
    kv = [(tokens / t, low.kv_rank + low.rope, h), (tokens, a * (low.nope + value) / t, low.kv_rank)]
    return [*query, *kv, (tokens, h, a * value / t)]


def layer_products(model: LanguageModel, plan: ParallelPlan, on: On, tokens: float, *, experts: bool) -> list[Product]:
    """Return all matrices of a layer, the MLP's last one last."""
    found = [Product(*shape, plan.precision) for shape in _attention_matrices(model, plan, tokens)]
    e = model.experts
    if not experts or e is None:
        return found + _mlp(model, plan, tokens, model.mlp_width)
    found.append(Product(tokens / plan.tp, e.count, model.hidden, "bf16"))
    found += _mlp(model, plan, tokens, e.shared) if e.shared else []
    each = tokens / plan.tp * plan.ep * plan.etp * e.top_k / e.count * plan.skew
    first, width = model.mlp_matrices - 1, e.width / plan.etp
    more = plan.precision, on.kernels.grouped, e.count / plan.ep
    return [*found, Product(each, first * width, model.hidden, *more), Product(each, model.hidden, width, *more)]


def _mlp(model: LanguageModel, plan: ParallelPlan, tokens: float, width: float) -> list[Product]:
    h, first = model.hidden, model.mlp_matrices - 1
    return [
        Product(tokens, first * width / plan.tp, h, plan.precision),
        Product(tokens, h, width / plan.tp, plan.precision),
    ]


def _core(
    model: LanguageModel, plan: ParallelPlan, on: On, sequence: int, tokens: float
) -> tuple[float, float, tuple[float, float]]:
    """Return the attention core's seconds forward and backward, and of the scores' traffic where they are kept."""
    flops = model.core_flops(model.keys(sequence, causal=plan.flash)) * tokens / plan.tp
    if plan.flash:
        forward = flops / (on.kernels.core * on.rates.bf16)
        return forward, CORE_BACKWARD_FLOPS * forward / on.kernels.core_backward, (0.0, 0.0)
    forward = flops / (on.kernels.gemm_bf16 * on.rates.bf16)
    scores = model.heads / plan.tp * tokens * sequence
    return forward, 2 * forward, (on.stream(SCORE_BYTES[0] * scores), on.stream(SCORE_BYTES[1] * scores))


def _memory_bytes(model: LanguageModel, plan: ParallelPlan, tokens: float, routed: float) -> float:
    """Return the bytes of a forward pass's memory-bound work. routed: share of the experts' that is not fused, 0: none."""
    hidden, rotary, activation = FUSED if plan.compiled else EAGER[model.norm]
    t = plan.tp
    found = hidden * 2 * tokens * model.hidden / (t if plan.sp else 1)
    if not model.learned_positions:
        found += rotary * 4 * tokens * (model.heads + model.kv_heads) * model.head_width / t
    width = (model.mlp_matrices) * 2 * tokens / t
    if not routed or model.experts is None:
        return found + activation * width * model.mlp_width
    e = model.experts
    through = e.top_k * (3 * e.width + 4 * model.hidden) * 2 * tokens / t * plan.skew
    return found + activation * width * e.shared + routed * through


def _pointwise_bytes(model: LanguageModel, plan: ParallelPlan, tokens: float, routed: float) -> float:
    """Return the bytes of making two norms and the MLP's activation again: read and written once."""
    norms = 4 * 2 * tokens * model.hidden / (plan.tp if plan.sp else 1)
    e = model.experts
    width = e.shared + routed * e.top_k * e.width if routed and e is not None else model.mlp_width
    return norms + model.mlp_matrices * 2 * tokens / plan.tp * width


def _quantized(model: LanguageModel, plan: ParallelPlan, tokens: float, routed: float) -> tuple[float, float]:
    """Return the bytes of casting to FP8, forward and backward; 0 in BF16. routed: as _memory_bytes."""
    if plan.precision == "bf16":
        return 0.0, 0.0
    h, t, a, d = model.hidden, plan.tp, model.heads, model.head_width
    inputs, outputs = h + a * d / t, (a + 2 * model.kv_heads) * d / t + h
    e, first = model.experts, model.mlp_matrices - 1
    if routed and e is not None:
        inputs += routed * e.top_k * (h + e.width) / t + (h + e.shared / t if e.shared else 0)
        outputs += routed * e.top_k * (first * e.width + h) / t + (first * e.shared / t + h if e.shared else 0)
    else:
        inputs += h + model.mlp_width / t
        outputs += first * model.mlp_width / t + h
    return 4 * tokens * inputs, 4 * tokens * outputs
