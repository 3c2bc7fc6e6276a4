"""`review run`: candidates side by side, priced and stressed, a row each; their tables and findings beside. It prints nothing.

Columns and findings: docs/review.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import LIST, NUMBER, OBJECT, TEXT, TEXTS, WHOLE, YES_NO, Answer, Column, Part, View, maybe
from fabric.answers.kinds import many, named, of_class, thing
from fabric.collectives.algorithms import ALGORITHMS
from fabric.review.ceiling import Reach
from fabric.review.cost import Swing
from fabric.review.damage import Damage
from fabric.review.growth import Stage
from fabric.review.inputs import Input
from fabric.review.losses import Event

if TYPE_CHECKING:
    from fabric.predict.constants import Constants
    from fabric.report.words.review import Words
    from fabric.review.evaluate import Design, Review, Tell
    from fabric.review.finding import Finding
    from fabric.review.quote import Range
    from fabric.review.request import Request

ENDS = ("low", "mid", "high")


@dataclass(frozen=True, eq=False)
class Reviewed:
    """A candidate as a row. tied: whether its range overlaps that of the first."""

    design: Design
    tied: bool


def _of(read: Callable[[Any], object]) -> Callable[[Any], object]:
    """Return how a column reads a row's design."""
    return lambda fact: read(fact.design)


def _in(part: str, key: str) -> Callable[[Any], object]:
    return lambda fact: getattr(getattr(fact.design, part), key)


def _money(name: str, what: str, read: Callable[[Any], Range | None]) -> tuple[Column, ...]:
    """Return three columns: USD at low, middle and high prices, null where a part has none."""

    def end(which: str) -> Callable[[Any], object]:
        return lambda fact: getattr(read(fact.design), which, None)

    return tuple(Column(f"{name}_{which}", maybe(NUMBER), f"{what}, {which} price", end(which)) for which in ENDS)


def _beside(choose: Callable[[Sequence[float]], float]) -> Callable[[Any], object]:
    return lambda fact: choose(fact.design.beside) if fact.design.beside else None


def _seconds(collective: str) -> Column:
    """Return the column of a collective's time, that of its first case, in the rows of reviews that have one."""

    def first(fact: Any) -> Any:
        own = (timed for timed in fact.design.performance.timed if timed.text.collective == collective)
        return next(own, None)

    what = "of the first case with this collective, median seed"
    return Column(f"{collective}_seconds", NUMBER, what, lambda f: first(f).result.time, when=lambda f: first(f) is not None)


def _switches(design: Design) -> dict[str, int]:
    return {tier: n for tier, n in design.fabric.topology.switches_by_tier.items() if tier != "scale-up"}


def _cables(design: Design) -> int:
    return sum(line.count for line in design.bill.network if line.part.kind == "link")


def _network_price(design: Design) -> Range | None:
    return None if design.unpriced else design.bill.network_price


