"""Which twins were left running: one small file each in the user's run-time folder. It starts and ends nothing."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from fabric.errors import EnvironmentFault
from fabric.text.json_file import parse_json
from fabric.twin.holder import Holder
from topologies.errors import InputError

NO_STATE, REMEDY = "no state can be kept in {}", "set XDG_RUNTIME_DIR to a folder of yours"


@dataclass(frozen=True)
class Twin:
    """A twin that was left running: its name, holder, topology and namespaces."""

    name: str
    holder: Holder
    topology: str
    boxes: tuple[str, ...]


def folder() -> Path:
    """Return where the files are: in XDG_RUNTIME_DIR, or without one in a folder in /tmp that is the user's own.

    Raises:
        EnvironmentFault: it may not be read, or belongs to somebody else, who could lead us into a twin of theirs.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    found = Path(base) / "fabricbench" if base else Path(tempfile.gettempdir()) / f"fabricbench-{os.getuid()}"
    try:
        next(found.iterdir(), None)
        reason = None if found.lstat().st_uid == os.geteuid() else "it belongs to another user"
    except FileNotFoundError:
        return found
    except OSError as error:
        reason = error.strerror
    if reason:
        raise EnvironmentFault(f"twin: {NO_STATE.format(found)}: {reason}; {REMEDY}")
    return found


def names() -> list[str]:
    """Return the names of all twins."""
    return sorted(path.stem for path in folder().glob("*.json"))


def exists(name: str) -> bool:
    """Return whether there is a twin of this name, alive or not."""
    return _file(name).exists()


def save(twin: Twin) -> None:
    """Write a twin's file.

    Raises:
        InputError: one of its name has come in between.
        EnvironmentFault: it cannot be written.
    """
    file = _file(twin.name)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file.open("x") as out:
            json.dump(asdict(twin), out)
    except FileExistsError:
        raise InputError(f"name: a twin {twin.name!r} has just been made; choose another --name") from None
    except OSError as error:
        with suppress(OSError):
            file.unlink(missing_ok=True)
        raise EnvironmentFault(f"twin: {NO_STATE.format(file.parent)}: {error.strerror}; {REMEDY}") from None


def load(name: str) -> Twin:
    """Return a twin.

    Raises:
        InputError: there is none of this name, or its file is torn.
    """
    try:
        found = parse_json(_file(name).read_text(), str(_file(name)))
        return Twin(found["name"], Holder(**found["holder"]), found["topology"], tuple(found["boxes"]))
    except OSError:
        raise InputError(f"name: must be a running twin, there are: {', '.join(names()) or 'none'}; got {name!r}") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"name: the state of twin {name!r} is torn; delete {_file(name)}") from None


def forget(name: str) -> None:
    """Delete a twin's file, and the folder with the last one."""
    _file(name).unlink(missing_ok=True)
    with suppress(OSError):
        folder().rmdir()


def _file(name: str) -> Path:
    return folder() / f"{name}.json"
