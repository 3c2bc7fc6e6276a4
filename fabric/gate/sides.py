"""What a gate compares: two git revisions in worktrees of their own, or two interpreters. It does not know what is measured."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from fabric.errors import EnvironmentFault
from fabric.measure.launch.start import OURS
from topologies.errors import InputError

ALLOWED = ("mpi_library", "torch", "nccl")
"""Facts that may differ between two interpreters: they are what is compared."""
FOUND = "fabricbench found: "
LOOK = f"""
import importlib.util, os, sys
import fabric.measure.timing.session
files = {{name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}}
for name in ("mpi4py", "torch"):
    there = importlib.util.find_spec(name)
    files[name] = there and there.origin
inside = os.path.join(os.path.realpath(sys.argv[1]), "")
print("{FOUND}" + " ".join(name for name, file in files.items() if file and os.path.realpath(file).startswith(inside)))
"""
"""A program that imports what every launch does and says which modules stand in the folder of its argument."""


@dataclass(frozen=True)
class Side:
    """One side. python: who runs it; root: the folder its code is imported from, None where the interpreter has its own."""

    name: str
    python: str
    root: Path | None
    differs: tuple[str, ...] = ()


@contextmanager
def worktrees(revisions: Sequence[str], repository: Path) -> Iterator[tuple[Side, Side]]:
    """Give the two revisions as sides, each in a worktree of a temporary folder; both are gone at the end, however it ends.

    Raises:
        InputError: not a git repository, or a revision that it does not have.
        EnvironmentFault: git is missing or cannot make a worktree.
    """
    commits = [_commit(revision, repository) for revision in revisions]
    with ended_in_order(), tempfile.TemporaryDirectory(prefix="fabricbench-gate-") as folder:
        places = [Path(folder) / name for name in "ab"]
        try:
            for place, commit in zip(places, commits, strict=True):
                _git(repository, "worktree", "add", "--quiet", "--detach", str(place), commit)
            a, b = (
                Side(f"{revision} ({commit[:7]})", sys.executable, place)
                for revision, commit, place in zip(revisions, commits, places, strict=True)
            )
            yield a, b
        finally:
            for place in places:
                # Twice by force: one whose making was interrupted is locked, and may be half there.
                shutil.rmtree(place, ignore_errors=True)
                _run_git(repository, "worktree", "remove", "--force", "--force", str(place))


def check_revision(side: Side) -> None:
    """Raise unless a launch of a revision imports something of it: else both sides would measure the same installed code.

    Raises:
        InputError: nothing that a launch imports stands in the revision.
        EnvironmentFault: what stands there cannot be imported.
    """
    found, reason = _imported(side)
    if found is None:
        raise EnvironmentFault(f"{side.name}: fabric cannot be imported there: {reason}")
    if not found:
        raise InputError(
            f"revs: a launch imports nothing of {side.name}, it holds no fabric, mpi4py or torch: its code would not be "
            "measured; install each revision in an environment of its own and compare them with --envs A B"
        )


def _imported(side: Side) -> tuple[list[str] | None, str]:
    """Return the modules of a launch that stand in a side's folder, or None and why they cannot be imported."""
    line = [side.python, "-c", LOOK, str(side.root)]
    done = subprocess.run(line, cwd=side.root, env=environment_of(side), capture_output=True, text=True, check=False)
    said = [words.removeprefix(FOUND) for words in done.stdout.splitlines() if words.startswith(FOUND)]
    if said and not done.returncode:
        return said[-1].split(), ""
    last = (done.stderr.strip().splitlines() or [f"the interpreter ended with exit code {done.returncode}"])[-1]
    return None, last[:120]


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Turn SIGTERM, with which CI systems cancel, into an exit that cleans up."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    here = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, leave) if here else None
    try:
        yield
    finally:
        if here:
            signal.signal(signal.SIGTERM, before)


def _commit(revision: str, repository: Path) -> str:
    done = _run_git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if done.returncode:
        inside = _run_git(repository, "rev-parse", "--git-dir").returncode == 0
        where = "a revision of this git repository" if inside else "a revision, inside a git repository"
        raise InputError(f"revs: must be {where}, got {revision!r}")
    return done.stdout.strip()


def _git(repository: Path, *words: str) -> None:
    done = _run_git(repository, *words)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it gives no reason"])[-1]
        raise EnvironmentFault(f"git {words[0]} {words[1]}: {reason[:160]}")


def _run_git(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Return git's answer. Interrupted, it is ended first with what it started: a checkout goes on without its parent."""
    line = ["git", *words]
    try:
        git = subprocess.Popen(line, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)
    except FileNotFoundError:
        raise EnvironmentFault("git was not found; install it, or compare two interpreters with --envs") from None
    with git:
        try:
            out, said = git.communicate()
        except (KeyboardInterrupt, SystemExit):
            with suppress(ProcessLookupError):  # it may have ended meanwhile
                os.killpg(git.pid, signal.SIGKILL)
            git.communicate()
            raise
    return subprocess.CompletedProcess(line, git.returncode, out, said)


@contextmanager
def interpreters(paths: Sequence[str]) -> Iterator[tuple[Side, Side]]:
    """Give two interpreters as sides: both run this fabricbench, each with its own libraries.

    Raises:
        InputError: no such program, or one that cannot import what fabricbench needs.
    """
    root = Path(__file__).parents[2]
    a, b = (Side(path, path, root, ALLOWED) for path in paths)
    for side in (a, b):
        _check_python(side)
    yield a, b


def _check_python(side: Side) -> None:
    try:
        found, reason = _imported(side)
    except OSError as error:
        raise InputError(f"envs: must be a Python interpreter, got {side.python!r} ({error.strerror})") from None
    if found is None:
        raise InputError(f"envs: {side.python} cannot import what fabricbench needs: {reason}; `pip install fabricbench`")


def environment_of(side: Side) -> dict[str, str]:
    """Return the environment of one side's launches: its own code first, nothing that a launch of ours left behind."""
    kept = {key: value for key, value in os.environ.items() if key != OURS}
    first = [str(side.root)] if side.root is not None else []
    rest = [part for part in kept.get("PYTHONPATH", "").split(os.pathsep) if part]
    return {**kept, "PYTHONPATH": os.pathsep.join([*first, *rest])}
