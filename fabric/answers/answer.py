"""The nouns of an answer: columns, the view that they make, rows with what stands beside them. It knows no verb and no unit.

One list of columns per verb gives its JSON, CSV, table and JSON Schema: a new column is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Kind = Mapping[str, Any]
"""What JSON Schema says of one value."""
Row = dict[str, Any]

TEXT: Kind = {"type": "string"}
WHOLE: Kind = {"type": "integer"}
NUMBER: Kind = {"type": "number"}
YES_NO: Kind = {"type": "boolean"}
OBJECT: Kind = {"type": "object"}
LIST: Kind = {"type": "array"}
TEXTS: Kind = {"type": "array", "items": TEXT}
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def maybe(kind: Kind) -> Kind:
    """Return the kind of a value that may be null: not known, or meaningless for the row."""
    types = kind["type"]
    return {**kind, "type": [*([types] if isinstance(types, str) else types), "null"]}


@dataclass(frozen=True)
class Column:
    """One value of a row.

    key: its name in JSON and CSV, unit included. kind, what: for the schema. of: the value from a row's fact; None takes the
    fact's attribute (or key) of this name. absent: leave the key out where the value is None; when: whether a fact's row has
    the key at all, None where every row has. head: the table's heading, None where the table does not show it; cell: the text
    in the table from the fact, by default the value, `-` for None.
    """

    key: str
    kind: Kind
    what: str
    of: Callable[[Any], object] | None = None
    absent: bool = False
    head: str | None = None
    cell: Callable[[Any], str] | None = None
    when: Callable[[Any], bool] | None = None

    def value(self, fact: Any) -> object:
        """Return the column's value of one fact."""
        if self.of is not None:
            return self.of(fact)
        return fact.get(self.key) if isinstance(fact, Mapping) else getattr(fact, self.key)

    def text(self, fact: Any) -> str:
        """Return the column's cell in a table."""
        if self.cell is not None:
            return self.cell(fact)
        value = self.value(fact)
        return "-" if value is None else f"{value:,}" if type(value) is int else str(value)


def changed(columns: Iterable[Column], **changes: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return columns with fields replaced: key -> field -> value."""
    return tuple(replace(column, **changes.get(column.key, {})) for column in columns)


@dataclass(frozen=True)
class View:
    """The columns of a verb, and what its JSON object holds beside the rows. name, version: `fabricbench.NAME/VERSION`."""

    name: str
    columns: tuple[Column, ...]
    version: int = 1
    beside: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The schema's name as every object states it."""
        return f"fabricbench.{self.name}/{self.version}"

    def row(self, fact: Any) -> Row:
        """Return one fact as plain values."""
        there = (column for column in self.columns if column.when is None or column.when(fact))
        pairs = ((column, column.value(fact)) for column in there)
        return {column.key: value for column, value in pairs if not (column.absent and value is None)}

    def picked(self, keys: Sequence[str | Column] | None) -> list[Column]:
        """Return the columns that a table shows: those named or given, in that order; by default all with a heading."""
        if keys is None:
            return [column for column in self.columns if column.head is not None]
        known = {column.key: column for column in self.columns}
        return [known[key] if isinstance(key, str) else key for key in keys]

    def schema(self) -> Row:
        """Return the JSON Schema of the object that --json prints."""
        rows = {
            "type": "object",
            "properties": {c.key: {**c.kind, "description": c.what} for c in self.columns},
            "required": [column.key for column in self.columns if not (column.absent or column.when)],
            "additionalProperties": False,
        }
        properties: Row = {"schema": {"const": self.id}, **self.beside, "rows": {"type": "array", "items": rows}}
        return {
            "$schema": DRAFT,
            "title": self.id,
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }


@dataclass(frozen=True)
class Part:
    """One table of an answer: its title, its facts, its columns, notes under it.

    keys: of the view's columns; a Column stands for itself, where a table shows a value otherwise, or sums rows up (the facts
    then are the table's own). None: all of the view's that have a heading.
    """

    title: str
    facts: tuple[Any, ...]
    keys: tuple[str | Column, ...] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What a verb answers: a sequence of its nouns, which rows, columns, table and JSON are made from.

    items: the nouns (results, rows of a scaling table, ...). facts: what the columns read, one per row; by default the items.
    parts: the tables; by default one of all facts. beside: what the JSON object holds beside the rows. warnings: one line
    each, what the answer leaves out, or rests on although the question did not say so.
    """

    view: View
    items: tuple[T, ...]
    facts: tuple[Any, ...] | None = None
    parts: tuple[Part, ...] | None = None
    beside: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[T]:
        """Go through the items."""
        return iter(self.items)

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self.items)

    def __getitem__(self, at: int) -> T:
        """Return one item."""
        return self.items[at]

    def rows(self) -> list[Row]:
        """Return one dict of plain values per row, units in the keys: what --json prints under `rows`."""
        return [self.view.row(fact) for fact in (self.items if self.facts is None else self.facts)]

    def columns(self) -> dict[str, list[Any]]:
        """Return the rows turned: key -> values, ready for a data frame; None where a row has no such key."""
        rows = self.rows()
        return {key: [row.get(key) for row in rows] for key in dict.fromkeys(key for row in rows for key in row)}

    def json(self) -> Row:
        """Return the object that --json prints."""
        return {"schema": self.view.id, **self.beside, "rows": self.rows()}

    def tables(self) -> tuple[Part, ...]:
        """Return the tables, at least one."""
        return (Part("", self.items if self.facts is None else self.facts),) if self.parts is None else self.parts

    def __str__(self) -> str:
        """Return the tables as text, for `print` and a terminal."""
        return "\n\n".join("\n".join(_lines(self.view.picked(part.keys), part)) for part in self.tables())

    def _repr_html_(self) -> str:
        """Return the tables as HTML for a notebook, every text escaped."""
        from html import escape

        found = []
        for part in self.tables():
            columns = self.view.picked(part.keys)
            head = "".join(f"<th>{escape(column.head or column.key)}</th>" for column in columns)
            body = "".join(
                "<tr>" + "".join(f"<td>{escape(column.text(fact))}</td>" for column in columns) + "</tr>" for fact in part.facts
            )
            notes = "".join(f"<p>{escape(note)}</p>" for note in part.notes)
            found.append(f"<table><caption>{escape(part.title)}</caption><tr>{head}</tr>{body}</table>{notes}")
        return "".join(found)


def _lines(columns: Sequence[Column], part: Part) -> Iterator[str]:
    """Yield a table's title, its rows with columns of one width, its notes."""
    cells = [[column.head or column.key for column in columns], *([c.text(fact) for c in columns] for fact in part.facts)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    if part.title:
        yield part.title
    for row in cells:
        padded = (
            cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(padded).rstrip()
    yield from part.notes
