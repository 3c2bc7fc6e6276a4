"""All charts of a review in the page's order, among them efficiency by job size, damage, tornado. It works out no cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fabric.predict.constants import FITTED
from fabric.report.page import drawing, labels, style
from fabric.report.page.drawing import Drawing, Values
from fabric.report.review import material_chart, size_charts, time_chart
from fabric.report.review import names as review_names
from fabric.report.review.cost_chart import cost
from fabric.report.review.grid import Grid
from fabric.report.review.marks import faded, named_colour, rows_of, tip
from fabric.report.review.tables import names_of
from fabric.report.words.review import Words
from fabric.review.cost import Swing
from fabric.review.damage import Damage
from fabric.review.evaluate import Design

WIDE = 4
"""Panels from which on they stand in rows of two."""
INPUT_ROOM = 230
"""Pixels that the names of inputs take."""


def draw(designs: Sequence[Design], costs: Grid | None, words: Words) -> list[Drawing]:
    """Return every chart for which there is something to draw."""
    found = [
        material_chart.material(designs, words),
        cost(costs, names_of(designs), words) if costs else None,
        _tornado_chart(designs, costs, words),
        time_chart.times(designs, words),
        _efficiency(designs, words),
        _damage(designs, words),
        size_charts.ceiling(designs, words),
        size_charts.growth(designs, words),
    ]
    return [drawn for drawn in found if drawn is not None]


def _colour(designs: Sequence[Design], words: Words) -> Any:
    return named_colour(names_of(designs), names_of(designs), words)


def _efficiency(designs: Sequence[Design], words: Words) -> Drawing | None:
    import altair as alt

    values = _efficiencies(designs)
    if not values:
        return None
    axis = alt.Axis(format="~%", tickCount=6)
    fields = [("candidate", words["legend.candidate"]), ("devices_text", words["axis.devices"])]
    fields += [("text", words["axis.efficiency"])]
    base = alt.Chart(drawing.data(values)).encode(
        x=drawing.count_axis("devices", [value["devices"] for value in values], words["axis.devices"]),
        y=alt.Y("efficiency:Q", title=words["axis.efficiency"], axis=axis, scale=alt.Scale(zero=False, nice=True)),
        color=_colour(designs, words),
        opacity=faded(),
        tooltip=tip(fields),
    )
    dots = base.mark_point(filled=True, size=40)
    chart = alt.layer(base.mark_line(strokeWidth=2), dots).properties(width=drawing.panel_width(1), height=260)
    caption = words["chart.efficiency.caption"].format(points=len(values))
    return Drawing("efficiency", _efficiency_title(designs, words), caption, chart)


def _efficiencies(designs: Sequence[Design]) -> Values:
    return [
        {"candidate": d.candidate.name, "devices": n, "efficiency": e, "devices_text": f"{n:,}", "text": labels.percent(e)}
        for d in designs
        for n, e in d.curve
    ]


def _efficiency_title(designs: Sequence[Design], words: Words) -> str:
    """Return every candidate's efficiency at full size; only the best and the worst of more than three."""
    ends = sorted(((d.candidate.name, *d.curve[-1]) for d in designs if d.curve), key=lambda end: -end[2])
    told = [
        words["chart.efficiency.one"].format(name=name, share=labels.percent(share), devices=f"{count:,}")
        for name, count, share in (ends if len(ends) <= 3 else (ends[0], ends[-1]))
    ]
    return words["chart.efficiency.title"].format(names=words["and"].join(told))


def _damage(designs: Sequence[Design], words: Words) -> Drawing | None:
    all_rows = [row for design in designs for row in design.resilience.damage if _drawn(row) is not None]
    if not all_rows:
        return None
    kinds = list(dict.fromkeys(damage.event.kind for damage in all_rows))
    columns = len(kinds) if len(kinds) < WIDE else 2
    panels = [_damage_panel(designs, kind, columns, words) for kind in kinds]
    title = words["chart.damage.title"].format(collective=review_names.collective(all_rows[0].collective, words))
    return Drawing("damage", title, words["chart.damage.caption"], rows_of(panels, columns))


def _damage_panel(designs: Sequence[Design], kind: str, panels: int, words: Words) -> Any:
    import altair as alt

    values = [_damage_value(d, row) for d in designs for row in d.resilience.damage if row.event.kind == kind and _drawn(row)]
    counts = sorted({value["failed"] for value in values})
    x = alt.X("failed:O", title=words[f"axis.failed.{kind}"], axis=alt.Axis(labelAngle=0), sort=counts)
    offset = alt.XOffset("candidate:N", sort=names_of(designs))
    y = alt.Y("median:Q", title=words["axis.slowdown"], scale=alt.Scale(domain=_slowdowns(designs), nice=True))
    fields = [("candidate", words["legend.candidate"]), ("median_text", words["column.slower"])]
    fields += [("worst_text", words["column.slowest"]), ("cut_text", words["column.cut"])]
    base = alt.Chart(drawing.data(values)).encode(
        x=x, xOffset=offset, color=_colour(designs, words), opacity=faded(), tooltip=tip(fields)
    )
    spread = base.mark_rule(strokeWidth=1.5).encode(y=y, y2="worst:Q")
    whole = base.transform_filter("datum.cut == 0").mark_point(filled=True, size=70).encode(y=y)
    partly = base.transform_filter("datum.cut > 0 && !datum.rest").mark_point(filled=False, size=60, strokeWidth=2).encode(y=y)
    rest = base.transform_filter("datum.rest").mark_point(shape="cross", filled=True, size=80).encode(y=y)
    return alt.layer(spread, whole, partly, rest).properties(width=drawing.panel_width(panels), height=230)


