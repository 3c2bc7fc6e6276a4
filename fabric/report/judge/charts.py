"""Measured bus bandwidth against the expected band, by size and by world size. It judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fabric.judge.best import Published
from fabric.judge.judgement import Expected, Judgement
from fabric.report.page import drawing
from fabric.report.page.drawing import Drawing
from fabric.units import show_size

VERDICTS = {"good": "#009E73", "watch": "#E69F00", "bad": "#D55E00", "unknown": "#8a8f98"}
"""Verdict -> colour (Okabe and Ito's palette)."""
FIELDS = {
    "verdict": "verdict", "size": "message size", "ranks": "ranks", "measured": "measured GB/s", "band": "expected GB/s",
    "reason": "held against",
}  # fmt: skip
PUBLISHED = "#7a4ea3"
MOST_PANELS = 4
HINT = "Point at a dot for its row."


def drawings(rows: Sequence[Judgement], best: Sequence[Published] = ()) -> list[Drawing]:
    """Return the chart by size, and the one by world size where there are several; best: a line each."""
    shown = [row for row in rows if row.result.case.world_size > 1 and row.result.case.nbytes > 0]
    if not shown:
        return []
    by_size = Drawing(
        "size",
        "Bus bandwidth by message size",
        "Dots are measured, the band is what healthy rows keep to. Without a band: nothing can be said of the row."
        + (" The line is the best published site of this node type and world size, named below." if best else ""),
        _panels(_by_ranks(shown), best),
        HINT,
    )
    worlds = sorted({row.result.case.world_size for row in shown})
    return [by_size, _by_world(shown, worlds, best)] if len(worlds) > 1 else [by_size]


def _by_ranks(rows: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    """Return rows by world size, the largest ones where there are too many for panels."""
    worlds = sorted({row.result.case.world_size for row in rows})[-MOST_PANELS:]
    return {f"{p} ranks": [row for row in rows if row.result.case.world_size == p] for p in worlds}


def _by_world(rows: Sequence[Judgement], worlds: Sequence[int], best: Sequence[Published]) -> Drawing:
    """Return the chart of the size that most world sizes have, the largest of those."""
    sizes = {row.result.case.nbytes for row in rows}
    common = max(sizes, key=lambda s: (len({r.result.case.world_size for r in rows if r.result.case.nbytes == s}), s))
    kept = [row for row in rows if row.result.case.nbytes == common]
    axis = drawing.count_axis("x", worlds, "ranks")
    line = [_point(one, one.ranks, common) for one in sorted(best, key=lambda one: one.ranks) if common in one.busbw]
    chart = _layers(kept, axis, drawing.WIDTH - drawing.MARGIN, lambda row: row.result.case.world_size, line)
    return Drawing("world", f"Bus bandwidth by world size at {show_size(common)}", "As above, one size.", chart, HINT)


def _panels(parts: Mapping[str, Sequence[Judgement]], best: Sequence[Published]) -> Any:
    """Return one panel per world size, side by side."""
    width = drawing.panel_width(len(parts))
    return drawing.beside([drawing.titled(_by_size(rows, width, best), title) for title, rows in parts.items()])


def _by_size(rows: Sequence[Judgement], width: int, best: Sequence[Published]) -> Any:
    axis = drawing.size_axis("x", [row.result.case.nbytes for row in rows], most=4)
    sizes, ranks = [row.result.case.nbytes for row in rows], rows[0].result.case.world_size
    line = [
        _point(one, size, size) for one in best if one.ranks == ranks for size in one.busbw if min(sizes) <= size <= max(sizes)
    ]
    return _layers(rows, axis, width, lambda row: row.result.case.nbytes, line)


def _point(one: Published, x: int, nbytes: int) -> dict[str, Any]:
    """Return a point of a published site's line: bus bandwidth in GB/s at x."""
    return {"x": x, "busbw": one.busbw[nbytes] / 1e9, "site": one.name, "measured": f"{one.busbw[nbytes] / 1e9:.4g}"}


def _layers(
    rows: Sequence[Judgement], axis: Any, width: int, at: Callable[[Judgement], int], line: Sequence[Mapping[str, Any]]
) -> Any:
    """Return bars from the slow to the fast end of the band with the measured dots on top, the published line between."""
    import altair as alt

    colour = drawing.colour("verdict", "verdict", list(VERDICTS), list(VERDICTS.values()))
    values = [_value(row, at(row)) for row in rows]
    bands = alt.Chart(drawing.data([v for v in values if v["low"] is not None])).mark_rule(color="#9fc9e8", strokeWidth=7)
    dots = alt.Chart(drawing.data(values)).mark_circle(size=55, opacity=0.85)
    y = alt.Y("busbw:Q", title="busbw, GB/s", scale=alt.Scale(zero=True))
    layers = (
        bands.encode(x=axis, y=alt.Y("low:Q", title="busbw, GB/s"), y2="high:Q"),
        *_published(line, axis, y),
        dots.encode(x=axis, y=y, color=colour, tooltip=drawing.tooltip(FIELDS)),
    )
    return alt.layer(*layers).properties(width=width, height=280)


def _published(line: Sequence[Mapping[str, Any]], axis: Any, y: Any) -> list[Any]:
    """Return the layer of a published site's line, dashed, its points where the site was measured; none without points."""
    import altair as alt

    if not line:
        return []
    chart = alt.Chart(drawing.data([dict(one) for one in line])).mark_line(color=PUBLISHED, strokeDash=[6, 4], point=True)
    return [chart.encode(x=axis, y=y, tooltip=drawing.tooltip({"site": "published site", "measured": "its GB/s"}))]


def _value(row: Judgement, at: int) -> dict[str, Any]:
    case, expected = row.result.case, row.expected
    low, high = _band(row, expected) if expected else (None, None)
    return {
        "x": at,
        "busbw": row.result.busbw / 1e9,
        "low": low,
        "high": high,
        "verdict": row.verdict,
        "size": show_size(case.nbytes),
        "ranks": f"{case.world_size} on {case.nodes} nodes",
        "measured": f"{row.result.busbw / 1e9:.4g}",
        "band": "-" if low is None or high is None else f"{low:.4g} to {high:.4g}",
        "reason": row.reason,
    }


def _band(row: Judgement, expected: Expected) -> tuple[float, float]:
    case = row.result.case
    return expected.busbw(case, expected.high) / 1e9, expected.busbw(case, expected.low) / 1e9
