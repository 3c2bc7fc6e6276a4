"""One self-contained HTML page and one PNG from a story; nothing is loaded from elsewhere. It measures and predicts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fabric.report.page import labels, style
from fabric.report.page.drawing import Drawing
from fabric.report.page.html_file import asset, document, figure, save
from fabric.report.page.picture import png
from fabric.report.run import facts, tables
from fabric.report.run.charts import draw
from fabric.report.run.story import Story
from fabric.text.escape import html as escape
from topologies.errors import InputError


def write(story: Story, html_path: Path, png_path: Path | None) -> None:
    """Write the page, and the picture where one is asked for; the same story gives the same bytes.

    Raises:
        InputError: a story without any row, or a file that cannot be written.
    """
    drawings = draw(story)
    if not drawings:
        raise InputError("report: needs at least one row with 2 ranks or more that was measured or predicted, got none")
    save(html_path, html(story, drawings).encode())
    if png_path is not None:
        save(png_path, png(story, drawings))


def html(story: Story, drawings: Sequence[Drawing]) -> str:
    """Return the page."""
    specs = {drawing.key: style.finish(drawing.chart) for drawing in drawings}
    parts = [*_top(story), *_charts(drawings, specs, _numbers(story)), *_tables(story), *_assumed(story), *_made(story)]
    body = "\n".join(parts)
    return document(story.title, body, asset("run", "page.css"), asset("run", "page.js"), {"specs": specs})


def _top(story: Story) -> list[str]:
    return [
        f"<h1>{escape(story.title)}</h1>",
        f'<section class="headlines">{_list(story.headlines or facts.headlines(story))}</section>',
        f'<p class="made">Made at {escape(story.made_at)}. GB/s = 10<sup>9</sup> bytes per second; sizes are binary. '
        "Error = measured / predicted - 1, so above zero the machine was slower than predicted.</p>",
    ]


def _numbers(story: Story) -> list[str]:
    """Return the numbers behind the sentences on top, where the page works these out itself."""
    found = [] if story.headlines else facts.details(story)
    return ["<h2>In numbers</h2>", _list(found)] if found else []


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _charts(drawings: Sequence[Drawing], specs: dict[str, dict[str, Any]], between: Sequence[str]) -> list[str]:
    """Return the first chart, what stands between it and the others, and those."""
    first, *others = (figure(drawing, specs[drawing.key]) for drawing in drawings)
    return [first, *between, *(["<h2>More charts</h2>", *others] if others else [])]


def _tables(story: Story) -> list[str]:
    parts = []
    if story.scaling:
        note = "Italic grey: more ranks than cores, never used to fit or to score. "
        note += "Where nothing was measured, busbw and efficiency are the prediction's."
        parts += ["<h2>Error per size and world size</h2>", _note(note, len(story.scaling)), tables.error_table(story.scaling)]
    if story.extrapolation:
        rows = story.extrapolation
        names = [f"{short} = {name}" for name, short in labels.fabrics(rows).items() if short != name]
        note = f"Predicted only. {'; '.join(names)}{'.' if names else ''}"
        parts += ["<h2>Extrapolation</h2>", _note(note, len(rows)), tables.extrapolation_table(rows)]
    return parts


def _note(text: str, rows: int) -> str:
    return f'<p class="caption">{labels.count(rows, "cell")}. {escape(text)}</p>'


def _assumed(story: Story) -> list[str]:
    sources = [f"{c.name}: {c.source}{f' (made at {c.made_at})' if c.made_at else ''}" for c in story.constants]
    reduced = [f"{c.name}: gamma {c.gamma * 1e9:.4g} ns per byte reduced" for c in story.constants]
    parts = ["<h2>What was assumed</h2>", _list(story.assumptions)]
    if story.constants:
        parts += ["<h3>Constants</h3>", _list([*sources, *reduced]), tables.constants_table(story.constants)]
    return parts


def _made(story: Story) -> list[str]:
    parts = ["<h2>The machine</h2>", f'<div class="wide">{tables.machine_table(story.machine)}</div>'] if story.machine else []
    if story.commands:
        parts += ["<h2>Commands</h2>", f"<pre>{escape(chr(10).join(story.commands))}</pre>"]
    if story.notes:
        parts += ["<h2>Notes</h2>", _list(story.notes)]
    return parts
