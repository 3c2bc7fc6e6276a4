"""The tables of a review below the comparison: cases, failures, growth, limits. It does not know money or parts."""

from __future__ import annotations

from collections.abc import Sequence

from fabric.report.review_cells import Cell, money, number, seconds, share, times, watts
from fabric.report.review_html import Row, note, table
from fabric.report.review_tables import traffic_table
from fabric.report.review_words import Words
from fabric.review.ceiling import Reach
from fabric.review.evaluate import Design, Review
from fabric.review.growth import Stage
from fabric.review.limits import Binding
from fabric.review.performance import Timed
from fabric.review.resilience import Damage
from fabric.units import show_size

CASES = (
    "candidate", "case", "size", "ranks", "order", "algorithm", "routing", "median", "worst", "of_bound", "bottleneck",
)  # fmt: skip
DAMAGE = ("candidate", "what", "failed", "slower", "slowest", "cut")
STAGES = ("value", "devices", "count_tiers", "switches", "new", "cables", "kept", "moved", "added")
LIMITS = ("candidate", "limit", "allowed", "taken", "over")
REACH = ("candidate", "count_tiers", "reach", "switches", "cables", "reach_each", "ends")
QUOTA = ("candidate", "quota", "effective")


def performance(designs: Sequence[Design], words: Words) -> list[str]:
    """Return every case of every candidate, and the brackets of theta."""
    rows = [_case(design, done, words) for design in designs for done in design.performance.timed]
    return [
        note(words["note.performance"]),
        table(words, CASES, rows, key="cases", names=_first(rows)),
        note(words["note.theta"]),
        traffic_table(designs, words),
    ]


def _first(rows: Sequence[Row]) -> list[str]:
    return [str(row[0]) for row in rows]


def _case(design: Design, done: Timed, words: Words) -> Row:
    result = done.result
    return (
        design.candidate.name,
        result.case.collective,
        Cell(show_size(result.case.nbytes), result.case.nbytes),
        number(result.case.world_size),
        done.order,
        result.algorithm or words["none"],
        result.routing or words["none"],
        seconds(result.time),
        seconds(done.worst),
        share(done.of_bound, words),
        str(result.context.get("bottleneck", words["none"])),
    )


def resilience(designs: Sequence[Design], words: Words) -> list[str]:
    """Return the damage by random failures of every candidate."""
    rows = [_damage(design, damage, words) for design in designs for damage in design.resilience.damage]
    if not rows:
        return []
    collective = next(damage.collective for design in designs for damage in design.resilience.damage)
    return [
        note(words["note.resilience"].format(collective=collective)),
        table(words, DAMAGE, rows, key="damage", names=_first(rows)),
    ]


def _damage(design: Design, damage: Damage, words: Words) -> Row:
    cut = Cell(f"{damage.cut} / {damage.draws}", damage.cut / damage.draws)
    return (
        design.candidate.name,
        words.get(f"damage.{damage.what}", damage.what),
        number(damage.failed),
        times(damage.median, words),
        times(damage.worst, words),
        cut,
    )


def growth(designs: Sequence[Design], words: Words) -> list[str]:
    """Return a table per candidate and parameter that grows."""
    parts = []
    for number_, design in enumerate(designs):
        for parameter, stages in design.growth.items():
            parts.append(note(words["growth.caption"].format(candidate=design.candidate.name, parameter=parameter)))
            parts.append(table(words, STAGES, [_stage(stage) for stage in stages], key=f"growth-{number_}-{len(parts)}"))
    return parts


def ceiling(designs: Sequence[Design], words: Words) -> list[str]:
    """Return how far every candidate's design goes with each number of tiers."""
    rows = [_reach(design, reach, words) for design in designs for reach in design.ceiling]
    return [note(words["note.ceiling"]), table(words, REACH, rows, key="ceiling", names=_first(rows))] if rows else []


def _reach(design: Design, reach: Reach, words: Words) -> Row:
    counts = [number(count) for count in (reach.tiers, reach.devices, reach.switches, reach.cables)]
    return design.candidate.name, *counts, money(reach.usd_per_device, words), words["yes" if reach.ends else "no"]


def _stage(stage: Stage) -> Row:
    counts = (
        stage.value, stage.devices, stage.tiers, stage.switches, stage.new_switches,
        stage.cables, stage.kept, stage.moved, stage.added,
    )  # fmt: skip
    return tuple(number(count) for count in counts)


def limits(review: Review, words: Words) -> list[str]:
    """Return every limit of every candidate, and what the power would carry."""
    rows = [_limit(design, binding, words) for design in review.designs for binding in design.bindings]
    quotas: list[Row] = [
        (design.candidate.name, number(design.quota.devices), number(round(design.quota.effective)))
        for design in review.designs
        if design.quota
    ]
    parts = [table(words, LIMITS, rows, key="limits", names=_first(rows))] if rows else [note(words["note.no_limits"])]
    if quotas:
        parts += [note(words["note.quota"]), table(words, QUOTA, quotas, key="quota", names=_first(quotas))]
    return parts


def _limit(design: Design, binding: Binding, words: Words) -> Row:
    name = words.get(f"limit.{binding.name}", binding.name)
    over = Cell(f"{100 * binding.over:+.1f} %", binding.over)
    return design.candidate.name, name, _taken(binding.limit, binding, words), _taken(binding.taken, binding, words), over


def _taken(value: float, binding: Binding, words: Words) -> Cell:
    shown = {"W": watts, "USD": money}.get(binding.unit)
    if shown:
        return shown(value, words)
    return number(value) if binding.name == "racks" else share(value, words)
