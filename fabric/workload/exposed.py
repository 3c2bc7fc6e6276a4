"""What of a communication nothing hides, and what arithmetic loses beside it: the overlap rules. They know no plan's sizes.

C: seconds of the arithmetic that runs beside it, N: of the communication. Beside each other they last max(C, N) +
chi min(C, N), chi of Kernels.contention. The rules are those of Megatron-LM and torch's FSDP as documented; shares marked (A)
are assumed.
"""

from __future__ import annotations

from typing import NamedTuple

from fabric.workload.plan import ParallelPlan

RING_SHARE = 0.6
"""Of a layer's arithmetic beside which TP's ring exchange can run: the matrices that are cut in ring steps (A)."""
EP_SHARE, EP_MORE = 0.8, 1.2
"""Of another micro batch's pass beside which EP's exchanges can run, and how much longer they take there (A)."""


class Hidden(NamedTuple):
    """Seconds exposed, seconds that arithmetic loses beside the rest, and the rule by which."""

    exposed: float
    contention: float
    rule: str


def beside(communication: float, arithmetic: float, chi: float) -> tuple[float, float]:
    """Return what communication adds beyond the arithmetic beside it, and what both lose by sharing the device."""
    return max(0.0, communication - arithmetic), chi * min(communication, arithmetic)


def of_tp(plan: ParallelPlan, seconds: float, arithmetic: float, chi: float) -> Hidden:
    """Return TP's: all of it, or with the ring exchange 1 / t, and of the rest what 0.6 of the layer's arithmetic leaves."""
    if "tp" not in plan.overlap:
        return Hidden(seconds, 0.0, "all: the next matrix needs it")
    stays, rest = seconds / plan.tp, seconds * (1 - 1 / plan.tp)
    over, lost = beside(rest, RING_SHARE * arithmetic, chi)
    return Hidden(
        stays + over, lost, f"1/{plan.tp} of the ring exchange, and the rest beyond {RING_SHARE:g} of the layer's work"
    )


def of_cp(seconds: float, core: float, chi: float) -> Hidden:
    """Return CP's: what the attention core leaves."""
    over, lost = beside(seconds, core, chi)
    return Hidden(over, lost, "what the attention core does not hide")


def of_ep(plan: ParallelPlan, seconds: float, arithmetic: float, chi: float) -> Hidden:
    """Return EP's: all of it, or beside another micro batch what 0.8 of its pass leaves of 1.2 times the exchange."""
    if "ep" not in plan.overlap:
        return Hidden(seconds, 0.0, "all: experts wait for their tokens")
    over, lost = beside(EP_MORE * seconds, EP_SHARE * arithmetic, chi)
    return Hidden(over, lost, f"what {EP_SHARE:g} of another micro batch's pass leaves of {EP_MORE:g} times the exchange")


def of_fsdp(plan: ParallelPlan, seconds: float, arithmetic: float, chi: float) -> Hidden:
    """Return FSDP's of one layer's pass: what the layer's own pass leaves of its neighbour's gather and scatter."""
    if "fsdp" not in plan.overlap:
        return Hidden(seconds, 0.0, "all: no prefetch")
    over, lost = beside(seconds, arithmetic, chi)
    return Hidden(over, lost, "what a layer's pass leaves of the next one's gather (and the last one's scatter)")


def of_dp(plan: ParallelPlan, what: str, seconds: float, arithmetic: float, buckets: int, chi: float) -> Hidden:
    """Return DP's: what one micro batch's pass leaves, and one bucket, which has nothing beside it; else all of it."""
    if what not in plan.overlap:
        return Hidden(seconds, 0.0, "all: not overlapped")
    alone = seconds / buckets
    over, lost = beside(seconds - alone, arithmetic, chi)
    where = "last backward" if what == "grad" else "first forward"
    return Hidden(alone + over, lost, f"one of {buckets} buckets, and what the {where} pass leaves of the others")


def of_scatter(plan: ParallelPlan, seconds: float, backward: float, chi: float) -> Hidden:
    """Return ZeRO-2's scatters, a micro batch's part: what its backward pass leaves; else all of them."""
    if "grad" not in plan.overlap:
        return Hidden(seconds, 0.0, "all: not overlapped")
    over, lost = beside(seconds, backward, chi)
    return Hidden(over, lost, "what the backward passes beside them leave, and one bucket of the last")


def of_pp(plan: ParallelPlan, each: float, micro_batches: int) -> Hidden:
    """Return PP's: one message each way and stage at the ends of the pipe; of the steady state all, or with overlap nothing."""
    ends = 2 * (plan.pp - 1) * each
    if plan.vpp > 1 and "pp" in plan.overlap:
        return Hidden(ends, 0.0, "2 (p - 1) messages while the pipe fills and drains; the others run beside a chunk's pass")
    steady = min(2, plan.pp - 1) * micro_batches * plan.vpp * each
    return Hidden(ends + steady, 0.0, "every message: a stage waits for its neighbour's, and 2 (p - 1) while the pipe fills")
