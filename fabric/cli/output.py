"""How every verb prints its rows: one JSON object, CSV, or a table. It does not know what the rows mean."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from fabric.text.escape import csv_cell, lines, terminal
from fabric.text.files import exists

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

    from fabric.answers.answer import Answer

Row = Mapping[str, Any]
GAP = 2
"""Spaces between columns."""
LEAST = 20
"""Characters that the first column keeps before a table is cut into blocks."""
FIRST_AFTER, EVERY = 1.0, 5.0
"""Seconds until the first line of progress, and between lines."""
PAGE, PICTURE = (".html", ".htm"), (".png",)
"""What the names of pages and of pictures end in."""


def formats(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json and --csv to a verb, as the parameters as_json and as_csv."""
    function = form("--csv", "as_csv", help="Print the rows as CSV.")(function)
    return form("--json", "as_json", help="Print one JSON object: schema and rows.")(function)


def form(flag: str, *names: str, help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: A002  # click's
    """Return the option of a form in which a verb prints its answer; only one of them may be asked for."""
    return click.option(flag, *names, is_flag=True, callback=_one, help=help)


def _one(context: click.Context, param: click.Parameter, value: bool) -> bool:  # noqa: FBT001  # click's
    """Return whether a form was asked for; InputError where another one was too."""
    from topologies.errors import InputError

    others = [one for one in context.command.params if getattr(one, "callback", None) is _one and one is not param]
    other = next((one.opts[0] for one in others if context.params.get(str(one.name))), None)
    if value and other:
        raise InputError(f"{param.opts[0].lstrip('-')}: and {other} cannot both be printed; leave one out")
    return value


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
    """Print a table with a title and notes under it, every cell whole at any width; without rows the notes alone, if any.

    Where the output is no terminal it is as wide as its content. In a terminal that is too narrow the columns stand in several
    blocks, the first one before each, folded where it takes too much.
    """
    from rich.cells import cell_len

    console = console_of()
    console.print(terminal(title), style="bold", markup=False, soft_wrap=True)
    cells = [[terminal(cell) for cell in row] for row in rows]
    wide = [max(cell_len(cell) for cell in column) for column in zip(columns, *cells, strict=True)]
    room = console.width if sys.stdout.isatty() else sum(wide) + GAP * len(wide)
    for number, (first, block) in enumerate(_blocks(wide, room) if cells or not notes else ()):
        if number:
            console.print()
        console.print(_grid([0, *block], [first, *(wide[at] for at in block)], columns, cells), soft_wrap=True)
    for note in notes:
        console.print(terminal(note), style="dim", markup=False, soft_wrap=True)


def _blocks(wide: Sequence[int], room: int) -> Iterator[tuple[int, list[int]]]:
    """Yield what fits side by side: the width of the first column and the numbers of the others. wide: of every column.

    One block where all fit with the first column folded to its share at most; else as few as hold every cell whole.
    """
    first, others = wide[0], [GAP + width for width in wide[1:]]
    spare = room - sum(others)
    if spare >= min(first, LEAST):
        yield min(first, spare), list(range(1, len(wide)))
        return
    first = min(first, max(LEAST, room // 3))
    block: list[int] = []
    taken = first
    for number, width in enumerate(others, start=1):
        if block and taken + width > room:
            yield first, block
            block, taken = [], first
        block.append(number)
        taken += width
    yield first, block


def _grid(numbers: Sequence[int], wide: Sequence[int], columns: Sequence[str], cells: Sequence[Sequence[str]]) -> Table:
    """Return a table of the columns of these numbers, each so wide; only the first may be too narrow, and is folded then."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold", width=sum(wide) + GAP * (len(wide) - 1))
    for at, (number, width) in enumerate(zip(numbers, wide, strict=True)):
        side: JustifyMethod = "right" if at else "left"
        grid.add_column(Text(columns[number]), justify=side, width=width, no_wrap=at > 0, overflow="fold")
    for row in cells:
        grid.add_row(*(Text(row[number]) for number in numbers))  # a Text, in which brackets are no markup
    return grid


def console_of() -> Console:
    """Return what tables are printed on: wide enough for its content where the output is no terminal."""
    from rich.console import Console

    class Ours(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would leave with 1, which is a verdict

    return Ours(width=None if sys.stdout.isatty() else 160, highlight=False)


class Progress:
    """How much is done and how long the rest takes, on standard error: after a second, then every five.

    What is left is reckoned from the pace since the first that was done, five seconds of it at least: until then kernels
    compile and processes start, which the rest does not wait for again. A count that falls begins anew, as the next case does.
    """

    def __init__(self, name: str, unit: str) -> None:
        """Start the clock. name: the verb, and of what; unit: what is counted."""
        self._name, self._unit = name, unit
        self._next = monotonic() + FIRST_AFTER
        self._first: tuple[float, int] | None = None
        self._last = 0

    def __call__(self, done: int, total: int, now_at: str = "") -> None:
        """Print one line where it is time to; now_at: what is being done."""
        now = monotonic()
        if done < self._last or (done and self._first is None):
            self._first = now, done
        self._last = done
        if now < self._next or done == total:
            return
        self._next = now + EVERY
        left = self._left(now, done, total)
        tell(f"# {self._name}: {done:,} of {total:,} {self._unit}{left}{f', now {now_at}' if now_at else ''}", err=True)

    def _left(self, now: float, done: int, total: int) -> str:
        """Return how long the rest takes at the pace so far, in words; nothing while no pace is known."""
        begun, before = self._first or (now, done)
        return (
            f", {(now - begun) / (done - before) * (total - done):.0f} s left" if now - begun >= EVERY and done > before else ""
        )


def tell(text: str, *, err: bool = False) -> None:
    """Print lines in which foreign names cannot steer the terminal."""
    click.echo(lines(text), err=err)


def warn(line: str) -> None:
    """Print one line on standard error, whatever is in it."""
    click.echo(f"fabricbench: {terminal(line)}", err=True)


def check_writable(option: str, path: Path | None, *endings: str) -> None:
    """Return nothing where a file can be written or none is asked for: said before anything is measured.

    endings: what its name must end in, as one of these.

    Raises:
        InputError: it cannot, or it is called as if it held something else.
    """
    from topologies.errors import InputError

    if path is None:
        return
    if endings and path.suffix.lower() not in endings:
        raise InputError(f"{option}: must end in {' or '.join(endings)}, got {path}")
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
