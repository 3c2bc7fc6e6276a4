"""Fit a library's constants from measured results, and score fits on what they have not seen. Measures nothing itself.

Fitted: world size 2, every second size (the first, third, ...). Held out: the other sizes, and every size at larger
world sizes. Never used: world size 1, cells with more ranks than cores, cells with wrong elements.
At world size 2 all messages of a schedule have one size m, so time = messages (alpha + route latency + m crossings beta
+ m passes excess); excess: what a byte takes beyond the caches, by what the ranks touch together (footprint.py).
The fit minimises the sum of |log(predicted / measured)| (an outlier moves it no more than any other point), with beta and
passes >= 0 and alpha + latency >= 0, in one to three lines by message size; how many is decided by leave-one-out on the fitted
sizes. What is fitted is the median over visits of their medians; the intervals draw visits anew, not samples, where there were
several: samples of one visit are of one moment of the machine. Where lines miss the fitted sizes by more than visits scatter
(SURE), what they miss is the library's, and straight lines from one size to the next take their place; as they do where calls
of several messages are seen to pay less for a further one (calls.py), which no line by message can hold.
The baseline is one line alpha + beta S, fitted to the same points in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from fabric.collectives.algorithms import algorithm
from fabric.collectives.catalog import in_a_row
from fabric.network.fabric import Fabric
from fabric.network.placement import groups_of, place
from fabric.predict.calls import share
from fabric.predict.constants import ANY_LEVEL, CROWDED, Constants, Line
from fabric.predict.cost import step_cost
from fabric.predict.defaults import default_algorithm
from fabric.predict.footprint import beyond
from fabric.predict.least import least
from fabric.records.imported import library_of
from fabric.records.result import Result, now
from topologies.errors import InputError

Floats = NDArray[np.float64]
FEWEST = 4
MOST_LINES = 3
RESAMPLES = 200
FEWEST_IN_LINE = 3
SURE = 2.0
"""Standard errors of a size's median beyond which it is not chance that lines miss it."""
LESS = 0.95
"""Share of the first message up to which a further one of a call is seen to take less."""
LEAST = 0.25
"""Of a size's seconds: what is left for its bytes in caches, however much memory is said to add."""
TO_ERROR = 1.2533 * 1.4826
"""Median absolute deviation -> standard error of a median of normal samples, times the square root of their number."""


@dataclass(frozen=True)
class Split:
    """Results by use: fitted, held out, and left out with the reason."""

    fitted: tuple[Result, ...]
    held_out: tuple[Result, ...]
    left_out: tuple[tuple[Result, str], ...]


@dataclass(frozen=True, eq=False)
class Point:
    """One fitted result per message: its size m, the bytes on the fullest link, route latency, messages, visits' medians.

    excess: seconds of m bytes in one pass beyond the caches; anew: of pages taken anew for them. count: of visits; of one, its
    samples stand for the visits.
    """

    message: float
    moved: float
    latency: float
    messages: int
    visits: NDArray[np.float64]
    excess: float = 0.0
    anew: float = 0.0
    count: int = 1

    @property
    def cost(self) -> float:
        """The seconds of one message, route latency included: the median over visits."""
        return float(np.median(self.visits)) / self.messages

    @property
    def chance(self) -> float:
        """The standard error of cost as a share of it, infinite where too few visits tell."""
        if self.count < FEWEST:
            return float("inf")
        logs = np.log(self.visits)
        return TO_ERROR * float(np.median(np.abs(logs - np.median(logs)))) / float(np.sqrt(len(logs)))


@dataclass(frozen=True)
class Baseline:
    """alpha + beta S through the fitted points, blind to algorithm, ranks and fabric."""

    alpha: float
    beta: float

    def seconds(self, nbytes: int) -> float:
        """Return the baseline's time for so many bytes."""
        return self.alpha + self.beta * nbytes


