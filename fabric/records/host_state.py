"""Whether a host was in one state or in two, from its 8-byte canary. It does not know what makes a host slow.

Identical launches on one machine fall into states that last for minutes: 8 bytes in 0.21 or 0.55 us, 64 KiB in 11 or 20 us.
Both switch together, so that the canary says in which state a result was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import exp

import numpy as np

from fabric.records.result import Result
from fabric.text.numbers import maybe_real, real

APART = 1.4
"""Ratio of the two states' canaries from which on they are two."""
CLEAR = 4.0
"""Distance of the states in standard deviations within the wider one: halves of a single bell are 2.3 apart."""
VALLEY = 0.1
"""Readings in the middle third between the states, as a share of the smaller one: a long tail has more."""
FEWEST = 5
"""Readings of each state."""
TO_SIGMA = 1.4826
"""Median absolute deviation -> standard deviation of a normal distribution."""
SAME_CANARY = ("launcher", "mpi_library", "thread_level", "torch", "nccl", "processor", "cores", "canary_ranks")
"""What two canaries must share to be compared, besides the source."""


def border(canaries: Iterable[float]) -> float | None:
    """Return the seconds that part fast readings from slow ones, None where they are of one state or too few to tell.

    Different readings only. Their logarithms are cut in two where the squares within the parts are least (Otsu's border).
    The parts are states where their medians are APART and at least CLEAR deviations (from the parts' median absolute
    deviations) from each other, each has FEWEST readings, and between them is a VALLEY.
    """
    values = np.log(sorted({value for value in canaries if value > 0}))
    n = len(values)
    if n < 2 * FEWEST:
        return None
    below = np.arange(1, n)
    sums = np.cumsum(values)
    between = (sums[-1] * below / n - sums[:-1]) ** 2 / (below * (n - below))
    between[: FEWEST - 1] = between[n - FEWEST :] = -1
    cut = int(np.argmax(between)) + 1
    fast, slow = values[:cut], values[cut:]
    low, high = float(np.median(fast)), float(np.median(slow))
    distance, within = high - low, TO_SIGMA * max(_deviation(fast), _deviation(slow))
    between_them = ((values > low + distance / 3) & (values < high - distance / 3)).sum()
    if exp(distance) < APART or distance < CLEAR * within or between_them > VALLEY * min(len(fast), len(slow)):
        return None
    return exp(float(fast[-1] + slow[0]) / 2)


def _deviation(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.median(np.abs(values - np.median(values))))


def labelled(results: Sequence[Result]) -> list[Result]:
    """Return the results, each with a canary with its `host_state` in the context: `fast`, `slow`, or `one` of all.

    Canaries are compared with those of the same source, library, launcher, machine and canary ranks only.
    """
    canaries: dict[object, list[float]] = {}
    for result in results:
        if _canary(result.context) is not None:
            canaries.setdefault(_kind(result), []).append(real(result.context["canary_seconds"], "canary_seconds"))
    borders = {kind: border(values) for kind, values in canaries.items()}
    return [
        result if (seconds := _canary(result.context)) is None else _with_state(result, seconds, borders[_kind(result)])
        for result in results
    ]


def quiet(results: Sequence[Result]) -> tuple[list[Result], list[str]]:
    """Return the results without visits in the slow state of a host that was in two, and a line on what was left out.

    A case that was never visited in the fast state keeps its visits. What is not a raw visit with a canary stays.
    """
    known = labelled(results)
    fast = {_cell(result) for result in known if result.context.get("host_state") == "fast"}
    slow = [result for result in known if result.context.get("host_state") == "slow" and result.statistic == "raw"]
    left_out = {id(result) for result in slow if _cell(result) in fast}
    if not slow:
        return known, []
    alone = len({_cell(result) for result in slow} - fast)
    line = (
        f"host: in two states by its canary: {len(left_out)} of {len(results)} visits, made in the slow one, are left out"
        + (f"; {alone} cases were seen in no other and stay" if alone else "")
    )
    return [result for result in known if id(result) not in left_out], [line]


def _cell(result: Result) -> object:
    return result.case, result.source, result.algorithm, result.barrier


def _canary(context: Mapping[str, object]) -> float | None:
    seconds = context.get("canary_seconds")
    return maybe_real(seconds) if isinstance(seconds, int | float) else None


def _kind(result: Result) -> object:
    return (result.source, *(str(result.context.get(key)) for key in SAME_CANARY))


def _with_state(result: Result, seconds: float, middle: float | None) -> Result:
    state = "one" if middle is None else "slow" if seconds > middle else "fast"
    return replace(result, context={**result.context, "host_state": state})
