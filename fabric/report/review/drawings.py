"""The candidates' wirings as drawings beside each other, their words in the page's language. It draws no drawing itself."""

from __future__ import annotations

from collections.abc import Sequence

from fabric.report.review.tables import cables_of, tiers_of
from fabric.report.wiring import drawing
from fabric.report.wiring.layout import WIDTH, Layout, layout
from fabric.report.words.review import Words
from fabric.review.evaluate import Design
from fabric.text.escape import html as escape
from topologies.base import Topology

NAMES = 170.0
"""Pixels that larger letters need left of a drawing with names, beyond the room that it has."""
BULGE = 40.0
"""Pixels that the curves of a circle or a grid need above and below it, beyond the room that it has."""


def drawings(designs: Sequence[Design], words: Words) -> list[str]:
    """Return a figure per candidate."""
    figures = "\n".join(_figure(design, words) for design in designs)
    return [f'<div class="drawings">{figures}</div>'] if figures else []


def _figure(design: Design, words: Words) -> str:
    topology, name = design.fabric.topology, design.candidate.name
    plan, parameters = layout(topology), escape(design.candidate.topo).replace(",", ",<wbr>")
    counts = words["drawing.caption"].format(
        devices=f"{topology.devices:,}", switches=f"{sum(tiers_of(design).values()):,}", cables=f"{cables_of(design):,}"
    )
    caption = words["space"].join([counts, *(drawing.told(note, words) for note in (*plan.notes, *drawing.inside(topology)))])
    return (
        f'<figure class="drawing" data-candidate="{escape(name)}"><h3>{escape(name)}</h3>\n'
        f"<code>{parameters}</code>\n{_legend(plan, words)}{drawn(topology, plan, words)}\n"
        f'<figcaption class="caption">{escape(caption)}</figcaption></figure>'
    )


def _legend(plan: Layout, words: Words) -> str:
    """Return what the drawing's colours stand for; nothing where it has no groups."""
    chips = "".join(
        f'<span><span class="chip" style="background:{colour}"></span>{escape(drawing.told(group, words))}</span>'
        for group, colour in zip(plan.legend, drawing.COLOURS, strict=False)
    )
    return f'<div class="chips">{chips}</div>\n' if chips else ""


def drawn(topology: Topology, plan: Layout, words: Words) -> str:
    """Return the drawing without its heading, legend and notes, which the page says itself, in letters that can be read."""
    left, more = (NAMES, 0.0) if plan.names else (0.0, BULGE)
    top, height = drawing.HEAD - more, plan.height + 2 * more
    frame = f'viewBox="{-left:g} {top:g} {WIDTH + left:g} {height:g}" role="img"'
    return drawing.framed(frame, drawing.body(topology, plan, words, names_at=8 - left))
