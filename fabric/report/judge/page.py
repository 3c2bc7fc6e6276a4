"""One self-contained HTML page of a verdict; nothing is loaded from elsewhere. It judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fabric.judge.best import Published, lines_of
from fabric.judge.judgement import Judgement, Signature
from fabric.report.judge.charts import VERDICTS, drawings
from fabric.report.page import style
from fabric.report.page.html_file import asset, document, figure, save
from fabric.text.escape import html as escape

HEADS = ("verdict", "log", "ranks on nodes", "size", "measured GB/s", "expected GB/s", "ratio", "held against")


def write(
    path: Path,
    title: str,
    judgements: Sequence[Judgement],
    signatures: Sequence[Signature],
    assumed: Sequence[str],
    cells: Sequence[Sequence[str]],
    best: Sequence[Published] = (),
) -> None:
    """Write the page; the same rows give the same bytes. title: the verdict in one line. cells: the table's, as HEADS.

    best: the best published tables of these world sizes.

    Raises:
        InputError: the file cannot be written.
    """
    save(path, html(title, judgements, signatures, assumed, cells, best).encode())


def html(
    title: str,
    judgements: Sequence[Judgement],
    signatures: Sequence[Signature],
    assumed: Sequence[str],
    cells: Sequence[Sequence[str]],
    best: Sequence[Published] = (),
) -> str:
    """Return the page: the verdict, charts, the best published site, signatures, rows, what was assumed."""
    drawn = drawings(judgements, best)
    specs = {one.key: style.finish(one.chart) for one in drawn}
    body = "\n".join(
        [
            f"<h1>{escape(title)}</h1>",
            *(figure(one, specs[one.key]) for one in drawn),
            "<h2>Best published site of this node type</h2>",
            _list(lines_of(best, (row.result.case.world_size for row in judgements))),
            *_signatures(signatures),
            "<h2>Every row</h2>",
            _table(cells),
            *_left(judgements),
            "<h2>What was assumed</h2>",
            _list(assumed),
        ]
    )
    return document(title, body, asset("run", "page.css"), asset("run", "page.js"), {"specs": specs})


def _signatures(signatures: Sequence[Signature]) -> list[str]:
    """Return the panel of signatures: first the causes of bad rows, then notes."""
    if not signatures:
        return ["<h2>Signatures</h2>", "<p>None was seen.</p>"]
    parts = ["<h2>Signatures</h2>"]
    for one in sorted(signatures, key=lambda signature: signature.note):
        kind = " (a note: healthy tables have it too)" if one.note else ""
        parts += [
            f"<h3>{escape(one.name + kind)}</h3>",
            f"<p>{escape(one.evidence)}</p>",
            _list(one.causes),
            f"<p>Next: <code>{escape(one.next_command)}</code></p>",
        ]
    return parts


def _table(cells: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in HEADS)
    rows = "".join(f"<tr>{_marked(row)}</tr>" for row in cells)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _marked(row: Sequence[str]) -> str:
    """Return a row's cells, the verdict in its colour."""
    first = f'<td style="color:{VERDICTS.get(row[0], style.INK)};font-weight:bold">{escape(row[0])}</td>'
    return first + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])


def _left(judgements: Sequence[Judgement]) -> list[str]:
    """Return why rows could not be judged, one line per reason."""
    counts: Mapping[str, int] = {}
    for row in judgements:
        if row.verdict == "unknown":
            counts = {**counts, row.reason: counts.get(row.reason, 0) + 1}
    return ["<h2>Not judged</h2>", _list(f"{count} rows: {reason}" for reason, count in counts.items())] if counts else []


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
