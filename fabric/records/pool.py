"""Samples of one case taken on several visits and launches, put together. It does not know how they were taken.

A machine's state (frequency, neighbours, where threads sit) holds for seconds: samples of one visit agree with each other
more than with the next visit's. Visits spread over a run and pooled show the state's spread in the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from fabric.records.host_state import labelled
from fabric.records.result import Result
from fabric.text.numbers import real

Visits = list[tuple[float, ...]]


def pooled(results: Sequence[Result]) -> list[Result]:
    """Return the results with raw samples of the same case, source, algorithm and barrier as one, in order of first sight.

    Samples, warm-ups, iterations and wrong elements add up; the samples of each launch stand together, and `groups` says how
    many each of its visits has, for the interval. Launches are told apart by the context's `launch`; results of before there
    was one are taken as one launch. The context is the first one's, with how many `visits` and, if more than one, `launches`
    there were, and flags: any `contended`, the farthest `clock_jump_seconds`, `mixed_host_states` where some were measured in
    the fast and some in the slow state of the host (see host_state). Results with a canary get their `host_state`.
    """
    visits: dict[object, list[Result]] = {}
    for number, result in enumerate(labelled(results)):
        alone = result.statistic != "raw"
        key = number if alone else (result.case, result.source, result.algorithm, result.barrier, result.oversubscribed)
        visits.setdefault(key, []).append(result)
    return [_as_one(same) if len(same) > 1 else same[0] for same in visits.values()]


def _as_one(same: Sequence[Result]) -> Result:
    wrong = [r.wrong for r in same if r.wrong is not None]
    launches: dict[object, Visits] = {}
    for number, result in enumerate(same):
        for place, visits in enumerate(_visits(result)):
            name = (number, place) if len(result.groups) > 1 else result.context.get("launch")
            launches.setdefault(name, []).extend(visits)
    return replace(
        same[0],
        seconds=tuple(second for visits in launches.values() for visit in visits for second in visit),
        groups=tuple(tuple(map(len, visits)) for visits in launches.values()),
        warmup_seconds=tuple(second for r in same for second in r.warmup_seconds),
        iterations=sum(r.iterations for r in same),
        wrong=sum(wrong) if wrong else None,
        context={**same[0].context, **_flags(same, launches)},
    )


def _visits(result: Result) -> list[Visits]:
    """Return the samples of a result by launch and visit."""
    left = iter(result.seconds)
    return [[tuple(islice(left, count)) for count in launch] for launch in result.groups or ((len(result.seconds),),)]


def _flags(same: Sequence[Result], launches: dict[object, Visits]) -> dict[str, Any]:
    contexts = [result.context for result in same]
    states = {state for context in contexts if (state := context.get("host_state")) is not None}
    jumps = [
        real(context["clock_jump_seconds"], "clock_jump_seconds") for context in contexts if context.get("clock_jump_seconds")
    ]
    flags: dict[str, Any] = {
        "contended": any(context.get("contended", False) for context in contexts),
        "visits": sum(map(len, launches.values())),
    }
    if len(launches) > 1:
        flags["launches"] = len(launches)
    if jumps:
        flags["clock_jump_seconds"] = max(jumps, key=abs)
    if len(states) > 1 or any(context.get("mixed_host_states") for context in contexts):
        flags |= {"host_state": "mixed", "mixed_host_states": True}
    return flags
