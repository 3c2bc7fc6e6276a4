"""Bills of materials and the sources of their figures as tables. It does not know performance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fabric.report.review import names
from fabric.report.review.cells import Cell, money, number, watts
from fabric.report.review.html import Row, table
from fabric.report.words.review import Words
from fabric.review.bill import Line
from fabric.review.evaluate import Design
from fabric.review.parts import Part
from fabric.review.quote import Quote, total
from fabric.text.escape import html as escape

BILL = ("where", "part", "count", "spare", "unit_price", "line_price", "unit_watts", "line_watts")
SOURCES = ("part", "what", "figure", "source", "date")


def bills(designs: Sequence[Design], words: Words) -> list[str]:
    """Return a folded bill per candidate."""
    return [_bill(design, key, words) for key, design in enumerate(designs)]


def _bill(design: Design, key: int, words: Words) -> str:
    lines = design.bill.lines
    price = money(design.price, words)
    drawn = watts(total(line.watts for line in lines), words)
    summary = words["bill.summary"].format(candidate=design.candidate.name, price=_told(price), watts=_told(drawn))
    last: Row = (words["bill.total"], "", "", "", "", price, "", drawn)
    bill = table(words, BILL, [_line(line, words) for line in lines], key=f"bill-{key}", total=last)
    return f"<details><summary>{escape(summary)}</summary>\n{bill}</details>"


def _told(cell: Cell) -> str:
    return f"{cell.text} ({cell.below})" if cell.below else cell.text


def _line(line: Line, words: Words) -> Row:
    part = line.part
    return (
        names.place(line, words),
        part.name,
        number(line.count),
        number(line.spare),
        money(part.price, words),
        money(line.price if part.price else None, words),
        watts(part.watts, words),
        watts(line.watts if part.watts else None, words),
    )


def sources(designs: Sequence[Design], words: Words) -> list[str]:
    """Return the source and date of every price and power on any bill."""
    parts = {line.part.name: line.part for design in designs for line in design.bill.lines}
    rows = [row for name in sorted(parts) for row in _sources(parts[name], words)]
    return [table(words, SOURCES, rows, key="sources")] if rows else []


def _sources(part: Part, words: Words) -> Iterator[Row]:
    for what, found, shown in (("price", part.price, money), ("watts", part.watts, watts)):
        told = _source(found, words) if found else words["none"]
        yield part.name, words[f"source.{what}"], shown(found, words), told, found.date if found else words["none"]
    if part.note:
        yield part.name, words["source.note"], Cell("", known=False), part.note, ""


def _source(found: Quote, words: Words) -> str:
    return f"{found.source} ({words['source.weak']})" if found.weak else found.source
