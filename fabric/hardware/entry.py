"""One entry of the catalogue: a device, node, link, NIC, switch or optic with its facts, read from YAML and checked.

It does not know where files lie (catalog.py), nor whether facts agree (check.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from fabric.hardware.facts import QUANTITIES, WORDS, Fact, Figure, conflicts, counts, in_si
from fabric.hardware.uses import USES
from topologies.errors import InputError

KINDS: Mapping[str, tuple[str, ...]] = {
    "devices": ("architecture", "link", "inside"),
    "nodes": ("device", "network", "library", "graph", "shape", "link", *USES),
    "links": (),
    "nics": (),
    "switches": (),
    "optics": (),
}
"""Kind -> the texts that its entries may hold beside title, facts, notes and not_found."""
LISTS = ("notes", "not_found")
KEYS = ("value", "unit", "source", "date", *WORDS, "weak", "note")


@dataclass(frozen=True)
class Entry:
    """A device, node, link, NIC, switch or optic.

    facts: quantity -> what is said of it. texts: what is no number, such as the architecture. not_found: quantities that were
    looked for in vain.
    """

    kind: str
    name: str
    title: str
    maker: str
    facts: Mapping[str, Figure]
    texts: Mapping[str, str]
    notes: tuple[str, ...] = ()
    not_found: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[type[Entry], tuple[Any, ...]]:
        """Return what another process makes it of: a view of a mapping cannot be sent, a mapping can."""
        facts, texts = dict(self.facts), dict(self.texts)
        return Entry, (self.kind, self.name, self.title, self.maker, facts, texts, self.notes, self.not_found)

    def fact(self, quantity: str) -> Fact | None:
        """Return the fact that counts, None where nothing is known."""
        return counts(self.facts.get(quantity, ()))

    def number(self, quantity: str) -> float | None:
        """Return that fact in SI units, a rate one way."""
        fact = self.fact(quantity)
        return None if fact is None else in_si(quantity, fact)

    def whole(self, quantity: str) -> int | None:
        """Return that fact as a count."""
        number = self.number(quantity)
        return None if number is None else round(number)

    def conflicts(self) -> dict[str, Figure]:
        """Return quantity -> the facts that contradict the one that counts."""
        found = {quantity: conflicts(quantity, figure) for quantity, figure in self.facts.items()}
        return {quantity: figure for quantity, figure in found.items() if figure}

    def under(self, own: Entry) -> Entry:
        """Return this entry with what a user's says of it on top: facts in front, texts instead, notes after."""
        facts = {**self.facts, **{quantity: figure + self.facts.get(quantity, ()) for quantity, figure in own.facts.items()}}
        missing = tuple(quantity for quantity in self.not_found if quantity not in own.facts)
        title = own.title if own.title != own.name else self.title
        texts = {**self.texts, **own.texts}
        return replace(self, title=title, facts=facts, texts=texts, notes=self.notes + own.notes, not_found=missing)


def entry_of(where: str, kind: str, name: str, content: Any, maker: str, source: str | None) -> Entry:
    """Return an entry from its YAML. where: the file, for messages. source: of facts that name none; None: they must.

    Raises:
        InputError: an unknown key, quantity or unit, or a fact without number, unit or source.
    """
    at = f"{where}: {kind}.{name}"
    content = _mapping(at, content, ("title", "facts", *LISTS, *KINDS[kind]))
    facts = _mapping(f"{at}.facts", content.get("facts") or {}, tuple(QUANTITIES))
    figures = {quantity: _figure(f"{at}.{quantity}", quantity, rows, source) for quantity, rows in facts.items()}
    texts = {key: str(content[key]) for key in KINDS[kind] if key in content}
    notes, missing = (tuple(map(str, content.get(key) or ())) for key in LISTS)
    return Entry(kind, name, str(content.get("title", name)), maker, MappingProxyType(figures), texts, notes, missing)


def _mapping(at: str, content: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
    if content is None or not isinstance(content, Mapping):
        raise InputError(f"{at}: must be a mapping with keys of {', '.join(known)}, got {str(content)[:60]!r}")
    for key in content:
        if key not in known:
            raise InputError(f"{at}: unknown key {key!r}; there are: {', '.join(known)}")
    return content


def _figure(at: str, quantity: str, rows: Any, source: str | None) -> Figure:
    """Return the facts of one quantity; a lone fact need not stand in a list, nor be more than `400 Gb/s`."""
    listed = rows if isinstance(rows, list) else [rows]
    if not listed:
        raise InputError(f"{at}: must hold a fact at least, got an empty list")
    return tuple(_fact(at, quantity, row, source) for row in listed)


def _fact(at: str, quantity: str, row: Any, source: str | None) -> Fact:
    if isinstance(row, str):
        value, _, unit = row.partition(" ")
        row = {"value": value, "unit": unit.strip()}
    content = {"source": source, **_mapping(at, row, KEYS)}
    for key in ("value", "unit", "source"):
        if content.get(key) in (None, ""):
            raise InputError(f"{at}: a fact needs {key}, got {str(row)[:80]}")
    said = {key: str(text) for key, text in content.items() if key not in ("value", "weak")}
    _check_words(at, QUANTITIES[quantity], said)
    number = _number(at, content["value"])
    if not 0 < number < float("inf"):
        raise InputError(f"{at}: must be above zero, got {number:g} {said['unit']}")
    return Fact(number, weak=bool(content.get("weak", False)), **said)


def _check_words(at: str, units: Mapping[str, float], said: Mapping[str, str]) -> None:
    if units and said["unit"] not in units:
        raise InputError(f"{at}: the unit must be one of {', '.join(units)}, got {said['unit']!r}")
    for key, words in WORDS.items():
        if said.get(key, words[0]) not in words:
            raise InputError(f"{at}: {key} must be one of {', '.join(filter(None, words))}, got {said[key]!r}")


def _number(at: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"{at}: must be a number with a unit such as 400 Gb/s, got {value!r}") from None