def split(results: Sequence[Result]) -> Split:
    """Return one library's results by use."""
    sizes = sorted({r.case.nbytes for r in results if r.case.world_size == 2 and _unusable(r) is None})
    chosen = set(sizes[::2])
    usable = [r for r in results if _unusable(r) is None]
    fitted = tuple(r for r in usable if r.case.world_size == 2 and r.case.nbytes in chosen)
    held_out = tuple(r for r in usable if r not in fitted)
    return Split(fitted, held_out, tuple((r, reason) for r in results if (reason := _unusable(r)) is not None))


def _unusable(result: Result) -> str | None:
    if result.case.world_size < 2:
        return "world size 1"
    if result.oversubscribed:
        return CROWDED
    if in_a_row(result.case.collective, result.case.params) > 1 and result.case.collective != "latency":
        return "a window of messages"
    return f"{result.wrong} wrong elements" if result.wrong else None


def calibrate(results: Sequence[Result], fabric: Fabric) -> Constants:
    """Return the constants of one library and form (in place or not) on a fabric.

    Raises:
        InputError: results of several libraries or forms, or fewer than 4 sizes at world size 2.
    """
    sources = sorted({r.source for r in results})
    forms = {r.case.in_place for r in results}
    if len(sources) != 1 or len(forms) != 1:
        raise InputError(f"calibrate: must be one library and form at a time, got {', '.join(sources) or 'nothing'}")
    fitted = split(results).fitted
    if len(fitted) < FEWEST:
        raise InputError(f"calibrate: needs {FEWEST} sizes at world size 2 to fit, got {len(fitted)} of {sources[0]}")
    points = sorted((_point(r, fabric) for r in fitted), key=lambda point: point.message)
    return Constants(
        name=f"{sources[0]}, {'in place' if forms == {True} else 'out of place'}",
        lines={ANY_LEVEL: _lines(points)},
        source=f"fitted on {len(fitted)} sizes at world size 2, {_amount(fitted)}",
        backend=library_of(sources[0]),
        in_place=forms.pop(),
        fabric=fabric.fingerprint,
        fitted_bytes=tuple(sorted(r.case.nbytes for r in fitted)),
        made_at=now(),
    )


def _amount(fitted: Sequence[Result]) -> str:
    """Return how much stands behind a fit: samples, or another tool's means."""
    if all(r.statistic == "mean" for r in fitted):
        return "each a mean"
    return f"{sum(len(r.seconds) for r in fitted)} samples"


def baseline(results: Sequence[Result]) -> Baseline:
    """Return alpha + beta S through the same fitted points, by the same relative least squares."""
    fitted = split(results).fitted
    alpha, beta, _ = _fit([r.case.nbytes for r in fitted], [float(np.median(r.visit_medians)) for r in fitted])
    return Baseline(alpha, beta)


def _point(result: Result, fabric: Fabric) -> Point:
    library = library_of(result.source)
    case, carrying = result.case, fabric.carrying(library)
    devices = place(carrying.topology, case.world_size, case.order)
    text = result.algorithm if result.algorithm != "default" else default_algorithm(library, case)
    schedule = algorithm(case.collective, text).schedule(groups_of(carrying.topology, devices), case.nbytes)
    step = schedule.steps[0]
    cost = step_cost(carrying, devices[step.source], devices[step.target], "ideal")
    message = float(step.share) * case.nbytes
    messages = schedule.messages // in_a_row(case.collective)  # a ping-pong's time is that of half of its messages
    more, medians = beyond(case, carrying, library, text), result.visit_medians
    visits = np.array(medians if len(medians) > 1 else result.seconds)
    moved = message * float(cost.crossings.max())
    return Point(message, moved, cost.slowest_way, messages, visits, moved * more.a_pass, moved * more.anew, len(medians))


def _fit(
    moved: Sequence[float], seconds: Sequence[float], excess: Sequence[float] = (), known: Sequence[float] | float = 0.0
) -> tuple[float, float, float]:
    """Return alpha, beta, passes >= 0 of least |log((alpha + beta moved + passes excess + known) / seconds)| in sum.

    By reweighted least squares; passes is 0 where nothing is beyond the caches.
    """
    columns = [np.ones(len(seconds)), np.array(moved), *([np.array(excess)] if any(excess) else [])]
    alpha, beta, passes = (*least(columns, seconds, known), 0.0)[:3]
    return alpha, beta, passes


