"""Demand in, designs out: every wiring at every speed worked out, the Pareto front kept and explained. It prints nothing.

Designs with a price compete on cost, power, time and exposure; those with a part nobody priced compete among themselves on
the other three, since a cost that is not known can neither win nor lose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fabric.network.plausible import REVIEWED
from fabric.network.plausible import check as check_speed
from fabric.review.limits import Binding, Load, bindings, check, fits_up_to
from fabric.review.of_node import catalogued_name, check_size, with_node
from fabric.review.parts import part
from fabric.review.plausible import check_plausible
from fabric.review.quote import Range
from fabric.review.request import Request, economy_of, floor_of, parts_of
from fabric.search import quick
from fabric.search.generate import Demand, generate
from fabric.search.pareto import dominators, front, nearest, representatives
from fabric.sweep import Watch, key_of, sweep
from fabric.units import rate
from fabric.workload.ask import AUTO
from fabric.workload.auto import pinned_of
from fabric.workload.catalog import language_model
from fabric.workload.plan import plan_of
from topologies.errors import InputError

Row = Mapping[str, Any]
AXES = (("usd", "cost"), ("watts", "power"), ("seconds", "time"), ("exposure", "exposure"))
"""Key of a row -> what it is called; the first is left out where a price is missing."""
FAVOURITES = (
    ("full fat-tree", ("fat_tree", "clos")),
    ("rail-optimised", ("rail_optimized",)),
    ("rail-only", ("rail_only",)),
)
SAME = 5e-4
"""A difference below this share is not worth a word."""
DIGITS = 12
"""Digits of an axis that count on the front: the order in which shares of a link are added up changes later ones."""
VERSION = 6
"""Of what one evaluation means: a journal of another one is not taken over."""


@dataclass(frozen=True)
class Difference:
    """How two designs differ on one axis. share: here / there - 1, None where there is nothing there; value: what is here."""

    axis: str
    share: float | None
    value: float


@dataclass(frozen=True)
class Survivor:
    """A design on the front, its nearest neighbour there (None where it stands alone), and how it differs from that.

    stands_for: designs of the full front that are left out because none betters this one by more than the resolution.
    """

    row: Row
    neighbour: Row | None
    against: tuple[Difference, ...]
    stands_for: int = 0


@dataclass(frozen=True)
class Favourite:
    """One of the field's favourites: its best design, whether it fits and is on the front, and what beats it.

    beaten: the nearest design that dominates it; against: how the favourite differs from that one.
    """

    name: str
    row: Row
    fits: bool
    on_front: bool
    beaten: Row | None
    against: tuple[Difference, ...]


@dataclass(frozen=True)
class Refusal:
    """Designs of one family that were refused for one kind of reason (quick.REFUSALS). why: the first one's own line."""

    family: str
    kind: str
    why: str
    count: int


@dataclass(frozen=True)
class Found:
    """The answer. rows: all designs; fitting, fitting_high: those within the limits at middle and at high prices and powers.

    survivors, unpriced: the fronts with and without a cost, by time; skipped, refused: why.

    missing: parts without a price -> designs that need them. nearest: where nothing fits, the design that is the least over
    its limits, and those limits.
    """

    rows: tuple[Row, ...]
    fitting: int
    fitting_high: int
    survivors: tuple[Survivor, ...]
    unpriced: tuple[Survivor, ...]
    favourites: tuple[Favourite, ...]
    skipped: Mapping[str, int]
    refused: tuple[Refusal, ...]
    missing: Mapping[str, int]
    nearest: tuple[Row, tuple[Binding, ...]] | None


def search(
    demand: Demand,
    speeds: Sequence[str],
    request: Request,
    *,
    resolution: float = 0.0,
    workers: int | None = None,
    journal: Path | None = None,
    resume: bool = False,
    watch: Watch | None = None,
    force: bool = False,
) -> Found:
    """Return what a demand can be met with, the same whatever the order and number of workers.

    speeds: of a device's ports, as text. request: cases, step, parts, floor, cost and limits; its candidates do not count.
    force: take figures beyond what is plausible (plausible.py) as they are.
    resolution: share of an axis by which a design that is left out of the front may be better than one that stays.

    Raises:
        InputError: limits, parts, floor, cost, speeds or cases that are wrong for every design, or nothing can be built.
    """
    _check(request, speeds, force=force)
    check_size(request.node, parts_of(request), demand.devices_per_node)
    if not 0 <= resolution < 1:
        raise InputError(f"resolution: must be from 0 to below 100 %, such as 5, got {resolution * 100:g}")
    wirings, skipped = generate(demand)
    if not wirings:
        raise InputError(f"endpoints: nothing of what was tried holds {demand.least:,} devices; {_most_frequent(skipped)}")
    works = [quick.Work(wiring, demand.least, demand.devices_per_node, tuple(speeds), request) for wiring in wirings]
    keys = [_key(work) for work in works]
    outcomes = sweep(quick.evaluate, works, keys=keys, workers=workers, journal=journal, resume=resume, watch=watch)
    refused = counted(refusal for outcome in outcomes for refusal in outcome["refused"])
    rows = [row for outcome in outcomes for row in outcome["rows"]]
    if not rows:
        often = _most_frequent({one.why: one.count for one in refused})
        raise InputError(f"search: not one of {len(wirings):,} wirings could be worked out; {often}")
    return answer(rows, request, skipped, refused, resolution)


