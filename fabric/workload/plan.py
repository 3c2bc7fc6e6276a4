"""The noun of how a model is spread over ranks, and its text such as `tp=8,pp=4,vpp=2`. It knows no model and no fabric.

The words are Megatron's: TP cuts matrices (with sequence parallelism the tokens between them), PP the layers, DP the batch,
CP the sequence, EP the experts. What a plan asks of a model and a number of ranks is check.py's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from math import gcd
from typing import Any, Literal

from fabric.text.escape import shown
from fabric.text.numbers import maybe_real, natural
from topologies.errors import InputError
from topologies.guess import did_you_mean

Recompute = Literal["none", "pointwise", "selective", "full"]
Precision = Literal["bf16", "fp8"]
Dispatch = Literal["each", "once"]
DIMENSIONS = ("tp", "cp", "dp", "pp")
"""Dimensions of the rank layout, innermost first as Megatron has them by default; ep lies inside cp x dp (and tp)."""
OVERLAPS = ("grad", "param", "tp", "pp", "ep", "fsdp")
"""What can run beside arithmetic: DP's reduce-scatter (or all-reduce) of gradients, its gather of weights, TP's ring
exchange, PP's messages, EP's exchanges beside another micro batch, FSDP's gathers and scatters beside the next layer's work."""
USUAL_OVERLAP = ("grad", "param", "pp", "fsdp")


@dataclass(frozen=True)
class ParallelPlan:
    """How a step is cut. A plan's ranks are tp x cp x pp x dp.

    dp: data-parallel groups; None: whatever the ranks leave. ep: ranks that share a layer's experts; etp: ranks that cut one
    expert. vpp: virtual stages a rank (interleaved 1F1B). micro_batch: sequences of a micro batch. sp: the tokens between TP's
    matrices are cut too. recompute: none, pointwise (outputs of norms and of the MLP's activation), selective (the attention
    core, where its scores are kept) or full. zero: 1 spreads the optimizer over DP, 2 gradients too, 0 nothing. fsdp: ranks
    over which weights, gradients and optimizer are cut: 0 none, -1 all of DP and CP (FSDP), fewer is HSDP. grad_bytes: of a
    gradient when it is added up and sent. precision: of the matrices. overlap: of OVERLAPS. layout: the dimensions, innermost
    first. skew: tokens of the fullest EP rank over the mean. dispatch: a token goes to each of its experts (plain
    all-to-all), or once to every rank, between scale-up domains once to every domain, that has one of them (DeepEP,
    HybridEP). flash: the attention core keeps no scores. compiled: element-wise work is fused.
    """

    tp: int = 1
    pp: int = 1
    dp: int | None = None
    cp: int = 1
    ep: int = 1
    etp: int = 1
    vpp: int = 1
    micro_batch: int = 1
    sp: bool = True
    recompute: Recompute = "none"
    zero: int = 1
    fsdp: int = 0
    grad_bytes: int = 4
    precision: Precision = "bf16"
    overlap: tuple[str, ...] = USUAL_OVERLAP
    layout: tuple[str, ...] = DIMENSIONS
    skew: float = 1.0
    dispatch: Dispatch = "each"
    flash: bool = True
    compiled: bool = True

    def __post_init__(self) -> None:
        for name in ("tp", "pp", "cp", "ep", "etp", "vpp", "micro_batch"):
            if getattr(self, name) < 1:
                raise InputError(f"plan: {name} must be a whole number >= 1, got {getattr(self, name)}")
        if self.vpp > 1 and self.pp == 1:
            raise InputError(f"plan: vpp needs pp of 2 or more, got vpp={self.vpp} with pp=1")
        if self.skew < 1:
            raise InputError(f"plan: skew is the fullest EP rank's tokens over the mean, 1 or more, got {self.skew:g}")
        if sorted(self.layout) != sorted(DIMENSIONS):
            raise InputError(f"plan: layout must order {'-'.join(DIMENSIONS)}, innermost first, got {'-'.join(self.layout)}")

    @property
    def model_ranks(self) -> int:
        """Ranks that hold one copy of the model and work on one sequence: tp x cp x pp."""
        return self.tp * self.cp * self.pp

    @property
    def ranks(self) -> int:
        """All ranks.

        Raises:
            InputError: dp is not set.
        """
        if self.dp is None:
            raise InputError("plan: dp is open: on(ranks) sets it")
        return self.model_ranks * self.dp

    @property
    def shard_ranks(self) -> int:
        """Ranks over which FSDP cuts a weight, 1 without FSDP; of the plan on its ranks."""
        if not self.fsdp:
            return 1
        return (self.dp or 1) * self.cp if self.fsdp < 0 else self.fsdp

    @property
    def expert_data_ranks(self) -> int:
        """Ranks that hold the same experts (1 where every rank of a stage has its own); of the plan on its ranks."""
        return max(1, (self.dp or 1) * self.cp * self.tp // (self.ep * self.etp))

    @property
    def expert_shard_ranks(self) -> int:
        """Ranks over which FSDP cuts an expert's weight, 1 without FSDP; of the plan on its ranks."""
        return gcd(self.expert_data_ranks, self.shard_ranks) if self.fsdp else 1

    @property
    def gradient_rounds(self) -> int:
        """Micro batches in a row of one chunk, after which ZeRO-2 scatters its gradients: pp interleaved, else one."""
        return self.pp if self.vpp > 1 else 1

    def text(self) -> str:
        """Return the plan as its text, without what is as usual."""
        return ",".join(_said(self)) or "dp=1"