QUOTE = maybe(thing(low=NUMBER, mid=NUMBER, high=NUMBER, unit=maybe(TEXT), source=TEXT, date=TEXT, weak=YES_NO))
BILL = thing(
    part=TEXT, kind=TEXT, tier=maybe(TEXT), level=maybe(TEXT), over_m=maybe(WHOLE), up_to_m=maybe(WHOLE), count=WHOLE,
    spare=WHOLE, price=QUOTE, watts=QUOTE,
)  # fmt: skip
CASE = thing(
    collective=TEXT, nbytes=WHOLE, ranks=WHOLE, order=TEXT, algorithm=maybe(TEXT), routing=maybe(TEXT), seconds=NUMBER,
    worst_seconds=NUMBER, of_bound=maybe(NUMBER),
)  # fmt: skip
LIMIT = thing(
    name=TEXT, unit=TEXT, limit=NUMBER, taken=NUMBER, taken_low=NUMBER, taken_high=NUMBER, over=NUMBER, over_low=NUMBER,
    over_high=NUMBER,
)  # fmt: skip
DAMAGE = {key: kind for key, kind in of_class(Damage, event=OBJECT).items() if key != "event"}
DETAILS = thing(
    bill=many(BILL),
    cases=many(CASE),
    cases_by_minimal_ways=many(CASE),
    curve=many(thing(devices=WHOLE, efficiency=NUMBER)),
    throughput=many(thing(traffic=TEXT, theta_low=maybe(NUMBER), theta_high=maybe(NUMBER), nic=NUMBER)),
    no_throughput=LIST,
    failures=many(thing(**of_class(Event, kind=TEXT), at_once=YES_NO, **DAMAGE)),
    growth=named(many(thing(**of_class(Stage)))),
    ceiling=many(thing(**of_class(Reach))),
    limits=many(LIMIT),
    swings=many(thing(**of_class(Swing))),
)
VIEW = View(
    "review",
    (
        Column("candidate", TEXT, "its name", _of(lambda d: d.candidate.name)),
        Column("topo", TEXT, "its fabric, as the request says it", _of(lambda d: d.candidate.topo)),
        Column("devices", WHOLE, "devices on the bill", _in("bill", "endpoints")),
        Column("switches", WHOLE, "of all tiers on the bill", _in("bill", "switches")),
        Column("switches_by_tier", named(WHOLE), "without those within a node", _of(_switches)),
        Column("cables", WHOLE, "links on the bill", _of(_cables)),
        Column("spare_ports", WHOLE, "ports of switches that stand empty", _of(lambda d: sum(o.spare for o in d.bill.network))),
        Column("racks", WHOLE, "nodes and switches, as laid out", _in("layout", "racks")),
        Column("rack_units", NUMBER, "of all parts", _of(lambda d: sum(o.count * o.part.rack_units for o in d.bill.lines))),
        *_money("price", "USD of everything", lambda d: d.price),
        *_money("network_price", "USD of switches, cables, optics and separate NICs", _network_price),
        Column("unpriced", TEXTS, "parts without a price", _of(lambda d: list(d.unpriced))),
        Column("watts", NUMBER, "of the facility, PUE included, middle", _in("watts", "mid")),
        Column("watts_low", NUMBER, "the same, low", _in("watts", "low")),
        Column("watts_high", NUMBER, "the same, high", _in("watts", "high")),
        Column("network_watts", NUMBER, "of the network before PUE, middle", _of(lambda d: d.bill.network_watts.mid)),
        Column("efficiency", NUMBER, "of a training step, median seed", _in("performance", "efficiency")),
        Column("worst_efficiency", NUMBER, "the same, worst seed and order", _in("performance", "worst_efficiency")),
        Column("best_efficiency", NUMBER, "the same, best seed and order", _in("performance", "best_efficiency")),
        Column("minimal_efficiency", maybe(NUMBER), "by minimal ways alone, where it is judged with adaptive routing",
               _in("performance", "minimal_efficiency")),
        *map(_seconds, ALGORITHMS),
        *_money("device_hour", "USD per effective device-hour", lambda d: d.cost),
        Column("stops_per_hour", NUMBER, "of a job on all devices", _in("resilience", "stops")),
        Column("goodput", NUMBER, "share of time left by stops", _in("resilience", "goodput")),
        Column("single_homed", WHOLE, "devices that one switch or cable stops", _in("resilience", "single_homed")),
        Column("single_switches", WHOLE, "switches that stop devices", _in("resilience", "single_switches")),
        Column("single_cables", WHOLE, "cables that stop devices", _in("resilience", "single_cables")),
        Column("one_switch_takes", WHOLE, "devices that one switch takes, at most", _in("resilience", "one_switch_takes")),
        Column("two_jobs_slowdown", maybe(NUMBER), "of the first case beside a second job, median seed", _beside(median)),
        Column("two_jobs_slowdown_low", maybe(NUMBER), "the same, least", _beside(min)),
        Column("two_jobs_slowdown_high", maybe(NUMBER), "the same, most", _beside(max)),
        Column("two_jobs_slowdown_seeds", WHOLE, "how many seeds", _of(lambda d: len(d.beside))),
        Column("ties_with_first", YES_NO, "whether its range overlaps that of the first", lambda f: f.tied),
        Column("fits", YES_NO, "whether all limits hold at middle prices and powers", _of(lambda d: d.fits)),
        Column("fits_up_to", TEXT, "up to which end: high, middle, low or none", _of(lambda d: d.fits_up_to)),
        Column("tightest_limit", maybe(TEXT), "at the middle", _of(lambda d: d.bindings[0].name if d.bindings else None)),
        Column("over", maybe(NUMBER), "share over that limit, 0 or less where it holds",
               _of(lambda d: d.bindings[0].over if d.bindings else None)),
        Column("over_high", maybe(NUMBER), "the most over any limit at high prices and powers",
               _of(lambda d: max((binding.over_high for binding in d.bindings), default=None))),
    ),
    version=2,
    beside={
        "title": TEXT,
        "verdict": many(thing(about=TEXT, kind=TEXT, values=OBJECT, sources=TEXTS, text=TEXT)),
        "cost_inputs": many(thing(**of_class(Input))),
        "refused": many(thing(candidate=TEXT, why=TEXT)),
        "details": named(DETAILS),
    },
)  # fmt: skip


