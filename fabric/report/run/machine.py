"""Charts of this machine's speed: busbw by size and efficiency by world size. It does not judge the model's errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fabric.collectives.catalog import busbw_factor
from fabric.report.page import drawing, labels, style
from fabric.report.page.drawing import Drawing, Values
from fabric.report.run import facts
from fabric.scaling import Row
from fabric.units import show_rate, show_size

FIELDS = {
    "series": "library",
    "size_text": "message size",
    "ranks": "ranks",
    "measured_text": "measured",
    "interval_text": "95 % interval of the time",
    "samples": "samples",
    "predicted_text": "predicted",
    "bound_text": "bound",
    "efficiency_text": "efficiency",
    "use": "use",
}
MOST_SIZES = 5


def drawable(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with a busbw: at least 2 ranks and 1 byte, measured or predicted."""
    return [row for row in rows if row.case.world_size > 1 and row.case.nbytes > 0 and row.best and row.best.busbw > 0]


def values_of(rows: Sequence[Row]) -> Values:
    """Return what the charts of this machine draw, in GB/s."""
    return [_value(row) for row in rows]


def _value(row: Row) -> dict[str, Any]:
    measured, predicted = row.measured, row.predicted
    low, high = _busbw_interval(row)
    return {
        "series": labels.series(row),
        "nbytes": row.case.nbytes,
        "size_text": show_size(row.case.nbytes),
        "ranks": f"{row.case.world_size:,}",
        "world_size": row.case.world_size,
        "measured": measured.busbw / 1e9 if measured else None,
        "low": low,
        "high": high,
        "predicted": predicted.busbw / 1e9 if predicted else None,
        "bound": row.bound / 1e9 if row.bound else None,
        "measured_text": show_rate(measured.busbw) if measured else "-",
        "interval_text": labels.interval(measured),
        "samples": len(measured.seconds) if measured else 0,
        "predicted_text": show_rate(predicted.busbw) if predicted else "-",
        "bound_text": show_rate(row.bound) if row.bound else "-",
        "efficiency": row.efficiency if measured else None,
        "predicted_efficiency": predicted.busbw / row.bound if predicted and row.bound else None,
        "efficiency_text": labels.percent(row.efficiency),
        "use": row.use,
        "crowded": facts.oversubscribed(row),
    }


def _busbw_interval(row: Row) -> tuple[float | None, float | None]:
    """Return the interval of busbw in GB/s, from the interval of the time."""
    bracket = row.measured.bracket if row.measured else None
    if bracket is None or bracket[0] <= 0:
        return None, None
    moved = row.case.nbytes * busbw_factor(row.case.collective, row.case.world_size) / 1e9
    return moved / bracket[1], moved / bracket[0]


def busbw_by_size(rows: Sequence[Row]) -> Drawing | None:
    """Return busbw versus message size: a panel per library and form, colour by world size."""
    values = values_of(drawable(rows))
    if not values:
        return None
    names = list(dict.fromkeys(name for name, _ in facts.by_series(drawable(rows))))
    panels = [drawing.titled(_busbw_panel(values, name, len(names)), name) for name in names]
    return Drawing("busbw", _busbw_title(names, values), _busbw_caption(values), _in_rows(panels))


def _in_rows(panels: Sequence[Any], most: int = 3) -> Any:
    return drawing.below([drawing.beside(panels[start : start + most]) for start in range(0, len(panels), most)])


def _busbw_panel(values: Values, name: str, columns: int) -> Any:
    import altair as alt

    mine = [value for value in values if value["series"] == name]
    domain = style.decades([value[key] for value in mine for key in ("measured", "predicted", "bound") if value[key]])
    base = alt.Chart(drawing.data(mine)).encode(
        x=drawing.size_axis("nbytes", [value["nbytes"] for value in values], most=5),
        color=_rank_colour(values),
        tooltip=drawing.tooltip(FIELDS),
    )
    layers = [
        _bound(base, domain),
        base.mark_line(strokeWidth=1.6, opacity=0.8).encode(y=_busbw_axis("predicted", domain)),
        base.mark_rule(strokeWidth=1.8, opacity=0.7, clip=True).encode(y=_busbw_axis("low", domain), y2="high:Q"),
        _points(base, _busbw_axis("measured", domain), crowded=True),
        _points(base, _busbw_axis("measured", domain), crowded=False),
    ]
    return alt.layer(*layers).properties(width=drawing.panel_width(min(columns, 3)), height=270)


def _bound(base: Any, domain: tuple[float, float]) -> Any:
    """Return the dashed line of the bound, one per world size, in grey for all."""
    import altair as alt

    axis = _busbw_axis("bound", domain)
    return base.mark_line(strokeDash=[5, 4], strokeWidth=1.4).encode(y=axis, detail="ranks:N", color=alt.value(style.INK))


def _busbw_axis(field: str, domain: tuple[float, float]) -> Any:
    import altair as alt

    text = "format(datum.value, ',~r')"
    return drawing.log_axis(alt.Y, field, "busbw, GB/s", domain, style.ten_ticks(domain), text)


