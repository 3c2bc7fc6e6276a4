"""Tests of a search on disk as they come, so that one that was ended goes on where it stopped. It runs and judges none.

JSON Lines: the first says what was asked, of whom and with what; then a line per group of ranks with the seconds of its blocks,
and a line of ranks that fell silent. Ranks are numbered as in the launch that began the file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fabric.measure.cells.resume import SAME
from fabric.records.store import append_lines
from fabric.slow.search import Search
from fabric.text.escape import shown
from fabric.text.files import exists, read_bytes
from fabric.text.json_file import parse_json
from topologies.errors import InputError

SCHEMA = "fabricbench.slow-tests/1"
MOST_BYTES = 1 << 28
ASKED = {
    "backend": "backend", "collective": "collective", "nbytes": "size", "unit": "unit", "alone": "one-rank-a-node",
    "block": "block", "count": "repeats",
}  # fmt: skip
"""What a search is asked that decides the time of a test -> the option's name."""
FREE = {"launch_ranks", "launch_nodes", "binding", "cores"}
"""Of what must not change within a run of `measure`: what a launch without a lost node has otherwise."""
Key = tuple[str, tuple[int, ...]]
Seconds = tuple[float, ...]


@dataclass
class Kept:
    """The tests of a search. path: None where they are kept in memory only. silent: ranks that never answered.

    tests: by layer and ranks, in the order in which they came. torn: how many bytes of a last line were left out.
    """

    path: Path | None = None
    head: Mapping[str, Any] | None = None
    tests: dict[Key, list[Seconds]] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    wrong: int = 0
    torn: int = 0
    _used: Counter[Key] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """How many times of groups it holds."""
        return sum(map(len, self.tests.values()))

    def rewind(self) -> None:
        """Give out all tests again, from the first."""
        self._used.clear()

    def next(self, layer: str, ranks: Sequence[int]) -> Seconds | None:
        """Return the next time of a group that was not given out yet; None where there is none."""
        key = (layer, tuple(ranks))
        times, at = self.tests.get(key, ()), self._used[key]
        if at >= len(times):
            return None
        self._used[key] += 1
        return times[at]

    def keep(self, layer: str, ranks: Sequence[int], seconds: Sequence[float], wrong: int = 0) -> None:
        """Take one time of a group, which counts as given out.

        Raises:
            InputError: the file cannot be written.
            EnvironmentFault: the disk is full.
        """
        key = (layer, tuple(ranks))
        self.tests.setdefault(key, []).append(tuple(seconds))
        self._used[key] += 1
        self.wrong += wrong
        self._write({"layer": layer, "ranks": list(ranks), "seconds": list(seconds), "wrong": wrong})

    def lose(self, ranks: Sequence[int]) -> None:
        """Take it that ranks never answer."""
        self.silent |= {*ranks}
        self._write({"silent": sorted(ranks)})

    def begin(self, head: Mapping[str, Any]) -> str | None:
        """Begin the file, or return why the search that it holds is another one; None where it can be gone on with."""
        if self.head is None:
            self.head = head
            self._write({"schema": SCHEMA, **head})
            return None
        return refusal(self.head, head, self.path)

    def _write(self, row: Mapping[str, Any]) -> None:
        if self.path is not None:
            append_lines(self.path, json.dumps(row, separators=(",", ":"), allow_nan=False).encode() + b"\n")


def head_of(
    search: Search, ranks: int, units: Sequence[Sequence[int]], suspects: Sequence[str], context: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a file begins with: what was asked, of which ranks and suspects, on what."""
    return {
        "asked": {key: getattr(search, key) for key in ASKED},
        "ranks": ranks,
        "units": [list(ranks) for ranks in units],
        "suspects": list(suspects),
        "context": {key: context[key] for key in SAME if key in context and key not in FREE},
    }


def check(path: Path | None, search: Search, ranks: int) -> None:
    """Return nothing where a search on so many ranks can go on with a file, as far as can be told before they start.

    Raises:
        InputError: a file of something else, of another search, or of other ranks.
    """
    kept = opened(path)
    if kept.head is None:
        return
    line = refusal(kept.head, {**kept.head, "asked": {key: getattr(search, key) for key in ASKED}}, path)
    if line:
        raise InputError(line)
    seats(kept, ranks)


def refusal(before: Mapping[str, Any], now: Mapping[str, Any], path: Path | None) -> str | None:
    """Return the first thing that must be as in the file and is not, in words; None where there is none."""
    for part, names in (("asked", ASKED), ("context", SAME)):
        for key, name in names.items():
            old, new = before[part].get(key), now[part].get(key)
            if key in before[part] and old != new:
                return f"keep: {name} must be {old!r} as in {path}, got {new!r}; choose another file"
    if before["suspects"] != now["suspects"]:
        return (
            f"keep: suspects must be the {len(before['suspects'])} of {path}, got {len(now['suspects'])}: another fabric, or a "
            "version of this program that knows others; choose another file"
        )
    return None


def seats(kept: Kept, ranks: int) -> list[int]:
    """Return which rank of the first launch each rank of this one stands for, of so many.

    Raises:
        InputError: neither as many as in the file, nor as many as are left without the units that never answered.
    """
    assert kept.head is not None  # noqa: S101  # begun
    whole = int(kept.head["ranks"])
    if ranks == whole:
        return list(range(whole))
    gone = {rank for unit in kept.head["units"] if kept.silent & {*unit} for rank in unit}
    left = [rank for rank in range(whole) if rank not in gone]
    if ranks == len(left):
        return left
    others = f", or {len(left)} without what never answered" if gone else ""
    raise InputError(f"ranks: must be {whole} as in {kept.path}{others}, got {ranks}")


def opened(path: Path | None) -> Kept:
    """Return what a file holds; nothing where it is not there yet, or none is named.

    Raises:
        InputError: the file is of something else, or a line of it is.
    """
    if path is None or not exists(path):
        return Kept(path)
    *lines, rest = read_bytes(path, "keep", MOST_BYTES).split(b"\n")
    found = Kept(path, torn=len(rest))
    for number, line in enumerate(lines, start=1):
        if line.strip():
            _take(found, line, f"keep: {path}:{number}")
    return found


def _take(kept: Kept, line: bytes, where: str) -> None:
    row = parse_json(line, where)
    try:
        if kept.head is None:
            kept.head = _head(row, where)
        elif "silent" in row:
            kept.silent |= {int(rank) for rank in row["silent"]}
        else:
            key = (str(row["layer"]), tuple(int(rank) for rank in row["ranks"]))
            seconds = tuple(float(value) for value in row["seconds"])
            if not seconds or min(seconds) <= 0:
                raise InputError(f"{where}: seconds must be above 0, got {shown(str(row['seconds']), 40)}")
            kept.tests.setdefault(key, []).append(seconds)
            kept.wrong += int(row["wrong"])
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(f"{where}: must be a test of a search, got {shown(line, 40)}") from None


def _head(row: Any, where: str) -> Mapping[str, Any]:
    """Return the first line without its schema; InputError where the file is of something else."""
    schema = row.get("schema") if isinstance(row, dict) else None
    if schema != SCHEMA:
        raise InputError(f"{where}: schema must be {SCHEMA}, got {shown(str(schema))}; choose another file")
    return {
        "asked": dict(row["asked"]),
        "ranks": int(row["ranks"]),
        "units": [[int(rank) for rank in unit] for unit in row["units"]],
        "suspects": [str(name) for name in row["suspects"]],
        "context": dict(row["context"]),
    }
