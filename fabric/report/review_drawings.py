"""The candidates' wirings as drawings beside each other, their words in the page's language. It draws no wiring itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape

from fabric.report import wiring
from fabric.report.review_tables import cables_of, tiers_of
from fabric.report.review_words import Words
from fabric.review.evaluate import Design

N = r"[\d,.]+"
SAID = (
    (rf"(?P<tier>\S+): (?P<drawn>{N}) of (?P<total>{N})", "drawing.some"),
    (rf"(?P<tier>\S+): (?P<total>{N})", "drawing.all"),
    (rf"(?P<count>{N}) cables?", "drawing.cables"),
    (r"plane (?P<number>\d+)", "drawing.plane"),
    (r"rail (?P<number>\d+)", "drawing.rail"),
    (r"pod (?P<number>\d+)", "drawing.pod"),
    (r"leaf (?P<number>\d+)", "drawing.leaf"),
    (rf"Inside each node of (?P<devices>{N}) devices: (?P<kind>\S+) \(not drawn\)\.", "drawing.inside"),
    (rf"One of (?P<count>{N}) pods is drawn, in part; the other (?P<rest>{N}) .*", "drawing.pods"),
    (r"One colour per place along the first dimension; .*", "drawing.dimension"),
    (r"The corner (?P<part>\S+) of (?P<whole>\S+) is drawn\.", "drawing.corner"),
    (rf"The first (?P<drawn>{N}) of (?P<total>{N}) are drawn\.", "drawing.first"),
    (r"One colour per group\.", "drawing.group"),
    (rf"(?P<devices>{N}) devices \((?P<each>{N}) on each switch\) are not drawn\.", "drawing.hosts"),
)
"""What fabric.report.wiring writes into a drawing -> the key of the same words."""
HEADING = 58
"""Pixels of a drawing's own title and counts, which the page says itself."""
TEXT = re.compile(r"(<text [^>]*>)([^<]*)(</text>)")
FRAME = re.compile(r'viewBox="0 0 (\S+) (\S+)" width="\S+" height="\S+"')


def drawings(designs: Sequence[Design], words: Words) -> list[str]:
    """Return a figure per candidate."""
    figures = "\n".join(_figure(design, words) for design in designs)
    return [f'<div class="drawings">{figures}</div>'] if figures else []


def _figure(design: Design, words: Words) -> str:
    topology, name = design.fabric.topology, design.candidate.name
    caption = words["drawing.caption"].format(
        devices=f"{topology.devices:,}", switches=f"{sum(tiers_of(design).values()):,}", cables=f"{cables_of(design):,}"
    )
    return (
        f'<figure class="drawing" data-candidate="{escape(name)}"><h3>{escape(name)}</h3>\n'
        f"<code>{escape(design.candidate.topo)}</code>\n{_svg(design, words)}\n"
        f'<figcaption class="caption">{escape(caption)}</figcaption></figure>'
    )


def _svg(design: Design, words: Words) -> str:
    """Return the drawing without its own heading."""
    drawn = wiring.svg(design.fabric.topology)
    texts = iter(TEXT.findall(drawn)[:2])
    for opening, said, closing in texts:
        drawn = drawn.replace(f"{opening}{said}{closing}", "", 1)
    frame = FRAME.search(drawn)
    if frame:
        width, height = float(frame[1]), float(frame[2]) - HEADING
        drawn = drawn.replace(frame[0], f'viewBox="0 {HEADING} {width:g} {height:g}" role="img"', 1)
    return TEXT.sub(lambda found: f"{found[1]}{escape(told(unescape(found[2]), words))}{found[3]}", drawn)


def told(said: str, words: Words) -> str:
    """Return a drawing's text in the page's language; as it is where it has no word."""
    for pattern, key in SAID:
        if found := re.fullmatch(pattern, said):
            return words[key].format(**found.groupdict())
    return said
