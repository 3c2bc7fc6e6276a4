"""The chart of every case's time on every candidate, beside what no algorithm can beat. It computes no time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fabric.report.page import drawing, style
from fabric.report.page.drawing import Drawing
from fabric.report.review import names as review_names
from fabric.report.review.cells import size
from fabric.report.review.marks import bars_width, candidate_axis, faded, named_colour, rows_of, tip
from fabric.report.review.tables import names_of
from fabric.report.words.review import Words
from fabric.review.evaluate import Design
from fabric.review.performance import Timed
from fabric.units import show_duration

UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))
WIDE = 3
"""Panels of a row."""
BAR = 20
"""Pixels of a candidate."""


def times(designs: Sequence[Design], words: Words) -> Drawing | None:
    """Return bars of the median seed, lines to the worst, and a mark where the bound is; a panel per case and order."""
    count = len(designs[0].performance.timed) if designs else 0
    if not count:
        return None
    columns = 2 if count in (2, 4) else min(count, WIDE)
    panels = [_panel(designs, number, columns, words) for number in range(count)]
    title, caption = words["chart.times.title"], words["chart.times.caption"]
    return Drawing("times", title, caption, rows_of(panels, columns))


def _panel(designs: Sequence[Design], number: int, columns: int, words: Words) -> Any:
    import altair as alt

    done = [design.performance.timed[number] for design in designs]
    unit, scale = unit_of(max(one.worst for one in done))
    values = [_value(design, one, scale, words) for design, one in zip(designs, done, strict=True)]
    names = names_of(designs)
    fields = (("candidate", "legend.candidate"), ("median_text", "column.median"), ("worst_text", "column.worst"))
    shown = tip([(field, words[key]) for field, key in (*fields, ("algorithm", "column.algorithm"))])
    y = candidate_axis(names, shown=number % columns == 0)
    x = alt.X("median:Q", title=words["axis.time"].format(unit=unit), scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5))
    base = alt.Chart(drawing.data(values)).encode(y=y, opacity=faded(), tooltip=shown)
    bars = base.mark_bar().encode(x=x, color=named_colour(names, names, words))
    spread = base.mark_rule(strokeWidth=2, color=style.INK).encode(x=x, x2="worst:Q")
    least = base.transform_filter("datum.bound != null").mark_tick(color=style.INK, thickness=3, size=BAR - 2)
    panel = alt.layer(bars, spread, least.encode(x="bound:Q"))
    return drawing.titled(panel.properties(width=bars_width(columns), height=alt.Step(BAR)), _title(designs, number, words))


def unit_of(seconds: float) -> tuple[str, float]:
    """Return the unit that a time is told in, and its seconds."""
    return next((one for one in UNITS if seconds >= one[1]), UNITS[-1])


def _value(design: Design, done: Timed, scale: float, words: Words) -> dict[str, Any]:
    bound = done.result.time * done.of_bound if done.of_bound else None
    return {
        "candidate": design.candidate.name,
        "median": done.result.time / scale,
        "worst": done.worst / scale,
        "bound": bound / scale if bound else None,
        "median_text": show_duration(done.result.time),
        "worst_text": show_duration(done.worst),
        "algorithm": review_names.algorithm(done.result.algorithm, words) if done.result.algorithm else words["none"],
    }


def _title(designs: Sequence[Design], number: int, words: Words) -> str:
    """Return collective, size, ranks and, where there are several, the order."""
    done = designs[0].performance.timed
    case = done[number].result.case
    name = review_names.collective(case.collective, words)
    parts = [name, size(case.nbytes).text, words["ranks"].format(count=f"{case.world_size:,}")]
    orders = {one.placed for one in done}
    return words["and.terms"].join([*parts, *([review_names.order(done[number].placed, words)] if len(orders) > 1 else [])])