def _check(request: Request, speeds: Sequence[str], *, force: bool) -> None:
    """Refuse now what would be refused once a design."""
    if not speeds:
        raise InputError("speeds: must name at least one, such as 400Gb/s, got none")
    for speed in speeds:
        if not rate(speed, "speeds") > 0:
            raise InputError(f"speeds: must be above zero, got {speed!r}")
        if not force:
            check_speed("speed", rate(speed), "speeds", inside=False, how=REVIEWED)
    if not request.cases and request.training is None:
        raise InputError("cases: must name at least one collective and size, or training a model, got none")
    _check_training(request)
    check(request.limits)
    parts = parts_of(request)
    floor_of(request)
    economy_of(request)
    for case in request.cases:
        _ = case.nbytes
    for name in (request.node, request.nic):
        if name is not None:
            part(name, with_node(parts, name, 1) if name == request.node else parts)
    if not force:
        check_plausible(request, parts)


def _check_training(request: Request) -> None:
    """Refuse a model, a plan's text or nodes that no design could train with."""
    text = request.training
    if text is None:
        return
    language_model(text.model)
    (pinned_of if text.plan.split(",")[0] == AUTO else plan_of)(text.plan)
    if catalogued_name(request.node, parts_of(request)) is None:
        raise InputError(
            f"training: needs the nodes that train as a server of the catalogue (node, --node NAME, such as dgx-h100), "
            f"got {request.node or 'none'}"
        )


def _key(work: quick.Work) -> str:
    """Return what tells one evaluation from another: limits and candidates do not change it."""
    asked = work.request.model_dump(mode="json", exclude={"limits", "candidates", "title", "failing", "spans"})
    spec = work.wiring.spec(work.devices_per_node)
    return key_of([VERSION, spec, work.wiring.split, work.endpoints, list(work.speeds), asked])


def counted(refusals: Iterable[Mapping[str, str]]) -> tuple[Refusal, ...]:
    """Return refusals by family and kind, those of no known kind by their own line."""
    first: dict[tuple[str, str, str], str] = {}
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in refusals:
        key = one["family"], one["kind"], one["why"] if one["kind"] == "other" else ""
        first.setdefault(key, one["why"])
        counts[key] += 1
    return tuple(Refusal(family, kind, first[key], counts[key]) for key in sorted(counts) for family, kind, _ in [key])


def _most_frequent(reasons: Mapping[str, int]) -> str:
    why, count = max(reasons.items(), key=lambda item: (item[1], item[0]), default=("nothing was tried", 0))
    return f"most often ({count:,} times): {why}"


def answer(
    rows: Sequence[Row], request: Request, skipped: Mapping[str, int], refused: Sequence[Refusal], resolution: float = 0.0
) -> Found:
    """Return the answer of designs that are worked out."""
    rows = _each_once(rows)
    bound = [_bindings(request, row) for row in rows]
    fits = [
        not (request.limits.budget and row["usd"] is None) and _fits(own, "high", "middle")
        for row, own in zip(rows, bound, strict=True)
    ]
    up_to_high = [good and _fits(own, "high") for good, own in zip(fits, bound, strict=True)]
    fitting = [row for row, good in zip(rows, fits, strict=True) if good]
    priced, unpriced = (_survivors(fitting, resolution, priced=priced) for priced in (True, False))
    missing = Counter(name for row in rows for name in row["unpriced"])
    return Found(
        rows=tuple(rows),
        fitting=len(fitting),
        fitting_high=sum(up_to_high),
        survivors=priced,
        unpriced=unpriced,
        favourites=_favourites(rows, fits),
        skipped=dict(sorted(skipped.items())),
        refused=tuple(refused),
        missing=dict(sorted(missing.items())),
        nearest=None if fitting else _nearest_miss(rows, bound),
    )


