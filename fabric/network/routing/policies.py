"""Routing policies by name: what each text means, and what is refused. It knows no network and routes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fabric.text.escape import shown
from fabric.text.numbers import maybe_whole
from topologies.errors import InputError
from topologies.guess import did_you_mean

RELAY = "pxn"
SEEDED = ("ecmp", "adaptive", "minimal", "valiant")
SPLIT = ("ideal", "spray")
MODULO = ("dmodk", "rail_aligned")
TABLE = "table"
MIXED = ("minimal", "valiant", "ugal")
"""Without a seed: over all minimal ways alike, over all detours alike, or the best mixture of both."""
POLICIES = (
    "ideal, spray, ecmp:SEED, adaptive:SEED, dmodk, rail_aligned, table:FILE, minimal, minimal:SEED, valiant, valiant:SEED, "
    "ugal, or pxn: before one"
)
MEANINGS: Mapping[str, str] = {
    "ideal": "every shortest path carries the same share: no switch is blind to what lies behind its neighbours",
    "spray": "every switch spreads evenly over its next hops, whatever lies behind them",
    "ecmp:SEED": "every switch hashes source, target and hop to one of its next hops",
    "adaptive:SEED": "messages placed in a drawn order, every switch takes its least loaded next hop",
    "dmodk": "next hop by the target's number modulo the number of next hops, tier by tier",
    "rail_aligned": "as dmodk by the source's number: every device of a leaf keeps its own uplink",
    "table:FILE": "static forwarding tables, rows of switch, destination, next",
    "minimal:SEED": "dragonfly, dragonfly_plus: at most one cable between groups",
    "valiant:SEED": "first to a drawn group (dragonfly) or switch (others), then on to the target",
    "minimal": "over all minimal ways alike",
    "valiant": "over all detours alike: other groups (dragonfly) or switches (others)",
    "ugal": "the mixture of minimal ways and detours that makes the fullest link least full: ideal UGAL, without queues",
    "pxn:POLICY": "first inside the node to the device on the target's rail, then over the network by POLICY",
}


@dataclass(frozen=True)
class Policy:
    """A policy: its kind, its seed (0 where it has none), its file, and whether messages first change rails inside nodes.

    mixed: one of MIXED, which share out every message; else minimal and valiant draw one way for each.
    """

    kind: str
    seed: int = 0
    file: str = ""
    relay: bool = False
    mixed: bool = False

    @property
    def splits(self) -> bool:
        """Whether a message takes several ways at once."""
        return self.kind in SPLIT


def policies_known() -> list[tuple[str, str]]:
    """Return (text, meaning) of every policy."""
    return list(MEANINGS.items())


def read_policy(text: str) -> Policy:
    """Return the policy of a text such as `ecmp:7` or `pxn:ecmp:7`.

    Raises:
        InputError: no such policy, or a seed or file that is missing or too many.
    """
    relay = text.startswith(f"{RELAY}:")
    kind, colon, rest = (text.removeprefix(f"{RELAY}:") if relay else text).partition(":")
    if kind in (*SPLIT, *MODULO) and not colon:
        return Policy(kind, relay=relay)
    if kind in MIXED and not colon:
        return Policy(kind, relay=relay, mixed=True)
    seed = maybe_whole(rest) if kind in SEEDED and rest.isdigit() else None
    if seed is not None:
        return Policy(kind, seed=seed, relay=relay)
    if kind == TABLE and rest:
        return Policy(kind, file=rest, relay=relay)
    hint = did_you_mean(kind, MEANINGS)
    raise InputError(f"routing: must be {POLICIES}; got {shown(text)}{hint}")
