"""What every self-contained HTML page is put together with: shell, style, library, data, charts. It knows no page's content."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from fabric.report.page.drawing import Drawing
from fabric.report.page.picture import svg, vega_lite_version
from fabric.text.escape import html as escape
from fabric.text.files import write_bytes


@cache
def bundle(version: str) -> str:
    """Return the drawing library, of this Vega-Lite version, as one script that loads nothing."""
    import vl_convert

    script = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version))
    return script.replace("</script", "<\\/script")


def script_json(content: Any) -> str:
    """Return JSON that no text in it can end the script element with."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def document(title: str, body: str, css: str, js: str = "", data: Mapping[str, Any] | None = None, *, lang: str = "en") -> str:
    """Return a page that loads nothing from elsewhere: body in its `main`; js after the drawing library, where there is any.

    css, js: texts of a style sheet and a script (asset). data: what the script reads, by the id of its element.
    """
    scripts = [
        *(f'<script type="application/json" id="{key}">{script_json(value)}</script>' for key, value in (data or {}).items()),
        *([f"<script>{bundle(vega_lite_version())}</script>", f"<script>\n{js}</script>"] if js else []),
    ]
    after = "".join(f"{script}\n" for script in scripts)
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n<style>\n{css}</style></head>\n'
        f"<body><main>\n{body}\n</main>\n{after}</body></html>\n"
    )


def asset(room: str, name: str) -> str:
    """Return a style sheet or a script of a room of pages, such as `review` and `page.css`."""
    return (files("fabric.report") / room / name).read_text("utf-8")


def figure(drawing: Drawing, spec: dict[str, Any]) -> str:
    """Return a chart's place, with a still picture of it for readers without scripts."""
    source = base64.b64encode(svg(spec).encode()).decode()
    return (
        f'<figure><h3>{escape(drawing.title)}</h3>\n<div class="chart" id="chart-{drawing.key}"></div>\n'
        f'<noscript><img alt="{escape(drawing.title)}" src="data:image/svg+xml;base64,{source}"></noscript>\n'
        f'<figcaption class="caption">{escape(" ".join(filter(None, (drawing.caption, drawing.hint))))}</figcaption></figure>'
    )


def save(path: Path, content: bytes) -> None:
    """Write a file and the folders above it; InputError where it cannot be written."""
    write_bytes(path, content)
