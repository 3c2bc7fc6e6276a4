"""Plans that could be: every way to cut a model over ranks that divides and fits the devices' memory. It times none.

TP is a power of two up to the scale-up domain, PP any number that the layers bear, CP above 1 for long sequences only. FSDP is
tried without PP (a gather a micro batch and stage would not pay), ZeRO-1 otherwise, ZeRO-2 where stages are interleaved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from fabric.workload.check import checked
from fabric.workload.device import DeviceRates
from fabric.workload.memory import memory_of
from fabric.workload.model import LanguageModel
from fabric.workload.plan import ParallelPlan, Recompute
from topologies.errors import InputError

MICRO_BATCHES = (1, 2, 4, 8)
LONG, PER_CP = 16_384, 4_096
"""Tokens of a sequence from which on CP is tried, and the fewest that CP leaves a rank."""
MOST_EP = 64
SHARDS = (-1, 64, 512)
"""FSDP over all ranks, or over so many (HSDP)."""


@dataclass(frozen=True)
class Space:
    """What a search is about. domain: devices of a scale-up domain. pinned: fields of a plan that are given."""

    model: LanguageModel
    ranks: int
    batch: int
    sequence: int
    domain: int
    pinned: Mapping[str, Any]

    def check(self, plan: ParallelPlan) -> ParallelPlan | None:
        """Return the plan on its ranks, None where it does not divide."""
        found = self.tried(plan)
        return found if isinstance(found, ParallelPlan) else None

    def tried(self, plan: ParallelPlan) -> ParallelPlan | str:
        """Return the plan on its ranks, or in a line why it does not divide."""
        try:
            return checked(self.model, plan, self.ranks, self.batch, self.sequence)
        except InputError as error:
            return str(error)


def plans(space: Space) -> Iterator[ParallelPlan]:
    """Yield every plan of a space that divides."""
    seen = set[ParallelPlan]()
    for tp, cp, pp in product(_tp(space), _cp(space), _pp(space)):
        if space.ranks % (tp * cp * pp):
            continue
        for vpp, ep, mb, fsdp, recompute in product(
            _vpp(space, pp), _ep(space), _of(space, "micro_batch", MICRO_BATCHES), _fsdp(space, pp), _recompute(space)
        ):
            words = {
                "tp": tp,
                "cp": cp,
                "pp": pp,
                "vpp": vpp,
                "ep": ep,
                "micro_batch": mb,
                "fsdp": fsdp,
                "recompute": recompute,
            }
            found = space.check(ParallelPlan(**{**words, **space.pinned}))
            for one in _zeros(space, found) if found is not None else ():
                if one not in seen:
                    seen.add(one)
                    yield one


def _zeros(space: Space, plan: ParallelPlan) -> Iterator[ParallelPlan]:
    """Yield a plan, and the same with ZeRO-2 where its stages are interleaved and nothing is said of it."""
    yield plan
    if plan.vpp > 1 and plan.zero == 1 and "zero" not in space.pinned:
        yield replace(plan, zero=2)


def lacking(space: Space, plan: ParallelPlan, rates: DeviceRates) -> float:
    """Return the bytes that the fullest stage lacks; zero or below: it fits; 0 where the device's memory is not known."""
    micro_batches = space.batch // ((plan.dp or 1) * plan.micro_batch)
    spare = [stage.spare for stage in memory_of(space.model, plan, rates, space.sequence, micro_batches)]
    return max((-one for one in spare if one is not None), default=0.0)


def neighbours(space: Space, plan: ParallelPlan) -> Iterator[tuple[str, ParallelPlan | str]]:
    """Yield what is changed and the plan one step away, or why that does not divide; dp takes what is left."""
    open_plan = replace(plan, dp=None)
    for name, short in (("tp", "tp"), ("pp", "pp"), ("cp", "cp"), ("ep", "ep"), ("vpp", "vpp"), ("micro_batch", "mb")):
        now = getattr(plan, name)
        for value in (now // 2, now * 2):
            if (
                value < 1
                or (name == "cp" and value > 1 and space.sequence < LONG)
                or (name == "ep" and not space.model.experts)
            ):
                continue
            if name == "vpp" and plan.pp == 1:
                continue
            more = {"vpp": 1} if name == "pp" and value == 1 else {}
            yield f"{short}={value}", space.tried(replace(open_plan, **{name: value, **more}))
    for other in _recompute(space):
        if other != plan.recompute:
            yield f"recompute={other}", space.tried(replace(open_plan, recompute=other))
    if plan.pp > 1 and plan.zero:
        yield f"zero={3 - plan.zero}", space.tried(replace(open_plan, zero=3 - plan.zero))
    if plan.pp == 1:
        yield (
            ("fsdp=all", space.tried(replace(open_plan, fsdp=-1)))
            if not plan.fsdp
            else (
                "zero=1",
                space.tried(replace(open_plan, fsdp=0)),
            )
        )


def _of(space: Space, name: str, values: Sequence[Any]) -> Sequence[Any]:
    """Return the values to try of a field: the pinned one alone, where there is one."""
    return (space.pinned[name],) if name in space.pinned else values


def _powers(most: int) -> tuple[int, ...]:
    """Return 1, 2, 4 ... up to `most`."""
    return tuple(1 << n for n in range(max(1, most).bit_length()))


def _tp(space: Space) -> Sequence[int]:
    return _of(space, "tp", _powers(min(space.domain, space.model.heads, space.ranks)))


def _cp(space: Space) -> Sequence[int]:
    return _of(space, "cp", _powers(space.sequence // PER_CP) if space.sequence >= LONG else (1,))


def _pp(space: Space) -> Sequence[int]:
    return _of(space, "pp", [n for n in range(1, min(space.model.layers, space.ranks) + 1) if space.ranks % n == 0])


def _vpp(space: Space, pp: int) -> Sequence[int]:
    return _of(space, "vpp", range(1, -(-space.model.layers // pp) + 1) if pp > 1 else (1,))


def _ep(space: Space) -> Sequence[int]:
    experts = space.model.experts
    return _of(space, "ep", _powers(min(MOST_EP, experts.count)) if experts else (1,))


def _fsdp(space: Space, pp: int) -> Sequence[int]:
    return _of(space, "fsdp", (0, *SHARDS) if pp == 1 else (0,))


def _recompute(space: Space) -> Sequence[Recompute]:
    flash = space.pinned.get("flash", True)
    return _of(space, "recompute", ("none", "pointwise", "full") if flash else ("none", "pointwise", "selective", "full"))
