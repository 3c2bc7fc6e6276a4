"""How a rank behaves as a process: what ends it, and who speaks. It does not know what it measures."""

from __future__ import annotations

import os
import signal
import sys
import time

from fabric.measure.launch.launcher import Launch
from fabric.measure.launch.start import OURS
from fabric.measure.launch.supervise import PROCESS, die_with_parent

HEAD_START = 1.0
"""Seconds that other ranks give rank 0 to say why the run ends: the first rank to end makes the launcher kill the rest."""


def started_by_us() -> bool:
    """Return whether `measure` itself started these ranks, and prints for them."""
    return OURS in os.environ


def settle(launch: Launch) -> None:
    """Let a rank die with the launcher that we started, and all but rank 0 die of Ctrl-C at once."""
    if started_by_us():
        die_with_parent(signal.SIGKILL)
        if launch.launcher == "mpich":
            sys.stderr.write(f"{PROCESS} {launch.rank} {os.getpid()}\n")
            sys.stderr.flush()
    if launch.rank:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def leave_quietly(launch: Launch, code: int) -> None:
    """End any rank but rank 0 with the code, silently: the line is the same on all, and rank 0 says it."""
    if launch.rank:
        time.sleep(HEAD_START)
        raise SystemExit(code)
