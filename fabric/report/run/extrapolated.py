"""The chart of what was only predicted: efficiency versus number of devices, fabric beside fabric. It draws no measurement."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from fabric.report.page import drawing, labels, style
from fabric.report.page.drawing import Drawing, Values
from fabric.scaling import Row
from fabric.units import show_rate, show_size

FIELDS = {
    "devices_text": "devices",
    "size_text": "message size",
    "asked": "asked for",
    "runs": "runs",
    "fabric": "fabric",
    "routing": "routing",
    "efficiency_text": "efficiency",
    "in_network_text": "of the bound with in-network reduction",
    "busbw": "busbw",
    "bound": "bound",
    "bottleneck": "bottleneck",
}
MOST_SIZES = 4
"""Panels beside each other that can still be read."""
STEP = 0.2
"""Between two lines of the vertical axis."""


def efficiency_by_devices(rows: Sequence[Row]) -> Drawing | None:
    """Return efficiency versus devices under the first routing: a column per size, colour by what runs, line by fabric."""
    values = _values(rows)
    if not values:
        return None
    policy = values[0]["routing"]
    drawn = [value for value in values if value["routing"] == policy]
    sizes = drawing.few(sorted({value["nbytes"] for value in drawn}), MOST_SIZES)
    drawn = [value for value in drawn if value["nbytes"] in sizes]
    panels = drawing.beside([_panel(drawn, policy, size, len(sizes)) for size in sizes])
    hint = "Point at a dot for what runs there and what holds it up."
    return Drawing("extrapolation", title(rows), _caption(rows, drawn), panels, hint)


def _values(rows: Sequence[Row]) -> Values:
    short = labels.fabrics(rows)
    return [
        {
            "devices": row.case.world_size,
            "devices_text": f"{row.case.world_size:,}",
            "nbytes": row.case.nbytes,
            "size_text": show_size(row.case.nbytes),
            "asked": labels.asked(row),
            "algorithm": row.predicted.algorithm or "",
            "runs": labels.algorithm(row.predicted.model.runs),
            "fabric": short[labels.fabric(row)],
            "routing": labels.routing(row),
            "efficiency": row.efficiency,
            "low": _efficiency(row, -1),
            "high": _efficiency(row, 0),
            "efficiency_text": labels.percent(row.efficiency),
            "in_network_text": labels.percent(row.in_network_efficiency),
            "busbw": show_rate(row.predicted.busbw),
            "bound": show_rate(row.bound or 0.0),
            "bottleneck": labels.bottleneck(row),
        }
        for row in rows
        if row.predicted and row.efficiency
    ]


def _efficiency(row: Row, end: int) -> float | None:
    """Return the efficiency under the slowest (-1) or the fastest (0) seed."""
    said = row.predicted
    if said is None or row.efficiency is None:
        return None
    return row.efficiency * said.time / (said.seconds[end] if said.statistic == "interval" else said.time)


def _panel(values: Values, policy: str, size: int, columns: int) -> Any:
    """Return the lines of one size; all panels have the same vertical scale."""
    import altair as alt

    top = ceil(max(1.0, *(value["high"] or 0.0 for value in values)) / STEP - 1e-6) * STEP
    asked = {value["asked"]: value["algorithm"] for value in values}
    colours = style.algorithm_colours(list(asked.values()))
    mine = [value for value in values if value["nbytes"] == size]
    fabrics = sorted({value["fabric"] for value in values}, reverse=True)
    base = alt.Chart(drawing.data(mine)).encode(
        x=drawing.count_axis("devices", [value["devices"] for value in values], "devices"),
        color=drawing.colour("asked", "runs", list(asked), colours).legend(symbolOpacity=1),
        detail="fabric:N",
    )
    band = base.mark_area(opacity=0.14).encode(y=_axis("low", top), y2="high:Q")
    lines = base.mark_line(strokeWidth=2).encode(y=_axis("efficiency", top), **_line_styles(fabrics))
    dots = base.mark_point(filled=True, size=26, opacity=1).encode(y=_axis("efficiency", top), tooltip=drawing.tooltip(FIELDS))
    whole = alt.Chart(drawing.data([{"efficiency": 1.0}])).mark_rule(color=style.QUIET, strokeWidth=1).encode(y="efficiency:Q")
    panel = alt.layer(whole, band, lines, dots).properties(width=drawing.panel_width(columns), height=240)
    return drawing.titled(panel, f"{show_size(size)}, routing {policy}")


def _axis(field: str, top: float) -> Any:
    import altair as alt

    ticks = [round(STEP * step, 3) for step in range(round(top / STEP) + 1)]
    axis = alt.Axis(values=ticks, labelExpr=style.PERCENT_TEXT)
    return alt.Y(f"{field}:Q", title="efficiency = busbw / bound", scale=alt.Scale(domain=[0, top]), axis=axis)


def _line_styles(fabrics: Sequence[str]) -> dict[str, Any]:
    """Return the dash of every fabric: the first drawn through, the others broken."""
    import altair as alt

    dashes = [[1, 0], [5, 4], [1, 3], [8, 3, 1, 3]]
    scale = alt.Scale(domain=list(fabrics), range=[dashes[n % len(dashes)] for n in range(len(fabrics))])
    legend = alt.Legend(symbolSize=400)
    return {"strokeDash": alt.StrokeDash("fabric:N", title="fabric", sort=None, scale=scale, legend=legend)}


def title(rows: Sequence[Row]) -> str:
    """Return the efficiency of the first that was asked for at the largest size on the most devices, fabric by fabric."""
    first = next((labels.asked(row) for row in rows if row.predicted), "")
    size, most = max((row.case.nbytes, row.case.world_size) for row in rows)
    routing = labels.routing(rows[0])
    short, told = labels.fabrics(rows), dict[str, str]()
    for row in rows:
        if (labels.asked(row), row.case.nbytes, row.case.world_size, labels.routing(row)) == (first, size, most, routing):
            told[short[labels.fabric(row)]] = labels.percent(row.efficiency)
    reached = labels.joined([f"{share} of the bound on {name}" for name, share in told.items()])
    return f"Predicted at {show_size(size)} on {most:,} devices, {first}: {reached}"


def _caption(rows: Sequence[Row], values: Values) -> str:
    names = [f"{short} = {name}" for name, short in labels.fabrics(rows).items() if short != name]
    above = any(value["efficiency"] > 1 for value in values)
    passing = (
        " Above 100 %: switches inside nodes add up and copy (NVLS), so that ranks send less than any algorithm without must; "
        "the tables have the share of the bound with in-network reduction."
    )
    return (
        f"{labels.count(len(values), 'predicted cell')}, none measured. 100 % is the bound for that many devices: the best "
        f"that any algorithm without in-network reduction could reach. Bands: over the seeds of a hash.{passing * above}"
        f"{' ' * bool(names)}{'; '.join(names)}{'.' * bool(names)}"
    )
