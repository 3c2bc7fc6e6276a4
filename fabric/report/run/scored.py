"""Charts that judge the model: predicted against measured, errors beside the baseline's. It fits and scores nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fabric.predict.constants import HELD_OUT
from fabric.report.page import drawing, labels, style
from fabric.report.page.drawing import Drawing, Values
from fabric.report.run import facts
from fabric.report.run.machine import FIELDS
from fabric.scaling import Row
from fabric.units import show_duration, show_size

FLOOR = 1e-3
"""Errors below this are drawn at it: a log axis has no zero."""
BAND = 0.1
TIMES = {
    "series": "library",
    "size_text": "message size",
    "ranks": "ranks",
    "measured_text": "measured",
    "interval_text": FIELDS["interval_text"],
    "predicted_text": "predicted",
    "error_text": "measured / predicted - 1",
    "baseline_text": "baseline's error",
    "use": "use",
}
ERROR_TITLE = "|measured / predicted - 1|"


def _values(rows: Sequence[Row]) -> Values:
    return [
        {
            "series": labels.series(row),
            "nbytes": row.case.nbytes,
            "size_text": show_size(row.case.nbytes),
            "world_size": row.case.world_size,
            "ranks": f"{row.case.world_size:,}",
            "measured": row.measured.time,
            "measured_text": show_duration(row.measured.time),
            "interval_text": labels.interval(row.measured),
            "predicted": row.predicted.time,
            "predicted_text": show_duration(row.predicted.time),
            "error": abs(row.error),
            "error_text": labels.percent(row.error, signed=True),
            "baseline": None if row.baseline_error is None else abs(row.baseline_error),
            "baseline_text": labels.percent(row.baseline_error, signed=True),
            "use": row.use,
        }
        for row in rows
        if row.measured and row.predicted and row.error is not None and row.measured.time > 0
    ]


def predicted_against_measured(rows: Sequence[Row]) -> Drawing | None:
    """Return predicted against measured seconds with the diagonal and the 10 % band, colour by use, shape by library."""
    import altair as alt

    values = _values(rows)
    if not values:
        return None
    predicted = f"predicted time of one {rows[0].case.collective}"
    domain = _padded([value[key] for value in values for key in ("measured", "predicted")])
    uses = sorted({value["use"] for value in values}, key=lambda use: (use not in style.USES, use))
    names = sorted({value["series"] for value in values})
    points = (
        alt.Chart(drawing.data(sorted(values, key=lambda value: -uses.index(value["use"]))))
        .mark_point(size=48, strokeWidth=1.6, opacity=0.85, filled=False)
        .encode(
            x=_time_axis(alt.X, "predicted", predicted, domain),
            y=_time_axis(alt.Y, "measured", "measured time (median)", domain),
            color=drawing.colour("use", "use", uses, [style.USES.get(use, style.SPARE[0]) for use in uses]),
            shape=alt.Shape("series:N", title="library", scale=alt.Scale(domain=names)),
            tooltip=drawing.tooltip(TIMES),
        )
    )
    chart = alt.layer(*_diagonal(domain, predicted), points).properties(width=drawing.WIDTH - MARGINS, height=380)
    return Drawing("against", _against_title(values), _against_caption(values), chart)


MARGINS = 110


def _padded(seconds: Sequence[float]) -> tuple[float, float]:
    return min(seconds) / 1.5, max(seconds) * 1.5


def _time_axis(channel: Any, field: str, title: str, domain: tuple[float, float]) -> Any:
    ticks = [tick for tick in style.ten_ticks(style.decades(domain)) if domain[0] <= tick <= domain[1]]
    return drawing.log_axis(channel, field, title, domain, ticks, style.TIME_TEXT)


def _diagonal(domain: tuple[float, float], predicted: str) -> list[Any]:
    """Return the band of +-10 % and the line where measured = predicted."""
    import altair as alt

    ends = [{"predicted": x, "measured": x, "low": x * (1 - BAND), "high": x * (1 + BAND)} for x in domain]
    base = alt.Chart(drawing.data(ends)).encode(x=_time_axis(alt.X, "predicted", predicted, domain))
    band = base.mark_area(color="#c9d3dd", opacity=0.6, clip=True).encode(
        y=_time_axis(alt.Y, "low", "measured time (median)", domain), y2="high:Q"
    )
    line = base.mark_line(color=style.QUIET, strokeWidth=1).encode(
        y=_time_axis(alt.Y, "measured", "measured time (median)", domain)
    )
    return [band, line]


def _against_title(values: Values) -> str:
    unseen = [value for value in values if value["use"] == HELD_OUT]
    if not unseen:
        return "Predicted against measured: no cell was held out"
    near = sum(value["error"] <= BAND for value in unseen)
    return f"Predicted against measured: {near} of {labels.count(len(unseen), 'held-out cell')} within {labels.percent(BAND)}"


def _against_caption(values: Values) -> str:
    uses = sorted({value["use"] for value in values})
    told = [f"{use} {sum(value['use'] == use for value in values):,}" for use in uses]
    return (
        f"{labels.count(len(values), 'cell')}: {labels.joined(told)}. On the line: measured = predicted; grey band: "
        f"±{labels.percent(BAND)}; above it the machine is slower than predicted. Log scales."
    )


def error_by_size(rows: Sequence[Row]) -> Drawing | None:
    """Return the error of every held-out size, model beside baseline: a column per library, a row per world size."""
    values = _values(facts.held_out(rows))
    if not values:
        return None
    ranks = sorted({value["world_size"] for value in values})
    names = sorted({value["series"] for value in values})
    panels = [_error_row(values, n, names, last=n == ranks[-1]) for n in ranks]
    return Drawing("error", _error_title(rows), _error_caption(values), drawing.below(panels))


def _error_row(values: Values, ranks: int, names: Sequence[str], *, last: bool) -> Any:
    of_ranks = [value for value in values if value["world_size"] == ranks]
    found = [name for name in names if any(value["series"] == name for value in of_ranks)]
    return drawing.beside([_error_panel(values, ranks, name, len(names), last=last) for name in found])


def _error_panel(values: Values, ranks: int, name: str, columns: int, *, last: bool) -> Any:
    import altair as alt

    mine = [value for value in values if (value["series"], value["world_size"]) == (name, ranks)]
    domain = style.decades([max(FLOOR, error) for value in values for error in (value["error"], value["baseline"]) if error])
    lines = [
        {**value, "what": what, "shown": max(FLOOR, value[key])}
        for value in mine
        for what, key in (("baseline", "baseline"), ("model", "error"))
        if value[key] is not None
    ]
    colours = drawing.colour("what", "error of", ["model", "baseline"], [style.MODEL, style.BASELINE])
    base = alt.Chart(drawing.data(lines)).encode(
        x=drawing.size_axis("nbytes", [value["nbytes"] for value in values], "held-out message size" if last else "", 5),
        y=drawing.log_axis(alt.Y, "shown", ERROR_TITLE, domain, style.ten_ticks(domain), style.PERCENT_TEXT),
        color=colours,
        strokeDash=alt.StrokeDash("what:N", title="error of", sort=None, scale=_dash_scale()),
        tooltip=drawing.tooltip(TIMES),
    )
    ten = alt.Chart(drawing.data([{"shown": BAND}])).mark_rule(color="#9aa0a8", strokeWidth=1).encode(y="shown:Q")
    layers = [ten, base.mark_line(strokeWidth=1.8), base.mark_point(filled=True, size=40, strokeWidth=0)]
    panel = alt.layer(*layers).properties(width=drawing.panel_width(columns), height=200)
    return drawing.titled(panel, f"{name}, {ranks:,} ranks")


def _dash_scale() -> Any:
    import altair as alt

    return alt.Scale(domain=["model", "baseline"], range=[[1, 0], [5, 4]])


def _error_title(rows: Sequence[Row]) -> str:
    told = [
        f"{s.series} {labels.percent(s.error)} (baseline {labels.percent(s.baseline)}, {labels.count(s.cells, 'cell')})"
        for s in facts.scores(rows)
    ]
    return f"Median |error| on held-out sizes: {'; '.join(told)}"


def _error_caption(values: Values) -> str:
    return (
        f"{labels.count(len(values), 'held-out cell')}, none of which the fit has seen. The baseline is one line "
        f"alpha + beta S through the same fitted points. Thin rule: 10 %. Log scales; "
        f"errors below {labels.percent(FLOOR)} are drawn at it."
    )
