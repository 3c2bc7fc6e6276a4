"""The chart of what was only predicted: efficiency versus number of devices, fabric beside fabric. It draws no measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fabric.report import drawing, labels, style
from fabric.report.drawing import Drawing, Values
from fabric.scaling import Row
from fabric.units import show_rate, show_size

FIELDS = {
    "devices_text": "devices",
    "size_text": "message size",
    "algorithm": "algorithm",
    "fabric": "fabric",
    "routing": "routing",
    "efficiency_text": "efficiency",
    "busbw": "busbw",
    "bound": "bound",
    "bottleneck": "bottleneck",
}


def efficiency_by_devices(rows: Sequence[Row]) -> Drawing | None:
    """Return efficiency versus devices: a column per size, a row per routing, colour by algorithm, line by fabric."""
    values = _values(rows)
    if not values:
        return None
    policies = list(dict.fromkeys(value["routing"] for value in values))
    sizes = sorted({value["nbytes"] for value in values})
    panels = [drawing.beside([_panel(values, policy, size, len(sizes)) for size in sizes]) for policy in policies]
    return Drawing("extrapolation", _title(values), _caption(rows, values), drawing.below(panels))


def _values(rows: Sequence[Row]) -> Values:
    short = labels.fabrics(rows)
    return [
        {
            "devices": row.case.world_size,
            "devices_text": f"{row.case.world_size:,}",
            "nbytes": row.case.nbytes,
            "size_text": show_size(row.case.nbytes),
            "algorithm": labels.algorithm(row.predicted.algorithm),
            "fabric": short[labels.fabric(row)],
            "routing": labels.routing(row),
            "efficiency": row.efficiency,
            "efficiency_text": labels.percent(row.efficiency),
            "busbw": show_rate(row.predicted.busbw),
            "bound": show_rate(row.bound or 0.0),
            "bottleneck": labels.bottleneck(row),
        }
        for row in rows
        if row.predicted and row.efficiency
    ]


def _panel(values: Values, policy: str, size: int, columns: int) -> Any:
    """Return the lines of one size and routing; all routings of a size have the same vertical scale."""
    import altair as alt

    of_size = [value for value in values if value["nbytes"] == size]
    low, high = style.decades([value["efficiency"] for value in of_size])
    domain = low, max(1.0, high)
    algorithms = sorted({value["algorithm"] for value in values}, reverse=True)
    base = alt.Chart(drawing.data([value for value in of_size if value["routing"] == policy])).encode(
        x=drawing.count_axis("devices", [value["devices"] for value in values], "devices"),
        y=drawing.log_axis(
            alt.Y, "efficiency", "efficiency = busbw / bound", domain, style.ten_ticks(domain), style.PERCENT_TEXT
        ),
        color=drawing.colour("algorithm", "algorithm", algorithms, style.algorithm_colours(algorithms)),
    )
    lines = base.mark_line().encode(**_line_styles(sorted({value["fabric"] for value in values}, reverse=True)))
    dots = base.mark_point(filled=True, size=26, opacity=1).encode(tooltip=drawing.tooltip(FIELDS))
    panel = alt.layer(lines, dots).properties(width=drawing.panel_width(columns), height=215)
    return drawing.titled(panel, f"{show_size(size)}, routing {policy}")


def _line_styles(fabrics: Sequence[str]) -> dict[str, Any]:
    """Return dash, width and opacity by fabric: the first a pale wide line, the others thin and dashed on top of it."""
    import altair as alt

    count = len(fabrics)
    kinds = {"strokeDash": _dashes(count), "strokeWidth": _widths(count), "strokeOpacity": _opacities(count)}
    channels = {"strokeDash": alt.StrokeDash, "strokeWidth": alt.StrokeWidth, "strokeOpacity": alt.StrokeOpacity}
    return {
        name: channel("fabric:N", title="fabric", sort=None, scale=alt.Scale(domain=list(fabrics), range=kinds[name]))
        for name, channel in channels.items()
    }


def _dashes(count: int) -> list[list[int]]:
    return [[1, 0], [4, 3], [1, 3], [8, 3, 1, 3]][: max(count, 1)] if count <= 4 else [[1, 0]] * count


def _widths(count: int) -> list[float]:
    return [6.0] + [2.0] * (count - 1) if count > 1 else [2.0]


def _opacities(count: int) -> list[float]:
    return [0.35] + [1.0] * (count - 1) if count > 1 else [1.0]


def _title(values: Values) -> str:
    """Return the best efficiency at the fewest and at the most devices of the largest size."""
    size = max(value["nbytes"] for value in values)
    ends = [end(value["devices"] for value in values if value["nbytes"] == size) for end in (min, max)]
    best = [
        max((v for v in values if (v["nbytes"], v["devices"]) == (size, end)), key=lambda v: float(v["efficiency"]))
        for end in ends
    ]
    told = [f"{v['efficiency_text']} on {v['devices_text']} devices ({v['algorithm']}, {v['fabric']})" for v in best]
    return f"Predicted: the best efficiency at {best[0]['size_text']} goes from {told[0]} to {told[1]}"


def _caption(rows: Sequence[Row], values: Values) -> str:
    names = [f"{short} = {name}" for name, short in labels.fabrics(rows).items() if short != name]
    return (
        f"{labels.count(len(values), 'predicted cell')}, none measured. Efficiency is busbw over the bound for that many "
        "devices (the best any algorithm without in-network reduction could reach). Log scales; every message size has its own "
        "vertical scale. A pale wide line with a dashed one on top: both fabrics give the same. "
        "Point at a dot for the bottleneck" + (f". {'; '.join(names)}." if names else ".")
    )
