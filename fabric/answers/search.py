"""`review search`: a demand in, the designs that nothing beats out. It prints nothing.

Axes, families and notes: docs/search.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import NUMBER, TEXT, TEXTS, WHOLE, Answer, Column, Kind, Part, View, changed, maybe
from fabric.answers.kinds import many, named, thing
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.review.limits import Binding
    from fabric.review.request import Request
    from fabric.search.generate import Demand
    from fabric.search.search import Favourite, Found, Row, Survivor
    from fabric.sweep import Watch

FRONT, UNPRICED, NEAREST = "cost, power, time, exposure", "power, time, exposure", "nearest"
SHOWN = 20
"""Rows of a table."""
NO_NIC = "NICs: on no bill, in neither cost nor power; a node (--node) has its own, a review's `nic` stands at every cable"


@dataclass(frozen=True)
class OnFront:
    """A survivor as a row, and the axes of its front."""

    front: str
    survivor: Survivor


def _of(key: str) -> Callable[[OnFront], Any]:
    return lambda fact: fact.survivor.row[key]


def _column(key: str, kind: Kind, what: str, head: str | None = None, cell: Callable[[Any], str] | None = None) -> Column:
    """Return the column of a key of a design. cell: of its value."""
    read = _of(key)
    return Column(key, kind, what, read, head=head, cell=cell and (lambda fact: cell(read(fact))))


APART = many(thing(axis=TEXT, share=maybe(NUMBER), value=NUMBER))
CASE = thing(collective=TEXT, algorithm=TEXT, seconds=NUMBER, hashed=NUMBER, bound=NUMBER)
VIEW = View(
    "review-search",
    (
        Column("front", TEXT, "axes on which it is beaten by nobody"),
        Column("spec", TEXT, "the design as a short form", _of("spec"), head="design", cell=lambda f: short(f.survivor.row)),
        _column("speed", TEXT, "of a device's port", "speed", str),
        _column("devices", WHOLE, "devices that it holds", "devices"),
        _column("usd", maybe(NUMBER), "of the network (with a node: of everything), middle", "USD M",
                lambda usd: "-" if usd is None else f"{usd / 1e6:.1f}"),
        _column("usd_low", maybe(NUMBER), "the same, low"),
        _column("usd_high", maybe(NUMBER), "the same, high"),
        _column("unpriced", TEXTS, "parts without a price"),
        _column("watts", NUMBER, "of the network (with a node: of everything), PUE included, middle", "kW",
                lambda watts: f"{watts / 1e3:.0f}"),
        _column("watts_low", NUMBER, "the same, low"),
        _column("watts_high", NUMBER, "the same, high"),
        _column("racks", WHOLE, "nodes and switches, as laid out"),
        _column("seconds", NUMBER, "of a step's communication, evenly split; of a model that is trained, of the step",
                "step comm", show_duration),
        _column("hashed_seconds", NUMBER, "the same under one seed of a hash", "hashed", show_duration),
        _column("bound_seconds", NUMBER, "what no algorithm can beat"),
        _column("efficiency", NUMBER, "of a training step", "efficiency", lambda share: f"{share:.4f}"),
        _column("plan", maybe(TEXT), "of the training step; null where cases are timed"),
        _column("cases", many(CASE), "seconds of every case: split, hashed, bound"),
        _column("family", TEXT, "of the wiring"),
        _column("oversize", NUMBER, "share of devices above the demand"),
        _column("switches", WHOLE, "of all tiers"),
        _column("cables", WHOLE, "of all levels"),
        _column("exposure", NUMBER, "largest share that one lost switch takes", "exposure", lambda share: f"{share:.3%}"),
        _column("single_homed", WHOLE, "devices that one switch or cable stops", "single-homed"),
        _column("split_nodes", WHOLE, "nodes on more leaves than the others, or unevenly on them", "split nodes"),
        Column("neighbour", maybe(TEXT), "the nearest other design on the front",
               lambda f: f.survivor.neighbour and f.survivor.neighbour["spec"]),
        Column("against", APART, "how it differs from that", lambda f: _facts(f.survivor.against)),
        Column("stands_for", WHOLE, "designs of the front left out beside it by the resolution",
               lambda f: f.survivor.stands_for, cell=lambda f: f"+{f.survivor.stands_for}" if f.survivor.stands_for else ""),
    ),
    version=2,
    beside={
        "endpoints": WHOLE,
        "designs": WHOLE,
        "fitting": WHOLE,
        "fitting_at_high": WHOLE,
        "favourites": many(thing(name=TEXT, spec=TEXT, fits={"type": "boolean"}, on_front={"type": "boolean"},
                                 beaten_by=maybe(TEXT), against=APART)),
        "skipped": named(WHOLE),
        "refused": many(thing(family=TEXT, kind=TEXT, why=TEXT, count=WHOLE)),
        "unpriced_parts": named(WHOLE),
        "nearest": maybe(thing(spec=TEXT, over=TEXTS)),
        "resolution_percent": NUMBER,
    },
)  # fmt: skip
TABLE = ("spec", "speed", "devices", "usd", "watts", "seconds", "hashed_seconds", "efficiency", "exposure", "single_homed",
         "split_nodes")  # fmt: skip
(STEP,) = changed(VIEW.picked(["seconds"]), seconds={"head": "step"})
(PLAN,) = changed(VIEW.picked(["plan"]), plan={"head": "plan", "cell": lambda fact: fact.survivor.row["plan"]})
TRAINED = ("spec", "speed", "devices", "usd", "watts", STEP, "efficiency", PLAN, "exposure", "single_homed", "split_nodes")
STANDING = Column("stands_for", WHOLE, "as in the view", head="stands for", cell=VIEW.picked(["stands_for"])[0].text)


def search(
    demand: Demand,
    speeds: Sequence[str],
    request: Request | None = None,
    *,
    resolution_percent: float = 0.0,
    workers: int | None = None,
    journal: Path | None = None,
    resume: bool = False,
    watch: Watch | None = None,
    force: bool = False,
) -> Answer[Survivor]:
    """Return the designs for a demand that no other beats on cost, power, time and exposure, each beside its neighbour.

    speeds: of a device's port, as text. request: cases, step, parts, cost, limits (search/asked.py), None: the defaults.
    resolution_percent: leave out what is better by no more. workers: processes, None: one per core. journal: file of
    finished evaluations; resume: go on with it. force: take figures beyond what is plausible. watch: told (done, in all).

    Raises:
        InputError: what is wrong for every design, or nothing can be built.
        EnvironmentFault: a worker died.
    """
    from fabric.search.asked import asked
    from fabric.search.search import search as found_for
    from topologies.errors import InputError

    if resume and journal is None:
        raise InputError("resume: needs the journal to go on with, -o FILE")
    wanted = request or asked()
    found = found_for(
        demand,
        speeds,
        wanted,
        resolution=resolution_percent / 100,
        workers=workers,
        journal=journal,
        resume=resume,
        watch=watch,
        force=force,
    )
    facts = tuple(OnFront(front, one) for front, group in _groups(found) for one in group)
    items = tuple(fact.survivor for fact in facts)
    beside = {**_beside(found, demand), "resolution_percent": resolution_percent}
    return Answer(VIEW, items, facts, _parts(found, demand, wanted, resolution_percent), beside)


def _groups(found: Found) -> tuple[tuple[str, tuple[Survivor, ...]], ...]:
    return (FRONT, found.survivors), (UNPRICED, found.unpriced)


def _beside(found: Found, demand: Demand) -> dict[str, object]:
    return {
        "endpoints": demand.endpoints,
        "designs": len(found.rows),
        "fitting": found.fitting,
        "fitting_at_high": found.fitting_high,
        "favourites": list(map(_favourite, found.favourites)),
        "skipped": dict(found.skipped),
        "refused": _facts(found.refused),
        "unpriced_parts": dict(found.missing),
        "nearest": found.nearest and {"spec": found.nearest[0]["spec"], "over": [_over(one) for one in found.nearest[1]]},
    }


def _favourite(one: Favourite) -> dict[str, object]:
    return {
        "name": one.name,
        "spec": one.row["spec"],
        "fits": one.fits,
        "on_front": one.on_front,
        "beaten_by": one.beaten and one.beaten["spec"],
        "against": _facts(one.against),
    }


def _facts(found: Sequence[Any]) -> list[dict[str, Any]]:
    return [vars(one) for one in found]


def _over(binding: Binding) -> str:
    taken = f"{binding.taken.mid:.4g} {binding.unit}".strip()
    return f"{binding.name}: {taken} against {binding.limit:.4g}, {binding.over:.1%} beyond"


def _parts(found: Found, demand: Demand, request: Request, resolution: float) -> tuple[Part, ...]:
    """Return a table per front that has designs, or of the nearest where nothing fits; what is said of all under the last."""
    from fabric.search.search import Survivor

    table = TRAINED if request.training and not request.cases else TABLE
    title = f"{demand.endpoints:,} endpoints: {len(found.rows):,} designs worked out, {_fitting(found)}"
    labels = ("on the front of cost, power, time, exposure", "no price known: power, time, exposure")
    groups = [(front, label, own) for (front, own), label in zip(_groups(found), labels, strict=True) if own]
    parts = [
        _part(f"{title}; {_count(own, resolution)} {label}", front, own, resolution, table) for front, label, own in groups
    ]
    if found.nearest:
        parts.append(_part(f"{title}; the nearest", NEAREST, [Survivor(found.nearest[0], None, ())], 0.0, table))
    *rest, last = parts
    notes = (*last.notes, *_notes(found, request))
    return (*rest, Part(last.title, last.facts, last.keys, notes))


def _part(title: str, front: str, group: Sequence[Survivor], resolution: float, table: tuple[str | Column, ...]) -> Part:
    more = (f"{len(group) - SHOWN} more with --json",) if len(group) > SHOWN else ()
    keys = (*table, STANDING) if resolution else table
    return Part(title, tuple(OnFront(front, one) for one in group[:SHOWN]), keys, more)


def _count(group: Sequence[Survivor], resolution: float) -> str:
    whole = len(group) + sum(one.stands_for for one in group)
    return f"{len(group)} for {whole} (to {resolution:g} %)" if resolution else f"{len(group)}"


def _fitting(found: Found) -> str:
    at_high = (
        "" if found.fitting_high == found.fitting else f" at middle prices and powers, {found.fitting_high:,} at high ones"
    )
    return f"{found.fitting:,} within the limits{at_high}"


def short(row: Row) -> str:
    """Return a design's short form without what all of them share."""
    return str(row["spec"].split(",devices_per_node")[0])