def _points(base: Any, axis: Any, *, crowded: bool) -> Any:
    """Return measured medians: filled, or hollow and faded where more ranks than cores took part."""
    import altair as alt

    chosen = base.transform_filter(alt.datum.crowded == crowded).transform_filter("isValid(datum.measured)")
    if axis.shorthand.startswith("efficiency"):
        chosen = base.transform_filter(alt.datum.crowded == crowded).transform_filter("isValid(datum.efficiency)")
    if crowded:
        return chosen.mark_point(filled=False, size=38, strokeWidth=1.3, opacity=0.6).encode(y=axis)
    return chosen.mark_point(filled=True, size=46, opacity=1).encode(y=axis)


def _rank_colour(values: Values) -> Any:
    ranks = [f"{n:,}" for n in sorted({value["world_size"] for value in values})]
    return drawing.colour("ranks", "world size (ranks)", ranks, style.ramp(style.RANKS, len(ranks)))


def _busbw_title(names: Sequence[str], values: Values) -> str:
    peaks = [max((v["measured"] or 0.0 for v in values if v["series"] == name), default=0.0) for name in names]
    told = [f"{name} {peak:.3g} GB/s" for name, peak in zip(names, peaks, strict=True) if peak]
    return f"Measured on this machine, highest busbw: {'; '.join(told)}" if told else "Predicted busbw of this machine"


def _busbw_caption(values: Values) -> str:
    measured = [value for value in values if value["measured"]]
    crowded = sum(value["crowded"] for value in measured)
    samples = sum(value["samples"] for value in measured)
    hollow = f"; hollow and faded: more ranks than cores ({labels.count(crowded, 'cell')})" if crowded else ""
    return (
        f"Points: medians of {labels.count(len(measured), 'measured cell')}, {labels.count(samples, 'sample')} in all, bars: "
        f"95 % intervals of the median (often smaller than the point){hollow}. Lines: predicted. Black dashes: the bound, one "
        "per world size. Log scales, each panel its own."
    )


def efficiency_by_ranks(rows: Sequence[Row]) -> Drawing | None:
    """Return this machine's efficiency versus world size: a panel per library and form, colour by a few sizes."""
    found = [value for value in values_of(drawable(rows)) if value["bound"] and value["predicted_efficiency"]]
    values = [value for value in found if len({v["world_size"] for v in found if v["series"] == value["series"]}) > 1]
    if not values:
        return None
    sizes = drawing.few(sorted({value["nbytes"] for value in values}), MOST_SIZES)
    values = [value for value in values if value["nbytes"] in sizes]
    names = list(dict.fromkeys(value["series"] for value in values))
    panels = [drawing.titled(_efficiency_panel(values, name, len(names), sizes), name) for name in sorted(names)]
    return Drawing("efficiency", _efficiency_title(values, labels.whose(rows)), _efficiency_caption(values), _in_rows(panels))


def _efficiency_panel(values: Values, name: str, columns: int, sizes: Sequence[int]) -> Any:
    import altair as alt

    mine = [value for value in values if value["series"] == name]
    low, high = style.decades([value[key] for value in mine for key in ("efficiency", "predicted_efficiency") if value[key]])
    domain = low, max(1.0, high)
    texts = [show_size(size) for size in sizes]
    base = alt.Chart(drawing.data(mine)).encode(
        x=alt.X("world_size:O", title="world size (ranks)", axis=alt.Axis(labelAngle=0)),
        color=drawing.colour("size_text", "message size", texts, style.ramp(style.SIZES, len(texts))),
        tooltip=drawing.tooltip(FIELDS),
    )
    axes = [
        drawing.log_axis(alt.Y, field, "efficiency = busbw / bound", domain, style.ten_ticks(domain), style.PERCENT_TEXT)
        for field in ("predicted_efficiency", "efficiency")
    ]
    line = base.mark_line(strokeWidth=1.6, opacity=0.8).encode(y=axes[0])
    layers = [line, _points(base, axes[1], crowded=True), _points(base, axes[1], crowded=False)]
    return alt.layer(*layers).properties(width=drawing.panel_width(min(columns, 3)), height=200)


def _efficiency_title(values: Values, whose: str) -> str:
    largest = [v for v in values if v["nbytes"] == max(v["nbytes"] for v in values) and v["efficiency"]]
    told = [f"{v['series']} {v['efficiency_text']} on {v['ranks']} ranks" for v in largest if not v["crowded"]]
    size = largest[0]["size_text"] if largest else ""
    return f"{whose} efficiency at {size}: {'; '.join(told)}" if told else f"{whose} efficiency by world size"


def _efficiency_caption(values: Values) -> str:
    measured = sum(value["efficiency"] is not None for value in values)
    return (
        f"{labels.count(measured, 'measured cell')} of a few sizes; points measured (hollow: more ranks than cores), lines "
        "predicted. Libraries that ran at one world size only are left out. "
        "100 % is the bound: what the machine's own copy or loopback speed allows."
    )
