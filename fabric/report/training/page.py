"""One self-contained HTML page of a training step; nothing is loaded from elsewhere. It works nothing out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fabric.report.page.drawing import Drawing
from fabric.report.page.html_file import asset, document, figure, save
from fabric.report.training.charts import specs
from fabric.text.escape import html as escape

LONG = 30
"""Characters from which on a cell may be broken into lines."""
STYLE = "\ntd.number { white-space: nowrap; }\ntd { overflow-wrap: break-word; }\n"


@dataclass(frozen=True)
class Grid:
    """A table as text: its title, headings, rows and the notes under it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def write(path: Path, title: str, headlines: Sequence[str], drawn: Sequence[Drawing], grids: Sequence[Grid]) -> None:
    """Write the page; the same content gives the same bytes. headlines: what is to be read first.

    Raises:
        InputError: the file cannot be written.
    """
    save(path, html(title, headlines, drawn, grids).encode())


def html(title: str, headlines: Sequence[str], drawn: Sequence[Drawing], grids: Sequence[Grid]) -> str:
    """Return the page: headlines, charts, tables."""
    made = specs(drawn)
    body = "\n".join(
        [
            f"<h1>{escape(title)}</h1>",
            f'<div class="headlines">{_list(headlines)}</div>',
            *(figure(one, made[one.key]) for one in drawn),
            *(_grid(one) for one in grids),
        ]
    )
    return document(title, body, asset("run", "page.css") + STYLE, asset("run", "page.js"), {"specs": made})


def _grid(grid: Grid) -> str:
    """Return a table under its title: numbers stand right and whole, words left; plans may break after a comma."""
    head = f"<h2>{escape(grid.title)}</h2>" if grid.title else ""
    notes = "".join(f'<p class="caption">{escape(note)}</p>' for note in grid.notes)
    if not grid.rows:
        return f"{head}{notes}"
    words = [at == 0 or any(_is_words(row[at]) for row in grid.rows) for at in range(len(grid.head))]
    top = "".join(f"<th{_kind(left)}>{escape(name)}</th>" for name, left in zip(grid.head, words, strict=True))
    rows = "".join(
        f"<tr>{''.join(f'<td{_kind(left)}>{_cell(cell)}</td>' for cell, left in zip(row, words, strict=True))}</tr>"
        for row in grid.rows
    )
    table = f'<div class="box wide"><table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></div>'
    return f"{head}\n{table}{notes}"


def _is_words(cell: str) -> bool:
    """Return whether a cell is no number: it begins with a letter, or is long."""
    return cell[:1].isalpha() or len(cell) > LONG


def _cell(text: str) -> str:
    return escape(text).replace(",", ",<wbr>") if text[:1].isalpha() else escape(text)


def _kind(left: bool) -> str:  # noqa: FBT001  # a cell's own
    return "" if left else ' class="number"'


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
