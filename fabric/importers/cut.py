"""Logs that end inside a row: whole rows are kept, the cut one is left out with a warning. It knows no tool's format.

A number that was cut is still a number (19.87 becomes 19.8 or 1). That it is whole is proven by a line end, or by a form that
the row above has too: as many decimals, the same word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from fabric.importers.table import NUMBER, Table, Tables, lines
from fabric.records.screen import Finding
from topologies.errors import InputError

BETWEEN = re.compile(r"\s*\|\s*|\s+")
DECIMALS = re.compile(r"\d+\.(\d+)")
WORD = re.compile(r"[A-Za-z]")
UNENDED = "the file ends inside this line, which is left out; if it is whole, end it with a newline"
SHORTENED = "cut: its last column is shorter than that of the row above, or than the tool prints it; left out"


def whole_rows(reader: Callable[[str, str], Tables], text: str, where: str) -> Tables:
    """Return what a reader finds in a text without rows that were cut; each of them becomes a finding.

    Raises:
        InputError: the reader's.
    """
    written, content = text.splitlines(keepends=True), dict(lines(text))
    if written and written[-1].splitlines() == written[-1:]:
        parts = _without_an_end(reader, written, where, content)
    else:
        parts = reader(text, where)
    return [one for part in parts for one in (_without_a_short_row(part, content) if isinstance(part, Table) else [part])]


def _without_an_end(reader: Callable[[str, str], Tables], written: list[str], where: str, content: Mapping[int, str]) -> Tables:
    """Return what a reader finds where no line end follows the last line: with it if it is a row that is proven whole.

    Raises:
        InputError: the last line is no row, and there is no other.
    """
    end = len(written)
    parts: Tables = []
    wrong: InputError | None = None
    try:
        parts = reader("".join(written), where)
    except InputError as error:
        wrong = error
    last = next((part for part in parts if isinstance(part, Table) and part.rows[-1].line == end), None)
    if last is not None and _is_finished(*_last_rows(last, content)):
        return parts
    first = content[end].split()[:1]
    rest = reader("".join(written[:-1]), where)
    if wrong is not None and not any(isinstance(part, Table) for part in rest):
        raise wrong
    return [Finding("note" if first and not first[0][0].isdigit() and first[0][0] != "|" else "warning", UNENDED, end), *rest]


def _without_a_short_row(table: Table, content: Mapping[int, str]) -> Tables:
    """Return a table, without its last row if that was cut though a line end follows: a launcher wrote on."""
    last, above = _last_rows(table, content)
    alone = not above and NUMBER.match(last[-1]) is not None and _decimals(last[-1]) < table.last_decimals
    if not alone and not _is_short(last, above):
        return [table]
    end = table.rows[-1].line
    rest = tuple(row for row in table.rows if row.line != end)
    kept = [replace(table, rows=rest)] if rest else []
    return [*kept, Finding("warning", SHORTENED, end)]


def _last_rows(table: Table, content: Mapping[int, str]) -> tuple[list[str], list[str]]:
    """Return the cells of a table's last row and of the one above, none where there is none."""
    end = table.rows[-1].line
    above = next((row.line for row in reversed(table.rows) if row.line != end), None)
    return _cells(content[end]), _cells(content[above]) if above is not None else []


def _cells(content: str) -> list[str]:
    return BETWEEN.split(content.strip())


def _is_finished(row: list[str], above: list[str]) -> bool:
    if len(row) != len(above):
        return False
    last, model = row[-1], above[-1]
    return (
        last == model == "0"
        or last == model == ""
        or (last == model and WORD.match(last) is not None)
        or _decimals(last) == _decimals(model) > 0
    )


def _is_short(row: list[str], above: list[str]) -> bool:
    if len(row) != len(above):
        return False
    last, model = row[-1], above[-1]
    return _decimals(last) < _decimals(model) or (WORD.match(model) is not None and last != model and model.startswith(last))


def _decimals(cell: str) -> int:
    found = DECIMALS.fullmatch(cell)
    return len(found[1]) if found else 0