def _fit_points(points: Sequence[Point]) -> tuple[float, float, float]:
    return _fit([p.moved for p in points], [p.cost for p in points], *_fixed(points))


def _fixed(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    """Return what the machine's memory adds to every point: in a pass, and known beforehand."""
    return [p.excess for p in points], [p.anew for p in points]


def _lines(points: Sequence[Point]) -> tuple[Line, ...]:
    """Return a line per run of the points, by the cut with the least leave-one-out error."""
    cuts = [
        (0, *cut, len(points))
        for lines in range(MOST_LINES)
        for cut in combinations(range(FEWEST_IN_LINE, len(points) - FEWEST_IN_LINE + 1), lines)
    ]
    runs = [
        [points[a:b] for a, b in pairwise(cut)]
        for cut in cuts
        if len(cut) == 2 or all(b - a >= FEWEST_IN_LINE for a, b in pairwise(cut))
    ]
    best = min(runs, key=lambda parts: sum(_left_out_error(part) for part in parts))
    borders = [float(np.sqrt(a[-1].message * b[0].message)) for a, b in pairwise(best)]
    missed = [abs(_miss(_fit_points(part), point)) for part in best for point in part]
    joined = _joined(points, _fit_points(best[-1])[2])
    unlike = any(line.again < 1.0 for line in joined)
    if unlike or np.median(missed) > SURE * np.median([point.chance for point in points]):
        return joined
    return tuple(_line(part, border) for part, border in zip(best, [*borders, None], strict=True))


def _joined(points: Sequence[Point], passes: float) -> tuple[Line, ...]:
    """Return straight lines from every message's size to the next, and in proportion beyond the last."""
    ends = [points[0], *(b for a, b in pairwise(points) if b.message > a.message)]
    rng = np.random.default_rng(0)
    drawn = [_drawn(point, rng) for point in ends]
    lines = [_between((ends[n], ends[n + 1]), (drawn[n], drawn[n + 1]), passes) for n in range(len(ends) - 1)]
    for n in range(1, len(ends) - 2):
        if ends[n].messages == 1 < ends[n + 1].messages == ends[n + 2].messages:
            found = _of_calls(ends[n - 1 : n + 3], drawn[n - 1 : n + 3], passes)
            lines[n - 1 : n + 1] = found or lines[n - 1 : n + 1]
    last, own = ends[-1], _allowed(ends[-1:], passes)
    beta = float(_of_caches(last, own, np.array([last.cost]))[0]) / last.moved
    low, high = np.quantile(_of_caches(last, own, drawn[-1]) / last.moved, [0.025, 0.975]).tolist()
    return (*lines, Line(-last.latency, beta, None, (-last.latency, -last.latency), (low, high), own))


def _between(ends: tuple[Point, Point], drawn: tuple[Floats, Floats], passes: float) -> Line:
    """Return the line from one size to the next; flat, through the middle of both, where the larger takes no longer.

    Where time grows faster than bytes it starts below zero; step_time takes that off the bytes, and both ends are met.
    """
    own = _allowed(ends, passes)

    def through(low: Floats, high: Floats) -> tuple[Floats, Floats]:
        low, high = _of_caches(ends[0], own, low), _of_caches(ends[1], own, high)
        beta = np.maximum(high - low, 0.0) / (ends[1].moved - ends[0].moved)
        return np.where(beta > 0, low - beta * ends[0].moved, np.sqrt(low * high)) - ends[0].latency, beta

    alpha, beta = through(*(np.array([end.cost]) for end in ends))
    (alpha_low, beta_low), (alpha_high, beta_high) = zip(
        *(np.quantile(ours, [0.025, 0.975]).tolist() for ours in through(*drawn)), strict=True
    )
    return Line(float(alpha[0]), float(beta[0]), ends[1].message, (alpha_low, alpha_high), (beta_low, beta_high), own)


def _of_calls(ends: Sequence[Point], drawn: Sequence[Floats], passes: float) -> list[Line]:
    """Return the lines to and from the last size of one message a call, where larger ones have several.

    Of the others' line a message of that size takes what it takes on average in a call of several: what is less than the
    first, which was measured alone, a further one takes. None where that is not seen to be less.
    """
    (last, near, far), messages = ends[1:], ends[2].messages

    def again(first: Floats, low: Floats, high: Floats) -> Floats:
        slope = (high - low) / (far.moved - near.moved)
        average = low - slope * (near.moved - last.moved) - last.latency
        further = (messages * average - (first - last.latency)) / (messages - 1)
        above = first - last.latency  # nothing is above it where the fabric's latency is more than the library takes
        return np.asarray(np.where(above > 0, np.clip(further / np.where(above > 0, above, 1.0), 0.0, 1.0), 1.0))

    found = float(again(*(np.array([end.cost]) for end in ends[1:]))[0])
    low, high = np.quantile(again(*drawn[1:]), [0.025, 0.975]).tolist()
    if high > LESS:
        return []
    part = share(found, messages)
    alone = (near.latency + (drawn[2] - near.latency) / part, near.latency + (near.visits / messages - near.latency) / part)
    first = replace(near, visits=alone[1], messages=1)
    to = _between((ends[0], last), (drawn[0], drawn[1]), passes)
    beyond_it = _between((last, first), (drawn[1], alone[0]), passes)
    return [replace(line, again=found, again_interval=(low, high)) for line in (to, beyond_it)]


def _allowed(points: Sequence[Point], passes: float) -> float:
    """Return passes, at most as many as leave every size LEAST of its seconds for its bytes in caches."""
    most = [max(0.0, (1 - LEAST) * point.cost - point.anew) / point.excess for point in points if point.excess > 0]
    return min([passes, *most])


def _of_caches(point: Point, passes: float, seconds: Floats) -> Floats:
    """Return seconds of a message without what memory beyond the caches adds."""
    return np.maximum(seconds - passes * point.excess - point.anew, LEAST * seconds)


def _drawn(point: Point, rng: np.random.Generator) -> Floats:
    """Return seconds of a message, RESAMPLES times: the median of visits drawn again."""
    chosen = rng.choice(point.visits, (RESAMPLES, len(point.visits)))
    return np.asarray(np.median(chosen, axis=1) / point.messages)


def _miss(fit: tuple[float, float, float], point: Point) -> float:
    """Return log(said / measured) of a point by a fit."""
    alpha, beta, passes = fit
    said = max(alpha + beta * point.moved + passes * point.excess + point.anew, 1e-12)
    return float(np.log(said / point.cost))


def _left_out_error(points: Sequence[Point]) -> float:
    """Return the sum of |log(said / measured)| of each point under the line fitted without it."""
    return sum(abs(_miss(_fit_points([*points[:n], *points[n + 1 :]]), point)) for n, point in enumerate(points))


def _line(points: Sequence[Point], max_bytes: float | None) -> Line:
    """Return the fitted line with 95 % bootstrap intervals: visits drawn again, their medians fitted again.

    Points of one value each (a mean that another tool stated) have nothing to draw from: then there are no intervals.

    The line's alpha is what is left above the route's latency; below zero, the library is faster than that latency says.
    """
    alpha, beta, passes = _fit_points(points)
    latency = points[0].latency
    if all(len(p.visits) == 1 for p in points):
        return Line(alpha - latency, beta, max_bytes, passes=passes)
    rng = np.random.default_rng(0)
    drawn = [_drawn(point, rng) for point in points]
    moved, fixed = [p.moved for p in points], _fixed(points)
    draws = np.array([_fit(moved, [float(own[n]) for own in drawn], *fixed) for n in range(RESAMPLES)])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0).tolist()
    return Line(alpha - latency, beta, max_bytes, (low[0] - latency, high[0] - latency), (low[1], high[1]), passes)
