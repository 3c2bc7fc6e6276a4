"""The chart of what a network's money and power go to, by kind of part. It prices nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fabric.report.page import drawing, style
from fabric.report.page.drawing import Drawing, Values
from fabric.report.review.marks import bars_width, candidate_axis, faded, legend, tip
from fabric.report.review.material import NETWORK, lines_of
from fabric.report.review.tables import names_of
from fabric.report.words.review import Words
from fabric.review.bill import Line
from fabric.review.evaluate import Design
from fabric.review.quote import Range, total

TONES = ("#253f76", "#54a6a0", "#e0a030")
"""Colours of switches, links and NICs: none of a candidate's."""
BAR = 24
"""Pixels of a candidate."""


def material(designs: Sequence[Design], words: Words) -> Drawing | None:
    """Return USD and watts of the network per device, stacked by kind of part, with low and high of the whole."""
    if not designs:
        return None
    priced = [design for design in designs if not design.unpriced]
    panels = [_panel(priced, "price", lambda line: line.price, words, first=True)] if priced else []
    panels.append(_panel(designs, "watts", lambda line: line.watts, words, first=not priced))
    return Drawing("material", words["chart.material.title"], words["chart.material.caption"], drawing.beside(panels))


def _panel(designs: Sequence[Design], what: str, of: Callable[[Line], Range], words: Words, *, first: bool) -> Any:
    import altair as alt

    values = [value for design in designs for value in _stacked(design, of, words)]
    kinds = [words[f"kind.{kind}"] for kind in NETWORK if any(lines_of(design, kind) for design in designs)]
    x = alt.X(
        "from:Q", title=words[f"axis.material.{what}"], scale=alt.Scale(zero=True), axis=alt.Axis(format=",~r", tickCount=6)
    )
    colour = legend(drawing.colour("kind", words["legend.kind"], kinds, TONES[: len(kinds)]), words["legend.kind"])
    shown = tip(
        [("candidate", words["legend.candidate"]), ("kind", words["legend.kind"]), ("text", words[f"axis.material.{what}"])]
    )
    y = candidate_axis(names_of(designs), shown=first)
    base = alt.Chart(drawing.data(values)).encode(y=y, opacity=faded())
    bars = base.mark_bar().encode(x=x, x2="to:Q", color=colour, tooltip=shown)
    whole = alt.Chart(drawing.data([_whole(design, of) for design in designs])).encode(y=y, opacity=faded())
    spread = whole.mark_rule(color=style.INK, strokeWidth=2).encode(x="low:Q", x2="high:Q")
    width = bars_width(2)
    return alt.layer(bars, spread).properties(width=width, height=alt.Step(BAR))


def _stacked(design: Design, of: Callable[[Line], Range], words: Words) -> Values:
    """Return where the bar of every kind begins and ends, per device."""
    values, start = [], 0.0
    for kind in NETWORK:
        lines = lines_of(design, kind)
        if not lines:
            continue
        end = start + total(of(line) for line in lines).mid / design.bill.endpoints
        name = words[f"kind.{kind}"]
        told = f"{end - start:,.4g}"
        values.append({"candidate": design.candidate.name, "kind": name, "from": start, "to": end, "text": told})
        start = end
    return values


def _whole(design: Design, of: Callable[[Line], Range]) -> dict[str, Any]:
    """Return low and high of the whole network, per device."""
    found = total(of(line) for line in design.bill.network) / design.bill.endpoints
    return {"candidate": design.candidate.name, "low": found.low, "high": found.high}
