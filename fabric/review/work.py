"""Work that a cluster does in rounds: collectives, arithmetic and memory traffic, from a text. It knows no hardware.

In a round every device does its own share of arithmetic and memory traffic, then all run the collectives together, one after
another. Nothing overlaps. A unit of work is one device's part of a round, so a round of n devices does n units.
"""

from __future__ import annotations

from dataclasses import dataclass

from fabric import units
from fabric.collectives.catalog import COLLECTIVES
from fabric.text.escape import shown
from fabric.text.numbers import maybe_real, natural
from topologies.errors import InputError
from topologies.guess import did_you_mean

FLOPS, MEMORY = "flops", "memory"
FORM = f"COLLECTIVE:SIZE[:COUNT], {FLOPS}:NUMBER or {MEMORY}:SIZE, several apart by commas"


@dataclass(frozen=True)
class Item:
    """One part of a round. what: a collective, flops or memory. amount: bytes S of a collective (nccl-tests' S), FLOP or bytes.

    count: how often it comes in a round.
    """

    what: str
    amount: float
    count: int = 1

    @property
    def collective(self) -> bool:
        """Whether all devices do it together."""
        return self.what not in (FLOPS, MEMORY)


def work_of(text: str) -> tuple[Item, ...]:
    """Return the items of a text such as `all_reduce:1GiB,all_to_all:64MiB:48,flops:5e14`.

    Raises:
        InputError: another form, an unknown collective, a size or count that is none.
    """
    return tuple(_item(one.strip()) for one in text.split(","))


def _item(text: str) -> Item:
    what, *rest = text.split(":")
    if what not in (FLOPS, MEMORY, *COLLECTIVES) or not 1 <= len(rest) <= 2:
        known = (FLOPS, MEMORY, *COLLECTIVES)
        hint = "" if what in known else did_you_mean(what, known)
        raise InputError(f"work: must be {FORM}, got {shown(text)}{hint}; collectives: {', '.join(COLLECTIVES)}")
    count = natural(rest[1]) if len(rest) == 2 else 1
    if not count:
        raise InputError(f"work: COUNT must be a whole number >= 1, got {shown(text)}")
    return Item(what, _flop(rest[0]) if what == FLOPS else units.size(rest[0], "work"), count)


def _flop(text: str) -> float:
    found = maybe_real(text)
    if found is None or not 0 < found < float("inf"):
        raise InputError(f"work: {FLOPS} must be a number above 0, such as 5e14, got {shown(text)}")
    return found
