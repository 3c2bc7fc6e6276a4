"""Registering predictions: what was asked, by which code, from which files, put into a chain (records/registered.py)."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fabric.text.files import is_file

if TYPE_CHECKING:
    from fabric.records.registered import Entry
    from fabric.records.result import Result

HERE = Path(__file__).resolve().parent


def register(path: Path, results: Sequence[Result], asked: Mapping[str, Any]) -> Entry:
    """Append predictions to the chain of a file and return the entry; files that were asked with are named by their hash.

    Raises:
        InputError: as records.registered.register.
    """
    from fabric.records.registered import register as append

    return append(path, results, code(), inputs(asked))


def inputs(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked as plain values; beside every file the SHA-256 of its bytes."""
    said = {key: str(value) for key, value in sorted(asked.items()) if value not in (None, (), False) and key != "register"}
    files = {
        f"{key}_sha256": hashlib.sha256(Path(text).read_bytes()).hexdigest() for key, text in said.items() if is_file(text)
    }
    return {**said, **files}


def code() -> str:
    """Return the revision of the code that runs: of its repository, marked where files differ, else the version installed."""
    if _git("ls-files", "--error-unmatch", __file__) is not None:  # else it is installed inside a repository of others
        changed = _git("status", "--porcelain", "--untracked-files=no")
        return f"{_git('rev-parse', 'HEAD')}{' with local changes' if changed else ''}"
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"fabricbench {version('fabricbench')}"
    except PackageNotFoundError:
        return "unknown"


def _git(*words: str) -> str | None:
    """Return what git says of the folder of this file, None where there is no git or it refuses."""
    program = shutil.which("git")
    if program is None:
        return None
    done = subprocess.run([program, "-C", str(HERE), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
