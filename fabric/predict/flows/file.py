"""Flow cases from a JSON file, every value checked. It does not know how flows share links.

{"cases": [{"name", "links": [{"id", "capacity_Bps", "latency_s"}],
            "flows": [{"id", "links": [ids], "size_B", "start_s" (0), "after" (none): [ids]}]}]}
Ids are whole numbers or texts. Other keys are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from math import inf, isfinite
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np

from fabric.network.routing.ways import Floats, Ints, Paths
from fabric.predict.flows.given import FlowCase
from fabric.text.json_file import read_json
from fabric.text.numbers import maybe_real
from topologies.errors import InputError

DEFAULTS: Mapping[str, Any] = {"start_s": 0.0, "after": ()}
"""Keys that a flow may leave out."""


def read(path: Path) -> list[FlowCase]:
    """Return the cases of a file, in its order.

    Raises:
        InputError: a file that cannot be read; the first value that cannot be: its case, link or flow, rule and value.
    """
    content = read_json(path, "flows")
    where = f"flows: {path}"
    return [_case(f"{where}: case {i}", entry) for i, entry in enumerate(_objects(where, content, "cases"))]


def _case(where: str, entry: Mapping[str, Any]) -> FlowCase:
    """Return one case."""
    name = _get(where, entry, "name")
    if not isinstance(name, str):
        _refuse(where, "name", "a text", name)
    where = f"{where} ({name!r})"
    links, flows = _objects(where, entry, "links"), _objects(where, entry, "flows")
    link_of = _numbered(f"{where}: link", links)
    flow_of = _numbered(f"{where}: flow", flows)
    for i, flow in enumerate(flows):
        _refuse_misspelt(f"{where}: flow {i}", flow)
    case = FlowCase(
        name=name,
        capacity=_column(f"{where}: link", links, "capacity_Bps", above_zero=True),
        latency=_column(f"{where}: link", links, "latency_s"),
        paths=_references(f"{where}: flow", flows, "links", link_of),
        size=_column(f"{where}: flow", flows, "size_B"),
        start=_column(f"{where}: flow", flows, "start_s"),
        after=_references(f"{where}: flow", flows, "after", flow_of),
    )
    _refuse_circles(f"{where}: flow", case.after, list(flow_of))
    return case


def _refuse(where: str, key: str, rule: str, value: object) -> None:
    raise InputError(f"{where}: {key} must be {rule}, got {short(value)}")


def _get(where: str, entry: Mapping[str, Any], key: str) -> Any:
    """Return a value, the default where a flow may leave it out."""
    if key in entry:
        return entry[key]
    if key not in DEFAULTS:
        raise InputError(f"{where}: {key} must be there, got only {short(sorted(entry))}")
    return DEFAULTS[key]


def _objects(where: str, entry: object, key: str) -> list[dict[str, Any]]:
    """Return the list of objects under a key."""
    if not isinstance(entry, dict):
        raise InputError(f"{where}: must be an object with {key}, got {short(entry)}")
    found = _get(where, entry, key)
    if not (isinstance(found, list) and all(isinstance(item, dict) for item in found)):
        _refuse(where, key, "a list of objects", found)
    objects: list[dict[str, Any]] = found
    return objects


def _is_id(value: object) -> bool:
    return type(value) in (int, str)


def _numbered(where: str, entries: Iterable[Mapping[str, Any]]) -> dict[int | str, int]:
    """Return id -> position; an id is a whole number or a text, and its own."""
    found: dict[int | str, int] = {}
    for i, entry in enumerate(entries):
        name = _get(f"{where} {i}", entry, "id")
        if not _is_id(name) or name in found:
            _refuse(f"{where} {i}", "id", "a whole number or a text that no other has", name)
        found[name] = i
    return found


def _column(where: str, entries: list[dict[str, Any]], key: str, *, above_zero: bool = False) -> Floats:
    """Return one number of every entry: finite, and not below zero."""
    found = np.zeros(len(entries))
    for i, entry in enumerate(entries):
        value = _get(f"{where} {i}", entry, key)
        number = _float(value)
        if not isfinite(number) or number < 0 or (above_zero and number == 0):
            _refuse(f"{where} {i}", key, f"a finite number {'>' if above_zero else '>='} 0", value)
        found[i] = number
    return found


def _float(value: object) -> float:
    """Return a number as a float, infinity where it is none or too large for one."""
    found = maybe_real(value) if type(value) in (int, float) else None
    return inf if found is None else found


def _references(where: str, entries: list[dict[str, Any]], key: str, known: Mapping[int | str, int]) -> Paths:
    """Return the positions that every entry's list of ids names."""
    first: Ints = np.zeros(len(entries) + 1, dtype=np.int64)
    found: list[int] = []
    for i, entry in enumerate(entries):
        names = _get(f"{where} {i}", entry, key)
        if not isinstance(names, list | tuple):
            _refuse(f"{where} {i}", key, "a list of ids", names)
        for name in names:
            if not _is_id(name) or name not in known:
                _refuse(f"{where} {i}", key, f"ids of {'links' if key == 'links' else 'flows'} of this case", name)
            found.append(known[name])
        first[i + 1] = len(found)
    return Paths(first, np.array(found, dtype=np.int64))


def _refuse_misspelt(where: str, flow: Mapping[str, Any]) -> None:
    """Refuse a flow without a key that may be left out, but with one that looks like it: it would be ignored silently."""
    for missing in DEFAULTS.keys() - flow.keys():
        for key in get_close_matches(missing, flow, n=1, cutoff=0.8):
            raise InputError(f"{where}: {missing} must be spelt so, got {short(key)}")


def _refuse_circles(where: str, after: Paths, names: list[int | str]) -> None:
    """Refuse flows that wait for themselves, directly or through others."""
    stuck = _stuck(after)
    if not stuck:
        return
    way = {min(stuck): 0}  # in the order walked, from a flow to one it waits for
    while (before := _waited_for(after, next(reversed(way)), stuck)) not in way:
        way[before] = len(way)
    circle = [*list(way)[way[before] :], before]
    told = " after ".join(short(names[f]) for f in circle[:8]) + (" ..." if len(circle) > 8 else "")
    raise InputError(f"{where} {before}: after must not lead back to the flow itself, got {told}")


def _waited_for(after: Paths, flow: int, among: set[int]) -> int:
    """Return a flow of some that a flow waits for; there is one."""
    before: list[int] = after.links[after.first[flow] : after.first[flow + 1]].tolist()
    return next(other for other in before if other in among)


def _stuck(after: Paths) -> set[int]:
    """Return the flows that never begin."""
    pending, then = after.hops.tolist(), after.turned(len(after.hops))
    first, follows = then.first.tolist(), then.links.tolist()
    free = [flow for flow, count in enumerate(pending) if count == 0]
    for flow in free:  # grows while it is read
        for other in follows[first[flow] : first[flow + 1]]:
            pending[other] -= 1
            if pending[other] == 0:
                free.append(other)
    return set(range(len(pending))).difference(free)
