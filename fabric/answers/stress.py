"""`stress`: how much longer collectives take as cables, switches or planes fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, TEXT, WHOLE, Answer, Column, Part, View, maybe
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.predict.stress import Point
    from fabric.records.case import Case

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
               lambda p: p.result.model.link if p.result else None),
        Column("why", maybe(TEXT), "why ranks are cut off", lambda p: p.why or None),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Draws:
    """All draws of one case with so many failures: a line of the table."""

    first: Point
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
        return "-" if seconds is None else f"{seconds / self.first.healthy:.2f}"


def _duration(seconds: float | None) -> str:
    return "-" if seconds is None else show_duration(seconds)


TABLE = (
    Column("failed", WHOLE, "how many fail", lambda d: d.first.failed, head="failed"),
    Column(
        "collective", TEXT, "with its algorithm",
           lambda d: f"{d.first.case.collective}:{d.first.algorithm}", head="collective"
    ),
    Column("world_size", WHOLE, "ranks", lambda d: d.first.case.world_size, head="ranks"),
    Column("median_seconds", maybe(NUMBER), "of all draws", head="median", cell=lambda d: _duration(d.median)),
    Column("median_ratio", maybe(NUMBER), "to no failure", head="x healthy", cell=lambda d: d.over_healthy(d.median)),
    Column("worst_seconds", maybe(NUMBER), "of all draws", head="worst", cell=lambda d: _duration(d.worst)),
    Column("worst_ratio", maybe(NUMBER), "to no failure", head="x healthy", cell=lambda d: d.over_healthy(d.worst)),
    Column("draws", WHOLE, "how many draws", head="draws"),
    Column("cut_off", WHOLE, "draws that cut ranks off", lambda d: d.draws - len(d.times), head="cut off"),
)  # fmt: skip
SHOWN_WHYS = 3


def stress(
    asked: Sequence[tuple[Case, str | None]],
    fabric: Fabric,
    constants: Constants | None = None,
    *,
    what: str = "links",
    counts: Sequence[int] = (1, 2, 5, 10),
    seeds: int = 5,
    routing: str = "ideal",
    fidelity: str = "loaded",
    watch: Callable[[int, int], None] | None = None,
    force: bool = False,
) -> Answer[Point]:
    """Return every case (with its algorithm, or None) on the fabric with none and with so many failures, draw by draw.

    constants: None takes those of the fabric's node, NONE without one. what: links, host_links, switches,
    switches:TIER or planes. seeds: draws per count, each adds to its own failures. watch: told how many draws are done, of
    how many. force: simulate whatever memory and time it takes.

    Raises:
        InputError: unknown kinds of failures, or cases that cannot be predicted on the whole fabric.
    """
    from fabric.predict.of_node import constants_on
    from fabric.predict.stress import curve
    from topologies.errors import InputError

    if seeds < 1:
        raise InputError(f"seeds: must be >= 1, got {seeds}")
    numbers = [0, *counts]
    told = None if watch is None else lambda done: watch(done, len(numbers) * seeds)
    how = {"routing": routing, "fidelity": fidelity}
    own = constants_on(fabric, {case.collective for case, _ in asked}, constants)
    points = tuple(curve(asked, fabric, what, numbers, range(seeds), own, watch=told, force=force, **how))
    whys = dict.fromkeys(point.why for point in points if point.why)
    notes = tuple(f"cut off: {why}" for why in list(whys)[:SHOWN_WHYS])
    title = f"{fabric.name}: {what} failing, {seeds} draws, {routing} routing, {fidelity}"
    return Answer(VIEW, points, parts=(Part(title, _drawn(points), TABLE, notes),))


def _drawn(points: Sequence[Point]) -> tuple[Draws, ...]:
    """Return the draws of every case with so many failures together."""
    groups: dict[tuple[int, str, str], list[Point]] = {}
    for point in points:
        groups.setdefault((point.failed, point.case.collective, point.algorithm), []).append(point)
    return tuple(Draws(own[0], tuple(p.result.time for p in own if p.result), len(own)) for own in groups.values())
