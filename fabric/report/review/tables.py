"""The tables of a review that set candidates side by side. It does not know parts, sources, or where a table stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fabric.report.review import names as review_names
from fabric.report.review.cells import Cell, hour, missing, money, number, over_seeds, share, times, watts
from fabric.report.review.html import Row, note, table
from fabric.report.words.review import Words
from fabric.review.evaluate import Design, Review
from fabric.review.inputs import inputs
from fabric.review.quote import Range
from fabric.review.ranking import DIGITS, overlap
from fabric.units import show_rate

COUNTS = ("candidate", "devices", "switches", "tiers", "cables", "longest", "nics", "spare", "racks")
MONEY = ("candidate", "price", "each_all", "network", "each", "power", "network_power", "hour")
SPEED = ("candidate", "efficiency", "worst_efficiency", "beside", "goodput", "stops", "alone", "fits")
COST = ("candidate", "hour", "against")
INPUTS = ("input", "figure", "unit", "source")
TRAFFIC = ("candidate", "traffic", "reached", "at_most", "reached_rate", "at_most_rate")


def compare(review: Review, words: Words) -> list[str]:
    """Return the comparison: counts, money and power, performance."""
    designs = review.designs
    names = names_of(designs)
    return [
        note(words["sort"], "screen"),
        note(words["note.speed"]),
        table(words, SPEED, [_speed(d, words) for d in designs], key="speed", names=names),
        note(words["note.money"]),
        table(words, MONEY, _money(designs, words), key="money", names=names),
        *(note(_unpriced(d, words)) for d in designs if d.unpriced),
        note(words["note.compare"]),
        table(words, COUNTS, [_counts(d, words) for d in designs], key="counts", names=names),
    ]


def names_of(designs: Iterable[Design]) -> list[str]:
    """Return the candidates' names."""
    return [design.candidate.name for design in designs]


def tiers_of(design: Design) -> dict[str, int]:
    """Return the switches of every tier, those inside nodes left out."""
    return {tier: n for tier, n in design.fabric.topology.switches_by_tier.items() if tier != "scale-up"}


def cables_of(design: Design) -> int:
    """Return the cables of the network."""
    topology = design.fabric.topology
    return int(topology.is_cable.sum())


def _counts(design: Design, words: Words) -> Row:
    topology = design.fabric.topology
    tiers = "; ".join(f"{review_names.tier(tier, words)} {count:,}" for tier, count in tiers_of(design).items())
    longest = float(design.layout.metres[topology.is_cable].max(initial=0.0))
    return (
        design.candidate.name,
        number(topology.devices),
        number(sum(tiers_of(design).values())),
        tiers or words["none"],
        number(cables_of(design)),
        Cell(words["metres"].format(metres=f"{longest:.3g}"), longest),
        _nics(design, words),
        number(sum(line.spare for line in design.bill.network)),
        number(design.layout.racks),
    )


def _money(designs: Sequence[Design], words: Words) -> list[Row]:
    """Return a row per candidate; every column has one unit, that of its smallest figure."""
    prices = [design.price for design in designs]
    networks = [_network(design) for design in designs]
    columns = (prices, _each(prices, designs), networks, _each(networks, designs))
    usd = [same_unit(column, money, words) for column in columns]
    drawn = [same_unit(c, watts, words) for c in ([d.watts for d in designs], [d.bill.network_watts for d in designs])]
    hours = [hour(design.cost, words) for design in designs]
    return list(zip(names_of(designs), *usd, *drawn, hours, strict=True))


def _each(prices: Sequence[Range | None], designs: Sequence[Design]) -> list[Range | None]:
    """Return prices per device."""
    return [price / design.bill.endpoints if price else None for design, price in zip(designs, prices, strict=True)]


def same_unit(found: Sequence[Range | None], shown: Callable[..., Cell], words: Words) -> list[Cell]:
    """Return the cells of a column of money or power, all in the unit of its smallest figure."""
    least = min((one.mid for one in found if one is not None), default=None)
    return [shown(one, words, least) for one in found]