def review(
    request: Request | Path,
    constants: Constants | None = None,
    *,
    lang: str = "en",
    force: bool = False,
    tell: Tell | None = None,
) -> Answer[Design]:
    """Return the candidates of a request, or of its YAML file, with tables, findings and what was refused.

    constants: None: those that the request names, and of every candidate's node where it names none. lang: of the sentences,
    en or zh. force: take figures beyond what is plausible as they are. tell: called with candidates done, in all, and the next
    one's name.

    Raises:
        InputError: whatever is wrong for all candidates, with the file's name where there is one.
    """
    return reviewed(evaluated(request, constants, force=force, tell=tell), lang)


def evaluated(
    request: Request | Path, constants: Constants | None = None, *, force: bool = False, tell: Tell | None = None
) -> Review:
    """Return the review itself, which pages and Markdown are made from; arguments and errors as review()."""
    from fabric.predict.constants import constants_of
    from fabric.review.evaluate import evaluate
    from fabric.review.request import load
    from topologies.errors import InputError

    asked = load(request) if isinstance(request, Path) else request
    try:
        named = constants_of(asked.constants) if "constants" in asked.model_fields_set else None
        return evaluate(asked, constants or named, tell, force=force)
    except InputError as error:
        if isinstance(request, Path):
            raise InputError(f"{request}: {error}") from None
        raise


def reviewed(review: Review, lang: str = "en") -> Answer[Design]:
    """Return a review as an answer: a row per candidate that could be worked out, in its order; the verdict's tables last."""
    from fabric.report.review.sentences import sentence
    from fabric.report.words.review import words
    from fabric.review.details import details
    from fabric.review.ranking import ranking, ties
    from fabric.review.verdict import verdict

    own, found, tied = words(lang), verdict(review), ties(ranking(review))
    facts = tuple(Reviewed(design, design in tied) for design in review.designs)
    beside = details(review)
    worded = [{**plain, "text": sentence(one, own)} for plain, one in zip(beside["verdict"], found, strict=True)]
    parts = (*_tables(review), *_verdict(found, own))
    warnings = tuple(_unplaced(review))
    return Answer(VIEW, review.designs, facts, parts, {**beside, "verdict": worded}, warnings)


def _unplaced(review: Review) -> Iterator[str]:
    """Yield a line for each kind of a plan's communication that is none of the cases, since no order places its groups."""
    from fabric.review.trained import unplaced

    if not review.request.cases:
        for design in review.designs:
            lines = unplaced(design.performance.step, design.fabric) if design.performance.step else ()
            yield from (f"{design.candidate.name}: cases: {line}: left out" for line in lines)


def _verdict(found: Sequence[Finding], own: Words) -> Iterator[Part]:
    """Yield a table of one column per heading: every sentence, with where its numbers come from."""
    from fabric.report.review.sentences import by_heading, sentence, sources

    for heading, findings in by_heading(found, own):
        lines = tuple((f"{sentence(one, own)} [{sources(one, own)}]",) for one in findings)
        yield Part(heading, lines, (_nth(0, "finding"),))


def _tables(review: Review) -> tuple[Part, ...]:
    """Return the tables of a terminal; their cells are texts already."""
    from fabric.report.review.text import tables

    return tuple(Part(title, tuple(body), tuple(map(_nth, range(len(heads)), heads))) for title, heads, body in tables(review))


def _nth(at: int, head: str) -> Column:
    """Return the column of a table whose facts are rows of texts."""
    return Column(head, TEXT, head, lambda fact: fact[at], head=head)
