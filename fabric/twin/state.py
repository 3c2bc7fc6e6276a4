"""Which twins were left running: one small file each in the user's run-time folder. It starts and ends nothing."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from fabric.twin.holder import Holder
from topologies.errors import InputError


@dataclass(frozen=True)
class Twin:
    """A twin that was left running: its name, holder, topology and namespaces."""

    name: str
    holder: Holder
    topology: str
    boxes: tuple[str, ...]


def folder() -> Path:
    """Return where the files are: XDG_RUNTIME_DIR, or without one a folder in /tmp that is the user's own."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    return Path(base) / "fabricbench" if base else Path(tempfile.gettempdir()) / f"fabricbench-{os.getuid()}"


def names() -> list[str]:
    """Return the names of all twins."""
    return sorted(path.stem for path in folder().glob("*.json"))


def exists(name: str) -> bool:
    """Return whether there is a twin of this name, alive or not."""
    return _file(name).exists()


def save(twin: Twin) -> None:
    """Write a twin's file; InputError where one of its name has come in between."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with _file(twin.name).open("x") as file:
            json.dump(asdict(twin), file)
    except FileExistsError:
        raise InputError(f"name: a twin {twin.name!r} has just been made; choose another --name") from None


def load(name: str) -> Twin:
    """Return a twin.

    Raises:
        InputError: there is none of this name, or its file is torn.
    """
    try:
        found = json.loads(_file(name).read_text())
        return Twin(found["name"], Holder(**found["holder"]), found["topology"], tuple(found["boxes"]))
    except OSError:
        raise InputError(f"name: must be a running twin, there are: {', '.join(names()) or 'none'}; got {name!r}") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"name: the state of twin {name!r} is torn; delete {_file(name)}") from None


def forget(name: str) -> None:
    """Delete a twin's file."""
    _file(name).unlink(missing_ok=True)


def _file(name: str) -> Path:
    return folder() / f"{name}.json"
