"""A wiring as a drawing: SVG, PNG, or a page that loads nothing. It knows where things stand, no speeds and no loads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from fabric.report.page.html_file import asset, document, save
from fabric.report.wiring.layout import WIDTH, Layout, Note, layout, note
from fabric.report.words.review import Words, words
from fabric.text.escape import html as escape
from topologies.base import Topology
from topologies.hops import scale_out_ends

COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9"),
    *("#7b3f9e", "#8c564b", "#1a7f37", "#c2185b", "#3f51b5", "#ff8f00"),
)
"""Colours of groups, told apart by most readers; they begin again after the last."""
GREY = "#6b7280"
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
HEAD, LINE = 84.0, 20.0
"""Pixels of the title, of a line of text."""
NAMED = ("tier", "inside")
"""Values of notes that have words of their own, `tier.*` and `inside.*`."""


def write(topology: Topology, facts: Mapping[str, str], *, html: Path | None = None, png: Path | None = None) -> None:
    """Write the page (drawing and facts) and the picture to the files that are given.

    Raises:
        InputError: a file that cannot be written.
    """
    drawn = svg(topology)
    if html is not None:
        save(html, page(topology.name, drawn, facts).encode())
    if png is not None:
        import vl_convert

        save(png, bytes(vl_convert.svg_to_png(drawn, scale=1.6)))


def page(title: str, drawn: str, facts: Mapping[str, str]) -> str:
    """Return one HTML page that loads nothing from elsewhere."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in facts.items())
    return document(title, f"{drawn}\n<table>{rows}</table>", asset("wiring", "page.css"))


def svg(topology: Topology) -> str:
    """Return the drawing as SVG, with title, legend and notes in English."""
    plan, own = layout(topology), words("en")
    notes = [told(note, own) for note in (*plan.notes, *inside(topology))]
    height = HEAD + plan.height + LINE * (len(notes) + 1)
    ground = f'<rect width="{WIDTH:g}" height="{height:g}" fill="#fff"/>'
    parts = [ground, *_head(topology, plan, own), body(topology, plan, own)]
    parts += [_text(16, HEAD + plan.height + LINE * n, note, colour=GREY) for n, note in enumerate(notes)]
    return framed(f'viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" height="{height:g}"', "".join(parts))


