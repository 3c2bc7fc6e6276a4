"""The twin's own charts: efficiency versus cluster size and the error of every point. It neither measures nor predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fabric.predict.constants import HELD_OUT
from fabric.records.result import Result
from fabric.report.page import drawing, labels, style
from fabric.report.page.drawing import Drawing, Values
from fabric.units import show_duration, show_size

FIELDS = {
    "series": "series",
    "hosts": "hosts",
    "size_text": "message size",
    "measured_text": "measured",
    "predicted_text": "predicted",
    "error_text": "measured / predicted - 1",
    "samples": "samples",
    "use": "use",
}
COLUMNS = 3
GOAL = 0.05
"""The error within which 95 % of the scored points are to be."""
UNSCORED = "#8a8f98"
BANDWIDTH = "bandwidth"
ORDERS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


@dataclass(frozen=True)
class Point:
    """One point: what a twin measured, its prediction, and the bound's busbw where there is one."""

    measured: Result
    predicted: Result
    bound: float | None = None

    @property
    def wiring(self) -> str:
        """What was brought up, and what of it failed."""
        broken = self.measured.context.get("failures")
        return f"{self.measured.fabric}{f', {broken}' if broken else ''}"

    @property
    def order(self) -> str:
        """The order of ranks, short."""
        order = self.measured.case.order
        return order if not order.startswith("given") else "given order"

    @property
    def series(self) -> str:
        """Which line of a chart it belongs to: library, wiring, order of ranks, form."""
        form = "in place" if self.measured.case.in_place else "out of place"
        return f"{self.measured.source} on {self.wiring}, {self.order}, {form}"

    @property
    def use(self) -> str:
        """`held out` in the bandwidth regime, which is scored; else the regime."""
        regime = str(self.measured.context["regime"])
        return HELD_OUT if regime == BANDWIDTH else regime

    @property
    def error(self) -> float:
        """Measured / predicted seconds - 1."""
        return self.measured.time / self.predicted.time - 1

    @property
    def unshared(self) -> float | None:
        """Seconds of the baseline: every host's own link, full, and nothing shared."""
        return self.measured.time * self.measured.busbw / self.bound if self.bound else None


def efficiency(points: Sequence[Point]) -> Drawing | None:
    """Return efficiency versus hosts: a panel per fabric, colour by order, of every number of hosts the largest size.

    In the bandwidth regime efficiency hardly depends on the size, and larger sizes are further inside it.
    """
    found = [value for value in _values(points) if value["efficiency"] and value["use"] == HELD_OUT]
    values = [value for value in found if value["nbytes"] == _largest(found, value)]
    if len({value["world_size"] for value in values}) < 2:
        return None
    names = list(dict.fromkeys(value["wiring"] for value in values))
    panels = [drawing.titled(_efficiency_panel(values, name, len(names)), name) for name in names]
    hosts = sorted({value["world_size"] for value in values})
    caption = (
        f"{labels.count(len(values), 'point')}, of every number of hosts the largest message. Points: medians measured on the "
        "twin; lines: predicted with no fitted constant. 100 % is the bound: every host's own link, full, and nothing shared."
    )
    title = f"Scaling efficiency versus cluster size, {hosts[0]} to {hosts[-1]} hosts: measured and predicted"
    return Drawing("efficiency", title, caption, _in_rows(panels))


