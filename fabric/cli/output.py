"""How every verb prints its rows: one JSON object, CSV, or a table. It does not know what the rows mean."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from fabric.text.escape import csv_cell, lines, terminal
from fabric.text.files import exists

if TYPE_CHECKING:
    from rich.console import Console

    from fabric.answers.answer import Answer

Row = Mapping[str, Any]
FIRST_AFTER, EVERY = 1.0, 5.0
"""Seconds until the first line of progress, and between lines."""


def formats(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json and --csv to a verb, as the parameters as_json and as_csv."""
    function = click.option("--csv", "as_csv", is_flag=True, callback=_one, help="Print the rows as CSV.")(function)
    return click.option("--json", "as_json", is_flag=True, callback=_one, help="Print one JSON object: schema and rows.")(
        function
    )


def _one(context: click.Context, _param: click.Parameter, value: bool) -> bool:  # noqa: FBT001  # click's
    """Return whether a format was asked for; InputError where the other one was too."""
    from topologies.errors import InputError

    if value and (context.params.get("as_json") or context.params.get("as_csv")):
        raise InputError("json: and --csv cannot both be printed; leave one out")
    return value


def emit(schema: str, rows: Sequence[Row], *, as_json: bool = False, as_csv: bool = False, **more: object) -> bool:
    """Print the rows as JSON (with `more` beside them) or CSV where asked; return whether anything was printed.

    schema: its name, and after a slash its version where that is not 1.
    """
    if as_json:
        name = schema if "/" in schema else f"{schema}/1"
        click.echo(json.dumps({"schema": f"fabricbench.{name}", **more, "rows": list(rows)}, allow_nan=False))
    elif as_csv:
        _emit_csv(rows)
    return as_json or as_csv


def give(answer: Answer[Any], *, as_json: bool = False, as_csv: bool = False) -> None:
    """Print an answer: its warnings on standard error, then one JSON object, CSV, or its tables."""
    for line in answer.warnings:
        warn(line)
    if as_json:
        click.echo(json.dumps(answer.json(), allow_nan=False))
    elif as_csv:
        _emit_csv(answer.rows())
    else:
        for part in answer.tables():
            columns = answer.view.picked(part.keys)
            body = [[column.text(fact) for column in columns] for fact in part.facts]
            table(part.title, [column.head or column.key for column in columns], body, notes=part.notes)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, notes: Sequence[str] = ()) -> None:
    """Print a table with a title and notes under it; wide enough for its content where the output is no terminal."""
    from rich.table import Table
    from rich.text import Text

    console = console_of()
    console.print(terminal(title), style="bold", markup=False, soft_wrap=True)
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        grid.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*(Text(terminal(cell)) for cell in row))  # a Text, in which brackets are no markup
    console.print(grid)
    for note in notes:
        console.print(terminal(note), style="dim", markup=False, soft_wrap=True)


def console_of() -> Console:
    """Return what tables are printed on: wide enough for its content where the output is no terminal."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would leave with 1, which is a verdict

    return Ours(width=None if sys.stdout.isatty() else 160, highlight=False)


class Progress:
    """How much is done and how long the rest takes, on standard error: after a second, then every five."""

    def __init__(self, name: str, unit: str) -> None:
        """Start the clock. name: the verb, and of what; unit: what is counted."""
        self._name, self._unit, self._start = name, unit, monotonic()
        self._next = self._start + FIRST_AFTER

    def __call__(self, done: int, total: int, now_at: str = "") -> None:
        """Print one line where it is time to; now_at: what is being done."""
        now = monotonic()
        if now < self._next or done == total:
            return
        self._next = now + EVERY
        left = f", {(now - self._start) / done * (total - done):.0f} s left" if done else ""
        tell(f"# {self._name}: {done:,} of {total:,} {self._unit}{left}{f', now {now_at}' if now_at else ''}", err=True)


def tell(text: str, *, err: bool = False) -> None:
    """Print lines in which foreign names cannot steer the terminal."""
    click.echo(lines(text), err=err)


def warn(line: str) -> None:
    """Print one line on standard error, whatever is in it."""
    click.echo(f"fabricbench: {terminal(line)}", err=True)


def check_writable(option: str, path: Path | None) -> None:
    """Return nothing where a file can be written or none is asked for: said before anything is measured.

    Raises:
        InputError: it cannot.
    """
    from topologies.errors import InputError

    if path is None:
        return
    try:
        there = exists(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        if not there:
            path.unlink()
    except OSError as error:
        raise InputError(f"{option}: cannot write {path}: {error.strerror}; choose a folder that can be written") from None


def _emit_csv(rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: csv_cell(json.dumps(v) if isinstance(v, dict | list) else v) for key, v in row.items()} for row in rows
    )
