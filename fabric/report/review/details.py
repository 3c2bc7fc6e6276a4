"""The tables of a review below the comparison: cases, growth, limits. It does not know parts and failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.report.review import names as review_names
from fabric.report.review.cells import Cell, missing, money, number, seconds, share, size, watts
from fabric.report.review.html import Row, note, table
from fabric.report.review.tables import names_of, traffic_table
from fabric.report.words.review import Words
from fabric.review.ceiling import Reach
from fabric.review.evaluate import Design, Review
from fabric.review.growth import Stage
from fabric.review.limits import Binding
from fabric.review.performance import Timed

CASES = (
    "candidate", "case", "size", "ranks", "order", "algorithm", "routing", "median", "worst", "of_bound", "bottleneck",
)  # fmt: skip
STAGES = ("value", "devices", "count_tiers", "switches", "new", "cables", "kept", "moved", "added")
LIMITS = ("candidate", "limit", "allowed", "taken", "over")
REACH = ("candidate", "count_tiers", "reach", "switches", "cables", "reach_each", "reach_step", "ends")
QUOTA = ("candidate", "each_watts", "quota", "effective")


def performance(designs: Sequence[Design], words: Words) -> list[str]:
    """Return every case of every candidate, and the brackets of theta."""
    rows = [_case(design, done, words) for design in designs for done in all_timed(design)]
    return [
        note(words["note.performance"]),
        *([note(words["note.of_a_plan"])] if any(design.performance.step for design in designs) else []),
        table(words, CASES, rows, key="cases", names=_first(rows)),
        note(words["note.curve"]),
        _curve(designs, words),
        note(words["note.theta"]),
        traffic_table(designs, words),
        *(note(words["note.unbracketed"].format(candidate=d.candidate.name, why=why)) for d in designs for why in _without(d)),
    ]


def all_timed(design: Design) -> list[Timed]:
    """Return every case, then those by minimal ways alone that stand beside the judged ones."""
    return [*design.performance.timed, *design.performance.minimal]


def _without(design: Design) -> tuple[str, ...]:
    """Return why a traffic has no bracket on this candidate."""
    return design.performance.unbracketed


def _curve(designs: Sequence[Design], words: Words) -> str:
    """Return the efficiency of jobs of growing size, a column per size."""
    sizes = sorted({devices for design in designs for devices, _ in design.curve})
    heads = [words["devices"].format(count=f"{size:,}") for size in sizes]
    rows: list[Row] = [(d.candidate.name, *(share(dict(d.curve).get(size), words) for size in sizes)) for d in designs]
    return table(words, ("candidate", *heads), rows, key="curve", names=names_of(designs))


def _first(rows: Sequence[Row]) -> list[str]:
    return [str(row[0]) for row in rows]


def _case(design: Design, done: Timed, words: Words) -> Row:
    result = done.result
    return (
        design.candidate.name,
        review_names.collective(result.case.collective, words),
        size(result.case.nbytes),
        number(result.case.world_size),
        review_names.order(done.placed, words),
        review_names.algorithm(result.algorithm, words) if result.algorithm else words["none"],
        result.routing or words["none"],
        seconds(result.time),
        seconds(done.worst),
        share(done.of_bound, words),
        words["and.terms"].join(review_names.level(name, words) for name in result.bottlenecks) or words["none"],
    )


def growth(designs: Sequence[Design], words: Words) -> list[str]:
    """Return a table per candidate and parameter that grows."""
    parts = []
    for number_, design in enumerate(designs):
        for parameter, stages in design.growth.items():
            parts.append(note(words["growth.caption"].format(candidate=design.candidate.name, parameter=parameter)))
            parts.append(table(words, STAGES, _stages(stages, words), key=f"growth-{number_}-{len(parts)}"))
    return parts


def ceiling(designs: Sequence[Design], words: Words) -> list[str]:
    """Return how far every candidate's design goes with each number of tiers."""
    rows = [row for design in designs for row in reaches(design, words)]
    return [note(words["note.ceiling"]), table(words, REACH, rows, key="ceiling", names=_first(rows))] if rows else []


def reaches(design: Design, words: Words) -> Iterator[Row]:
    """Yield a row per number of tiers, with what a device costs more there than with the tiers before."""
    for reach, before in zip(design.ceiling, (None, *design.ceiling), strict=False):
        counts = [number(count) for count in (reach.tiers, reach.devices, reach.switches, reach.cables)]
        each, step = money(reach.usd_per_device, words), _step(reach, before, words)
        yield design.candidate.name, *counts, each, step, words["yes" if reach.ends else "no"]


def _step(reach: Reach, before: Reach | None, words: Words) -> Cell:
    """Return USD a device more than before the step; empty for the fewest tiers."""
    if before is None:
        return Cell("", 0.0)
    if reach.usd_per_device is None or before.usd_per_device is None:
        return missing(words)
    more = reach.usd_per_device - before.usd_per_device
    return Cell(words["money.more"].format(usd=f"{more:+,.0f}"), more)


def _stages(stages: Sequence[Stage], words: Words) -> list[Row]:
    """Return a row per stage, with a word below the tiers where there are more than before."""
    rows: list[Row] = []
    for stage, before in zip(stages, (None, *stages), strict=False):
        tiers = number(stage.tiers)
        if before is not None and stage.tiers > before.tiers:
            tiers = Cell(tiers.text, tiers.value, words["tier.step"])
        bought = (stage.switches, stage.new_switches, stage.cables, stage.kept, stage.moved, stage.added)
        rows.append((number(stage.value), number(stage.devices), tiers, *(number(count) for count in bought)))
    return rows


def limits(review: Review, words: Words) -> list[str]:
    """Return every limit of every candidate, and what the power would carry."""
    rows = [_limit(design, binding, words) for design in review.designs for binding in design.bindings]
    quotas: list[Row] = [
        (
            design.candidate.name,
            watts(design.quota.watts_per_device, words, 1.0),
            number(design.quota.devices),
            number(round(design.quota.effective)),
        )
        for design in review.designs
        if design.quota
    ]
    if not rows:
        return [note(words["note.no_limits"])]
    parts = [note(words["note.limits"]), table(words, LIMITS, rows, key="limits", names=_first(rows))]
    if quotas:
        parts += [note(words["note.quota"]), table(words, QUOTA, quotas, key="quota", names=_first(quotas))]
    return parts


def _limit(design: Design, binding: Binding, words: Words) -> Row:
    name = words.get(f"limit.{binding.name}", binding.name)
    shown = {"W": watts, "USD": money}.get(binding.unit)
    ends = words["range"].format(low=_signed(binding.over_low), high=_signed(binding.over_high)) if shown else ""
    over = Cell(_signed(binding.over), binding.over, ends)
    if shown:
        return design.candidate.name, name, shown(binding.limit, words), shown(binding.taken, words), over
    plain = [number(v) if binding.name == "racks" else share(v, words) for v in (binding.limit, binding.taken.mid)]
    return design.candidate.name, name, *plain, over


def _signed(part: float) -> str:
    return f"{100 * part:+.1f} %"
