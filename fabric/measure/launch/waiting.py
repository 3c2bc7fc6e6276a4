"""Ends a rank whose library waits without end for one that never connects, where the user's own launcher started the ranks.

A library that waits holds the whole process, threads too, and MPI knows no limit: so a child process waits beside it. On its
own node it can see whose process is stopped; who of another node is missing nobody can say.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fabric.errors import EnvironmentFault
from fabric.measure.launch.connecting import is_stopped, state_and_parent, words_of_stopped
from fabric.measure.launch.launcher import Launch, detect

SPARE = 5.0
"""Seconds over the limit: a library that has a limit of its own speaks first."""
LATER = 2.0
"""Seconds that a node whose ranks all wait leaves to one that knows who is stopped, and other ranks to the one that speaks."""


@contextmanager
def not_without_end(launch: Launch, limit: float) -> Iterator[None]:
    """Connect inside; this process is killed where that takes longer than the limit, with a line on standard error.

    The first rank of a node says who of its ranks is stopped; where none is, rank 0 alone says that.
    """
    if not hasattr(os, "fork"):
        yield
        return
    watched, ours = os.pipe()
    rank = os.getpid()
    child = os.fork()
    if not child:
        os.close(ours)
        _wait_beside(launch, limit, watched, rank)
    os.close(watched)
    try:
        yield
    finally:
        os.close(ours)
        os.waitpid(child, 0)


def _wait_beside(launch: Launch, limit: float, watched: int, rank: int) -> None:
    """Wait for the end of the pipe, as the rank is connected or gone; after the limit, kill the rank. Never returns."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        if not _ended(watched, limit + SPARE):
            stopped = stopped_beside(rank)
            if not _ended(watched, 0.0 if stopped and launch.local_rank == 0 else LATER):
                if launch.local_rank == 0 and (stopped or launch.rank == 0):
                    os.write(sys.stderr.fileno(), f"fabricbench: {line(limit, stopped)}\n".encode())
                os.kill(rank, signal.SIGKILL)
        code = 0
    finally:
        os._exit(code)


def _ended(watched: int, seconds: float) -> bool:
    return bool(select.select([watched], [], [], seconds)[0])


def line(limit: float, stopped: list[int]) -> str:
    """Return what is said of ranks that did not connect. stopped: those of this node that a signal has stopped."""
    nobody = "no rank of this node is stopped by a signal; raise --timeout if they need longer"
    who = words_of_stopped(stopped) if stopped else nobody
    return f"the ranks did not connect within {limit:g} s: {who}"


def stopped_beside(process: int, proc: Path = Path("/proc")) -> list[int]:
    """Return the ranks that the same process has started as this one and a signal has stopped."""
    parent = state_and_parent(proc / str(process))[1:]
    there = ((folder, state_and_parent(folder)) for folder in proc.iterdir() if folder.name.isdecimal()) if parent else ()
    ranks = (_rank(folder) for folder, stat in there if stat[1:] == parent and is_stopped(stat))
    return sorted(rank for rank in ranks if rank is not None)


def _rank(folder: Path) -> int | None:
    """Return the rank of a process by its environment; None where it is none, or nobody may look."""
    try:
        rows = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
        launch = detect(dict(row.split("=", 1) for row in rows if "=" in row))
    except (OSError, EnvironmentFault):
        return None
    return launch.rank if launch.started else None
