"""Point to point: who talks to whom, and one call of each kind as a schedule. It knows no library and no time.

Rank r and rank r + h are partners, h = p // 2 (OSU's pairing); in an odd number of ranks the last one is idle.
latency: 0 sends S to h, h sends S back; 2 (alpha + S beta). bandwidth: W messages of S from 0 to h at once, then an answer
of 0 bytes; 2 alpha + W S beta. bibandwidth: W both ways at once, then the answer. message_rate: bandwidth in all pairs.
A time is that of a call by its messages in a row (catalog.py: 2 for latency, else W). Source: arithmetic; what the kinds
are: OSU micro-benchmarks 7, user guide (osu_latency, osu_bw, osu_bibw, osu_mbw_mr).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from fabric.collectives.schedule import Groups, Ranks, Schedule, Step, listable, span

POINT_TO_POINT = ("latency", "bandwidth", "bibandwidth", "message_rate")
"""The kinds; beside them every name of the catalogue is a collective."""
TWO_WAY = ("latency", "bibandwidth")
"""Kinds in which both partners send."""


def pairs(name: str, world_size: int) -> tuple[Ranks, Ranks]:
    """Return (first, second) partners (n,) of a kind: rank 0's pair, for message_rate all; none at world size 1."""
    half = world_size // 2
    first = np.arange(half if name == "message_rate" else min(half, 1), dtype=np.int32)
    return first, (first + half).astype(np.int32)


def sources(name: str, world_size: int) -> list[int | None]:
    """Return whose data every rank receives (p entries), None for ranks that receive nothing."""
    first, second = (ends.tolist() for ends in pairs(name, world_size))
    found: list[int | None] = [None] * world_size
    for one, other in zip(first, second, strict=True):
        found[other] = one
        if name in TWO_WAY:
            found[one] = other
    return found


def ping_pong(groups: Groups, nbytes: int) -> Schedule:
    """Return one round trip: rank 0 to its partner, then back."""
    first, second = pairs("latency", groups.world_size)
    return _schedule("ping_pong", groups, [_whole(first, second), _whole(second, first)])


def one_way(groups: Groups, nbytes: int, *, window: int = 64) -> Schedule:
    """Return a window of messages from rank 0 to its partner at once, then the answer."""
    return _window("bandwidth", groups, window)


def both_ways(groups: Groups, nbytes: int, *, window: int = 64) -> Schedule:
    """Return a window of messages each way at once, then the answer."""
    return _window("bibandwidth", groups, window)


def all_pairs(groups: Groups, nbytes: int, *, window: int = 64) -> Schedule:
    """Return a window of messages in every pair at once, then the answers.

    Raises:
        InputError: more than 2^25 messages.
    """
    return _window("message_rate", groups, window)


def _window(name: str, groups: Groups, window: int) -> Schedule:
    first, second = pairs(name, groups.world_size)
    listable("window", window * len(first) * (1 + (name in TWO_WAY)), "a smaller window")
    source, target = (first, second) if name not in TWO_WAY else (np.append(first, second), np.append(second, first))
    answer = Step(second, first, Fraction(0), 1, False, lambda _: span(0, 0, second))
    return _schedule("window", groups, [_whole(np.repeat(source, window), np.repeat(target, window)), answer])


def _whole(source: Ranks, target: Ranks) -> Step:
    """Return messages of the sender's whole buffer."""
    return Step(source, target, Fraction(1), 1, False, lambda _: span(source.astype(np.int64), 1, source))


def _schedule(name: str, groups: Groups, steps: Sequence[Step]) -> Schedule:
    return Schedule(name, groups.world_size, 1, tuple(steps) if groups.world_size > 1 else ())
