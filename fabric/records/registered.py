"""Predictions registered before anyone measured: a chain of entries, each with the hash of the one before. It predicts nothing.

One line of JSON per entry: the predictions, the revision of the code that made them, the inputs, the date, the hash of the
entry before it and its own, SHA-256 of all that. Whoever changes, drops or reorders a line breaks the chain behind it; once
the file is committed or its last hash is told to somebody, nothing in it can be changed unseen. A chain that nobody else has
seen can be made anew: it dates nothing by itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fabric.records.result import Result, now
from fabric.records.store import adapter
from fabric.text.escape import shown
from fabric.text.files import read_bytes
from fabric.text.json_file import parse_json
from topologies.errors import InputError

SCHEMA = "fabricbench.registered/1"
FIRST = "0" * 64
"""What the first entry names as the hash before it."""
MOST_BYTES = 1 << 28


@dataclass(frozen=True)
class Entry:
    """One registration. code: revision of the code. inputs: what was asked, and hashes of the files behind it."""

    results: tuple[Result, ...]
    code: str
    inputs: Mapping[str, Any]
    made_at: str = field(default_factory=now)
    previous: str = FIRST

    @property
    def content(self) -> dict[str, Any]:
        """The entry as plain values, without its hash."""
        return {
            "schema": SCHEMA,
            "made_at": self.made_at,
            "code": self.code,
            "inputs": dict(self.inputs),
            "results": [asdict(result) for result in self.results],
            "previous": self.previous,
        }

    @property
    def hash(self) -> str:
        """SHA-256 of the content as JSON with sorted keys, in hexadecimal digits."""
        return hash_of(self.content)


def hash_of(content: Mapping[str, Any]) -> str:
    """Return SHA-256 of plain values as JSON with sorted keys and no spaces."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def register(path: Path, results: Sequence[Result], code: str, inputs: Mapping[str, Any]) -> Entry:
    """Append predictions to a file as an entry of its chain, which is checked first, and return the entry.

    Raises:
        InputError: nothing predicted, a broken chain, or a file that cannot be written.
    """
    if not results or any(result.measured for result in results):
        raise InputError(f"register: must be predictions, got {'none' if not results else results[0].source}")
    before = [said for said, _ in _checked(path, _lines(path))] if path.exists() else []
    entry = Entry(tuple(results), code, inputs, previous=before[-1] if before else FIRST)
    line = json.dumps({**entry.content, "hash": entry.hash}, separators=(",", ":"), allow_nan=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(line + "\n")
    except OSError as error:
        raise InputError(f"register: cannot write {path}: {error.strerror}; choose a folder that can be written") from None
    return entry


def is_registered(path: Path) -> bool:
    """Return whether a file begins as a chain of registered predictions."""
    try:
        with path.open("rb") as file:
            return f'"{SCHEMA}"'.encode() in file.read(80)
    except OSError:
        return False


def entries(path: Path) -> list[Entry]:
    """Return a file's entries in order, their chain checked.

    Raises:
        InputError: no such file, a line that is no entry, or one that was changed, dropped or moved after it was written.
    """
    return [entry for _, entry in _checked(path, _lines(path))]


def _lines(path: Path) -> list[bytes]:
    return read_bytes(path, "registered", MOST_BYTES).split(b"\n")


def _checked(path: Path, lines: Sequence[bytes]) -> Iterator[tuple[str, Entry]]:
    """Yield every entry with the hash that its line states, which a number read back in another form would change."""
    previous = FIRST
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"registered: {path}:{number}"
        row = parse_json(line, where)
        if not isinstance(row, dict) or row.get("schema") != SCHEMA:
            raise InputError(f"{where}: schema must be {SCHEMA}; predict --register FILE writes one")
        said = row.pop("hash", None)
        if said != hash_of(row):
            raise InputError(f"{where}: hash must be that of its content, got {shown(str(said), 12)}: changed since written")
        if row.get("previous") != previous:
            raise InputError(
                f"{where}: previous must be {previous[:12]}..., got {shown(str(row.get('previous')), 12)}: lines are missing"
            )
        previous = said
        yield str(said), _entry(where, row)


def _entry(where: str, row: Mapping[str, Any]) -> Entry:
    try:
        results = tuple(adapter().validate_python(one) for one in row["results"])
        return Entry(results, str(row["code"]), row["inputs"], str(row["made_at"]), str(row["previous"]))
    except (KeyError, TypeError, ValidationError) as error:
        raise InputError(f"{where}: {' '.join(str(error).split())[:160]}") from None


def predictions(path: Path) -> list[Result]:
    """Return the predictions of a chain, of a case predicted several times the first: nothing may be improved afterwards.

    Raises:
        InputError: as entries().
    """
    found = dict[tuple[Any, ...], Result]()
    for entry in entries(path):
        for result in entry.results:
            found.setdefault((result.case, result.algorithm, result.fabric), result)
    return list(found.values())
