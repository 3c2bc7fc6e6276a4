"""A user's own wiring, read from a list of cables. It knows neither names afterwards nor speeds: only numbers are kept.

One cable a line: two vertex names and, if wanted, its lanes; separated by commas (CSV) where the first cable's line has
one, else by spaces. Empty lines and what follows a # at the start of a line are left out. A first line of column
names must begin with source and target; lanes and devices may follow in any order, and `devices` says which end of the
cable is a device: source, target, both, or - (or nothing) for none. Without that column the devices are the vertices
with a single cable, or, with forward=1, all vertices. Repeated lines are parallel cables.
Devices are numbered in the order in which the file names them first, then the switches likewise.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from topologies.base import MAX_CABLES, Ints, Topology, assemble, check_size, check_whole
from topologies.direct import forwarding
from topologies.errors import InputError

FAMILY = "edge_list"
COLUMNS = ("source", "target", "lanes", "devices")
MOST_LANES = 32_767
ENDS = {"source": (0,), "target": (1,), "both": (0, 1), "-": (), "": ()}
"""What a devices column may hold, and the ends of the cable that it names."""


@dataclass(frozen=True)
class _Cable:
    """One line: where it stands, its two vertices by name, its lanes, which ends are devices (None: not said)."""

    place: str
    names: tuple[str, str]
    lanes: int
    devices: tuple[int, ...] | None


def edge_list(file: str, forward: int = 0) -> Topology:
    """Return the wiring that a file lists.

    forward: 1 where devices forward, as in a torus of chips; needed where a cable joins two devices.

    Raises:
        InputError: a file that cannot be read, a line that is no cable (file and line named), no device, or a cable
            between two devices that do not forward.
    """
    check_whole(FAMILY, least=0, most=1, forward=forward)
    if "," in file:
        raise InputError(f"{FAMILY}: file must have no comma in its path, because commas part parameters, got {file!r}")
    cables = _read(file)
    devices = _devices(cables, everyone=bool(forward))
    if not devices:
        raise InputError(f"{FAMILY}: {file} names no device: no vertex has a single cable; add a column `devices`")
    for cable in cables if not forward else ():
        if set(cable.names) <= devices:
            raise InputError(f"{cable.place}: a cable between two devices, {_both(cable)}, needs forward=1")
    params: dict[str, object] = {"file": file} | ({"forward": 1} if forward else {})
    wiring = _wired(params, cables, devices)
    return forwarding(wiring) if forward else wiring


def _wired(params: Mapping[str, object], cables: list[_Cable], devices: set[str]) -> Topology:
    """Return the topology of the cables, level by level."""
    names = dict.fromkeys(name for cable in cables for name in cable.names)
    number = {name: n for n, name in enumerate(sorted(names, key=lambda name: name not in devices))}
    ends = np.sort(np.array([[number[a], number[b]] for a, b in (c.names for c in cables)], dtype=np.int32), axis=1)
    lanes = np.array([cable.lanes for cable in cables], dtype=np.int16)
    switches = np.count_nonzero(ends >= len(devices), axis=1)
    levels = {"host-host": 0, "host-switch": 1, "switch-switch": 2}
    order = np.argsort(switches, kind="stable")
    found: dict[str, Ints] = {level: ends[switches == n] for level, n in levels.items() if (switches == n).any()}
    tiers = {"host": len(devices)} | ({"switch": len(number) - len(devices)} if len(number) > len(devices) else {})
    return replace(assemble(FAMILY, params, tiers, found), lanes=lanes[order])


def _devices(cables: list[_Cable], *, everyone: bool) -> set[str]:
    """Return the names of the devices: those said, else all, else the vertices with a single cable."""
    if cables[0].devices is not None:
        return {cable.names[end] for cable in cables for end in cable.devices or ()}
    seen: dict[str, int] = {}
    for name in (name for cable in cables for name in cable.names):
        seen[name] = seen.get(name, 0) + 1
    return {name for name, count in seen.items() if everyone or count == 1}


def _read(file: str) -> list[_Cable]:
    """Return the cables of a file; there is one at least."""
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"{FAMILY}: file cannot be read: {file}: {reason}") from error
    if text.count("\n") > MAX_CABLES:
        check_size(FAMILY, text.count("\n"))
    lines = [(f"{file}:{n}", line.strip()) for n, line in enumerate(text.split("\n"), start=1)]
    cables = list(_cables((place, line) for place, line in lines if line and not line.startswith("#")))
    if not cables:
        raise InputError(f"{FAMILY}: {file} holds no cable; write one a line, as: host1 leaf1")
    return cables


def _cables(lines: Iterable[tuple[str, str]]) -> Iterator[_Cable]:
    """Yield a cable per line; the first line may name the columns and decides how fields are parted."""
    columns: tuple[str, ...] = COLUMNS[:3]
    commas = header = None
    for place, line in lines:
        if commas is None:
            commas = "," in line
            fields = _fields(place, line, commas=commas)
            header = tuple(fields) if fields[:2] == ["source", "target"] else ()
            if header:
                columns = _header(place, header)
                continue
        yield _cable(place, _fields(place, line, commas=commas), columns, named=bool(header))


def _fields(place: str, line: str, *, commas: bool) -> list[str]:
    """Return the fields of a line."""
    if not commas:
        return line.split()
    try:
        return [field.strip() for field in next(csv.reader([line], strict=True, skipinitialspace=True))]
    except csv.Error as error:
        raise InputError(f"{place}: a line of comma-separated values was expected ({error}), got {line!r}") from error


def _header(place: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of the header.

    Raises:
        InputError: a column that is unknown or given twice.
    """
    if not set(columns) <= set(COLUMNS) or len(set(columns)) < len(columns):
        raise InputError(f"{place}: columns must be source, target and then lanes, devices or both, got {', '.join(columns)}")
    return columns


def _cable(place: str, fields: list[str], columns: tuple[str, ...], *, named: bool) -> _Cable:
    """Return the cable of a line.

    Raises:
        InputError: a wrong number of fields, an empty name, a cable from a vertex to itself, bad lanes or devices.
    """
    if not 2 <= len(fields) <= len(columns) or not all(fields[:2]):
        rest = ", ".join(columns[2:]) if named else "lanes"
        raise InputError(f"{place}: two vertex names{f' and then {rest}' if rest else ''} were expected, got {fields}")
    row = dict(zip(columns, fields, strict=False))
    cable = _Cable(place, (fields[0], fields[1]), _lanes(place, row.get("lanes", "")), _named(place, row, columns))
    if fields[0] == fields[1]:
        raise InputError(f"{place}: a cable must join two vertices, got {_both(cable)}")
    return cable


def _lanes(place: str, text: str) -> int:
    """Return the lanes of a cable, 1 where nothing is said."""
    if text in ("", "-"):
        return 1
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST_LANES):
        raise InputError(f"{place}: lanes must be a whole number from 1 to {MOST_LANES}, got {text!r}")
    return int(text)


def _named(place: str, row: Mapping[str, str], columns: tuple[str, ...]) -> tuple[int, ...] | None:
    """Return which ends are devices, None where the file has no such column."""
    if "devices" not in columns:
        return None
    text = row.get("devices", "")
    if text not in ENDS:
        raise InputError(f"{place}: devices must be source, target, both or -, got {text!r}")
    return ENDS[text]


def _both(cable: _Cable) -> str:
    """Return `a and b`."""
    return " and ".join(cable.names)
