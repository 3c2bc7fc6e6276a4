"""The candidates' wirings as drawings beside each other, their words in the page's language. It draws no drawing itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape

from fabric.report.review import names
from fabric.report.review.tables import cables_of, tiers_of
from fabric.report.wiring import drawing
from fabric.report.wiring.layout import WIDTH, Layout, layout
from fabric.report.words.review import Words
from fabric.review.evaluate import Design
from topologies.base import Topology

N = r"[\d,.]+"
SAID = (
    (rf"(?P<tier>\S+): (?P<drawn>{N}) of (?P<total>{N})", "drawing.some"),
    (rf"(?P<tier>\S+): (?P<total>{N})", "drawing.all"),
    (rf"(?P<count>{N}) cables?", "drawing.cables"),
    (r"plane (?P<number>\d+)", "drawing.plane"),
    (r"rail (?P<number>\d+)", "drawing.rail"),
    (r"pod (?P<number>\d+)", "drawing.pod"),
    (r"leaf (?P<number>\d+)", "drawing.leaf"),
    (r"device that forwards", "drawing.forwards"),
    (rf"One of (?P<count>{N}) pods is drawn, in part; the other (?P<rest>{N}) .*", "drawing.pods"),
    (r"One colour per place along the first dimension; .*", "drawing.dimension"),
    (r"The corner (?P<part>\S+) of (?P<whole>\S+) is drawn\.", "drawing.corner"),
    (rf"The first (?P<drawn>{N}) of (?P<total>{N}) are drawn\.", "drawing.first"),
    (r"One colour per group\.", "drawing.group"),
    (rf"(?P<devices>{N}) devices \((?P<each>{N}) on each switch\) are not drawn\.", "drawing.hosts"),
)
"""What fabric.report.wiring.drawing writes into a drawing -> the key of the same words."""
NAMES = 170.0
"""Pixels that larger letters need left of a drawing with names, beyond the room that it has."""
BULGE = 40.0
"""Pixels that the curves of a circle or a grid need above and below it, beyond the room that it has."""
TEXT = re.compile(r"(<text [^>]*>)([^<]*)(</text>)")
NAME = re.compile(r'<text x="16"')
FRAME = re.compile(r'viewBox="[^"]*" width="\S+" height="\S+"')


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
    caption = words["space"].join([counts, *(told(said, words) for said in plan.notes), *_inside(topology, words)])
    return (
        f'<figure class="drawing" data-candidate="{escape(name)}"><h3>{escape(name)}</h3>\n'
        f"<code>{parameters}</code>\n{_legend(plan, words)}{drawn(topology, plan, words)}\n"
        f'<figcaption class="caption">{escape(caption)}</figcaption></figure>'
    )


def _inside(topology: Topology, words: Words) -> list[str]:
    """Return what is inside the nodes, as a sentence."""
    kind = topology.params.get("scale_up")
    if kind is None:
        return []
    name = words.get(f"inside.{kind}", str(kind))
    return [words["drawing.inside"].format(devices=topology.devices_per_node, kind=name)]


def _legend(plan: Layout, words: Words) -> str:
    """Return what the drawing's colours stand for; nothing where it has no groups."""
    chips = "".join(
        f'<span><span class="chip" style="background:{colour}"></span>{escape(told(name, words))}</span>'
        for name, colour in zip(plan.legend, drawing.COLOURS, strict=False)
    )
    return f'<div class="chips">{chips}</div>\n' if chips else ""


def drawn(topology: Topology, plan: Layout, words: Words) -> str:
    """Return the drawing without its heading, legend and notes, which the page says itself, in letters that can be read."""
    left, more = (NAMES, 0.0) if plan.names else (0.0, BULGE)
    top, height = drawing.HEAD - more, plan.height + 2 * more
    frame = f'viewBox="{-left:g} {top:g} {WIDTH + left:g} {height:g}" role="img"'
    whole = FRAME.sub(frame, drawing.svg(topology), count=1)
    start = whole.index("<g transform")
    body = whole[start : whole.index("</g>") + len("</g>")]
    opening = re.sub(r"<rect [^>]*/>.*", "", whole[:start], count=1)
    moved = NAME.sub(f'<text x="{8 - left:g}"', body)
    said = TEXT.sub(lambda found: f"{found[1]}{escape(told(unescape(found[2]), words))}{found[3]}", moved)
    return f"{opening}{said}</svg>"


def told(said: str, words: Words) -> str:
    """Return a drawing's text in the page's language; as it is where it has no word."""
    return names.worded(said, SAID, words) or names.tier(said, words)