def _slowdowns(designs: Sequence[Design]) -> list[float]:
    """Return the ends of the axis of slowdowns, one for all panels: 1 is on it, and noise does not fill it."""
    rows = [row for design in designs for row in design.resilience.damage]
    found = [value for row in rows for value in (_drawn(row), row.worst) if value is not None]
    return [min(1.0, *found) - 0.02, max(1.08, *found) + 0.02]


def _drawn(row: Damage) -> float | None:
    """Return the slowdown of all devices alive; of those on nodes left whole where every draw cuts some off."""
    return row.rest if row.median is None else row.median


def _damage_value(design: Design, row: Damage) -> dict[str, Any]:
    middle = _drawn(row)
    worst = middle if row.worst is None else row.worst
    return {
        "candidate": design.candidate.name,
        "failed": row.failed,
        "median": middle,
        "worst": worst,
        "cut": row.cut,
        "rest": row.median is None,
        "median_text": f"{middle:.4g}",
        "worst_text": f"{worst:.4g}",
        "cut_text": f"{row.cut} / {row.draws}",
    }


def _tornado_chart(designs: Sequence[Design], costs: Grid | None, words: Words) -> Drawing | None:
    """Return all tornados, one panel per candidate in one scale."""
    moved = [design for design in designs if design.swings and design.cost]
    if not moved or costs is None:
        return None
    ends = [end for d in moved for s in d.swings for end in (s.cost_at_low, s.cost_at_high)]
    columns = 2 if len(moved) > 1 else 1
    panels = [_tornado(design, (min(ends), max(ends)), columns, words) for design in moved]
    rows = [drawing.beside(panels[n : n + columns]) for n in range(0, len(panels), columns)]
    largest = dict.fromkeys(words.get(f"input.{d.swings[0].name}", d.swings[0].name) for d in moved)
    title = words["chart.tornado.title"].format(name=words["and"].join(largest))
    return Drawing("tornado", title, words["chart.tornado.caption"], drawing.below(rows))


def _tornado(design: Design, span: tuple[float, float], columns: int, words: Words) -> Any:
    import altair as alt

    middle = design.cost.mid if design.cost else 0.0
    values = [
        {
            "candidate": design.candidate.name,
            "input": _input(swing, words),
            "end": words[f"end.{end}"],
            "middle": middle,
            "cost": getattr(swing, f"cost_at_{end}"),
            "text": f"{getattr(swing, end):g}: {getattr(swing, f'cost_at_{end}'):.3f}",
        }
        for swing in design.swings
        for end in ("low", "high")
    ]
    room = 0.04 * (span[1] - span[0]) or 1.0
    x_scale = alt.Scale(domain=[span[0] - room, span[1] + room], nice=False, zero=False)
    x = alt.X("middle:Q", title=words["axis.cost"], scale=x_scale)
    order = list(dict.fromkeys(value["input"] for value in values))
    y = alt.Y("input:N", title=None, sort=order, axis=alt.Axis(labelLimit=INPUT_ROOM))
    ends = [words["end.low"], words["end.high"]]
    colour = drawing.colour("end", words["legend.end"], ends, [style.USES[FITTED], style.MODEL])
    base = alt.Chart(drawing.data(values)).encode(y=y, opacity=faded())
    shown = tip([("candidate", words["legend.candidate"]), ("input", words["legend.end"]), ("text", words["axis.cost"])])
    bars = base.mark_bar().encode(x=x, x2="cost:Q", color=colour, tooltip=shown)
    line = base.mark_tick(color=style.INK, orient="vertical", thickness=2, size=24).encode(x=alt.X("middle:Q", scale=x_scale))
    width = drawing.panel_width(columns) - INPUT_ROOM + 60
    panel = alt.layer(bars, line).properties(width=width, height=alt.Step(24))
    return drawing.titled(panel, design.candidate.name)


def _input(swing: Swing, words: Words) -> str:
    """Return an input's name and the two ends of its span."""
    return words["input.span"].format(
        name=words.get(f"input.{swing.name}", swing.name), low=f"{swing.low:g}", high=f"{swing.high:g}"
    )
