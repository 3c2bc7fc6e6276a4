"""Results as JSON Lines on disk: append-only, safe after every record, a torn last line survived. It reads no meaning."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fabric.records.result import SCHEMA, Result
from topologies.errors import InputError


@cache
def adapter() -> TypeAdapter[Result]:
    """Return the validator of one record."""
    return TypeAdapter(Result)


def to_json(result: Result) -> str:
    """Return one result as one line of JSON, without the line's end."""
    return json.dumps(asdict(result), separators=(",", ":"), allow_nan=False)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of one record."""
    return {"$id": SCHEMA, **adapter().json_schema(mode="serialization")}


def append(path: Path, results: Iterable[Result]) -> None:
    """Append results to the file, flushed to the disk; a torn last line is cut off first.

    Raises:
        InputError: the folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            _mend(path)
            for result in results:
                file.write(to_json(result).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(f"output: cannot write {path}: {error.strerror}; choose a folder that can be written") from None


def read(path: Path) -> tuple[list[Result], str | None]:
    """Return the file's results and a warning where its last line was torn by a crash.

    Raises:
        InputError: no such file, a line that is no record, or a schema this version does not know.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"results: cannot read {path}: {error.strerror}") from None
    results = list(_parse(path, lines[:-1]))
    torn = lines[-1].strip()
    if not torn:
        return results, None
    try:
        return [*results, *_parse(path, [torn])], None
    except InputError:
        return (
            results,
            f"{path}: its last line is torn ({len(torn)} bytes) and was left out; {len(results)} records read",
        )


def _parse(path: Path, lines: list[bytes]) -> Iterator[Result]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _record(f"{path}:{number}", line)


def _record(where: str, line: bytes) -> Result:
    try:
        row = json.loads(line)
    except ValueError:
        raise InputError(f"{where}: must be one JSON object per line, got {line[:40]!r}") from None
    found = row.get("schema") if isinstance(row, dict) else None
    if found != SCHEMA:
        raise InputError(f"{where}: schema must be {SCHEMA}, got {found!r}; a newer version of fabricbench may read it")
    try:
        return adapter().validate_python(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{where}: {field}: {first['msg']}, got {str(first['input'])[:60]!r}") from None


def _mend(path: Path) -> None:
    """Cut off a last line without its end, so that the next record starts on a line of its own."""
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    if end != len(content):
        os.truncate(path, end)
