"""The picture of training versus cluster size: efficiency, speed with its interval, published runs. It works nothing out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fabric.report.page import drawing, labels, style
from fabric.report.page.drawing import Drawing, Values
from fabric.workload.plan import plan_of
from fabric.workload.scaling import BENDS, STRONG, Point, bend

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours of fabrics, the first named first (Okabe and Ito's palette)."""
MODES = {STRONG: "strong: one batch at every size", "weak": "weak: a batch in proportion to the devices"}
FIELDS = {
    "devices_text": "devices", "fabric": "fabric", "plan": "best plan", "efficiency_text": "efficiency", "speed_text": "speed",
    "lost": "lost in a doubling", "because": "what grew most",
}  # fmt: skip
RUN = {"devices_text": "devices", "plan": "published plan", "about": "batch", "speed_text": "measured", "source": "source"}
PUBLISHED = "#222222"


def curves(model: str, points: Sequence[Point], published: Sequence[Mapping[str, Any]]) -> Drawing | None:
    """Return the chart: a column per mode, efficiency above, tokens a second and device below; None without any plan.

    published: rows of runs with ranks, measured tokens a second and device, plan, batch, sequence and source.
    """
    known = [point for point in points if point.step is not None]
    if not known:
        return None
    short = _short([point.fabric for point in known])
    values, modes = [_value(point, short) for point in known], list(dict.fromkeys(point.mode for point in known))
    bends = {(own[0].fabric, own[0].mode): bend(own) for own in _by_curve(points)}
    at = {key: point.ranks for key, point in bends.items() if point}
    for value, point in zip(values, known, strict=True):
        value["bends"] = at.get((point.fabric, point.mode)) == point.ranks
    runs = _runs(published, max(point.ranks for point in known))
    colour = drawing.colour("fabric", "fabric", list(short.values()), style.ramp(COLOURS, len(short)))
    above = drawing.beside([_efficiency(values, mode, colour, len(modes)) for mode in modes])
    below = drawing.beside([_speed(values, runs, mode, colour, len(modes)) for mode in modes])
    caption = _caption(short, runs)
    return Drawing("curve", _title(model, known, short), caption, drawing.below([above, below]), "Point at a dot for its plan.")


def _by_curve(points: Sequence[Point]) -> list[list[Point]]:
    keys = dict.fromkeys((point.fabric, point.mode) for point in points)
    return [[point for point in points if (point.fabric, point.mode) == key] for key in keys]


def _short(names: Sequence[str]) -> dict[str, str]:
    """Return full name -> label: what stands before the colon where only one fabric has that, else the full name."""
    distinct = list(dict.fromkeys(names))
    families = Counter(name.partition(":")[0] for name in distinct)
    alone = {name: name.partition(":")[0].replace("_", "-") for name in distinct if families[name.partition(":")[0]] == 1}
    return {name: alone.get(name, name) for name in distinct}


def _value(point: Point, short: Mapping[str, str]) -> dict[str, Any]:
    step = point.step
    if step is None:
        raise ValueError(f"a point of {point.ranks} ranks has no step")
    speed = step.tokens_per_second_per_device
    low, high = (speed * step.seconds / end for end in reversed(step.interval or (step.seconds, step.seconds)))
    return {
        "mode": point.mode,
        "fabric": short[point.fabric],
        "devices": point.ranks,
        "devices_text": f"{point.ranks:,}",
        "plan": step.plan.text(),
        "efficiency": point.efficiency,
        "efficiency_text": labels.percent(point.efficiency),
        "speed": speed,
        "low": low,
        "high": high,
        "speed_text": f"{speed:,.0f} tokens/s/device, 90 % {low:,.0f} to {high:,.0f}",
        "lost": labels.percent(point.lost),
        "because": point.because or "-",
    }


def _runs(published: Sequence[Mapping[str, Any]], most: int) -> Values:
    """Return the published runs that lie in the picture, each once."""
    found = {(run["ranks"], run["measured"], run["plan"]): run for run in published if run["ranks"] <= most}
    return [
        {
            "devices": run["ranks"],
            "devices_text": f"{run['ranks']:,}",
            "speed": run["measured"],
            "speed_text": f"{run['measured']:,.0f} tokens/s/device",
            "plan": run["plan"],
            "about": f"{run['batch']:,} sequences of {run['sequence']:,} tokens",
            "source": run["source"],
            "what": f"published, {plan_of(run['plan']).precision}",
        }
        for run in found.values()
    ]


