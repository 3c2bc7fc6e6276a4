"""Static forwarding tables: read, checked and followed. It knows no policy and makes no table of its own.

A file has rows of switch, destination, next: CSV with that header, or JSON, a list of such objects. switch and next are
vertices (a number, or a name such as `leaf3`), next may be `cable:17`; destination is a device, or `*` for every device
that has no row of its own there. A row whose switch is a device says how that device sends; a device with one cable needs
none. The last row with the same switch and destination counts, as in the switches' own tables.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from fabric.network.names import vertex_name, vertex_of
from fabric.network.routing.routed import Entries
from fabric.network.routing.ways import Ints, Paths
from fabric.text.escape import shown, terminal
from fabric.text.files import read_text
from fabric.text.json_file import parse_json
from fabric.text.numbers import natural
from topologies.base import Topology
from topologies.errors import InputError

COLUMNS = ("switch", "destination", "next")


@dataclass(frozen=True, eq=False)
class Forwarding:
    """A table: keys (switch x devices + destination), sorted, and the link that each entry leads over.

    alone: per vertex, the link of a device that has one cable only, -1 elsewhere.
    """

    topology: Topology
    keys: Ints
    link: Ints
    alone: Ints

    def entries(self, source: Ints, target: Ints) -> Entries:
        """Return the links of every message, one entry after the other.

        Raises:
            InputError: a switch without an entry for a destination, or a loop; both by name.
        """
        ends = self.topology.ends.astype(np.int64)
        columns: list[Ints] = []
        at, moving = source.copy(), np.flatnonzero(source != target)
        while len(moving):
            if len(columns) > self.topology.vertices:
                raise self._loop(source[moving[0]], target[moving[0]])
            link = self._next(at[moving], target[moving])
            column = np.full(len(source), -1)
            column[moving] = link
            columns.append(column)
            at[moving] = ends[link // 2, 1 - link % 2]
            moving = moving[at[moving] != target[moving]]
        table = np.stack(columns, axis=1) if columns else np.zeros((len(source), 0), dtype=np.int64)
        used = table >= 0
        return Entries(Paths(np.concatenate(([0], np.cumsum(used.sum(axis=1)))), table[used]))

    def _next(self, at: Ints, target: Ints) -> Ints:
        wanted = at * self.topology.devices + target
        place = np.searchsorted(self.keys[:-1], wanted)
        known = self.keys[place] == wanted
        missing = np.flatnonzero(~known & (self.alone[at] < 0))
        if len(missing):
            name = vertex_name(self.topology, int(at[missing[0]]))
            raise InputError(f"routing: table: {name} must have an entry for device {target[missing[0]]}, it has none")
        return np.where(known, self.link[place], self.alone[at])

    def _loop(self, source: int, target: int) -> InputError:
        """Return the error for a message that never arrives, which names the switches it goes around."""
        ends, at, seen = self.topology.ends, int(source), list[int]()
        while at not in seen:
            seen.append(at)
            link = int(self._next(np.array([at]), np.array([target]))[0])
            at = int(ends[link // 2, 1 - link % 2])
        around = " -> ".join(vertex_name(self.topology, v) for v in [*seen[seen.index(at) :], at])
        return InputError(f"routing: table: entries for device {target} must not loop, got {around}")


def read_table(topology: Topology, file: str) -> Forwarding:
    """Return the table of a file, read again only where the file has changed.

    Raises:
        InputError: a file that cannot be read, rows of another form, unknown vertices, or a next that is no neighbour.
    """
    path = Path(file)
    try:
        state = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"routing: table: cannot read {terminal(path)}: {getattr(error, 'strerror', error)}") from None
    return _kept(topology, path.absolute(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _kept(topology: Topology, path: Path, *state: int) -> Forwarding:
    """Return the table of a file in this state."""
    del state  # only tells one reading from another
    text = read_text(path, "routing: table")
    rows: list[object] = _json(path, text) if path.suffix == ".json" else [*csv.DictReader(io.StringIO(text))]
    found = _entries(topology, path, rows)
    keys = np.array(sorted(found), dtype=np.int64)
    onto = np.array([found[key] for key in keys.tolist()], dtype=np.int64)
    return Forwarding(topology, keys, onto, _single_cables(topology))


def _entries(topology: Topology, path: Path, rows: list[object]) -> dict[int, int]:
    """Return the link of every key (switch x devices + destination), and -1 of key -1, which is none."""
    links, found, rest = _links_between(topology), {-1: -1}, dict[int, int]()
    for index, row in enumerate(rows, start=1):
        where = f"routing: {path}: row {index}"
        if not isinstance(row, Mapping) or any(row.get(column) is None for column in COLUMNS):
            raise InputError(f"{where}: must have {', '.join(COLUMNS)}, got {shown(row)}")
        switch, destination, onward = (str(row[column]) for column in COLUMNS)
        at = vertex_of(topology, switch, where)
        link = _link(topology, links, at, onward, where)
        if destination.strip() == "*":
            rest[at] = link
        else:
            found[at * topology.devices + _device(topology, destination, where)] = link
    for at, link in rest.items():
        for device in range(topology.devices):
            found.setdefault(at * topology.devices + device, link)
    return found


def _device(topology: Topology, text: str, where: str) -> int:
    device = vertex_of(topology, text, where)
    if device >= topology.devices:
        raise InputError(f"{where}: destination must be a device 0 ... {topology.devices - 1}, got {shown(text)}")
    return device


def _json(path: Path, text: str) -> list[object]:
    rows = parse_json(text, f"routing: {path}")
    if not isinstance(rows, list):
        raise InputError(f"routing: {path}: must be a list of rows, got {type(rows).__name__}")
    return rows


def _links_between(topology: Topology) -> dict[tuple[int, int], int]:
    """Return a link for every two neighbours, in the direction of the pair: the first of parallel cables."""
    links: dict[tuple[int, int], int] = {}
    for cable, (low, high) in enumerate(topology.ends.tolist()):
        links.setdefault((low, high), 2 * cable)
        links.setdefault((high, low), 2 * cable + 1)
    return links


def _single_cables(topology: Topology) -> Ints:
    """Return the link of every device that has one cable to the network, -1 for all other vertices."""
    outside = np.flatnonzero(topology.level != topology.scale_up_level)
    low = topology.ends[outside, 0]
    count = np.bincount(topology.ends[outside].ravel(), minlength=topology.vertices)
    own = (low < topology.devices) & (count[low] == 1)
    alone = np.full(topology.vertices, -1)
    alone[low[own]] = 2 * outside[own]
    return alone


def _link(topology: Topology, links: Mapping[tuple[int, int], int], at: int, onward: str, where: str) -> int:
    """Return the link that `next` names: a neighbour, or a cable at this switch."""
    kind, colon, number = onward.strip().partition(":")
    cable = natural(number)
    if colon and kind == "cable" and cable is not None and cable < len(topology.ends):
        low, high = topology.ends[cable].tolist()
        if at in (low, high):
            return 2 * cable + int(at == high)
    elif not colon:
        link = links.get((at, vertex_of(topology, onward, where)))
        if link is not None:
            return link
    raise InputError(f"{where}: next must be a neighbour or a cable of {vertex_name(topology, at)}, got {shown(onward)}")
