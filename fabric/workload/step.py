"""The nouns of an answer: a training step's seconds by part, its communications, its memory. They compute nothing but sums."""

from __future__ import annotations

from dataclasses import dataclass

from fabric.records.case import Case
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan


@dataclass(frozen=True)
class Part:
    """One named part of a step. what: of PARTS. seconds: what it adds to the step; rule: how, in one sentence."""

    what: str
    seconds: float
    rule: str = ""


PARTS = (
    "gemm",
    "attention core",
    "memory-bound",
    "recompute",
    "logits",
    "host",
    "bubble",
    "communication",
    "contention",
    "optimizer",
    "fixed",
)
"""Parts of a step in the order in which they are shown: arithmetic of matrices; scores and values; norms, activations and
residuals; the forward pass done again; vocabulary matrix and loss; kernels that wait for their launch; empty pipeline slots;
exposed communication; what arithmetic loses to communication beside it; the update of weights; what is left, per step."""


@dataclass(frozen=True)
class Communication:
    """One kind of message of a step: what, over which ranks, how often, how long, and how much of it nothing hides.

    dimension: tp, cp, pp, ep, dp, expert dp. case: of one call over one group; None where a group is one rank. count: calls a
    step on the stage that decides. seconds: of all calls, none hidden. exposed: the part of them that lengthens the step.
    groups: how many groups call at once and share links. ranks: the world ranks of the group named first. nics: NICs of one
    node that the group uses. algorithm: the library's. rule: what hides it.
    """

    what: str
    dimension: str
    case: Case
    count: int
    seconds: float
    exposed: float
    groups: int
    ranks: tuple[int, ...]
    nics: int
    algorithm: str
    rule: str

    @property
    def each(self) -> float:
        """Seconds of one call."""
        return self.seconds / self.count if self.count else 0.0


@dataclass(frozen=True)
class StageMemory:
    """Bytes of one rank of a pipeline stage. reserve: kept for libraries and gaps; capacity: of the device, None unknown."""

    stage: int
    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    reserve: float
    capacity: float | None

    @property
    def total(self) -> float:
        """Bytes in all."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.logits + self.reserve

    @property
    def spare(self) -> float | None:
        """Bytes left; below zero it does not fit, by so many. None where the device's memory is not known."""
        return None if self.capacity is None else self.capacity - self.total


@dataclass(frozen=True)
class TrainingStep:
    """A step of a model under a plan on a fabric.

    seconds: of the whole step, the sum of its parts. batch: sequences a step; sequence: tokens of one. flops: of the model, a
    token, forward and backward, causal scores counted half, nothing recomputed (MFU's). hardware_flops: with what is
    recomputed (HFU's). peak: FLOP/s of one device at the plan's precision, dense. interval: low and high seconds that hold
    nine steps in ten by what the model reached on published ones. assumptions: what it rests on; warnings: what to mend.
    scaled: how many times as long arithmetic takes as predicted, by the user's own steps.
    """

    model: LanguageModel
    plan: ParallelPlan
    fabric: str
    device: str
    ranks: int
    batch: int
    sequence: int
    seconds: float
    parts: tuple[Part, ...]
    communications: tuple[Communication, ...]
    memory: tuple[StageMemory, ...]
    flops: float
    hardware_flops: float
    peak: float
    interval: tuple[float, float] | None = None
    interval_source: str = ""
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    scaled: float = 1.0

    @property
    def micro_batches(self) -> int:
        """Micro batches of a step that one pipeline works on."""
        return self.batch // ((self.plan.dp or 1) * self.plan.micro_batch)

    @property
    def tokens(self) -> int:
        """Tokens of a step."""
        return self.batch * self.sequence

    @property
    def tokens_per_second(self) -> float:
        """Tokens a second of all devices."""
        return self.tokens / self.seconds

    @property
    def tokens_per_second_per_device(self) -> float:
        """Tokens a second of one device."""
        return self.tokens_per_second / self.ranks

    @property
    def model_flops_per_second(self) -> float:
        """FLOP a second of one device that the model needs (MFU's)."""
        return self.flops * self.tokens_per_second_per_device

    @property
    def mfu(self) -> float:
        """Model FLOP utilization: model FLOP a second over the dense peak at the plan's precision (arXiv 2204.02311)."""
        return self.model_flops_per_second / self.peak

    @property
    def hfu(self) -> float:
        """Hardware FLOP utilization: what is recomputed counts too."""
        return self.hardware_flops * self.tokens_per_second_per_device / self.peak

    @property
    def exposed(self) -> float:
        """Seconds of communication that nothing hides."""
        return sum(one.exposed for one in self.communications)

    @property
    def feasible(self) -> bool | None:
        """Whether every stage fits its device; None where the device's memory is not known."""
        spare = [stage.spare for stage in self.memory]
        return None if any(one is None for one in spare) else all(one is not None and one >= 0 for one in spare)

    @property
    def cases(self) -> tuple[tuple[Case, int], ...]:
        """The cases of a step with their counts, for whoever takes cases."""
        return tuple((one.case, one.count) for one in self.communications)

    def part(self, what: str) -> float:
        """Return the seconds of a part, 0 where the step has none."""
        return sum(one.seconds for one in self.parts if one.what == what)


@dataclass(frozen=True)
class Slot:
    """One stretch of a stage's time line. what: forward, backward, PP ...; chunk: virtual stage; micro_batch: -1 of none.

    within: communication that a pass waits for, all of the pass's drawn at its end; in life it lies between the layers.
    """

    stage: int
    what: str
    chunk: int
    micro_batch: int
    start: float
    end: float
    within: bool = False


@dataclass(frozen=True)
class SimulatedStep:
    """A step laid out in time: seconds, and every stage's slots in the order in which they start."""

    seconds: float
    slots: tuple[Slot, ...]
