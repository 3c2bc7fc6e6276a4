"""What every self-contained HTML page is put together with: library, data, charts, file. It does not know what a page says."""

from __future__ import annotations

import base64
import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from fabric.report.page.drawing import Drawing
from fabric.report.page.picture import svg
from topologies.errors import InputError


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"output: cannot write {path}: {error.strerror}; choose a folder that can be written") from None
