"""What of a communication nothing hides, and what arithmetic loses beside it: the overlap rules. They know no plan's sizes.

C: seconds of the pass that runs beside it, N: of the communication. Beside each other they last max(C, N) + chi min(C, N), chi
of Kernels.contention. F: seconds for which the fullest link of a level moves bytes of the communication and of all that the
pass itself sends; where both take longer than the pass, F counts in the place of N if it is more. The rules are those of
Megatron-LM and torch's FSDP as documented; shares marked (A) are assumed.
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


def beside(communication: float, arithmetic: float, chi: float, fullest: float = 0.0) -> tuple[float, float]:
    """Return what communication adds beyond the arithmetic beside it, and what both lose by sharing the device."""
    return max(0.0, communication - arithmetic, fullest - arithmetic), chi * min(communication, arithmetic)


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


def of_fsdp(plan: ParallelPlan, seconds: float, arithmetic: float, chi: float, fullest: float = 0.0) -> Hidden:
    """Return FSDP's of one layer's pass: what the layer's own pass leaves of its neighbour's gather and scatter."""
    if "fsdp" not in plan.overlap:
        return Hidden(seconds, 0.0, "all: no prefetch")
    over, lost = beside(seconds, arithmetic, chi, fullest)
    return Hidden(over, lost, "what a layer's pass leaves of the next one's gather (and the last one's scatter)")


class Window(NamedTuple):
    """What DP's messages run beside: seconds of one micro batch's pass, and how many chunks' passes there are.

    With v chunks of p stages a chunk's weights are gathered until its first pass and its gradients sent from its last one on:
    p passes of every chunk but one lie between the first chunk's and the last one's.
    """

    seconds: float
    stages: int
    chunks: int

    @property
    def passes(self) -> float:
        """Whole passes between the first chunk's first one and the last chunk's end."""
        return ((self.chunks - 1) * self.stages + 1) / self.chunks

    def over(self, communication: float, fullest: float = 0.0) -> float:
        """Return what communication, cut evenly over the chunks, adds beyond the passes beside it."""
        first = (communication - self.seconds) / self.chunks
        return max(0.0, first, max(communication, fullest) - self.passes * self.seconds)


def of_dp(
    plan: ParallelPlan, what: str, each: float, before: float, window: Window, buckets: int, chi: float, fullest: float
) -> Hidden:
    """Return DP's: what the passes beside it leave, and one bucket, which has nothing beside it; else all of it.

    each: seconds of the message. before: seconds of others that run beside the same passes and come first. fullest: F of these,
    this message and what the passes send.
    """
    if what not in plan.overlap:
        return Hidden(each, 0.0, "all: not overlapped")
    rest = each * (1 - 1 / buckets)
    over = min(rest, window.over(before + rest, fullest) - window.over(before))
    where = "last backward" if what == "grad" else "first forward"
    rule = f"one of {buckets} buckets, and what the {where} pass leaves of the others"
    return Hidden(each / buckets + max(0.0, over), chi * (rest - max(0.0, over)), rule)


def of_scatter(plan: ParallelPlan, seconds: float, backward: float, chi: float, fullest: float = 0.0) -> Hidden:
    """Return ZeRO-2's scatters, a micro batch's part: what its backward pass leaves; else all of them."""
    if "grad" not in plan.overlap:
        return Hidden(seconds, 0.0, "all: not overlapped")
    over, lost = beside(seconds, backward, chi, fullest)
    return Hidden(over, lost, "what the backward passes beside them leave, and one bucket of the last")


def of_pp(plan: ParallelPlan, each: float, sends: int, crowded: float) -> Hidden:
    """Return PP's: one message each way and stage at the ends of the pipe; of the steady state all, or with overlap little.

    sends: messages of a step that the slowest stage waits for. crowded: with overlap, seconds by which links are full for
    longer than the passes take beside which they carry messages.
    """
    ends = 2 * (plan.pp - 1) * each
    if plan.vpp > 1 and "pp" in plan.overlap:
        return Hidden(
            ends + crowded, 0.0, "2 (p - 1) messages while the pipe fills and drains; the others run beside a chunk's pass"
        )
    return Hidden(
        ends + sends * each, 0.0, "every message: a stage waits for its neighbour's, and 2 (p - 1) while the pipe fills"
    )
