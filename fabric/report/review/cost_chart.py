"""The chart of cost per effective device-hour, which the page's sliders change. It looks costs up, and works none out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fabric.report.page import drawing, labels, style
from fabric.report.page.drawing import Drawing, Values
from fabric.report.review.grid import Grid
from fabric.report.review.marks import faded, named_colour
from fabric.report.words.review import Words


def values_at(costs: Grid, scale: int, energy: int) -> Values:
    """Return what the chart shows at a place of two sliders; the page's script makes the same rows."""
    return [
        {"candidate": name, "allocation": u, "cost": found.mid, "low": found.low, "high": found.high}
        for n, name in enumerate(costs.candidates)
        for i, u in enumerate(costs.allocations)
        for found in (costs.at(n, (i, scale, energy)),)
    ]


def cost(costs: Grid, everyone: Sequence[str], words: Words) -> Drawing:
    """Return cost versus share of time allocated; its data sets `cost` and `at` are the sliders' to change.

    everyone: all candidates of the review, of which each has its colour.
    """
    import altair as alt

    start, scale, energy = costs.start
    colour = named_colour(costs.candidates, everyone, words)
    base = alt.Chart(_rows("cost", values_at(costs, scale, energy))).encode(x=_x(words), color=colour, tooltip=_tip(words))
    band = base.mark_area().encode(y=_y("low", costs, words), y2="high:Q", opacity=faded(0.15))
    points = alt.OverlayMarkDef(size=22)
    line = base.mark_line(strokeWidth=2, point=points).encode(y=_y("cost", costs, words), opacity=faded())
    here = alt.Chart(_rows("at", [{"allocation": costs.allocations[start]}])).encode(x=_x(words))
    rule = here.mark_rule(color=style.QUIET, strokeDash=[5, 4])
    chart = alt.layer(band, line, rule).properties(width=drawing.panel_width(1), height=300)
    caption = words["chart.cost.caption"].format(computing=labels.percent(costs.computing))
    return Drawing("cost", words["chart.cost.title"], caption, chart)


def _x(words: Words) -> Any:
    import altair as alt

    axis, scale = alt.Axis(format="~%", tickCount=10), alt.Scale(domain=[0, 1])
    return alt.X("allocation:Q", title=words["axis.allocation"], axis=axis, scale=scale)


def _y(field: str, costs: Grid, words: Words) -> Any:
    """Return the log axis of a cost, with ticks for wherever the sliders may lead."""
    import altair as alt

    decades = style.ten_ticks(style.decades(costs.content()["cost"]))
    ticks = sorted({tick * part for tick in decades for part in (1, 2, 5)})
    axis = alt.Axis(values=ticks, labelExpr="format(datum.value, ',~r')", labelOverlap="greedy")
    scale = alt.Scale(type="log", nice=False, padding=8)
    return alt.Y(f"{field}:Q", title=words["axis.cost"], axis=axis, scale=scale)


def _tip(words: Words) -> list[Any]:
    import altair as alt

    return [
        alt.Tooltip("candidate:N", title=words["legend.candidate"]),
        alt.Tooltip("allocation:Q", title=words["axis.allocation"], format="~%"),
        alt.Tooltip("low:Q", title=words["tip.low"], format=".3f"),
        alt.Tooltip("cost:Q", title=words["tip.mid"], format=".3f"),
        alt.Tooltip("high:Q", title=words["tip.high"], format=".3f"),
    ]


def _rows(name: str, values: Values) -> Any:
    """Return inline data that the page's script finds under its name."""
    import altair as alt

    return alt.InlineData(name=name, values=json.dumps(values, allow_nan=False), format=alt.JsonDataFormat(type="json"))
