"""HTML pieces of the review's page: sortable tables, sections, notes; every text escaped. It knows no review."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fabric.report.review.cells import Cell
from fabric.report.words.review import Words
from fabric.text.escape import html as escape

Row = Sequence[Cell | str]
SHORT = 45
"""Rows of a table that is kept on one page of paper."""
LONG = 40
"""Letters of a text above which it may be broken into lines."""


def section(key: str, title: str, parts: Iterable[str]) -> str:
    """Return a section with its heading; nothing where it has no parts."""
    inner = "\n".join(part for part in parts if part)
    return f'<section id="{key}"><h2>{escape(title)}</h2>\n{inner}\n</section>' if inner else ""


def note(text: str, kind: str = "") -> str:
    """Return a quiet line. kind: `screen` for one that is of no use on paper."""
    return f'<p class="caption {kind}">{escape(text)}</p>' if kind else f'<p class="caption">{escape(text)}</p>'


def bullets(lines: Iterable[str]) -> str:
    """Return a list; nothing where it has no lines."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def table(
    words: Words, columns: Sequence[str], rows: Sequence[Row], *, key: str, names: Sequence[str] = (), total: Row | None = None
) -> str:
    """Return a table in a box that scrolls by itself, sorted by its columns' buttons.

    columns: keys of `column.*`, or the texts themselves. names: the candidate of every row, which links it to the charts.
    total: a last row that is not sorted.
    """
    kinds = [_kind([row[n] for row in rows]) for n in range(len(columns))]
    head = "".join(
        f'<th scope="col" class="{kind}" aria-sort="none">'
        f'<button type="button">{escape(words.get(f"column.{column}", column))}</button></th>'
        for column, kind in zip(columns, kinds, strict=True)
    )
    body = "\n".join(_row(row, names[n] if n < len(names) else None) for n, row in enumerate(rows))
    foot = f"<tfoot>{_row(total, None)}</tfoot>" if total else ""
    box = "box short" if len(rows) <= SHORT else "box"
    return (
        f'<div class="{box}" tabindex="0"><table class="sortable" id="table-{key}"><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>{foot}</table></div>"
    )


def _kind(cells: Sequence[Cell | str]) -> str:
    return "number" if any(isinstance(cell, Cell) for cell in cells) else "text"


def _row(row: Row, name: str | None) -> str:
    linked = f' data-candidate="{escape(name)}"' if name is not None else ""
    return f"<tr{linked}>{''.join(_cell(cell) for cell in row)}</tr>"


def _cell(cell: Cell | str) -> str:
    if isinstance(cell, str):
        kind = "text long" if len(cell) > LONG else "text"
        return f'<td class="{kind}">{escape(cell)}</td>'
    key = f' data-key="{escape(cell.key)}"' if cell.key else ""
    value = f' data-value="{cell.value!r}"' if cell.value is not None else ""
    unknown = "" if cell.known else " unknown"
    below = f"<small>{escape(cell.below)}</small>" if cell.below else ""
    return f'<td class="number{unknown}"{key}{value}><span>{escape(cell.text)}</span>{below}</td>'
