"""The parts that charts are put together from: a drawing, log axes, rows of panels. It does not know what is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fabric.report.page import style

WIDTH = 940
"""Pixels that a whole chart is about wide, axes included, before the page or the picture scales it."""
MARGIN = 78
"""Pixels of one panel's axis, labels and gap."""
STYLES = ("color", "shape", "strokeDash", "strokeWidth", "strokeOpacity")
"""The channels whose scales and legends the panels of one chart share."""
Values = list[dict[str, Any]]


@dataclass(frozen=True)
class Drawing:
    """One chart: key is its name on the page, title says what is seen, caption how to read it and how much is in it.

    hint: what only a page can do (point at a dot).
    """

    key: str
    title: str
    caption: str
    chart: Any
    hint: str = ""


def few(values: Sequence[int], most: int) -> list[int]:
    """Return at most so many of the values, in rising order, the largest always, evenly apart."""
    step = max(1, -(-len(values) // most))
    return list(values[::-1][::step])[::-1]


def panel_width(panels: int) -> int:
    """Return the pixels of one panel of a row of so many."""
    return max(150, (WIDTH - MARGIN * panels) // panels)


def data(values: Values) -> Any:
    """Return inline data, whatever its number of rows: as text, for altair copies and checks rows one by one (seconds)."""
    import json

    import altair as alt

    return alt.InlineData(values=json.dumps(values, allow_nan=False), format=alt.JsonDataFormat(type="json"))


def log_axis(
    channel: Any, field: str, title: str, domain: Sequence[float], ticks: Sequence[float], text: str, *, base: int = 10
) -> Any:
    """Return a log-scaled channel (alt.X or alt.Y) with ticks at these values, written by a Vega expression."""
    import altair as alt

    scale = alt.Scale(type="log", base=base, domain=list(domain), nice=False)
    axis = alt.Axis(values=list(ticks), labelExpr=text, labelOverlap="greedy", tickCount=len(ticks))
    return channel(f"{field}:Q", title=title, scale=scale, axis=axis)


def size_axis(field: str, sizes: Sequence[int], title: str = "message size", most: int = 6) -> Any:
    """Return the x channel of message sizes."""
    import altair as alt

    domain = min(sizes) / 1.4, max(sizes) * 1.4
    return log_axis(alt.X, field, title, domain, style.power_ticks(sizes, most), style.SIZE_TEXT, base=2)


def count_axis(field: str, counts: Sequence[int], title: str) -> Any:
    """Return the x channel of numbers of devices or ranks; where they are many, some are labelled, the largest always."""
    import altair as alt

    distinct = sorted(set(counts))
    ticks = distinct if len(distinct) <= 6 else distinct[:: -(-len(distinct) // -5)][::-1]
    return log_axis(alt.X, field, title, (distinct[0] / 1.15, distinct[-1] * 1.15), ticks, "format(datum.value, ',')", base=2)


def colour(field: str, title: str, names: Sequence[str], colours: Sequence[str]) -> Any:
    """Return the colour channel of a field with fixed colours."""
    import altair as alt

    return alt.Color(f"{field}:N", title=title, sort=None, scale=alt.Scale(domain=list(names), range=list(colours)))


def tooltip(fields: Mapping[str, str]) -> list[Any]:
    """Return the tooltip of text fields: field -> title."""
    import altair as alt

    return [alt.Tooltip(f"{field}:N", title=title) for field, title in fields.items()]


def titled(panel: Any, text: str) -> Any:
    """Return a panel with its name above it."""
    import altair as alt

    return panel.properties(title=alt.TitleParams(text, fontSize=13, fontWeight="normal", anchor="middle"))


def beside(panels: Sequence[Any]) -> Any:
    """Return panels in one row with shared legends."""
    import altair as alt

    return alt.hconcat(*panels).resolve_scale(**dict.fromkeys(STYLES, "shared"))


def below(rows: Sequence[Any]) -> Any:
    """Return rows of panels under each other with shared legends."""
    import altair as alt

    if len(rows) == 1:
        return rows[0]
    return alt.vconcat(*rows).resolve_scale(**dict.fromkeys(STYLES, "shared"))
