"""Still pictures: the main charts as one PNG, one chart as SVG. It does not know the page, nor what the charts say."""

from __future__ import annotations

import re
import struct
import textwrap
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from fabric.report.page import style
from fabric.report.page.drawing import STYLES, Drawing
from fabric.report.run.story import Story

PICTURE = ("extrapolation", "busbw", "against")
"""The charts of the PNG, by key."""
SCALE = 2.0
TITLE, LINE = 105, 135
"""Letters in a line of a title and of a caption."""
NO_FETCH: list[str] = []
"""Addresses that a chart may load data from: none."""
CLIP = re.compile(r"\bclip\d+\b")
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(story: Story, drawings: Sequence[Drawing]) -> bytes:
    """Return the main charts under each other as a PNG, about 2,000 pixels wide."""
    chosen = [drawing for drawing in drawings if drawing.key in PICTURE] or list(drawings)
    return still(story.title, f"made at {story.made_at}", chosen)


def titled(drawing: Drawing) -> Any:
    """Return a drawing's chart with its title and caption above it, in lines that fit."""
    import altair as alt

    title, caption = textwrap.wrap(drawing.title, TITLE), textwrap.wrap(drawing.caption, LINE)
    return drawing.chart.properties(title=alt.TitleParams(title, subtitle=caption))


def still(title: str, subtitle: str, drawings: Sequence[Drawing]) -> bytes:
    """Return charts under each other, each with its title and caption, as a PNG."""
    import altair as alt
    import vl_convert

    whole = alt.vconcat(*map(titled, drawings), spacing=44).resolve_scale(**dict.fromkeys(STYLES, "independent"))
    heading = alt.TitleParams(title, subtitle=subtitle, fontSize=20, offset=20)
    spec = style.finish(whole.properties(title=heading, padding=18))
    drawn = vl_convert.vegalite_to_png(spec, vl_version=vega_lite_version(), scale=SCALE, allowed_base_urls=NO_FETCH)
    return _squeezed(bytes(drawn))


def svg(spec: dict[str, Any]) -> str:
    """Return a specification as a still picture, its clips numbered anew: the library counts on from picture to picture."""
    import vl_convert

    drawn = str(vl_convert.vegalite_to_svg(spec, vl_version=vega_lite_version(), allowed_base_urls=NO_FETCH))
    numbers = {name: f"clip{number}" for number, name in enumerate(dict.fromkeys(CLIP.findall(drawn)))}
    return CLIP.sub(lambda found: numbers[found[0]], drawn)


def vega_lite_version() -> str:
    """Return the Vega-Lite version of altair's specifications as vl_convert names it, e.g. `6.1`."""
    import altair as alt

    return ".".join(str(alt.SCHEMA_VERSION).lstrip("v").split(".")[:2])


def _squeezed(content: bytes) -> bytes:
    """Return the same picture in about a third of the bytes: the drawing library compresses for speed."""
    chunks = list(_chunks(content))
    pixels = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    head = [chunk for chunk in chunks if chunk[0] == b"IHDR"]
    kept = [*head, (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(kind, body) for kind, body in kept)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and body of every chunk of a PNG (ISO/IEC 15948, section 5.3)."""
    start = len(SIGNATURE)
    while start < len(content):
        length, kind = struct.unpack_from(">I4s", content, start)
        yield kind, content[start + 8 : start + 8 + length]
        start += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