def framed(frame: str, inner: str) -> str:
    """Return an SVG element. frame: its attributes."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" {frame} font-family="{FONT}">{inner}</svg>'


def told(note: Note, words: Words) -> str:
    """Return a note in words."""
    return words[f"drawing.{note.kind}"].format(**{key: _value(key, value, words) for key, value in note.values})


def _value(key: str, value: float | str, words: Words) -> str:
    """Return what a note is filled with: a name in words, a count, or a mean."""
    if isinstance(value, str):
        return words.get(f"{key}.{value}", value) if key in NAMED else value
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def inside(topology: Topology) -> list[Note]:
    """Return what is inside the nodes and not drawn."""
    kind = topology.params.get("scale_up")
    return [] if kind is None else [note("inside", devices=topology.devices_per_node, inside=str(kind))]


def _head(topology: Topology, plan: Layout, words: Words) -> Iterator[str]:
    """Yield title, counts and legend."""
    yield _text(16, 28, topology.name, size=18, bold=True)
    switches = sum(topology.switches_by_tier.values())
    counts = f"{topology.devices:,} devices, {switches:,} switches, {len(scale_out_ends(topology)):,} cables"
    yield _text(16, 52, counts, colour=GREY)
    x = 16.0
    for number, group in enumerate(plan.legend[: len(COLOURS)]):
        name = told(group, words)
        yield f'<rect x="{x:g}" y="64" width="12" height="12" rx="2" fill="{_colour(number)}"/>'
        yield _text(x + 17, 75, name, size=13)
        x += 34 + 7.2 * len(name)


def body(topology: Topology, plan: Layout, words: Words, names_at: float = 16.0) -> str:
    """Return the drawing itself, below the room of the title. names_at: pixels from the left of the names beside it."""
    return f'<g transform="translate(0 {HEAD:g})">{"".join(_body(topology, plan, words, names_at))}</g>'


def _body(topology: Topology, plan: Layout, words: Words, names_at: float) -> Iterator[str]:
    """Yield boxes of nodes, cables, vertices, names."""
    for x, y, width, height in plan.boxes:
        place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        yield f'<rect {place} rx="5" fill="#eef1f4" stroke="#c3c9d1"/>'
    yield from _cables(topology, plan)
    size = 5.0 if len(plan.vertices) > 120 else 7.0
    for vertex, x, y, group in zip(plan.vertices, plan.x, plan.y, plan.group, strict=True):
        yield _vertex(float(x), float(y), _colour(int(group)), size, device=bool(vertex < topology.devices))
    for y, name in plan.names:
        yield _text(names_at, y + 5, told(name, words), colour="#222" if name.kind in ("all", "some") else GREY)


def _cables(topology: Topology, plan: Layout) -> Iterator[str]:
    """Yield one line per pair of drawn vertices, thicker for parallel cables, in the colour of its lower end."""
    place = np.full(topology.vertices, -1)
    place[plan.vertices] = np.arange(len(plan.vertices))
    ends = place[scale_out_ends(topology)]
    pairs, counts = np.unique(ends[(ends >= 0).all(axis=1)], axis=0, return_counts=True)
    faint = 0.75 if len(pairs) < 80 else 0.5 if len(pairs) < 400 else 0.32
    for (a, b), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        group = int(plan.group[a]) if plan.group[a] >= 0 else int(plan.group[b])
        if not plan.names and plan.group[a] != plan.group[b]:
            group = -1
        stroke = f'stroke="{_colour(group)}" stroke-opacity="{faint}" stroke-width="{min(1.2 + 0.5 * (count - 1), 4):g}"'
        yield f'<path d="{_way(plan, a, b)}" fill="none" {stroke}/>'


def _way(plan: Layout, a: int, b: int) -> str:
    """Return the path of a cable: straight, or bent where it would run through vertices or beside other cables."""
    (x1, y1), (x2, y2) = ((float(plan.x[v]), float(plan.y[v])) for v in (a, b))
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    if plan.centre is not None and plan.group[a] == plan.group[b]:
        away = 0.6 * np.hypot(x2 - x1, y2 - y1) / np.hypot(x - plan.centre[0], y - plan.centre[1])
        x, y = x + away * (x - plan.centre[0]), y + away * (y - plan.centre[1])
    elif plan.bent and abs(x2 - x1) + abs(y2 - y1) > 1.05 * _step(plan):
        x, y = x + 0.16 * (y2 - y1), y - 0.16 * (x2 - x1)
    else:
        return f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"
    return f"M{x1:.1f} {y1:.1f}Q{x:.1f} {y:.1f} {x2:.1f} {y2:.1f}"


def _step(plan: Layout) -> float:
    """Return the distance of the first two vertices, which are neighbours in a grid."""
    return float(abs(plan.x[1] - plan.x[0]) + abs(plan.y[1] - plan.y[0])) if len(plan.x) > 1 else 0.0


def _vertex(x: float, y: float, colour: str, size: float, *, device: bool) -> str:
    """Return a circle for a device, a square for a switch."""
    if device:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{0.8 * size:g}" fill="{colour}" stroke="#fff"/>'
    side = 2 * size
    return (
        f'<rect x="{x - size:.1f}" y="{y - size:.1f}" width="{side:g}" height="{side:g}" rx="2" fill="{colour}" stroke="#fff"/>'
    )


def _colour(group: int) -> str:
    """Return the colour of a group."""
    return COLOURS[group % len(COLOURS)] if group >= 0 else GREY


def _text(x: float, y: float, text: str, *, size: int = 14, bold: bool = False, colour: str = "#222") -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}"{weight} fill="{colour}">{escape(text)}</text>'