def _named(row: Row) -> str:
    return f"{short(row)} at {row['speed']}"


def _notes(found: Found, request: Request) -> Iterator[str]:
    """Yield what is said below the tables: explanations, favourites, what was left out and which limit binds."""
    from fabric.report.words.search import differences, refusal

    shown = (*found.survivors[:SHOWN], *found.unpriced[:SHOWN])
    for one in shown:
        if one.neighbour:
            yield f"{_named(one.row)}: {differences(one.against)} against {_named(one.neighbour)}"
    yield from map(_placed, found.favourites)
    if any(one.row["split_nodes"] for one in shown):
        yield "split nodes: nodes whose devices stand on more leaves than those of the others, or unevenly on them"
    if request.node is None and request.nic is None:
        yield NO_NIC
    yield from (f"{name}: no price known, {count:,} designs without a cost" for name, count in found.missing.items())
    yield from (f"skipped {count:,}: {why}" for why, count in found.skipped.items())
    yield from (f"refused {one.count:,}: {refusal(one)}" for one in found.refused)
    if found.nearest:
        row, over = found.nearest
        yield f"no design satisfies; the nearest is {_named(row)}: {'; '.join(map(_over, over)) or 'its price is not known'}"


def _placed(favourite: Favourite) -> str:
    """Return where a favourite of the field stands."""
    from fabric.report.words.search import differences

    where = "on the front" if favourite.on_front else "beaten"
    beyond = "" if favourite.fits else ", beyond the limits"
    why = f": {differences(favourite.against)} against {_named(favourite.beaten)}" if favourite.beaten else ""
    priced = "" if favourite.row["usd"] is not None else ", no price known"
    return f"{favourite.name} ({_named(favourite.row)}{priced}): {where}{beyond}{why}"
