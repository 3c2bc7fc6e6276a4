"""Results as JSON Lines on disk: append-only, safe after every record, a torn last line survived. It reads no meaning."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cache
from io import FileIO
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fabric.errors import EnvironmentFault
from fabric.records.older import RESULT_1, of_result_1
from fabric.records.result import SCHEMA, Result
from fabric.text.escape import shown
from fabric.text.files import exists, read_bytes
from fabric.text.json_file import parse_json
from topologies.errors import InputError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What writing fails with where there is no room: the disk, a quota, the largest file that is allowed."""
MOST_BYTES = 1 << 30
"""Of a file of results; read whole."""
BLOCK = 1 << 16
"""Bytes read at once to find the last whole line."""


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
    """Append results to the file, flushed to the disk; a torn last line is cut off first. All or nothing is written.

    Raises:
        InputError: the folder or the file cannot be written.
        EnvironmentFault: the disk, or what the user may write on it, is full.
    """
    append_lines(path, b"".join(to_json(result).encode() + b"\n" for result in results))


def append_lines(path: Path, content: bytes) -> None:
    """Append whole lines to a file as append() does.

    Raises:
        InputError: the folder or the file cannot be written.
        EnvironmentFault: the disk, or what the user may write on it, is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+", buffering=0) as file:
            _write(file, content)
    except OSError as error:
        if error.errno in FULL:
            raise EnvironmentFault(f"output: no room to write {path}: {error.strerror}; make room, then repeat") from None
        raise InputError(f"output: cannot write {path}: {error.strerror}; choose a folder that can be written") from None


def append_all(path: Path, results: Iterable[Result]) -> None:
    """Add results to a file, all or none: a copy with them takes the file's place.

    Raises:
        InputError: the folder or the file cannot be written, or the file holds something else than results.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    if exists(path):
        read(path)
    try:
        if exists(path):
            shutil.copyfile(path, beside)
        append(beside, results)
        os.replace(beside, path)  # the same call, named as what it does
    except InputError:
        raise InputError(
            f"output: cannot write {path}: no file can be made beside it; choose a folder that can be written"
        ) from None
    except OSError as error:
        raise InputError(f"output: cannot write {path}: {error.strerror}; choose a folder that can be written") from None
    finally:
        if beside.parent.is_dir():
            beside.unlink(missing_ok=True)


def _write(file: FileIO, content: bytes) -> None:
    """Write everything after the last whole line; where that fails, leave the file as it was."""
    end = _whole_lines(file)
    file.truncate(end)
    try:
        written = 0
        while written < len(content):
            written += file.write(content[written:])
        os.fsync(file.fileno())
    except OSError:
        file.truncate(end)
        raise


def _whole_lines(file: FileIO) -> int:
    """Return where the last whole line ends."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - BLOCK)
        file.seek(start)
        last = file.read(end - start).rfind(b"\n")
        if last >= 0:
            return start + last + 1
        end = start
    return 0


def read(path: Path) -> tuple[list[Result], str | None]:
    """Return the file's results and a warning where its last line was torn by a crash.

    Raises:
        InputError: no such file, a line that is no record, or a schema this version does not know.
    """
    lines = read_bytes(path, "results", MOST_BYTES).split(b"\n")
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
        row = parse_json(line, where)
    except InputError:
        raise InputError(f"{where}: must be one JSON object per line, got {shown(line, 40)}") from None
    found = row.get("schema") if isinstance(row, dict) else None
    if found == RESULT_1:
        row = of_result_1(row, SCHEMA)
    elif found != SCHEMA:
        raise InputError(f"{where}: schema must be {SCHEMA}, got {shown(found)}; a newer version of fabricbench may read it")
    try:
        return adapter().validate_python(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{where}: {field}: {first['msg']}, got {shown(str(first['input']))}") from None
