"""What a report says in numbers, computed from its rows. It does not know how a sentence is shown, nor what was fitted how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from fabric.predict.constants import CROWDED, HELD_OUT
from fabric.report.page import labels
from fabric.report.run.story import Story
from fabric.scaling import Row
from fabric.units import show_duration, show_rate, show_size

EQUAL = 1.01
"""Two fabrics whose predicted busbw differ by less than this ratio count as equal."""


@dataclass(frozen=True)
class Score:
    """How far a library's held-out cells are from the model and from the baseline: medians of |error|, and the worst."""

    series: str
    cells: int
    error: float
    baseline: float | None
    worst: Row


@dataclass(frozen=True)
class Gap:
    """One question answered by two fabrics: the faster and the slower row."""

    fast: Row
    slow: Row

    @property
    def ratio(self) -> float:
        """Predicted busbw of the faster over the slower."""
        fast, slow = self.fast.best, self.slow.best
        return fast.busbw / slow.busbw if fast and slow and slow.busbw else 1.0


def held_out(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that score the model: measured, predicted and not seen by the fit."""
    return [row for row in rows if row.use == HELD_OUT and row.error is not None]


def oversubscribed(row: Row) -> bool:
    """Return whether more ranks than cores took part."""
    return row.use == CROWDED or bool(row.measured and row.measured.oversubscribed)


def by_series(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return the rows of every library and form, in order of name."""
    ordered = sorted(rows, key=_cell_order)
    return [(name, list(group)) for name, group in groupby(ordered, labels.series)]


def _cell_order(row: Row) -> tuple[str, bool, int, int]:
    """Sort by library, world size and bytes; world size 1, which moves nothing, comes last."""
    return labels.series(row), row.case.world_size < 2, row.case.world_size, row.case.nbytes


def scores(rows: Sequence[Row]) -> list[Score]:
    """Return one score per library and form that has held-out cells."""
    return [_score(name, cells) for name, cells in by_series(held_out(rows))]


def _score(name: str, cells: Sequence[Row]) -> Score:
    baselines = [abs(row.baseline_error) for row in cells if row.baseline_error is not None]
    return Score(
        series=name,
        cells=len(cells),
        error=median(size_of_error(row) for row in cells),
        baseline=median(baselines) if baselines else None,
        worst=max(cells, key=size_of_error),
    )


def size_of_error(row: Row) -> float:
    """Return |measured / predicted - 1|, 0 where either is missing."""
    return abs(row.error or 0.0)


def gaps(rows: Sequence[Row]) -> list[Gap]:
    """Return the fastest and the slowest fabric of every algorithm, routing, size and number of devices that several answer."""
    ordered = sorted(rows, key=_question)
    found = [list(group) for _, group in groupby(ordered, _question)]
    return [_gap(group) for group in found if len({labels.fabric(row) for row in group}) > 1]


def _question(row: Row) -> tuple[str, str, int, int]:
    said = row.predicted
    return labels.routing(row), said.algorithm if said else "", row.case.nbytes, row.case.world_size


def _gap(group: Sequence[Row]) -> Gap:
    ordered = sorted(group, key=lambda row: (row.best.busbw if row.best else 0.0, labels.fabric(row)))
    return Gap(ordered[-1], ordered[0])


def widest(found: Sequence[Gap]) -> list[tuple[str, Gap, int, int]]:
    """Return per routing its widest gap, how many of its cells count as equal, and how many there are."""
    grouped = [(policy, list(group)) for policy, group in groupby(found, lambda gap: labels.routing(gap.fast))]
    return [(p, max(group, key=lambda g: g.ratio), sum(g.ratio < EQUAL for g in group), len(group)) for p, group in grouped]


def headlines(story: Story) -> list[str]:
    """Return the report in three sentences: what this machine gives, how near predictions are, what the fabrics do at scale."""
    return [line for line in (_gives(story.scaling), _near(story.scaling), _at_scale(story.extrapolation)) if line]


def details(story: Story) -> list[str]:
    """Return the same with every library's and every routing's numbers."""
    return [*_measured_lines(story.scaling), *_score_lines(story.scaling), *_gap_lines(story.extrapolation)]


def _gives(rows: Sequence[Row]) -> str:
    """Return the highest busbw of every library and form, where no more ranks than cores took part."""
    peaks = []
    for name, group in by_series(rows):
        cells = [row for row in group if row.measured and not oversubscribed(row) and row.case.world_size > 1]
        if cells:
            best = max(cells, key=lambda row: row.measured.busbw if row.measured else 0.0)
            peaks.append(f"{name} {show_rate(best.measured.busbw if best.measured else 0.0)} at {where(best)}")
    return f"{labels.whose(rows)} highest busbw: {'; '.join(peaks)}." if peaks else ""


def _near(rows: Sequence[Row]) -> str:
    """Return the median error of held-out cells beside the baseline's, and the worst cell."""
    found = scores(rows)
    if not found:
        return "No cell was held out, so this run does not score the model." if any(row.measured for row in rows) else ""
    told = [f"{s.series} {labels.percent(s.error)} (baseline {labels.percent(s.baseline)})" for s in found]
    worst = max((s.worst for s in found), key=size_of_error)
    cells = labels.count(sum(s.cells for s in found), "held-out cell")
    return (
        f"Median |error| of the predictions on {cells}: {', '.join(told)}; "
        f"the worst is {labels.percent(worst.error, signed=True)} at {where(worst)} ({labels.series(worst)})."
    )


def _at_scale(rows: Sequence[Row]) -> str:
    """Return, at the largest size on the most devices, what each fabric gives of the bound, asked for in every way."""
    if not rows:
        return ""
    size, most = max((row.case.nbytes, row.case.world_size) for row in rows)
    routing, short = labels.routing(rows[0]), labels.fabrics(rows)
    told: dict[str, list[str]] = {}
    for row in rows:
        if (row.case.nbytes, row.case.world_size, labels.routing(row)) == (size, most, routing):
            told.setdefault(labels.asked(row), []).append(f"{labels.percent(row.efficiency)} on {short[labels.fabric(row)]}")
    ways = "; ".join(f"{asked} {labels.joined(shares)}" for asked, shares in told.items())
    return f"Predicted at {show_size(size)} on {most:,} devices, routing {routing}, of the bound: {ways}."


def _measured_lines(rows: Sequence[Row]) -> list[str]:
    return [_peak_line(name, cells) for name, group in by_series(rows) if (cells := [r for r in group if r.measured])]


def _peak_line(name: str, cells: Sequence[Row]) -> str:
    best = max(cells, key=lambda row: row.measured.busbw if row.measured else 0.0)
    samples = sum(len(row.measured.seconds) for row in cells if row.measured and row.measured.statistic == "raw")
    how = f"with {labels.count(samples, 'sample')}" if samples else "by another tool that gives means"
    wrong = sum(row.measured.wrong or 0 for row in cells if row.measured)
    of_bound = f", {labels.percent(best.efficiency)} of the bound" if best.efficiency else ""
    flag = ", with more ranks than cores" if oversubscribed(best) else ""
    rate = show_rate(best.measured.busbw if best.measured else 0.0)
    return (
        f"{name}: {labels.count(len(cells), 'cell')} measured {how}, "
        f"{wrong:,} wrong elements; highest busbw {rate} at {where(best)}{of_bound}{flag}."
    )


def where(row: Row) -> str:
    """Return size and world size of a row in words."""
    return f"{show_size(row.case.nbytes)} on {row.case.world_size:,} ranks"


def _score_lines(rows: Sequence[Row]) -> list[str]:
    found = scores(rows)
    if not found and any(row.measured for row in rows):
        return ["No cell was held out, so this run does not score the model."]
    return [_score_line(score) for score in found]


def _score_line(score: Score) -> str:
    worst = score.worst
    times = f"{show_duration(worst.measured.time)} measured" if worst.measured else ""
    said = f"{show_duration(worst.predicted.time)} predicted" if worst.predicted else ""
    return (
        f"{score.series}: held-out sizes: median |error| {labels.percent(score.error)}, "
        f"baseline {labels.percent(score.baseline)}, {labels.count(score.cells, 'cell')}; "
        f"worst {labels.percent(worst.error, signed=True)} at {where(worst)} ({times}, {said})."
    )


def _gap_lines(rows: Sequence[Row]) -> list[str]:
    short = labels.fabrics(rows)
    return [_gap_line(policy, gap, equal, cells, short) for policy, gap, equal, cells in widest(gaps(rows))]


def _gap_line(policy: str, gap: Gap, equal: int, cells: int, short: dict[str, str]) -> str:
    start = f"Predicted, routing {policy}: the fabrics are within 1 % in {equal:,} of {labels.count(cells, 'cell')}"
    if gap.ratio < EQUAL:
        return f"{start}."
    algorithm = labels.asked(gap.fast)
    size, devices = show_size(gap.fast.case.nbytes), f"{gap.fast.case.world_size:,} devices"
    sides = [
        f"{short[labels.fabric(row)]} {show_rate(row.best.busbw if row.best else 0)} (bottleneck {labels.bottleneck(row)})"
        for row in (gap.fast, gap.slow)
    ]
    return f"{start} and differ most at {size} on {devices} with {algorithm}: {' against '.join(sides)}, {gap.ratio:.2f} times."
