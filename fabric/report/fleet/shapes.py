"""Pictures of a fleet as SVG text: bars from installed to effective, leaves over time, lines, waits. It knows no fleet."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

from fabric.report.page.style import GRID, INK, QUIET
from fabric.text.escape import html as escape

WIDTH = 1100
"""Units across every picture; the page scales it."""
LABEL, VALUE = 300, 190
"""Units that names on the left and numbers on the right take."""
ROW = 30
KEPT, LOST, GAIN, QUEUE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
FONT = "font-family='Helvetica Neue, Arial, Liberation Sans, Noto Sans CJK SC, sans-serif'"


def _svg(height: float, body: Sequence[str], label: str) -> str:
    return (
        f"<svg viewBox='0 0 {WIDTH} {height:.0f}' role='img' aria-label='{escape(label)}' {FONT} "
        f"xmlns='http://www.w3.org/2000/svg'>{''.join(body)}</svg>"
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 15, colour: str = INK) -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' font-size='{size}' fill='{colour}'>{escape(text)}</text>"


def waterfall(steps: Sequence[tuple[str, float, str, str]], label: str) -> str:
    """Return bars under each other: (name, share of 1, text on the right, kind); kind: whole, lost or kept.

    A lost step hangs where what is left ends, so that the eye adds them up.
    """
    room = WIDTH - LABEL - VALUE
    left, body = 1.0, []
    for number, (name, share, value, kind) in enumerate(steps):
        y = number * ROW
        start = max(left - share, 0.0) if kind == "lost" else 0.0
        width = max(share * room, 1.0 if share > 0 else 0.0)
        colour = {"whole": QUIET, "lost": LOST, "kept": GAIN}[kind]
        body.append(_text(LABEL - 10, y + 20, name, anchor="end"))
        body.append(
            f"<rect x='{LABEL + start * room:.1f}' y='{y + 5}' width='{width:.1f}' height='{ROW - 9}' fill='{colour}'/>"
        )
        body.append(_text(WIDTH - VALUE + 10, y + 20, value, colour=INK))
        left -= share if kind == "lost" else 0.0
    return _svg(len(steps) * ROW + 4, body, label)


def heat(rows: Sequence[Sequence[int]], names: Sequence[str], hours: float, unit: str, label: str) -> str:
    """Return a map of rows over time: percent 0 to 100 as white to blue; many rows are drawn thinner."""
    if not rows:
        return ""
    tall = max(4.0, min(22.0, 560 / len(rows)))
    left, wide = 110, (WIDTH - 130) / max(len(rows[0]), 1)
    body = []
    every = max(1, -(-len(rows) // 24))
    for number, row in enumerate(rows):
        y = number * tall
        if number % every == 0:
            body.append(_text(left - 8, y + min(tall, 16) * 0.8 + 1, names[number], anchor="end", size=12))
        at = 0
        while at < len(row):  # neighbours of one shade are one rectangle
            end = at
            while end < len(row) and row[end] // 5 == row[at] // 5:
                end += 1
            shade = _shade(row[at] / 100)
            place = f"x='{left + at * wide:.1f}' y='{y:.1f}' width='{(end - at) * wide:.1f}' height='{tall:.1f}'"
            body.append(f"<rect {place} fill='{shade}'/>")
            at = end
    high = len(rows) * tall
    body.append(f"<rect x='{left}' y='0' width='{WIDTH - 130}' height='{high:.1f}' fill='none' stroke='{GRID}'/>")
    body += _hours(left, WIDTH - 130, high, hours, unit)
    return _svg(high + 26, body, label)


def _shade(share: float) -> str:
    """Return white for nothing to dark blue for all."""
    share = min(max(share, 0.0), 1.0)
    parts = [round(255 + (end - 255) * share) for end in (8, 48, 107)]
    return f"#{parts[0]:02x}{parts[1]:02x}{parts[2]:02x}"


def _hours(left: float, room: float, y: float, hours: float, unit: str) -> list[str]:
    """Return the time axis under a picture: five marks in hours."""
    marks = [hours * part / 4 for part in range(5)]
    anchors = ("start", "middle", "middle", "middle", "end")
    return [
        _text(
            left + room * at / 4,
            y + 18,
            f"{mark:,.0f} {unit}" if at == 4 else f"{mark:,.0f}",
            anchor=anchors[at],
            size=12,
            colour=QUIET,
        )
        for at, mark in enumerate(marks)
    ]


def lines(held: Sequence[float], queued: Sequence[float], most: float, hours: float, unit: str, label: str) -> str:
    """Return what is held and what is queued over time, cut at `most`, with a mark at what is installed (half of most)."""
    high, left, room = 220.0, 110, WIDTH - 130

    def points(values: Sequence[float]) -> str:
        step = room / max(len(values) - 1, 1)
        return " ".join(f"{left + at * step:.1f},{high - min(v, most) / most * high:.1f}" for at, v in enumerate(values))

    body = [
        f"<line x1='{left}' x2='{left + room}' y1='{high - part * high:.1f}' y2='{high - part * high:.1f}' stroke='{GRID}'/>"
        for part in (0, 0.25, 0.5, 0.75, 1)
    ]
    body += [
        _text(left - 8, high - part * high + 5, f"{part * most:,.0f}", anchor="end", size=12, colour=QUIET)
        for part in (0, 0.5, 1)
    ]
    body.append(f"<polyline points='{points(queued)}' fill='none' stroke='{QUEUE}' stroke-width='2'/>")
    body.append(f"<polyline points='{points(held)}' fill='none' stroke='{KEPT}' stroke-width='2.5'/>")
    return _svg(
        high + 32, [f"<g transform='translate(0,6)'>{''.join(body)}{''.join(_hours(left, room, high, hours, unit))}</g>"], label
    )


def waits(rows: Sequence[tuple[str, float, float, str]], label: str) -> str:
    """Return waits by size: (size, median, P95 in seconds, text), on a log scale from one second."""
    most = max([10.0, *(row[2] for row in rows)])
    room = WIDTH - 110 - VALUE

    def reach(seconds: float) -> float:
        return room * log10(max(seconds, 1.0)) / log10(most)

    body = []
    for number, (name, middle, high, text) in enumerate(rows):
        y = number * ROW
        body.append(_text(100, y + 20, name, anchor="end"))
        body.append(f"<rect x='110' y='{y + 6}' width='{reach(high):.1f}' height='{ROW - 11}' fill='#9cc3e0'/>")
        body.append(f"<rect x='110' y='{y + 6}' width='{reach(middle):.1f}' height='{ROW - 11}' fill='{KEPT}'/>")
        body.append(_text(WIDTH - VALUE + 10, y + 20, text))
    return _svg(len(rows) * ROW + 4, body, label)
