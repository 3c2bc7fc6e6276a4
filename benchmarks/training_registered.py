"""Predicted training steps in a chain of registered ones (fabric/records/registered.py), and back. It predicts nothing.

A step is a case of its own: collective `training_step`, the tokens of a step as its size, the model, sequence and kind of
prediction as its parameters; its algorithm is the plan, its fabric the set, software, submitter and node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from benchmarks.training_rows import Row
from fabric.answers.register import code
from fabric.records.case import Case
from fabric.records.prediction import Prediction
from fabric.records.registered import predictions, register
from fabric.records.result import Result

FITTED, UNFIT = "fitted constants", "unfitted: measured matrices alone"
ONE_ROW, OTHER_SITE = "one row given", "one row of another site given"
"""Kinds of predictions."""
Interval = tuple[float, float]


class Estimate(NamedTuple):
    """Seconds that were registered, and their interval."""

    seconds: float
    interval: Interval


Key = tuple[Case, str, str]
Said = Mapping[Key, Estimate]


def key_of(row: Row, kind: str) -> Key:
    """Return what a step is registered for."""
    per_node = min(8, row.devices)
    params: dict[str, float | str] = {
        "model": row.model.name,
        "sequence": str(row.sequence),
        "kind": kind,
        "fitted": str(row.fitted),
    }
    if row.dropped:
        params["tokens"] = "dropped"
    if row.memory_rate:
        params["memory_rate"] = row.memory_rate
    nodes = -(-row.devices // per_node)
    case = Case("training_step", row.batch * row.sequence, row.devices, nodes, per_node, dtype="bf16", params=params)
    return case, row.plan.text(), ", ".join(filter(None, (row.set, row.software, row.peer, row.node)))


def said_of(row: Row, kind: str, said: Said) -> Estimate | None:
    """Return what was registered for a row, None where nothing was."""
    return said.get(key_of(row, kind))


def register_all(path: Path, kinds: Mapping[str, Sequence[tuple[Row, float, Interval]]], folder: Path) -> Iterator[str]:
    """Append an entry per kind of prediction, every question once, with the hash of every file behind it; yield a line each.

    What the chain holds already is not registered again: nothing may be improved afterwards.

    Raises:
        InputError: as records.registered.register.
    """
    known = registered(path) if path.exists() else {}
    files = {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir()) if file.is_file()}
    for kind, rows in kinds.items():
        found = {key_of(row, kind): _result(row, kind, seconds, interval) for row, seconds, interval in rows}
        found = {key: one for key, one in found.items() if key not in known}
        if not found:
            continue
        entry = register(path, list(found.values()), code(), {"kind": kind, "files_sha256": files})
        yield f"{kind}: {len(found)} predictions, {entry.hash}"


def registered(path: Path) -> Said:
    """Return the predictions of a chain by what they are for.

    Raises:
        InputError: as records.registered.predictions.
    """
    return {
        (one.case, one.algorithm, one.fabric or ""): Estimate(one.time, one.model.interval)
        for one in predictions(path)
        if one.model.interval
    }


def _result(row: Row, kind: str, seconds: float, interval: Interval) -> Result:
    case, plan, where = key_of(row, kind)
    said = Prediction(plan, kind, exact=False, interval=interval)
    return Result(case, "model:training", (seconds,), plan, "point", fabric=where, prediction=said)
