"""A review as text: tables for a terminal, and one page of Markdown for a pull request. It computes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fabric.report.review import names
from fabric.report.review.details import all_timed
from fabric.report.review.sentences import by_heading, leading, sentence, sources
from fabric.report.words.review import Words, words
from fabric.review.damage import Damage, below_one
from fabric.review.evaluate import Design, Review
from fabric.review.finding import Finding
from fabric.review.quote import Range
from fabric.review.ranking import ranking, ties
from fabric.review.verdict import verdict
from fabric.text.escape import markdown_cell
from fabric.units import show_duration, show_rate

COLUMNS = (
    "candidate",
    "fits",
    "switches",
    "cables",
    "spare ports",
    "racks",
    "MW",
    "efficiency (worst)",
    "goodput",
    "million USD",
    "network USD/device",
    "USD/effective device-hour",
)
WIRING = 9
"""Columns of the first table of a terminal; the rest is money."""


def markdown(review: Review, lang: str = "en") -> str:
    """Return the summary: the comparison, times, failures and the verdict with its sources."""
    own = words(lang)
    parts = [f"# {markdown_cell(review.request.title)}", _grid(COLUMNS, _all_cells(review, own))]
    found = verdict(review)
    first = leading(found)
    parts.insert(1, _bullets(first, own))
    rest = by_heading([one for one in found if one not in first], own)
    folded = [part for heading, findings in rest for part in (f"## {heading}", _bullets(findings, own))]
    if folded:
        parts += [f"<details><summary>{own['heading.rest']}</summary>", *folded, "</details>"]
    if review.designs:
        parts += [f"## {own['heading.times']}", _grid(*_in_short(review, own))]
    return "\n\n".join(parts)


Grid = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A title, the columns and the rows of a table."""


def tables(review: Review) -> list[Grid]:
    """Return the tables of a terminal, in English; none where no candidate could be worked out."""
    if not review.designs:
        return []
    own = words("en")
    cells = _all_cells(review, own)
    return [
        (review.request.title, COLUMNS[:WIRING], [row[:WIRING] for row in cells]),
        (
            "Money: middle (low to high); tie: the range overlaps that of the first",
            (COLUMNS[0], *COLUMNS[WIRING:]),
            [[row[0], *row[WIRING:]] for row in cells],
        ),
        (
            f"Time of every case{_of_a_plan(review)}: median seed, worst seed, share of what no algorithm can beat",
            *_times(review),
        ),
        ("What every device can send at once, between what is reached and what no routing can beat", *_throughput(review)),
        (
            "Time of the first case over its healthy time: median, worst of the draws or seeds; cut: draws that cut devices "
            "off, at most how many, and the job on the nodes left whole",
            *_failures(review, own),
        ),
        ("Scale ceiling: where every number of tiers ends", *_ceilings(review)),
    ]


def _of_a_plan(review: Review) -> str:
    """Return what is to be said where cases come from a plan: they are of one group, and the step times all at once."""
    own = not review.request.cases and any(design.performance.step for design in review.designs)
    return ", one group of the plan alone (the step times all groups at once)" if own else ""


def _bullets(findings: Sequence[Finding], own: Words) -> str:
    return "\n".join(f"- {markdown_cell(sentence(one, own))} <sub>{markdown_cell(sources(one, own))}</sub>" for one in findings)


def first_lines(review: Review, lang: str = "en") -> list[str]:
    """Return the verdict in three sentences, which stand before everything else."""
    own = words(lang)
    return [sentence(one, own) for one in leading(verdict(review))]


def lines(review: Review, lang: str = "en") -> Iterable[str]:
    """Yield the verdict's other lines under their headings, every one with its sources; the first ones: first_lines()."""
    own, found = words(lang), verdict(review)
    first = leading(found)
    for heading, findings in by_heading([one for one in found if one not in first], own):
        yield f"\n{heading}"
        yield from (f"  {sentence(one, own)} [{sources(one, own)}]" for one in findings)


def _all_cells(review: Review, own: Words) -> list[list[str]]:
    tied = ties(ranking(review))
    return [_cells(design, own, tied=design in tied) for design in review.designs]


def _cells(design: Design, own: Words, *, tied: bool) -> list[str]:
    topology, done = design.fabric.topology, design.performance
    network = None if design.unpriced else design.bill.network_price / design.bill.endpoints
    switches = ", ".join(f"{n:,} {tier}" for tier, n in topology.switches_by_tier.items() if tier != "scale-up" and n)
    return [
        design.candidate.name,
        own[f"fits.short.{design.fits_up_to}"],
        switches,
        f"{sum(line.count for line in design.bill.network if line.part.kind == 'link'):,}",
        f"{sum(line.spare for line in design.bill.network):,}",
        f"{design.layout.racks:,}",
        f"{design.watts.mid / 1e6:.2f}",
        f"{done.efficiency:.1%} ({done.worst_efficiency:.1%})",
        f"{design.resilience.goodput:.1%}",
        _span(design.price, 1e-6, ".1f"),
        _span(network, 1, ",.0f"),
        _span(design.cost, 1, ".3f") + (", tie" if tied else ""),
    ]


