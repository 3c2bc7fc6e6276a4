"""Which ranks have not connected when they should have, seen by the process that started them. It does not know any library.

A library that waits for a stopped rank holds the whole process, threads too, so that no rank can say who is missing: each
leaves a file when it begins to connect and takes it away when it is connected, and the process that started them looks.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

FOLDER = "FABRICBENCH_CONNECTING"
"""Variable with the folder of these files; unset where somebody else started the ranks."""
EARLY = 0.95
"""Of the limit: looked at a little before the libraries' own limits, which name nobody, run out."""


def watched() -> bool:
    """Return whether the process that started the ranks looks at them."""
    return Path(os.environ.get(FOLDER, "")).is_dir() and FOLDER in os.environ


@contextmanager
def connecting(rank: int) -> Iterator[None]:
    """Leave a file with this process's number for as long as this rank connects, where anybody looks."""
    if not watched():
        yield
        return
    own = Path(os.environ[FOLDER]) / str(rank)
    own.write_text(str(os.getpid()))
    yield
    own.rename(own.with_suffix(".done"))


@dataclass
class Connecting:
    """What the starting process sees of so many ranks. limit: seconds from the first that begins to the last that is done."""

    folder: Path
    ranks: int
    limit: float
    since: float | None = None

    def overdue(self) -> str | None:
        """Return who is not connected although the limit is over, in words; None before, or where all are connected."""
        there = {path.name for path in self.folder.iterdir()}
        if there and self.since is None:
            self.since = monotonic()
        waiting = sorted(rank for rank in range(self.ranks) if f"{rank}.done" not in there)
        if not waiting or self.since is None or monotonic() - self.since < EARLY * self.limit:
            return None
        absent = [rank for rank in waiting if str(rank) not in there]
        stopped = [rank for rank in waiting if self._is_stopped(rank)]
        return f"the ranks did not connect within {self.limit:g} s: {_words(absent, stopped, waiting)}"

    def end_stopped(self) -> None:
        """End ranks that are stopped: they hear nothing else."""
        for rank in range(self.ranks):
            if self._is_stopped(rank):
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(self._process(rank) or 0, signal.SIGKILL)

    def _process(self, rank: int) -> int | None:
        try:
            return int((self.folder / str(rank)).read_text())
        except (OSError, ValueError):  # connected meanwhile, or not written yet
            return None

    def _is_stopped(self, rank: int) -> bool:
        """Return whether a rank's process was stopped by a signal."""
        process = self._process(rank)
        return process is not None and is_stopped(state_and_parent(Path(f"/proc/{process}")))


def state_and_parent(folder: Path) -> list[str]:
    """Return a process's state and its parent's number by its folder in /proc; nothing where it is gone, or off Linux."""
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return []


def is_stopped(stat: list[str]) -> bool:
    """Return whether a signal or a debugger holds a process (state T or t)."""
    return bool(stat) and stat[0] in "Tt"


def _words(absent: list[int], stopped: list[int], waiting: list[int]) -> str:
    if stopped:
        return words_of_stopped(stopped)
    return f"{_named(absent)} not there" if absent else f"{_named(waiting)} still waiting"


def words_of_stopped(ranks: list[int]) -> str:
    """Return what is said of ranks whose processes a signal has stopped."""
    return f"{_named(ranks)} stopped by a signal (SIGSTOP, Ctrl-Z or a debugger)"


def _named(ranks: list[int]) -> str:
    return f"rank{'s' if len(ranks) > 1 else ''} {', '.join(map(str, ranks))} {'are' if len(ranks) > 1 else 'is'}"
