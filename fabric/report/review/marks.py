"""What all charts of a review share: a candidate's colour, fading, tooltips, names. It does not know what is drawn.

Every chart has a candidate in one colour, and fades the others where the page's signal `picked` names one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fabric.report.page import drawing, style
from fabric.report.page.drawing import Drawing
from fabric.report.wiring.drawing import COLOURS
from fabric.report.words.review import Words

FADED = "picked == '' || datum.candidate == picked"
PICKED = {"name": "picked", "value": ""}
"""The parameter that the page's script sets to a candidate's name."""
NAME_ROOM = 130
"""Pixels that candidates' names take beside a panel of bars."""
GAP = 26
"""Pixels between two panels of bars, their axes' last labels included."""


def colours(names: Sequence[str]) -> list[str]:
    """Return a colour per candidate."""
    return style.ramp(COLOURS, len(names))


def finished(drawn: Drawing) -> dict[str, Any]:
    """Return the chart's specification with its signals."""
    spec = style.finish(drawn.chart)
    return {**spec, "params": [*spec.get("params", []), PICKED]}


def faded(shown: float = 1.0) -> Any:
    """Return the opacity of a mark: as given, almost none while another candidate is picked."""
    import altair as alt

    return alt.condition(FADED, alt.value(shown), alt.value(0.12 * shown))


def named_colour(names: Sequence[str], everyone: Sequence[str], words: Words) -> Any:
    """Return the colour of those names, each as it is among all candidates."""
    of = dict(zip(everyone, colours(everyone), strict=True))
    channel = drawing.colour("candidate", words["legend.candidate"], names, [of[name] for name in names])
    return legend(channel, words["legend.candidate"])


def legend(channel: Any, title: str) -> Any:
    """Return a colour channel with squares in its legend."""
    return channel.legend(symbolOpacity=1, symbolType="square", symbolStrokeWidth=0, title=title)


def tip(fields: Sequence[tuple[str, str]]) -> list[Any]:
    """Return the tooltip of text fields: (field, title)."""
    return drawing.tooltip(dict(fields))


def candidate_axis(names: Sequence[str], *, shown: bool = True) -> Any:
    """Return the y channel of candidates in their order; its names are shown beside the first panel of a row only."""
    import altair as alt

    axis = alt.Axis(labelLimit=NAME_ROOM, labels=shown, ticks=shown, domain=shown)
    return alt.Y("candidate:N", title=None, sort=list(names), axis=axis)


def bars_width(columns: int) -> int:
    """Return the pixels of one panel of bars of a row of so many, of which the first has the names."""
    return (drawing.WIDTH - NAME_ROOM) // columns - GAP


def rows_of(panels: Sequence[Any], columns: int) -> Any:
    """Return panels in rows of so many."""
    return drawing.below([drawing.beside(panels[n : n + columns]) for n in range(0, len(panels), columns)])