def _span(found: Range | None, scale: float, form: str) -> str:
    if found is None:
        return "no price"
    low, mid, high = (format(value * scale, form) for value in (found.low, found.mid, found.high))
    return f"{mid} ({low}-{high})"


def _times(review: Review) -> tuple[list[str], list[list[str]]]:
    body = []
    for design in review.designs:
        for timed in all_timed(design):
            share = f"{timed.of_bound:.0%}" if timed.of_bound else "-"
            result = timed.result
            how = [result.algorithm or "-", result.routing or "-"]
            times = [show_duration(result.time), show_duration(timed.worst), share]
            body.append([design.candidate.name, timed.text.collective, f"{result.case.world_size:,}", *how, *times])
    return ["candidate", "collective", "ranks", "algorithm", "routing", "median", "worst", "of bound"], body


def _in_short(review: Review, own: Words) -> tuple[list[str], list[list[str]]]:
    """Return a row per candidate: the time of every case, and what failures do to the first one, `cut` where ranks part."""
    first = review.designs[0]
    cases = [timed.text.collective for timed in first.performance.timed]
    body = []
    for design in review.designs:
        times = [show_duration(timed.result.time) for timed in design.performance.timed]
        broken = design.resilience
        drawn = [max(own, key=lambda one: one.failed) for own in _by_kind(broken.damage)]
        failed = "; ".join(f"{one.failed:,} {names.failed(one.event, own)}: {_hit(one, own)}" for one in drawn)
        lost = "; ".join(f"{names.failed(one.event, own)}: {_hit(one, own)}" for one in broken.lost)
        body.append([design.candidate.name, *times, failed or "-", lost or "-"])
    return ["candidate", *cases, "failed", "gone"], body


def _hit(row: Damage, own: Words) -> str:
    """Return the worst draw's slowdown, one below 1 with why; where devices are cut off, how many, and the job on the rest."""
    if row.worst is not None:
        some = f", {row.cut} of {row.draws} cut" if row.cut else ""
        return f"x {row.worst:.2f}{_because(row.worst, row.even, own)}{some}"
    rest = "" if row.rest is None else f", x {row.rest:.2f}{_because(row.rest, row.rest_even, own)} on {row.left:,} left"
    return f"cut, {row.devices_parted:,} off{rest}"


def _because(ratio: float | None, even: float | None, own: Words) -> str:
    """Return why a slowdown is below 1, in brackets; nothing where it is not."""
    why = _below(ratio, even, own)
    return f" ({why})" if why else ""


def _throughput(review: Review) -> tuple[list[str], list[list[str]]]:
    body = []
    for design in review.designs:
        for found in design.performance.brackets:
            ends = [show_rate(found.nic * theta) if theta is not None else "-" for theta in (found.lower, found.upper)]
            body.append([design.candidate.name, found.traffic, *ends])
    return ["candidate", "traffic", "reached", "at most"], body


def _failures(review: Review, own: Words) -> tuple[list[str], list[list[str]]]:
    body = []
    for design in review.designs:
        for damage in (*design.resilience.damage, *design.resilience.lost):
            ends = [f"{value:.2f}" if value is not None else "-" for value in (damage.median, damage.worst)]
            rest = f"{damage.rest:.2f}" if damage.rest is not None else "-"
            left = f"{damage.left:,}" if damage.devices_lost or damage.devices_parted else "all"
            named = names.failed(damage.event, own)
            counts = [f"{damage.devices_parted:,}", left, rest, _reason(damage, own)]
            cut = f"{damage.cut} of {damage.draws}"
            body.append([design.candidate.name, named, f"{damage.failed:,}", *ends, cut, *counts])
    return ["candidate", "what", "failed", "median", "worst", "cut", "cut off", "left whole", "on those", "below 1"], body


def _reason(row: Damage, own: Words) -> str:
    """Return why the first of a row's slowdowns that is below 1 is so."""
    pairs = ((row.median, row.even), (row.worst, row.even), (row.rest, row.rest_even))
    return next((why for ratio, even in pairs if (why := _below(ratio, even, own))), "")


def _below(ratio: float | None, even: float | None, own: Words) -> str:
    """Return why a slowdown is below 1 as it is printed; nothing where it is not."""
    reason = below_one(ratio, even, 2)
    return own[f"below.{reason}"].format(even=f"{even:.2f}") if reason else ""


def _by_kind(rows: Sequence[Damage]) -> list[list[Damage]]:
    return [[row for row in rows if row.event == event] for event in dict.fromkeys(row.event for row in rows)]


def _ceilings(review: Review) -> tuple[list[str], list[list[str]]]:
    body = []
    for design in review.designs:
        for reach in design.ceiling:
            usd = f"{reach.usd_per_device:,.0f}" if reach.usd_per_device is not None else "no price"
            end = "ends" if reach.ends else "not looked further"
            body.append([design.candidate.name, str(reach.tiers), f"{reach.devices:,}", f"{reach.switches:,}", usd, end])
    return ["candidate", "tiers", "devices at most", "switches", "USD a device", "there"], body


def _grid(columns: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *body]
    return "\n".join("| " + " | ".join(map(markdown_cell, line)) + " |" for line in lines)
