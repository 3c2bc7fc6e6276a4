"""`compare`: two sets of results side by side, case by case, with a verdict where a tolerance is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from fabric.answers.answer import LIST, NUMBER, TEXT, WHOLE, YES_NO, Answer, Column, Part, View, maybe
from fabric.answers.cells import percent
from fabric.units import show_size

if TYPE_CHECKING:
    from fabric.records.compare import Pair
    from fabric.records.result import Result


@dataclass(frozen=True)
class Compared:
    """A case answered twice, and the verdict on it; None without a tolerance where the two cannot be told apart."""

    pair: Pair
    verdict: str | None

    @property
    def oversubscribed(self) -> bool:
        """Whether either side had more ranks than cores."""
        return self.pair.a.oversubscribed or self.pair.b.oversubscribed


def _case(key: str, kind: str, head: str | None = None) -> Column:
    return Column(key, TEXT, kind, lambda f: getattr(f.pair.case, key), head=head)


def _time(result: Result) -> str:
    low, high = result.bracket or (None, None)
    if low is None or high is None:
        return f"{result.time * 1e6:.1f} ({result.statistic if result.statistic != 'raw' else f'n={len(result.seconds)}'})"
    return f"{result.time * 1e6:.1f} [{low * 1e6:.1f}, {high * 1e6:.1f}]"


def _side(name: str) -> tuple[Column, ...]:
    """Return the columns of one side: a or b."""

    def of(read: Callable[[Result], object]) -> Callable[[Compared], object]:
        return lambda fact: read(getattr(fact.pair, name))

    return (
        Column(f"{name}_source", TEXT, "who answered", of(lambda r: r.source)),
        Column(f"{name}_seconds", NUMBER, "median of samples, or the stated time", of(lambda r: r.time),
               head=f"{name.upper()} us [95 %]", cell=lambda fact: _time(getattr(fact.pair, name))),
        Column(f"{name}_interval_seconds", maybe(LIST), "its 95 % interval", of(lambda r: r.bracket)),
        Column(f"{name}_samples", WHOLE, "how many times are behind it", of(lambda r: len(r.seconds))),
        Column(f"{name}_statistic", TEXT, "raw samples, a mean or a point", of(lambda r: r.statistic)),
    )  # fmt: skip


VIEW = View(
    "compare",
    (
        _case("collective", "what was asked for", "collective"),
        Column("nbytes", WHOLE, "bytes, S as nccl-tests counts it", lambda f: f.pair.case.nbytes, head="size",
               cell=lambda f: show_size(f.pair.case.nbytes)),
        Column("world_size", WHOLE, "ranks", lambda f: f.pair.case.world_size, head="ranks",
               cell=lambda f: f"{f.pair.case.world_size:,}" + "*" * f.oversubscribed),
        Column("in_place", YES_NO, "whether send and receive buffer are one", lambda f: f.pair.case.in_place, head="place",
               cell=lambda f: "in" if f.pair.case.in_place else "out"),
        _case("mode", "blocking, nonblocking or persistent", "mode"),
        _case("order", "which device each rank stands on", "order"),
        *_side("a"),
        *_side("b"),
        Column("error", NUMBER, "A's seconds / B's - 1: above zero where A is slower", lambda f: f.pair.error,
               head="A / B - 1", cell=lambda f: percent(f.pair.error, "+")),
        Column("inside", maybe(YES_NO), "whether the measured time is in the prediction's 90 % interval; null without one",
               lambda f: f.pair.inside, head="in 90 %",
               cell=lambda f: {True: "yes", False: "no"}.get(f.pair.inside, "-")),
        Column("verdict", maybe(TEXT), "slower, faster or same; without a tolerance differs, or null", head="verdict"),
        Column("ranks_exceed_cores", YES_NO, "whether either side had more ranks than cores", lambda f: f.oversubscribed),
    ),
    beside={"tolerance_percent": maybe(NUMBER)},
)  # fmt: skip
DIFFERS = (
    "differs: 95 % intervals are apart (a mean or a model's time is its own); --tolerance PERCENT judges, and exits with 1"
)
VARYING = ("mode", "order")
"""Shown where they differ between rows."""


def compare(
    a: Sequence[Result], b: Sequence[Result], tolerance_percent: float | None = None, *, names: tuple[str, str] | None = None
) -> Answer[Pair]:
    """Return the cases that both sides answered, A's seconds / B's - 1, and a verdict where there is a tolerance.

    A verdict of slower or faster needs both: more than the tolerance, and 95 % intervals apart. Without a tolerance what has
    its intervals apart `differs`, and nothing is judged. names: of the sides, for the title; by default their sources.

    Raises:
        InputError: no case in common, or sides that are no answers to one question (algorithm, barrier).
    """
    from fabric.records.compare import join

    pairs = join(a, b)
    facts = tuple(Compared(p, _verdict(p, tolerance_percent)) for p in pairs)
    varying = [name for name in VARYING if len({getattr(pair.case, name) for pair in pairs}) > 1]
    inside = [pair.inside for pair in pairs if pair.inside is not None]
    shown = ("error", *(("inside",) if inside else ()), "verdict")
    keys = ("collective", *varying, "nbytes", "world_size", "in_place", "a_seconds", "b_seconds", *shown)
    first, second = names or (pairs[0].a.source, pairs[0].b.source)
    title = f"A = {first}, B = {second}: {len(pairs)} cases in common"
    differs = (DIFFERS,) if tolerance_percent is None else ()
    crowded = ("* more ranks than cores",) if any(one.oversubscribed for one in facts) else ()
    part = Part(title, facts, keys, notes=(*crowded, *differs, *_score(pairs, inside)))
    return Answer(VIEW, tuple(pairs), facts, parts=(part,), beside={"tolerance_percent": tolerance_percent})


def _verdict(pair: Pair, tolerance_percent: float | None) -> str | None:
    if tolerance_percent is None:
        return "differs" if pair.apart else None
    return pair.verdict(tolerance_percent / 100)


def _score(pairs: Sequence[Pair], inside: Sequence[bool]) -> list[str]:
    """Return how well predictions with intervals did: the median error, and how many intervals held."""
    if not inside:
        return []
    median_error = 100 * median(abs(pair.error) for pair in pairs if pair.inside is not None)
    return [f"predictions: median |error| {median_error:.1f} %, {sum(inside)} of {len(inside)} inside their 90 % interval"]
