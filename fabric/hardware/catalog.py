"""The catalogue: finds an entry by kind and name in the package's YAML files, and a user's file on top. Nothing is read before.

Only the file that names what is asked for is parsed. FABRICBENCH_HARDWARE names YAML files of a user's own, several apart by
the system's path separator: their facts count before ours. It does not know what a figure is for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from fabric.hardware.entry import KINDS, Entry, entry_of
from topologies.errors import InputError
from topologies.guess import did_you_mean

FOLDER = Path(__file__).parent / "data"
SOURCES = "sources.yaml"
VARIABLE = "FABRICBENCH_HARDWARE"
ONE = {"devices": "device", "nodes": "node", "links": "link", "nics": "NIC", "switches": "switch", "optics": "optic"}
"""Kind -> what one of it is called."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def find(kind: str, name: str, parameter: str | None = None) -> Entry:
    """Return an entry, a user's facts on top of ours. parameter: for the message; by default what one of the kind is called.

    Raises:
        InputError: no such name (the nearest is named), or a user's file that cannot be read.
    """
    ours, own = _shipped(kind, name), _own(own_files()).get((kind, name))
    if ours is None and own is None:
        what, hint = parameter or ONE[kind], did_you_mean(name, names(kind), likeness=0.4, most=3)
        raise InputError(f"{what}: no {ONE[kind]} {name!r} in the catalogue{hint}; `fabricbench hardware` lists them")
    if ours is None or own is None:
        return own or ours  # type: ignore[return-value]
    return ours.under(own)


def exists(kind: str, name: str) -> bool:
    """Return whether there is such an entry."""
    return _shipped(kind, name) is not None or (kind, name) in _own(own_files())


def names(kind: str) -> list[str]:
    """Return the names of all entries of a kind, ours file by file, then a user's."""
    shipped = [name for path in _files() for name in _content(path).get(kind, {})]
    return list(dict.fromkeys([*shipped, *(name for of, name in _own(own_files()) if of == kind)]))


@lru_cache(maxsize=1)
def sources() -> Mapping[str, Mapping[str, str]]:
    """Return source -> its title, address, date, kind and licence, as far as they are known."""
    found: dict[str, dict[str, str]] = _content(FOLDER / SOURCES)["sources"]
    return found


def own_files() -> tuple[Path, ...]:
    """Return the files that the user names."""
    return tuple(Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part)


@lru_cache(maxsize=256)
def _shipped(kind: str, name: str) -> Entry | None:
    for path in _files():
        if f"\n  {name}:" in _text(path) and name in _content(path).get(kind, {}):
            return _entry(path, kind, name)
    return None


def _entry(path: Path, kind: str, name: str) -> Entry:
    content = _content(path)
    return entry_of(path.name, kind, name, content[kind][name], content["maker"], None)


@lru_cache(maxsize=1)
def _files() -> tuple[Path, ...]:
    return tuple(path for path in sorted(FOLDER.glob("*.yaml")) if path.name != SOURCES)


@lru_cache(maxsize=64)
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@lru_cache(maxsize=64)
def _content(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(_text(path), LOADER)  # noqa: S506  # a safe loader, in C where there is one
    return content


@lru_cache(maxsize=4)
def _own(paths: tuple[Path, ...]) -> Mapping[tuple[str, str], Entry]:
    """Return a user's entries; of an entry in several files the first counts before the next."""
    found: dict[tuple[str, str], Entry] = {}
    for path in paths:
        for entry in _read(path):
            key = (entry.kind, entry.name)
            found[key] = entry.under(found[key]) if key in found else entry
    return found


def _read(path: Path) -> Iterator[Entry]:
    """Yield the entries of a user's file."""
    from fabric.text.yaml_file import read_yaml  # noqa: PLC0415  # only where a user has a file

    content = read_yaml(path, VARIABLE)
    if not isinstance(content, Mapping) or not set(content) <= {"maker", *KINDS}:
        raise InputError(f"{path}: must hold maker and any of {', '.join(KINDS)}, got {str(content)[:60]!r}")
    for kind in KINDS:
        for name, text in (content.get(kind) or {}).items():
            yield entry_of(str(path), kind, str(name), text, str(content.get("maker", "")), str(path))
