"""Which algorithms are tried where the best is asked for. It times none of them (answer.py)."""

from __future__ import annotations

from collections.abc import Iterator

from fabric.collectives.algorithms import ALGORITHMS, keywords
from fabric.collectives.catalog import collective
from fabric.collectives.schedule import Schedule

BEST = "best"
"""The text that asks for the fastest algorithm."""
NOT_EVERYWHERE = ("sharp",)
"""Needs switches of the network that add up, which a fabric has where it says so (`sharp=on`)."""
CHUNKS = 16
"""Parts that a pipeline is cut in, beside none."""
MOST_AT_ONCE = 2**20
"""Messages of one step beyond which an algorithm is not tried: all pairs of a thousand ranks or more."""


def triable(schedule: Schedule) -> bool:
    """Return whether no step of a schedule has too many messages at once."""
    return all(len(step.source) * (len(step.target) if step.complete else 1) <= MOST_AT_ONCE for step in schedule.steps)


def candidates(name: str, per_node: int, *, adding: bool = False) -> Iterator[str]:
    """Yield the texts of a collective's algorithms: each as it is, with a channel per rail, and cut in chunks where it can be.

    per_node: ranks of a node. adding: whether the switches of the network add up; else what needs that is not among them.
    """
    for text, build in ALGORITHMS[collective(name).name].items():
        if text in NOT_EVERYWHERE and not adding:
            continue
        yield text
        known = keywords(build)
        if "channels" in known and per_node > 1:
            yield f"{text}:channels={per_node}"
        if "chunks" in known:
            yield f"{text}:chunks={CHUNKS}"
