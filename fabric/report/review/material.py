"""The tables of what candidates are made of: cables by length, money and power by kind of part, racks and cooling. No times."""

from __future__ import annotations

from collections.abc import Sequence

from fabric.report.review import names as review_names
from fabric.report.review.cells import Cell, missing, money, number, watts
from fabric.report.review.html import Row, note, table
from fabric.report.review.tables import names_of, same_unit
from fabric.report.words.review import Words
from fabric.review.bill import Length, Line
from fabric.review.evaluate import Design
from fabric.review.quote import Range, total

NETWORK = ("switch", "link", "nic")
KINDS = (*NETWORK, "node")
SPACE = ("candidate", "racks", "rows", "rack_units", "heat", "per_rack", "overhead", "facility")


def material(designs: Sequence[Design], words: Words) -> list[str]:
    """Return the tables: cables by length, money by kind, power by kind, racks and cooling."""
    if not designs:
        return []
    names = names_of(designs)
    classes = _classes(designs)
    cables = [row for design in designs for row in _cables(design, classes, words)]
    heads = ("candidate", "cable_level", *(review_names.length(one, words) for one in classes), "cables")
    kinds = [kind for kind in KINDS if any(lines_of(design, kind) for design in designs)]
    by_kind = ("candidate", *(words[f"kind.{kind}"] for kind in kinds))
    return [
        note(words["note.cables"]),
        table(words, heads, cables, key="cables", names=[str(row[0]) for row in cables]),
        note(words["note.kinds"]),
        table(words, by_kind, _by_kind(designs, kinds, "price", words), key="kind-price", names=names),
        note(words["note.kind_watts"]),
        table(words, by_kind, _by_kind(designs, kinds, "watts", words), key="kind-watts", names=names),
        note(words["note.space"]),
        table(words, SPACE, _space(designs, words), key="space", names=names),
    ]


def lines_of(design: Design, kind: str) -> list[Line]:
    """Return the lines of a bill of one kind of part."""
    return [line for line in design.bill.lines if line.part.kind == kind]


def _classes(designs: Sequence[Design]) -> list[Length]:
    """Return the classes of length of any cable, shortest first."""
    return sorted({line.length for design in designs for line in lines_of(design, "link") if line.length is not None})


def _cables(design: Design, classes: Sequence[Length], words: Words) -> list[Row]:
    """Return a row per level: pieces by class of length with the part that carries them, and all."""
    lines = lines_of(design, "link")
    rows: list[Row] = []
    for level in dict.fromkeys(line.level for line in lines if line.level is not None):
        own = [[line for line in lines if (line.level, line.length) == (level, length)] for length in classes]
        counts = [_pieces(found) for found in own]
        every = number(sum(line.count for found in own for line in found))
        rows.append((design.candidate.name, review_names.level(level, words), *counts, every))
    return rows


def _pieces(lines: Sequence[Line]) -> Cell:
    if not lines:
        return Cell("", 0.0)
    count = number(sum(line.count for line in lines))
    return Cell(count.text, count.value, ", ".join(dict.fromkeys(line.part.name for line in lines)))


def _by_kind(designs: Sequence[Design], kinds: Sequence[str], what: str, words: Words) -> list[Row]:
    """Return a row per candidate: money or power of every kind of part."""
    shown = money if what == "price" else watts
    columns = [same_unit([sum_of(design, kind, what) for design in designs], shown, words) for kind in kinds]
    return list(zip(names_of(designs), *columns, strict=True))


def sum_of(design: Design, kind: str, what: str) -> Range | None:
    """Return the price or the watts of all pieces of a kind; None where one has no price."""
    lines = lines_of(design, kind)
    if what == "watts":
        return total(line.watts for line in lines)
    return None if any(line.part.price is None for line in lines) else total(line.price for line in lines)


def _space(designs: Sequence[Design], words: Words) -> list[Row]:
    """Return a row per candidate: racks, rows of them, rack units, heat, heat of a rack, what PUE adds, all of it."""
    heat = [total(line.watts for line in design.bill.lines) for design in designs]
    each = [found / design.layout.racks for found, design in zip(heat, designs, strict=True)]
    more = [design.watts.mid - found.mid for found, design in zip(heat, designs, strict=True)]
    facility, overhead = (_plain(one, words) for one in ([design.watts.mid for design in designs], more))
    return [
        (
            design.candidate.name,
            number(design.layout.racks),
            number(design.layout.rows),
            _rack_units(design, words),
            *cells,
        )
        for design, *cells in zip(
            designs, same_unit(heat, watts, words), same_unit(each, watts, words), overhead, facility, strict=True
        )
    ]


def _plain(values: Sequence[float], words: Words) -> list[Cell]:
    return [watts(value, words, min(values)) for value in values]


def _rack_units(design: Design, words: Words) -> Cell:
    """Return the rack units of switches and nodes; missing where one of their parts has none."""
    lines = [line for line in design.bill.lines if line.part.kind in ("switch", "node")]
    if any(line.part.rack_units == 0 for line in lines):
        return missing(words)
    return number(sum(line.count * line.part.rack_units for line in lines))