KEYS = {"mb": "micro_batch"} | {f.name: f.name for f in fields(ParallelPlan)}
"""Key of a plan's text -> field."""
WORDS: dict[str, tuple[str, ...]] = {
    "recompute": ("none", "pointwise", "selective", "full"), "precision": ("bf16", "fp8"), "dispatch": ("each", "once")
}  # fmt: skip
FLAGS = ("sp", "flash", "compiled")
SHORT = {"micro_batch": "mb"}


def plan_of(text: str) -> ParallelPlan:
    """Return the plan of a text such as `tp=8,pp=4,vpp=2,mb=1,recompute=full`; `fsdp` alone cuts over all of DP.

    Raises:
        InputError: an unknown key (the nearest is named), a value that is none, or a key said twice.
    """
    found: dict[str, Any] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (part.strip() for part in item.partition("="))
        name = KEYS.get(key)
        if name is None:
            there = ", ".join(k for k in KEYS if k != "micro_batch")
            raise InputError(f"plan: unknown key {shown(key)}{did_you_mean(key, KEYS, likeness=0.4)}; there are: {there}")
        if name in found:
            raise InputError(f"plan: {key} is said twice in {shown(text)}")
        found[name] = _value(name, value, given=bool(equals))
    return ParallelPlan(**found)


def _value(name: str, value: str, *, given: bool) -> Any:
    if name in FLAGS:
        return _flag(name, value, given=given)
    read: dict[str, Callable[[str], Any]] = {
        "recompute": lambda text: _word(name, text, WORDS[name]),
        "precision": lambda text: _word(name, text, WORDS[name]),
        "dispatch": lambda text: _word(name, text, WORDS[name]),
        "overlap": _overlap,
        "layout": lambda text: tuple(text.split("-")),
        "skew": _skew,
    }
    if name == "fsdp" and value in ("", "all"):
        return -1
    return read[name](value) if name in read else _whole(name, value)


def _overlap(value: str) -> tuple[str, ...]:
    parts = tuple(filter(None, value.split("+"))) if value != "none" else ()
    return tuple(_word("overlap", part, OVERLAPS) for part in parts)


def _skew(value: str) -> float:
    number = maybe_real(value)
    if number is None:
        raise InputError(f"plan: skew must be a number of 1 or more, got {shown(value)}")
    return number


def _whole(name: str, value: str) -> int:
    number = natural(value)
    key = SHORT.get(name, name)
    if name == "zero" and number not in (0, 1, 2):
        raise InputError(f"plan: zero must be 0, 1 or 2 (fsdp cuts weights too), got {shown(value)}")
    if name == "grad_bytes" and number not in (2, 4):
        raise InputError(f"plan: grad_bytes must be 2 or 4, got {shown(value)}")
    if number is None or (number < 1 and name not in ("zero", "fsdp")):
        raise InputError(f"plan: {key} must be a whole number >= 1, got {shown(value)}")
    return number


def _flag(name: str, value: str, *, given: bool) -> bool:
    if not given or value in ("1", "yes", "true"):
        return True
    if value in ("0", "no", "false"):
        return False
    raise InputError(f"plan: {name} must be 1 or 0, got {shown(value)}")


def _word(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise InputError(f"plan: {name} must be one of {', '.join(known)}, got {shown(value)}")
    return value


def _said(plan: ParallelPlan) -> list[str]:
    """Return `key=value` of every field that is not as usual, tp, pp and dp always where they are above 1."""
    usual, found = ParallelPlan(), list[str]()
    for one in fields(ParallelPlan):
        value = getattr(plan, one.name)
        if value == getattr(usual, one.name):
            continue
        found.append(f"{SHORT.get(one.name, one.name)}={_written(one.name, value)}")
    return found


def _written(name: str, value: Any) -> str:
    if name == "overlap":
        return "+".join(value) or "none"
    if name == "layout":
        return "-".join(value)
    if name == "fsdp":
        return "all" if value < 0 else str(value)
    if name in FLAGS:
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def with_dp(plan: ParallelPlan, ranks: int) -> ParallelPlan:
    """Return the plan with dp set by its ranks.

    Raises:
        InputError: ranks that tp x cp x pp does not divide, with the nearest that do; dp given and another.
    """
    whole = plan.model_ranks
    if ranks % whole or ranks < whole:
        below, above = ranks // whole * whole, (ranks // whole + 1) * whole
        near = f"{below} or {above}" if below else str(above)
        raise InputError(
            f"plan: ranks must be a multiple of tp x cp x pp = {plan.tp} x {plan.cp} x {plan.pp} = {whole}, got {ranks}; "
            f"nearest {near}, or tp x cp x pp of {_dividing(whole, ranks)}"
        )
    dp = ranks // whole
    if plan.dp not in (None, dp):
        raise InputError(
            f"plan: tp x cp x pp x dp = {whole} x {plan.dp} = {whole * (plan.dp or 1)} ranks, got {ranks}; dp={dp} fits"
        )
    return replace(plan, dp=dp)


def _dividing(value: int, ranks: int) -> str:
    """Return the divisors of the ranks next to a value, below and above it."""
    below = max(n for n in range(1, min(value, ranks + 1)) if ranks % n == 0)
    above = next((n for n in range(value + 1, ranks + 1) if ranks % n == 0), None)
    return f"{below}" if above is None else f"{below} or {above}"