def _each_once(rows: Sequence[Row]) -> list[Row]:
    """Return the designs by time; of one fabric that was reached twice (planes of divided ports, a slower port) one."""
    ordered = sorted(rows, key=lambda row: (row["seconds"], row["watts"], row["spec"], rate(row["speed"])))
    return list({row["spec"]: row for row in reversed(ordered)}.values())[::-1]


def _bindings(request: Request, row: Row) -> list[Binding]:
    watts = Range(row["watts_low"], row["watts"], row["watts_high"])
    usd = None if row["usd"] is None else Range(row["usd_low"], row["usd"], row["usd_high"])
    return bindings(request.limits, Load(row["devices"], watts, usd, row["racks"], row["efficiency"], 1.0))


def _fits(own: Sequence[Binding], *ends: str) -> bool:
    return fits_up_to(own) in ends


def _nearest_miss(rows: Sequence[Row], bound: Sequence[list[Binding]]) -> tuple[Row, tuple[Binding, ...]]:
    """Return the design whose worst limit is exceeded least, those with a price first, and the limits it exceeds."""
    worst = [
        (row["usd"] is None, own[0].over if own else 0.0, number)
        for number, (row, own) in enumerate(zip(rows, bound, strict=True))
    ]
    number = min(worst)[2]
    return rows[number], tuple(binding for binding in bound[number] if binding.over > 0)


def _axes(*, priced: bool) -> tuple[tuple[str, str], ...]:
    return AXES if priced else AXES[1:]


def _group(rows: Sequence[Row], *, priced: bool) -> list[Row]:
    return [row for row in rows if (row["usd"] is not None) == priced]


def _points(rows: Sequence[Row], *, priced: bool) -> np.ndarray[Any, np.dtype[np.float64]]:
    axes = _axes(priced=priced)
    values = [[float(f"{row[key]:.{DIGITS}g}") for key, _ in axes] for row in rows]
    return np.array(values, dtype=np.float64).reshape(len(rows), len(axes))


def _survivors(rows: Sequence[Row], resolution: float, *, priced: bool) -> tuple[Survivor, ...]:
    """Return the front, or the designs that stand for it at this resolution."""
    own = _group(rows, priced=priced)
    points = _points(own, priced=priced)
    on_front = np.flatnonzero(front(points))
    kept, all_of = np.unique(on_front[representatives(points[on_front], resolution)], return_counts=True)
    found = []
    for number, count in zip(kept.tolist(), all_of.tolist(), strict=True):
        other = nearest(points, number, kept)
        apart = () if other is None else against(own[number], own[other], priced=priced)
        found.append(Survivor(own[number], None if other is None else own[other], apart, count - 1))
    return tuple(found)


def against(row: Row, other: Row, *, priced: bool) -> tuple[Difference, ...]:
    """Return how a design differs from another on the axes where it does; empty where it is the same on every one."""
    found = []
    for key, name in reversed(_axes(priced=priced)):
        here, there = row[key], other[key]
        share = here / there - 1 if there else None
        if here if share is None else abs(share) >= SAME:
            found.append(Difference(name, share, here))
    return tuple(found)


def _favourites(rows: Sequence[Row], fits: Sequence[bool]) -> tuple[Favourite, ...]:
    """Return where the field's favourites stand among the designs that fit, or among all where they themselves do not.

    Of each the cheapest that is on the front stands for it, else the cheapest.
    """
    found = []
    good = {row["spec"] for row, fit in zip(rows, fits, strict=True) if fit}
    for name, families in FAVOURITES:
        for priced in (True, False):
            group = _group(rows, priced=priced)
            own = [row for row in group if row["family"] in families and _whole(row)]
            if own:
                found.append(_favourite(name, own, group, good, priced=priced))
    return tuple(found)


def _whole(row: Row) -> bool:
    """Return whether a design has no oversubscription, as the favourites are meant."""
    _, _, rest = row["spec"].partition("oversubscription=")
    return not rest or set(rest.partition(",")[0].split("/")) == {"1"}


def _favourite(name: str, own: Sequence[Row], group: Sequence[Row], good: set[str], *, priced: bool) -> Favourite:
    fitting = [row for row in own if row["spec"] in good]
    pool = [row for row in group if row["spec"] in good] if fitting else list(group)
    candidates = fitting or list(own)
    points = _points(pool, priced=priced)
    places = [pool.index(row) for row in candidates]
    kept = front(points)
    number = min(places, key=lambda place: (not kept[place], *points[place], place))
    above = dominators(points, number)
    other = nearest(points, number, above) if len(above) else None
    return Favourite(
        name,
        pool[number],
        bool(fitting),
        bool(kept[number]),
        None if other is None else pool[other],
        () if other is None else against(pool[number], pool[other], priced=priced),
    )
