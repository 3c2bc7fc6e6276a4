"""The noun of the rules: an order of the queue, a placement, a right to backfill or preempt, by name. It places nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fabric.text.escape import shown
from fabric.text.numbers import whole
from topologies.errors import InputError
from topologies.guess import near

if TYPE_CHECKING:
    from fabric.fleet.plain_state import State

Order = Callable[["State", int], int]
"""An order of one's own: (what is free, runs and waits, job) -> what the queue is ordered by, the least first."""
Placement = Callable[["State", list[int], int, int, int], "list[int] | None"]
"""A placement of one's own: (state, nodes that fit, how many of them, job, pool) -> the nodes, None where it should wait."""

ORDERS = {
    "fifo": "by submit time; the first that does not fit holds up the rest",
    "shortest": "by work, the least first (work is taken as known)",
    "fair": "by what the tenant holds now per share of its quota, the least first, then by submit time",
}
"""Order of the queue by name. Higher priority always goes first; ties go to the earlier in the trace."""
PLACEMENTS = {
    "scattered": "one node of each leaf in turn; a job of one node goes to the emptiest (Kubernetes' default, least allocated)",
    "tree": "the lowest switch that holds it, best fit over nodes and leaves (Slurm topology/tree)",
    "blocks": "inside an aligned run of 2^i leaves, best fit (Slurm topology/block)",
    "preferred": "inside one group of a tier if any holds it, else of the next wider one (Kueue TAS preferred)",
    "required": "inside one group of a tier, or it waits (Kueue TAS required)",
    "fgd": "where what is left is least fragmented for the jobs seen (fragmentation gradient descent, ATC'23)",
    "aware": "the place with the least predicted slowdown, its own and that of the jobs it shares links with",
}
"""Placement by name."""
TIERED = ("preferred", "required")
DEPTH = 100
"""Jobs behind the first that backfill looks at."""
EXAMPLES = "fifo+scattered, easy+tree, fair+easy+preferred:leaf, shortest+blocks"


@dataclass(frozen=True)
class SchedulingPolicy:
    """A rule for who runs next and where.

    order: a name of ORDERS. placement: a name of PLACEMENTS. backfill: later jobs may start as long as they do not delay the
    first one (EASY; run times are taken as known). depth: how many of them are looked at. preempt: a job of higher priority may
    stop preemptible ones of lower, which go back to the queue from their last checkpoint. tier: of required and preferred, by
    name, None for the lowest. quotas: tenant -> devices; under `fair` a tenant's weight, and the most it may hold where `cap`
    says so; tenants that are not named weigh as the smallest that is. own_order, own_placement: Python functions instead of
    the named ones; they run on the plain engine.
    """

    order: str = "fifo"
    placement: str = "tree"
    backfill: bool = False
    depth: int = DEPTH
    preempt: bool = False
    tier: str | None = None
    quotas: Mapping[str, int] = field(default_factory=dict)
    cap: bool = False
    own_order: Order | None = None
    own_placement: Placement | None = None

    def __post_init__(self) -> None:
        """Refuse what no engine knows."""
        if self.order not in ORDERS:
            raise InputError(f"policy: order must be {', '.join(ORDERS)}, got {shown(self.order)}")
        if self.placement not in PLACEMENTS:
            raise InputError(f"policy: placement must be {', '.join(PLACEMENTS)}, got {shown(self.placement)}")
        if self.tier is not None and self.placement not in TIERED:
            raise InputError(f"policy: a tier goes with {' or '.join(TIERED)}, got {self.placement}:{shown(self.tier)}")
        if self.depth < 0:
            raise InputError(f"policy: depth must be a whole number >= 0, got {self.depth}")
        bad = next((name for name, devices in self.quotas.items() if devices < 1), None)
        if bad is not None:
            raise InputError(f"policy: quota of {shown(bad)} must be a whole number of devices >= 1, got {self.quotas[bad]}")

    @property
    def name(self) -> str:
        """The policy as `policy` reads it: `easy+tree`."""
        order = self.order if self.own_order is None else self.own_order.__name__
        parts = [] if self.backfill and order == "fifo" else [order]
        parts += ["easy" if self.depth == DEPTH else f"easy:{self.depth}"] * self.backfill + ["preempt"] * self.preempt
        placement = self.placement if self.tier is None else f"{self.placement}:{self.tier}"
        return "+".join([*parts, placement if self.own_placement is None else self.own_placement.__name__])


def policy(text: str, *, quotas: Mapping[str, int] | None = None, cap: bool = False) -> SchedulingPolicy:
    """Return the policy of a name such as `easy+tree`: order, easy[:DEPTH], preempt and placement[:TIER] joined by +.

    Without an order it is fifo, without a placement tree.

    Raises:
        InputError: a word that is none of them, or two of a kind.
    """
    found: dict[str, object] = {}
    for word in text.split("+"):
        name, _, argument = word.strip().partition(":")
        new = _meaning(name, argument, text)
        double = next((key for key in new if key in found), None)
        if double is not None:
            raise InputError(f"policy: one {double} at a time, got {shown(text)}; such as {EXAMPLES}")
        found.update(new)
    return SchedulingPolicy(**found, quotas=dict(quotas or {}), cap=cap)  # type: ignore[arg-type]


def _meaning(name: str, argument: str, text: str) -> Mapping[str, object]:
    """Return the fields that one word of a policy's name sets."""
    if name == "easy":
        return {"backfill": True} | ({"depth": whole(argument, "policy: easy's depth")} if argument else {})
    if name in PLACEMENTS:
        return {"placement": name} | ({"tier": argument} if argument else {})
    if name in ORDERS and not argument:
        return {"order": name}
    if name == "preempt" and not argument:
        return {"preempt": True}
    known = [*ORDERS, "easy", "preempt", *PLACEMENTS]
    said = f"{shown(text)}{_meant(text, known)}"
    raise InputError(f"policy: must be words of {', '.join(known)} joined by +, got {said}; such as {EXAMPLES}")


def _meant(text: str, known: Sequence[str]) -> str:
    """Return ` (did you mean easy+tree?)` where every word is known or near one that is, else nothing."""
    words = [word.strip().partition(":") for word in text.split("+")]
    if all(name in known for name, *_ in words):
        return ""  # what is wrong stands behind a colon
    names = [name if name in known else next(iter(near(name, known)), None) for name, *_ in words]
    if None in names:
        return ""
    return f" (did you mean {'+'.join(f'{name}{colon}{more}' for name, (_, colon, more) in zip(names, words, strict=True))}?)"
