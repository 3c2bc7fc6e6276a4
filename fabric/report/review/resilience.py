"""The tables of what failures do to every candidate: stops, what is lost at once, random draws. It knows no money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fabric.report.review import names as review_names
from fabric.report.review.cells import Cell, number, share, times
from fabric.report.review.html import Row, note, table
from fabric.report.review.tables import hours, names_of
from fabric.report.words.review import Words
from fabric.review.damage import Damage, below_one
from fabric.review.evaluate import Design

STOPS = ("candidate", "stops_hour", "network_stops", "stops", "goodput", "idle")
SINGLE = ("candidate", "alone", "alone_share", "single_switches", "single_cables", "one_switch_takes", "host_cables")
LOST = ("candidate", "gone", "devices_lost", "devices_parted", "slower_alive", "left", "slower_left")
DAMAGE = (
    "candidate", "what", "failed", "devices_lost", "devices_parted", "slower", "slowest", "cut", "left", "slower_left",
)  # fmt: skip
NOBODY = Cell("-", known=False)
"""Of a job on no device."""


def resilience(designs: Sequence[Design], words: Words) -> list[str]:
    """Return the tables of stops, of losses as a whole, and of random draws; the last two where anything was failed."""
    if not designs:
        return []
    parts = [
        note(words["note.stops"]),
        table(words, STOPS, [_stops(design, words) for design in designs], key="stops", names=names_of(designs)),
        note(words["note.single"]),
        table(words, SINGLE, [_single(design, words) for design in designs], key="single", names=names_of(designs)),
    ]
    parts += _part(designs, "lost", words)
    return parts + _part(designs, "damage", words)


def _part(designs: Sequence[Design], which: str, words: Words) -> list[str]:
    """Return the note and the table of losses as a whole (`lost`) or of random draws (`damage`); nothing without rows."""
    found = [
        (design, one) for design in designs for one in (design.resilience.lost if which == "lost" else design.resilience.damage)
    ]
    if not found:
        return []
    columns, row = (LOST, _lost) if which == "lost" else (DAMAGE, _damage)
    collective = review_names.collective(found[0][1].collective, words)
    rows = [row(design, one, words) for design, one in found]
    names = [design.candidate.name for design, _ in found]
    return [note(words[f"note.{which}"].format(collective=collective)), table(words, columns, rows, key=which, names=names)]


def _stops(design: Design, words: Words) -> Row:
    broken = design.resilience
    return (
        design.candidate.name,
        number(float(f"{broken.stops:.3g}")),
        number(float(f"{broken.network_stops:.3g}")),
        hours(broken.stops, words),
        share(broken.goodput, words),
        number(float(f"{(1 - broken.goodput) * broken.devices:.3g}")),
    )


def _single(design: Design, words: Words) -> Row:
    broken = design.resilience
    counts = (broken.single_switches, broken.single_cables, broken.one_switch_takes)
    alone = broken.single_homed
    return (
        design.candidate.name,
        number(alone),
        share(alone / broken.devices, words),
        *(number(count) for count in counts),
        Cell(number(broken.host_cables).text, broken.host_cables, share(broken.host_cables / broken.cables, words).text),
    )


def _lost(design: Design, damage: Damage, words: Words) -> Row:
    """Return what is lost, and the slowdown of all devices alive and of those on nodes that are left whole."""
    some = damage.devices_lost + damage.devices_parted > 0
    return (
        design.candidate.name,
        review_names.failed(damage.event, words),
        number(damage.devices_lost),
        number(damage.devices_parted),
        _over_draws(damage, words),
        number(damage.left if some else design.resilience.devices),
        _of_the_rest(damage, words) if some else _over_draws(damage, words),
    )


def slowed(ratio: float | None, damage: Damage, words: Words) -> Cell:
    """Return a slowdown, one below 1 with why; where there is none, that devices are parted, or that it is not known."""
    if ratio is None and damage.cut:
        return Cell(words["cut"], known=False)
    return replace(times(ratio, words), below=why(ratio, damage.even, words))


def why(ratio: float | None, even: float | None, words: Words) -> str:
    """Return why a slowdown is below 1; empty where it is not."""
    reason = below_one(ratio, even)
    return words[f"below.{reason}"].format(even=times(even, words).text) if reason else ""


def _over_draws(damage: Damage, words: Words) -> Cell:
    """Return the median with the worst draw below it, where that is another."""
    cell = slowed(damage.median, damage, words)
    text = times(damage.worst, words).text
    if damage.median is None or text == cell.text:
        return cell
    worst = words["worst.seed"].format(worst=text, count=damage.draws)
    return replace(cell, below=words["and"].join(text for text in (cell.below, worst) if text))


def _of_the_rest(damage: Damage, words: Words) -> Cell:
    """Return the slowdown of a job on what is left whole."""
    if not damage.left:
        return NOBODY
    return replace(times(damage.rest, words), below=why(damage.rest, damage.rest_even, words))


def _damage(design: Design, damage: Damage, words: Words) -> Row:
    cut = Cell(f"{damage.cut} / {damage.draws}", damage.cut / damage.draws)
    some = damage.devices_lost + damage.devices_parted > 0
    return (
        design.candidate.name,
        review_names.failed(damage.event, words),
        number(damage.failed),
        number(damage.devices_lost),
        number(damage.devices_parted),
        slowed(damage.median, damage, words),
        slowed(damage.worst, damage, words),
        cut,
        number(damage.left if some else design.resilience.devices),
        _of_the_rest(damage, words) if some else slowed(damage.median, damage, words),
    )
