"""A floor as a file: what a fabric took, per case, with the fabric's fingerprint and a date. It judges nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fabric.judge.floor import Floor
from fabric.text.files import write_text
from fabric.text.json_file import read_json
from topologies.errors import InputError

SCHEMA = "fabricbench.floor/1"


def write(path: Path, floor: Floor) -> None:
    """Write a floor to a file that read() gives back.

    Raises:
        InputError: the file cannot be written.
    """
    content: dict[str, Any] = {"schema": SCHEMA, **asdict(floor)}
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n", "floor")


def read(path: Path, option: str = "against") -> Floor:
    """Return the floor of a file. option: what named it, for errors.

    Raises:
        InputError: no such file, or one that is no floor.
    """
    content = read_json(path, option)
    if not isinstance(content, dict) or content.pop("schema", None) != SCHEMA:
        raise InputError(f"{option}: {path}: schema must be {SCHEMA}; judge LOG --topo T --floor FILE writes one")
    try:
        floor = TypeAdapter(Floor).validate_python(content)
    except ValidationError as error:
        raise InputError(f"{option}: {path}: {' '.join(str(error).split())[:160]}") from None
    wrong = next((p for p in floor.points if not (p.seconds > 0 and p.ranks > 1 and p.nbytes > 0 and p.nodes > 0)), None)
    if wrong is not None:
        raise InputError(f"{option}: {path}: points must have seconds, bytes and nodes > 0 and ranks > 1, got {wrong}")
    return floor