def errors(points: Sequence[Point]) -> Drawing | None:
    """Return the error of every point over hosts, with the band of the goal; points that are not scored in grey."""
    import altair as alt

    values = _values(points)
    if not values:
        return None
    uses = sorted({value["use"] for value in values}, key=lambda use: (use != HELD_OUT, use))
    colours = [style.USES.get(use, UNSCORED) for use in uses]
    reach = max(1.3 * GOAL, *(1.05 * abs(value["error"]) for value in values))
    base = alt.Chart(drawing.data(values)).encode(
        x=_hosts_axis(),
        xOffset=alt.XOffset("size_text:N", sort=[show_size(size) for size in sorted({v["nbytes"] for v in values})]),
        y=alt.Y(
            "error:Q", title="measured / predicted - 1", axis=alt.Axis(format="+.0%"), scale=alt.Scale(domain=[-reach, reach])
        ),
        color=drawing.colour("use", "use", uses, colours),
        tooltip=drawing.tooltip(FIELDS),
    )
    band = alt.Chart(drawing.data([{"low": -GOAL, "high": GOAL}])).mark_rect(color="#c9d3dd", opacity=0.5)
    band = band.encode(y=alt.Y("low:Q", title="measured / predicted - 1"), y2="high:Q")
    marks = base.mark_point(size=42, strokeWidth=1.5, filled=False, opacity=0.85)
    chart = alt.layer(band, marks).properties(width=drawing.WIDTH - drawing.MARGIN, height=260)
    caption = (
        f"{labels.count(len(values), 'point')}; within a number of hosts, sizes from left to right. `held out`: in the "
        f"bandwidth regime, scored; grey band: ±{labels.percent(GOAL)}. Above zero the twin was slower than predicted."
    )
    return Drawing("errors", _errors_title(values), caption, chart)


def _errors_title(values: Values) -> str:
    scored = [abs(value["error"]) for value in values if value["use"] == HELD_OUT]
    near = sum(error <= GOAL for error in scored)
    return f"Error of every point: {near} of {labels.count(len(scored), 'scored point')} within {labels.percent(GOAL)}"


def _largest(values: Values, like: dict[str, Any]) -> int:
    """Return the largest size of the same series on as many hosts."""
    return max(int(value["nbytes"]) for value in values if all(value[key] == like[key] for key in ("series", "world_size")))


def _efficiency_panel(values: Values, name: str, columns: int) -> Any:
    import altair as alt

    orders = sorted({value["order"] for value in values})
    top = max(1.1, *(value["efficiency"] * 1.05 for value in values))
    base = alt.Chart(drawing.data([value for value in values if value["wiring"] == name])).encode(
        x=_hosts_axis(),
        color=drawing.colour("order", "order of ranks", orders, style.ramp(ORDERS, len(orders))),
        tooltip=drawing.tooltip(FIELDS),
    )
    axes = [
        alt.Y(f"{field}:Q", title="busbw / bound", scale=alt.Scale(domain=[0, top]), axis=alt.Axis(format=".0%", tickCount=5))
        for field in ("predicted_efficiency", "efficiency")
    ]
    line = base.mark_line(strokeWidth=1.6, opacity=0.8).encode(y=axes[0], detail="series:N")
    marks = base.mark_point(filled=True, size=46, opacity=1).encode(y=axes[1])
    return alt.layer(line, marks).properties(width=drawing.panel_width(min(columns, COLUMNS)), height=190)


def _hosts_axis() -> Any:
    import altair as alt

    return alt.X("world_size:O", title="hosts", axis=alt.Axis(labelAngle=0))


def _in_rows(panels: Sequence[Any]) -> Any:
    return drawing.below([drawing.beside(panels[start : start + COLUMNS]) for start in range(0, len(panels), COLUMNS)])


def _values(points: Sequence[Point]) -> Values:
    return [
        {
            "series": point.series,
            "wiring": point.wiring,
            "order": point.order,
            "nbytes": point.measured.case.nbytes,
            "size_text": show_size(point.measured.case.nbytes),
            "world_size": point.measured.case.world_size,
            "hosts": f"{point.measured.case.world_size:,}",
            "efficiency": point.measured.busbw / point.bound if point.bound else None,
            "predicted_efficiency": point.predicted.busbw / point.bound if point.bound else None,
            "error": point.error,
            "error_text": labels.percent(point.error, signed=True),
            "measured_text": show_duration(point.measured.time),
            "predicted_text": show_duration(point.predicted.time),
            "samples": len(point.measured.seconds),
            "use": point.use,
        }
        for point in points
    ]
