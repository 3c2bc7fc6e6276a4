"""The charts of size: how far a design goes and what its steps cost, and what growth moves. They price nothing themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fabric.predict.constants import FITTED
from fabric.report.page import drawing, style
from fabric.report.page.drawing import Drawing, Values
from fabric.report.review.marks import faded, named_colour, rows_of, tip
from fabric.report.review.tables import names_of
from fabric.report.words.review import Words
from fabric.review.evaluate import Design
from fabric.review.growth import Stage

CABLES = (("kept", "#b9c0c8"), ("moved", style.MODEL), ("added", style.USES[FITTED]))
"""What growth does to cables, and its colour."""
WIDE = 4
"""Panels of a row."""


def ceiling(designs: Sequence[Design], words: Words) -> Drawing | None:
    """Return USD of the network per device at the end of every number of tiers, against the devices there."""
    import altair as alt

    values = _reaches(designs)
    if not values:
        return None
    names = [name for name in names_of(designs) if any(value["candidate"] == name for value in values)]
    own = sorted({design.fabric.topology.devices for design in designs})
    x = _sizes([*(value["devices"] for value in values), *own], words)
    scale = alt.Scale(zero=True, nice=True)
    y = alt.Y("usd:Q", title=words["axis.reach_each"], scale=scale, axis=alt.Axis(format=",.0f"))
    fields = (("candidate", "legend.candidate"), ("tiers", "column.count_tiers"), ("devices_text", "column.reach"))
    shown = tip([(field, words[key]) for field, key in (*fields, ("usd_text", "column.reach_each"))])
    base = alt.Chart(drawing.data(values)).encode(
        x=x, y=y, color=named_colour(names, names_of(designs), words), opacity=faded(), tooltip=shown
    )
    lines = base.mark_line(strokeWidth=2, interpolate="step-before")
    tiers = sorted({value["tiers"] for value in values})
    shape = alt.Shape(
        "tiers:O", title=words["column.count_tiers"], scale=alt.Scale(domain=tiers, range=list(SHAPES[: len(tiers)]))
    )
    points = base.mark_point(filled=True, size=90).encode(shape=shape)
    here = alt.Chart(drawing.data([{"devices": count} for count in own])).mark_rule(color=style.QUIET, strokeDash=[5, 4])
    chart = alt.layer(lines, points, here.encode(x="devices:Q")).properties(width=drawing.panel_width(1), height=260)
    return Drawing("ceiling", words["chart.ceiling.title"], words["chart.ceiling.caption"], chart)


def _sizes(counts: Sequence[int], words: Words) -> Any:
    """Return the log axis of devices, with 1, 2 and 5 of every power of ten as ticks."""
    import altair as alt

    domain = min(counts) / 1.15, max(counts) * 1.15
    ticks = [tick * part for tick in style.ten_ticks(style.decades(counts)) for part in (1, 2, 5)]
    inside = [tick for tick in ticks if domain[0] <= tick <= domain[1]]
    return drawing.log_axis(alt.X, "devices", words["axis.reach"], domain, inside, "format(datum.value, ',')")


SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
"""Of points, by number of tiers."""


def _reaches(designs: Sequence[Design]) -> Values:
    return [
        {
            "candidate": design.candidate.name,
            "tiers": reach.tiers,
            "devices": reach.devices,
            "usd": reach.usd_per_device,
            "devices_text": f"{reach.devices:,}",
            "usd_text": f"{reach.usd_per_device:,.0f}",
        }
        for design in designs
        for reach in design.ceiling
        if reach.usd_per_device is not None
    ]


def growth(designs: Sequence[Design], words: Words) -> Drawing | None:
    """Return cables kept, moved and added at every stage; a panel per candidate and parameter that grows."""
    grown = [(design, name, stages) for design in designs for name, stages in design.growth.items()]
    if not grown:
        return None
    most = max(stage.cables for _, _, stages in grown for stage in stages)
    columns = min(len(grown), WIDE)
    panels = [_panel(design, name, stages, most, columns, words) for design, name, stages in grown]
    moved = [(design.candidate.name, sum(stage.moved for stage in stages)) for design, _, stages in grown]
    title = words["chart.growth.title"].format(moved=words["and"].join(f"{name} {count:,}" for name, count in moved))
    return Drawing("growth", title, words["chart.growth.caption"], rows_of(panels, columns))


def _panel(design: Design, name: str, stages: Sequence[Stage], most: int, columns: int, words: Words) -> Any:
    import altair as alt

    values = [value for stage in stages for value in _cables(design, stage, words)]
    sizes = [f"{stage.devices:,}" for stage in stages]
    x = alt.X("devices:N", title=words["axis.grown"], sort=sizes, axis=alt.Axis(labelAngle=0))
    y = alt.Y(
        "cables:Q", title=words["axis.cables"], scale=alt.Scale(domain=[0, most]), axis=alt.Axis(format=",.0f", tickCount=5)
    )
    kinds = [words[f"cables.{kind}"] for kind, _ in CABLES]
    colour = drawing.colour("what", words["axis.cables"], kinds, [tone for _, tone in CABLES])
    shown = tip([("what", words["axis.cables"]), ("text", words["axis.cables"])])
    bars = (
        alt.Chart(drawing.data(values))
        .mark_bar()
        .encode(x=x, y=y, color=colour, order=alt.Order("rank:Q"), opacity=faded(), tooltip=shown)
    )
    panel = bars.properties(width=drawing.panel_width(columns), height=170)
    return drawing.titled(panel, f"{design.candidate.name}: {name}")


def _cables(design: Design, stage: Stage, words: Words) -> Values:
    counts = {"kept": stage.kept, "moved": stage.moved, "added": stage.added}
    return [
        {
            "candidate": design.candidate.name,
            "devices": f"{stage.devices:,}",
            "what": words[f"cables.{kind}"],
            "rank": rank,
            "cables": counts[kind],
            "text": f"{counts[kind]:,}",
        }
        for rank, (kind, _) in enumerate(CABLES)
    ]
