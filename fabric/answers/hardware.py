"""`hardware`: what the catalogue knows of a name, fact by fact, or which names there are. It predicts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, TEXT, TEXTS, WHOLE, YES_NO, Answer, Column, Part, View, maybe

if TYPE_CHECKING:
    from fabric.hardware.entry import Entry
    from fabric.hardware.facts import Fact

LONGEST = 46
"""Characters of a title or note that a table shows."""


@dataclass(frozen=True)
class Known:
    """A fact of an entry. counts: it is the one that a fabric is built with; contradicts: it says otherwise than that one."""

    entry: Entry
    quantity: str
    fact: Fact
    counts: bool
    contradicts: bool
    address: str | None


def _of_entry(key: str) -> Callable[[Known], object]:
    return lambda known: getattr(known.entry, key)


def _of_fact(key: str) -> Callable[[Known], object]:
    return lambda known: getattr(known.fact, key)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _stands(known: Known) -> str:
    """Return how a fact stands beside the others in one word."""
    return "counts" if known.counts else "contradicts" if known.contradicts else "beside"


def _si(known: Known) -> float:
    from fabric.hardware.facts import in_si

    return in_si(known.quantity, known.fact)


VIEW = View(
    "hardware",
    (
        Column("kind", TEXT, "devices, nodes, links, nics, switches or optics", _of_entry("kind")),
        Column("name", TEXT, "the entry's name", _of_entry("name")),
        Column("quantity", TEXT, "what the fact is a figure of", head="quantity"),
        Column("value", NUMBER, "the number, in the unit of its source", _of_fact("value"), head="value",
               cell=lambda known: known.fact.text()),
        Column("unit", TEXT, "the unit", _of_fact("unit")),
        Column("si", NUMBER, "bytes, bytes per second, FLOP/s, seconds or watts; a rate one way", _si),
        Column("counts", YES_NO, "whether it is the one that is used: the first that is not weak", head="stands", cell=_stands),
        Column("contradicts", YES_NO, "whether it contradicts the one that counts"),
        Column("weak", YES_NO, "no page to check, or one secondary source alone", _of_fact("weak"), head="weak",
               cell=lambda known: "weak" if known.fact.weak else ""),
        Column("direction", TEXT, "of a rate: one way, both or not stated", _of_fact("direction")),
        Column("sparsity", TEXT, "of a peak: dense or sparse", _of_fact("sparsity")),
        Column("per", TEXT, "package or die", _of_fact("per")),
        Column("measured", YES_NO, "achieved in a run, not said of the part", lambda known: known.fact.kind == "measured"),
        Column("source", TEXT, "key of the source", _of_fact("source"), head="source"),
        Column("date", TEXT, "of the source, as far as it is known", _of_fact("date"), head="date"),
        Column("address", maybe(TEXT), "where the source is"),
        Column("note", TEXT, "what else it says", _of_fact("note"), head="note", cell=lambda known: _short(known.fact.note)),
    ),
    beside={"title": TEXT, "maker": TEXT, "notes": TEXTS, "not_found": TEXTS},
)  # fmt: skip


NAMES = View(
    "hardware-names",
    (
        Column("name", TEXT, "the entry's name", head="name"),
        Column("kind", TEXT, "devices, nodes, links, nics, switches or optics"),
        Column("title", TEXT, "what it is", head="what", cell=lambda entry: _short(entry.title)),
        Column("maker", TEXT, "who makes it", head="maker"),
        Column("facts", WHOLE, "how many facts are known", lambda entry: sum(map(len, entry.facts.values())), head="facts"),
        Column("weak", WHOLE, "of them, weak ones",
               lambda entry: sum(fact.weak for figure in entry.facts.values() for fact in figure), head="weak"),
        Column("conflicts", WHOLE, "quantities of which a fact contradicts the one that counts",
               lambda entry: len(entry.conflicts()), head="conflicts"),
    ),
)  # fmt: skip
VIEWS = (VIEW, NAMES)


def hardware(name: str | None = None) -> Answer[Known] | Answer[Entry]:
    """Return the facts of an entry by name, of a node also those of its device; without a name all entries.

    Raises:
        InputError: no entry of this name (the nearest is named), or a user's file that cannot be read.
    """
    return _listed() if name is None else _of(name)


def _listed() -> Answer[Entry]:
    from fabric.hardware.catalog import find, names
    from fabric.hardware.entry import KINDS

    found = [[find(kind, name) for name in names(kind)] for kind in KINDS]
    parts = tuple(Part(f"{len(entries)} {entries[0].kind}", tuple(entries)) for entries in found)
    return Answer(NAMES, tuple(entry for entries in found for entry in entries), parts=parts)


def _of(name: str) -> Answer[Known]:
    entries = _found(name)
    facts = [_facts(entry) for entry in entries]
    parts = tuple(
        Part(_title(entry), tuple(known), notes=_notes(entry, known)) for entry, known in zip(entries, facts, strict=True)
    )
    first = entries[0]
    beside = {"title": first.title, "maker": first.maker, "notes": list(first.notes), "not_found": list(first.not_found)}
    every = tuple(known for listed in facts for known in listed)
    return Answer(VIEW, every, parts=parts, beside=beside)


def _found(name: str) -> list[Entry]:
    """Return the entry of this name, of a node its device after it."""
    from fabric.hardware.catalog import exists, find, names
    from fabric.hardware.entry import KINDS
    from topologies.errors import InputError
    from topologies.guess import did_you_mean

    kind = next((kind for kind in KINDS if exists(kind, name)), None)
    if kind is None:
        hint = did_you_mean(name, [known for kind in KINDS for known in names(kind)], likeness=0.4, most=3)
        raise InputError(f"hardware: nothing is called {name!r} in the catalogue{hint}")
    entry = find(kind, name)
    return [entry, find("devices", entry.texts["device"])] if "device" in entry.texts else [entry]


def _facts(entry: Entry) -> list[Known]:
    from fabric.hardware.catalog import sources
    from fabric.hardware.facts import counts

    against, places = entry.conflicts(), sources()
    return [
        Known(
            entry,
            quantity,
            fact,
            counts=fact is counts(figure),
            contradicts=any(fact is other for other in against.get(quantity, ())),
            address=places.get(fact.source, {}).get("address"),
        )
        for quantity, figure in entry.facts.items()
        for fact in figure
    ]


def _title(entry: Entry) -> str:
    texts = "; ".join(f"{key} {text}" for key, text in entry.texts.items())
    return f"{entry.name}: {entry.title}, {entry.maker}" + (f" ({texts})" if texts else "")


def _notes(entry: Entry, facts: Sequence[Known]) -> tuple[str, ...]:
    return tuple(_lines(entry, facts))


def _lines(entry: Entry, facts: Sequence[Known]) -> Iterator[str]:
    """Yield what contradicts what, what was not found, notes, and where the sources are."""
    from fabric.hardware.catalog import sources

    for quantity, against in entry.conflicts().items():
        chosen = entry.fact(quantity)
        said = ", ".join(f"{fact.text()} ({fact.source})" for fact in against)
        yield f"conflict: {quantity} {chosen.text() if chosen else ''} counts; against it {said}"
    if entry.not_found:
        yield f"not found: {', '.join(entry.not_found)}"
    yield from (f"note: {note}" for note in entry.notes)
    places = sources()
    for key in dict.fromkeys(known.fact.source for known in facts):
        one = places.get(key, {"title": "a file of yours"})
        yield f"source {key}: {one['title']}; {one.get('address', 'no address')}"
