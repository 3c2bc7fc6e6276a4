"""`stress`: how much longer collectives take as cables, switches or planes fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, TEXT, WHOLE, Answer, Column, Part, View, maybe
from fabric.answers.kinds import many, thing
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.predict.stress import Point
    from fabric.records.case import Case
    from fabric.workload.broken import Broken
    from fabric.workload.job import JobStep

STEP = thing(
    model=TEXT, plan=TEXT, ranks=WHOLE, what=TEXT, failed=WHOLE, seed=WHOLE, seconds=maybe(NUMBER), ratio=maybe(NUMBER),
    why=maybe(TEXT),
)  # fmt: skip
VIEW = View(
    "stress",
    (
        Column("collective", TEXT, "what was asked for", lambda p: p.case.collective),
        Column("algorithm", TEXT, "what runs"),
        Column("nbytes", WHOLE, "bytes, S as nccl-tests counts it", lambda p: p.case.nbytes),
        Column("world_size", WHOLE, "ranks", lambda p: p.case.world_size),
        Column("what", TEXT, "what fails"),
        Column("failed", WHOLE, "how many of it"),
        Column("seed", WHOLE, "of the draw"),
        Column("seconds", maybe(NUMBER), "null where ranks are cut off", lambda p: p.result.time if p.result else None),
        Column("ratio", maybe(NUMBER), "seconds / seconds without failures"),
        Column("bottleneck_link", maybe(TEXT), "the link that decided longest",
               lambda p: p.result.model.link if p.result and p.result.prediction else None),
        Column("why", maybe(TEXT), "why ranks are cut off", lambda p: p.why or None),
        Column("communication", maybe(TEXT), "of a training step: the kind of call; null of a case", lambda p: p.name or None),
        Column("groups", WHOLE, "equal groups that call at once"),
    ),
    beside={"steps": many(STEP)},
)  # fmt: skip


@dataclass(frozen=True)
class Draws:
    """All draws of one case, or of one step, with so many failures: a line of the table."""

    first: Point | Broken
    healthy: float
    times: tuple[float, ...]
    draws: int

    @property
    def median(self) -> float | None:
        """Of the draws that cut nobody off."""
        from fabric.statistics import median

        return median(self.times) if self.times else None

    @property
    def worst(self) -> float | None:
        """Of the draws that cut nobody off."""
        return max(self.times, default=None)

    def over_healthy(self, seconds: float | None) -> str:
        """Return seconds / seconds without failures for a reader."""
        return "-" if seconds is None else f"{seconds / self.healthy:.2f}"


def _duration(seconds: float | None) -> str:
    return "-" if seconds is None else show_duration(seconds)


FAILED = Column("failed", WHOLE, "how many fail", lambda d: d.first.failed, head="failed")
CASE = Column("collective", TEXT, "with its algorithm", lambda d: f"{d.first.case.collective}:{d.first.algorithm}",
              head="collective")  # fmt: skip
RANKS = Column("world_size", WHOLE, "ranks", lambda d: d.first.case.world_size, head="ranks")
TIMES = (
    Column("median_seconds", maybe(NUMBER), "of all draws", head="median", cell=lambda d: _duration(d.median)),
    Column("median_ratio", maybe(NUMBER), "to no failure", head="x healthy", cell=lambda d: d.over_healthy(d.median)),
    Column("worst_seconds", maybe(NUMBER), "of all draws", head="worst", cell=lambda d: _duration(d.worst)),
    Column("worst_ratio", maybe(NUMBER), "to no failure", head="x healthy", cell=lambda d: d.over_healthy(d.worst)),
    Column("draws", WHOLE, "how many draws", head="draws"),
    Column("cut_off", WHOLE, "draws that cut ranks off", lambda d: d.draws - len(d.times), head="cut off"),
)
TABLE = (FAILED, CASE, RANKS, *TIMES)
KINDS = (
    FAILED,
    Column("communication", TEXT, "the kind of call", lambda d: d.first.name, head="communication"),
    CASE, RANKS,
    Column("groups", WHOLE, "that call at once", lambda d: d.first.groups, head="groups"),
    *TIMES,
)  # fmt: skip
STEPS = (FAILED, *TIMES)
SHOWN_WHYS = 3


def stress(
    asked: Sequence[tuple[Case, str | None] | JobStep],
    fabric: Fabric,
    constants: Constants | None = None,
    *,
    what: str = "links",
    counts: Sequence[int] = (1, 2, 5, 10),
    seeds: int = 5,
    routing: str = "ideal",
    fidelity: str = "loaded",
    order: str = "contiguous",
    watch: Callable[[int, int], None] | None = None,
    force: bool = False,
) -> Answer[Point]:
    """Return every case (with its algorithm, or None) or training step with none and with so many failures, draw by draw.

    Of a training step: each kind of its communication, all groups at once, and the step itself, its plan and devices as they
    were. order: of a step's ranks; a case has its own.

    constants: None takes those of the fabric's node, NONE without one. what: links, host_links, switches,
    switches:TIER or planes. seeds: draws per count, each adds to its own failures. watch: told how many draws are done, of
    how many. force: simulate whatever memory and time it takes.

    Raises:
        InputError: unknown kinds of failures, or cases that cannot be predicted on the whole fabric.
    """
    from fabric.network.failures import draw
    from fabric.predict.stress import draw_text
    from topologies.errors import InputError

    if not asked:
        raise InputError("runs: must be at least one, got none")
    if seeds < 1:
        raise InputError(f"seeds: must be >= 1, got {seeds}")
    draw(fabric.topology, draw_text(what, max(counts, default=0)))  # what cannot fail is refused before anything is predicted
    numbers, cases = [0, *counts], [one for one in asked if isinstance(one, tuple)]
    steps = [one for one in asked if not isinstance(one, tuple)]
    told = None if watch is None else _Told(watch, len(numbers) * seeds * (bool(cases) + len(steps)))
    drawn = Drawn(fabric, constants, what, numbers, range(seeds), routing)
    points = drawn.cases(cases, fidelity, told, force=force) if cases else ()
    parts = [_part(f"{drawn.title(seeds)}, {fidelity}", points, TABLE)] if cases else []
    beside: list[object] = []
    for job in steps:
        found = drawn.step(job, fidelity, order, told)
        own = tuple(point for one in found for point in _kinds(one))
        said = f"{found[0].healthy.model.name}, {found[0].healthy.plan.text()}"
        parts += [_part(f"{said}: one step; {drawn.title(seeds)}", found, STEPS), _part(f"{said}: calls", own, KINDS)]
        points += own
        beside += [_plain(one) for one in found]
    return Answer(VIEW, points, parts=tuple(parts), beside={"steps": beside})


class _Told:
    """Tells a watch of all draws, whoever counts its own."""

    def __init__(self, watch: Callable[[int, int], None], whole: int) -> None:
        self.watch, self.whole, self.done = watch, whole, 0

    def __call__(self, _done: int) -> None:
        """Count one draw."""
        self.done += 1
        self.watch(self.done, self.whole)


@dataclass(frozen=True)
class Drawn:
    """What fails on which fabric, and how often."""

    fabric: Fabric
    constants: Constants | None
    what: str
    counts: Sequence[int]
    seeds: Sequence[int]
    routing: str

    def title(self, seeds: int) -> str:
        """Return what a table says of it."""
        return f"{self.fabric.name}: {self.what} failing, {seeds} draws, {self.routing} routing"

    def cases(
        self, cases: Sequence[tuple[Case, str | None]], fidelity: str, watch: _Told | None, *, force: bool
    ) -> tuple[Point, ...]:
        """Return the points of cases."""
        from fabric.predict.of_node import constants_on
        from fabric.predict.stress import curve

        own = constants_on(self.fabric, {case.collective for case, _ in cases}, self.constants)
        drawn = (self.what, self.counts, self.seeds)
        found = curve(cases, self.fabric, *drawn, own, routing=self.routing, fidelity=fidelity, watch=watch, force=force)
        return tuple(found)

    def step(self, job: JobStep, fidelity: str, order: str, watch: _Told | None) -> tuple[Broken, ...]:
        """Return the draws of a training step; InputError for another fidelity than loaded."""
        from fabric.workload.broken import broken
        from topologies.errors import InputError

        if fidelity != "loaded":
            raise InputError(f"fidelity: a training step is predicted at loaded, got {fidelity}")
        drawn = (self.what, self.counts, self.seeds)
        return tuple(broken(job, self.fabric, *drawn, self.constants, routing=self.routing, order=order, watch=watch))


def _kinds(one: Broken) -> Iterator[Point]:
    """Yield every kind of a step's communication between nodes of one draw."""
    from fabric.predict.stress import Point
    from fabric.records.result import Result

    for number, whole in enumerate(one.healthy.communications):
        if not whole.nics:
            continue
        result = None
        if one.step:
            now = one.step.communications[number]
            result = Result(now.case, "model:loaded", (now.each,), algorithm=now.algorithm, statistic="point")
        drawn = (one.what, one.failed, one.seed)
        yield Point(*drawn, whole.case, whole.algorithm, result, whole.each, one.why, whole.what, whole.groups)