def _network(design: Design) -> Range | None:
    known = all(line.part.price is not None for line in design.bill.network)
    return design.bill.network_price if known else None


def _nics(design: Design, words: Words) -> Cell:
    """Return the NICs on the bill; that they come with the nodes where it has none."""
    found = [line.count for line in design.bill.network if line.part.kind == "nic"]
    return number(sum(found)) if found else Cell(words["nics.inside"], known=False)


def _speed(design: Design, words: Words) -> Row:
    broken = design.resilience
    return (
        design.candidate.name,
        share(design.performance.efficiency, words),
        share(design.performance.worst_efficiency, words),
        over_seeds(design.beside, words),
        share(broken.goodput, words),
        hours(broken.stops, words),
        number(broken.single_homed),
        fitting(design, words),
    )


def fitting(design: Design, words: Words) -> str:
    """Return up to which end of prices and powers the limits hold, and the one that does not beyond that."""
    if not design.bindings:
        return words["none"]
    up_to = design.fits_up_to
    beyond = {"middle": "over_high", "low": "over", "none": "over_low"}
    binding = max(design.bindings, key=lambda one: getattr(one, beyond.get(up_to, "over_high")))
    return words[f"fits.{up_to}"].format(limit=words[f"binding.{binding.name}"])


def _unpriced(design: Design, words: Words) -> str:
    return words["note.unpriced"].format(candidate=design.candidate.name, parts=", ".join(design.unpriced))


def cost_table(names: Sequence[str], costs: Sequence[Range], words: Words) -> str:
    """Return the cost of every candidate where the sliders start; the page's script fills it in elsewhere."""
    least = min(cost.mid for cost in costs)
    best = next(cost for cost in costs if cost.mid == least)
    rows = []
    for n, (name, cost) in enumerate(zip(names, costs, strict=True)):
        more = cost.mid / least - 1
        tie = words["tie"] if cost is not best and overlap(cost, best, DIGITS) else ""
        rows.append((name, hour(cost, words, key=f"cost-{n}"), Cell(over(more), more, tie, key=f"over-{n}")))
    return table(words, COST, rows, key="cost", names=names)


def inputs_table(review: Review, words: Words) -> list[str]:
    """Return what the cost takes beside each candidate's own figures, with where it is from."""
    rows: list[Row] = [
        (
            words["term"].format(term=words[f"input.{one.name}"], english=one.name),
            number(one.value),
            words[f"unit.{one.name}"],
            words[f"origin.{one.origin}"],
        )
        for one in inputs(review.request)
    ]
    return [note(words["note.inputs"]), table(words, INPUTS, rows, key="inputs")]


def over(value: float) -> str:
    """Return how much more as per cent with one decimal, as the page's script writes it."""
    return f"+{100 * value:.1f} %"


def traffic_table(designs: Sequence[Design], words: Words) -> str:
    """Return the bracket of theta of every candidate and traffic."""
    rows: list[Row] = [
        (
            design.candidate.name,
            words.get(f"traffic.{bracket.traffic}", bracket.traffic),
            times(bracket.lower, words),
            times(bracket.upper, words),
            *(_rate(bracket.nic, theta, words) for theta in (bracket.lower, bracket.upper)),
        )
        for design in designs
        for bracket in design.performance.brackets
    ]
    names = [str(row[0]) for row in rows]
    return table(words, TRAFFIC, rows, key="traffic", names=names)


def _rate(nic: float, theta: float | None, words: Words) -> Cell:
    """Return bytes per second and device at a theta."""
    return missing(words) if theta is None else Cell(show_rate(nic * theta), nic * theta)


def hours(stops: float, words: Words) -> Cell:
    """Return the hours between stops of so many an hour."""
    if not stops:
        return missing(words)
    apart = number(float(f"{1 / stops:.3g}"))
    return Cell(words["share.hours"].format(hours=apart.text), apart.value)
