"""The loaded model: every step's messages routed over the fabric, the fullest link decides, plus alpha and route latency.

Time of a step whose largest message has m bytes, repeated n times:
    n (slowest way's alpha and latency + m max over links (crossings / speed) + m gamma fan-in)
Steps wait for each other. Exact for equal sizes and a common start of every step; with unequal sizes a lower bound of the
step (no link can carry its bytes sooner). A schedule of c chunks in stages takes the first chunk through all stages, then
c - 1 times the slowest stage, or the fullest link over all stages where that is more. It does not know who measured what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fabric.collectives.schedule import Schedule, Step
from fabric.predict.cost import StepTime, step_time
from fabric.predict.model import Model
from fabric.records.case import Case
from fabric.records.prediction import LATENCY


@dataclass(frozen=True)
class Span:
    """One step on the time line: when it starts, how long all its repeats take, the link that decides and how full it is.

    fullness: the part of the step in which that link moves bytes. link: 2 cable (up) or 2 cable + 1 (down), -1 for none.
    """

    step: int
    start: float
    seconds: float
    repeats: int
    level: str
    link: int
    fullness: float


@dataclass(frozen=True)
class Parts:
    """Seconds of a schedule: in alphas and latencies, and in bytes by the level that decided.

    uncongested: seconds in all where only the devices' own links limit. links: by level, the link that decided longest.
    """

    latency: float
    by_level: dict[str, float]
    uncongested: float
    links: dict[str, int]
    spans: tuple[Span, ...] = ()

    @property
    def total(self) -> float:
        """Seconds in all."""
        return self.latency + sum(self.by_level.values())

    @property
    def bottleneck(self) -> str:
        """The level, or `latency`, that takes the most time."""
        terms = {LATENCY: self.latency, **self.by_level}
        return max(terms, key=lambda name: terms[name])

    @property
    def link(self) -> int:
        """The link of the bottleneck level that decided longest, -1 where latency decides."""
        return self.links.get(self.bottleneck, -1)


def loaded(model: Model, case: Case, schedule: Schedule) -> Parts:
    """Return the seconds of a schedule by term."""
    times = [_time(model, case, schedule, step) for step in schedule.steps]
    repeats = [float(step.repeats) for step in schedule.steps]
    if schedule.chunks > 1:
        repeats = _with_chunks(model, case, schedule, times, repeats)
    return _sum(times, repeats, schedule)


def _time(model: Model, case: Case, schedule: Schedule, step: Step) -> StepTime:
    message = float(step.share * case.nbytes)
    return step_time(model.cost(case, schedule, step), message, model.constants, reduces=step.reduces)


def _sum(times: list[StepTime], repeats: list[float], schedule: Schedule) -> Parts:
    """Return the parts of steps one after the other, step i repeats[i] times."""
    latency, uncongested, now = 0.0, 0.0, 0.0
    by_level: dict[str, float] = {}
    longest: dict[str, tuple[float, int]] = {}
    spans = []
    for index, (time, count, step) in enumerate(zip(times, repeats, schedule.steps, strict=True)):
        moving = count * (time.moving + time.reducing)
        latency += count * time.fixed
        uncongested += count * (time.fixed + time.uncongested + time.reducing)
        by_level[time.level] = by_level.get(time.level, 0.0) + moving
        longest[time.level] = max(longest.get(time.level, (-1.0, -1)), (moving, time.link))
        seconds = count * time.fixed + moving
        fullness = count * time.moving / seconds if seconds else 0.0
        spans.append(Span(index, now, seconds, step.repeats, time.level, time.link, fullness))
        now += seconds
    kept = {level: seconds for level, seconds in by_level.items() if seconds}
    return Parts(latency, kept, uncongested, {level: link for level, (_, link) in longest.items()}, tuple(spans))


def _stages(schedule: Schedule) -> Iterator[range]:
    """Yield the steps of every stage."""
    start = 0
    for count in schedule.stages or (len(schedule.steps),):
        yield range(start, start + count)
        start += count


def _busiest(model: Model, case: Case, schedule: Schedule) -> float:
    """Return the seconds of one chunk's bytes, of all stages, on the busiest link, at the library's speed where it has one."""
    largest = max((float(step.share * case.nbytes) for step in schedule.steps), default=0.0)
    betas = [model.constants.line(level, largest).beta for level in model.fabric.topology.levels]
    pairs = zip(*model.busiest(case, schedule), betas, strict=True)
    return max(float(seconds if beta is None else moved * beta) for seconds, moved, beta in pairs)


def _with_chunks(model: Model, case: Case, schedule: Schedule, times: list[StepTime], repeats: list[float]) -> list[float]:
    """Return the repeats that give the time of all chunks: those of the slowest stage count for every further chunk.

    Where stages share links, so that a link is full for longer than any stage takes, they count for more in proportion.
    """
    seconds = [n * (t.fixed + t.moving + t.reducing) for n, t in zip(repeats, times, strict=True)]
    slowest = max(_stages(schedule), key=lambda stage: sum(seconds[i] for i in stage))
    stage_seconds = sum(seconds[i] for i in slowest)
    if stage_seconds == 0:
        return repeats
    period = max(stage_seconds, _busiest(model, case, schedule))
    more = (schedule.chunks - 1) * period / stage_seconds
    return [n * (1 + more) if i in slowest else n for i, n in enumerate(repeats)]