def _plain(one: Broken) -> dict[str, object]:
    healthy = one.healthy
    own = {"model": healthy.model.name, "plan": healthy.plan.text(), "ranks": healthy.ranks, "what": one.what}
    drawn = {"failed": one.failed, "seed": one.seed, "seconds": one.seconds, "ratio": one.ratio, "why": one.why or None}
    return own | drawn


def _part(title: str, points: Sequence[Point | Broken], table: tuple[Column, ...]) -> Part:
    """Return a table of all draws with so many failures together, and why ranks were cut off."""
    whys = dict.fromkeys(point.why for point in points if point.why)
    return Part(title, _drawn(points), table, tuple(f"cut off: {why}" for why in list(whys)[:SHOWN_WHYS]))


def _drawn(points: Sequence[Point | Broken]) -> tuple[Draws, ...]:
    """Return the draws of every case, or of every kind, with so many failures together."""
    from fabric.predict.stress import Point

    groups: dict[tuple[object, ...], list[tuple[Point | Broken, float | None, float]]] = {}
    for one in points:
        if isinstance(one, Point):
            key = (one.failed, one.name, one.case.collective, one.algorithm, one.case.nbytes)
            groups.setdefault(key, []).append((one, one.result.time if one.result else None, one.healthy))
        else:
            groups.setdefault((one.failed,), []).append((one, one.seconds, one.healthy.seconds))
    return tuple(
        Draws(own[0][0], own[0][2], tuple(seconds for _, seconds, _ in own if seconds is not None), len(own))
        for own in groups.values()
    )
