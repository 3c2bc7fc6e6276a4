"""The files of a log or of a folder of logs, read one after the other. It knows no tool and prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from fabric.importers import catalog
from fabric.importers.catalog import Import
from fabric.importers.results import Given
from fabric.text.files import exists
from topologies.errors import InputError

MOST_FILES = 2000
"""Files that a folder of logs may hold."""
Read = list[tuple[Path, Import]]


def read(
    file: Path, tool: str, given: Given, said: dict[str, Any], left_out: Callable[[InputError], object] = lambda _: None
) -> Read:
    """Return what a file gave, or every file of a folder that gives anything.

    given, said: as catalog.imported() takes them. left_out: told of a folder's file that gives nothing, and why.

    Raises:
        InputError: the file gives nothing, or no file of the folder does.
    """
    found: Read = []
    for path in files(file):
        try:
            found.append((path, catalog.imported(catalog.load(path), str(path), tool, given, said)))
        except InputError as error:
            if path == file:
                raise
            left_out(error)
    if not found:
        raise InputError(f"import: {file} holds no file that can be imported")
    return found


def files(path: Path) -> list[Path]:
    """Return the file itself, or the regular files of a folder and of those in it, hidden ones left out, by name.

    Raises:
        InputError: a folder of more files than anybody's logs are.
    """
    if not (exists(path) and path.is_dir()):
        return [path]
    inside = (one for one in path.rglob("*") if not any(part.startswith(".") for part in one.relative_to(path).parts))
    found = sorted(islice((one for one in inside if one.is_file()), MOST_FILES + 1))
    if len(found) > MOST_FILES:
        raise InputError(f"import: a folder must hold at most {MOST_FILES} files, {path} holds more; name the logs' own folder")
    return found


def facts(beside: Path | None) -> dict[str, Any]:
    """Return the context that another log states, {} where none is given.

    Raises:
        InputError: the log states none.
    """
    if beside is None:
        return {}
    found = catalog.context(catalog.load(beside))
    if not found:
        raise InputError(f"context: must be a log of NCCL_DEBUG=INFO or `nvidia-smi topo -m`, got {beside}")
    return found