def _efficiency(values: Values, mode: str, colour: Any, columns: int) -> Any:
    """Return efficiency versus devices of one mode; a diamond where a curve bends."""
    import altair as alt

    mine = [value for value in values if value["mode"] == mode]
    top = max(1.0, *(value["efficiency"] or 0.0 for value in values))
    axis = alt.Axis(labelExpr=style.PERCENT_TEXT, tickCount=6)
    y = alt.Y("efficiency:Q", title="efficiency", scale=alt.Scale(domain=[0, 1.05 * top]), axis=axis)
    base = alt.Chart(drawing.data(mine)).encode(x=_devices(values), color=colour, y=y)
    whole = alt.Chart(drawing.data([{"efficiency": 1.0}])).mark_rule(color=style.QUIET, strokeWidth=1).encode(y="efficiency:Q")
    lines = base.mark_line(strokeWidth=2).encode(strokeDash=_dashes(values))
    dots = base.mark_point(filled=True, size=26, opacity=1).encode(tooltip=drawing.tooltip(FIELDS))
    bent = base.transform_filter("datum.bends").mark_point(shape="diamond", size=170, strokeWidth=2, filled=False)
    panel = alt.layer(whole, lines, dots, bent).properties(width=drawing.panel_width(columns), height=220)
    return drawing.titled(panel, MODES[mode])


def _speed(values: Values, runs: Values, mode: str, colour: Any, columns: int) -> Any:
    """Return tokens a second and device versus devices of one mode, with intervals and published runs."""
    import altair as alt

    mine = [value for value in values if value["mode"] == mode]
    top = 1.05 * max([value["high"] for value in values] + [run["speed"] for run in runs])

    def axis(field: str) -> Any:
        return alt.Y(f"{field}:Q", title="tokens/s/device", scale=alt.Scale(domain=[0, top]))

    base = alt.Chart(drawing.data(mine)).encode(x=_devices(values), color=colour)
    band = base.mark_area(opacity=0.13).encode(y=axis("low"), y2="high:Q")
    lines = base.mark_line(strokeWidth=2).encode(y=axis("speed"), strokeDash=_dashes(values))
    dots = base.mark_point(filled=True, size=26, opacity=1).encode(y=axis("speed"), tooltip=drawing.tooltip(FIELDS))
    layers = [band, lines, dots]
    if runs:
        marks = alt.Chart(drawing.data(runs)).mark_point(shape="cross", filled=True, size=110, color=PUBLISHED, opacity=1)
        at = {"x": _devices(values), "y": axis("speed")}
        words = alt.Chart(drawing.data(runs)).mark_text(align="left", dx=9, fontSize=12, color=PUBLISHED)
        layers += [marks.encode(**at, tooltip=drawing.tooltip(RUN)), words.encode(**at, text="what:N")]
    return alt.layer(*layers).properties(width=drawing.panel_width(columns), height=220)


def _dashes(values: Values) -> Any:
    """Return dashes by fabric, the first whole: curves that lie on each other are both seen."""
    import altair as alt

    names = list(dict.fromkeys(value["fabric"] for value in values))
    return alt.StrokeDash("fabric:N", title="fabric", scale=alt.Scale(domain=names, range=style.dashes(len(names))))


def _devices(values: Values) -> Any:
    return drawing.count_axis("devices", [value["devices"] for value in values], "devices")


def _title(model: str, points: Sequence[Point], short: Mapping[str, str]) -> str:
    """Return what efficiency is at the largest size in the last mode, fabric by fabric."""
    mode, most = points[-1].mode, max(point.ranks for point in points)
    first = min(point.ranks for point in points)
    told = [
        f"{labels.percent(point.efficiency)} on {short[point.fabric]}"
        for point in points
        if (point.mode, point.ranks) == (mode, most)
    ]
    reached = labels.joined(told) or "no plan fits"
    return f"{model} trained on {most:,} devices, efficiency to {first:,}, {mode} scaling: {reached}"


def _caption(short: Mapping[str, str], runs: Values) -> str:
    named = "; ".join(f"{label} = {name}" for name, label in short.items() if label != name)
    beside = " Crosses: published runs, measured, each with its own plan, batch and sequence." if runs else ""
    return (
        "Predicted, the best plan at every size. Efficiency: tokens a second and device over those at the smallest size; "
        f"a diamond: the first doubling that loses more than {labels.percent(BENDS)} of the speed. Bands: nine in ten "
        f"published steps lie so near; an error common to all sizes cancels in efficiency.{beside}{' ' * bool(named)}{named}"
        f"{'.' * bool(named)}"
    )
