"""Samples of one case taken on several visits, put together. It does not know how they were taken.

A machine's state (frequency, neighbours, where threads sit) holds for seconds: samples of one visit agree with each other
more than with the next visit's. Visits spread over a run and pooled show the state's spread in the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from fabric.records.result import Result


def pooled(results: Sequence[Result]) -> list[Result]:
    """Return the results with raw samples of the same case, source, algorithm and barrier as one, in order of first sight.

    Samples, warm-ups, iterations and wrong elements add up; the context is the first one's, with how many `visits` there
    were and whether any was contended.
    """
    visits: dict[object, list[Result]] = {}
    for number, result in enumerate(results):
        alone = result.statistic != "raw"
        key = number if alone else (result.case, result.source, result.algorithm, result.barrier, result.oversubscribed)
        visits.setdefault(key, []).append(result)
    return [_as_one(same) if len(same) > 1 else same[0] for same in visits.values()]


def _as_one(same: Sequence[Result]) -> Result:
    contended = any(r.context.get("contended", False) for r in same)
    wrong = [r.wrong for r in same if r.wrong is not None]
    return replace(
        same[0],
        seconds=tuple(chain.from_iterable(r.seconds for r in same)),
        warmup_seconds=tuple(chain.from_iterable(r.warmup_seconds for r in same)),
        iterations=sum(r.iterations for r in same),
        wrong=sum(wrong) if wrong else None,
        context={**same[0].context, "contended": contended, "visits": len(same)},
    )
