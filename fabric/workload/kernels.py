"""How near kernels come to a device's data sheet: a few shares by architecture, each with its meaning and source.

It knows no model and no plan. Sources: (M) the best matrix of each device, stas00/ml-engineering, compute/accelerator, read
2026-11-29: A100 271 of 312, H100 795 of 989, B200 1745 of 2250, GB200 1822 of 2500 TFLOP/s in BF16; H100 1403 of 1979, B200
3433 of 4500 in FP8. (L) matrices of language models, semianalysis.com, "MI300X vs H100 vs H200", 2024-12: H100 720 in BF16,
1280 in FP8, so 0.91 of (M). (K) FlashAttention-3 on H100, causal, width 128, 4k to 16k tokens: 590 to 621 TFLOP/s, so 0.6
(pytorch/benchmark, pull request 2391, read 2026-11-29). (F) fitted on published steps, docs/training.md. (A) assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fabric.workload.device import DeviceRates


@dataclass(frozen=True)
class Kernels:
    """Shares of a device's rates that kernels reach in a step that runs for minutes.

    gemm_bf16, gemm_fp8: of the dense peak, by matrices large in all three sizes. core: of the 16-bit peak, by the attention
    core, causal scores counted half; core_backward: its backward's share over its forward's. edge: a matrix takes 1 +
    edge / its depth times as long (every tile is filled and drained). memory: of the memory's rate.
    grouped: of gemm by the experts' grouped matrices. routed: of the traffic of tokens on their way through the experts
    (permutation, activation, casts) what goes through memory on its own, not fused with a neighbour. contention: the part of
    the shorter of arithmetic and communication that is lost when they run beside each other (they share SMs, memory and
    power). host, moe_host: seconds that the host needs to launch a layer's pass. fixed: seconds a step beside all (data,
    norms of gradients, logging).
    """

    gemm_bf16: float
    gemm_fp8: float
    core: float
    core_backward: float = 0.85
    edge: float = 100.0
    memory: float = 0.8
    grouped: float = 0.6
    routed: float = 1.0
    contention: float = 0.3
    host: float = 0.3e-3
    moe_host: float = 1.0e-3
    fixed: float = 5e-3
    source: str = ""

    def gemm(self, precision: str) -> float:
        """Return the share of the dense peak at a precision."""
        return self.gemm_bf16 if precision == "bf16" else self.gemm_fp8

    def slowed(self, times: float) -> Kernels:
        """Return kernels that the host takes so many times as long to launch."""
        return replace(self, host=self.host * times, moe_host=self.moe_host * times)


UNFITTED = {
    "ampere": Kernels(0.79, 0.79, 0.5, source="0.91 x 0.869 (M, L)"),
    "hopper": Kernels(0.73, 0.65, 0.6, source="(L)"),
    "blackwell": Kernels(0.70, 0.69, 0.5, source="0.91 x 0.776 and 0.763 (M, L)"),
    "gb200": Kernels(0.66, 0.65, 0.5, source="0.91 x 0.729 (M, L); FP8 as far below B200's"),
}
"""Architecture -> shares from measured matrices alone: no published step was looked at."""
SHARED = {"memory": 0.75, "contention": 0.4}
FIT = "fitted on published steps, below the best matrix measured; docs/training.md"
LAUNCHED = {"grouped": 0.37, "moe_host": 4.5e-3}
"""Mixtures of experts whose kernels the host launches one by one, after it has heard how many tokens each expert got (F): with
NeMo 25.11 to 26.06 Qwen3 30B takes 27 to 30 s for 6,144 passes, on B200 as on H100 and under three layouts."""
GRAPHS = {"grouped": 0.55, "moe_host": 0.3e-3, "routed": 0.5}
"""Those of NeMo containers from 26.06 on, FP8 on Blackwell: a graph of the whole step, activation and casts inside the grouped
matrices, permutation inside the exchange (full_iteration, cutedsl_fused_grouped_mlp, hybridep in Megatron-Bridge's recipes).
grouped (F); routed (A): half of the traffic, as tokens are read and written once a way and the activation is not."""
DROPPED = {"moe_host": 2.4e-3}
"""Tokens beyond a capacity dropped, so that shapes are known beforehand: the host need not wait (F, NeMo 25.09)."""
ULTRA = Kernels(0.68, 0.65, 0.5, source=f"{FIT}; BF16 taken as far below its best matrix as FP8", **SHARED, **GRAPHS)
KERNELS = {
    "ampere": Kernels(0.74, 0.74, 0.5, source=FIT, **SHARED, **LAUNCHED),
    "hopper": Kernels(0.60, 0.65, 0.6, source=FIT, **SHARED, **LAUNCHED),
    "blackwell": Kernels(0.50, 0.49, 0.5, source=f"{FIT}; BF16 taken as far below its best matrix as FP8", **SHARED, **GRAPHS),
    "b300-sxm": ULTRA,
    "gb300": ULTRA,
}
"""Architecture, or device where it has its own -> shares that are used. memory and contention are one number for all."""
OTHER = Kernels(0.6, 0.55, 0.4, source="assumed: no measured matrix of this architecture here")


def kernels_of(rates: DeviceRates) -> Kernels:
    """Return the shares of a device, by its name where it has its own, else by its architecture; else assumed ones."""
    return KERNELS.get(rates.name) or KERNELS.get(rates.architecture, OTHER)
