"""One launcher as a child process, from start to certain end. It does not know what the ranks do, only how they may end."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import IO

from fabric.measure.launch.connecting import FOLDER, Connecting

GRACE = 8.0
"""Seconds between asking the ranks to end and ending them."""
PR_SET_PDEATHSIG = 1
"""prctl(2): the signal to get when the parent ends."""
LINE = "fabricbench: "
LAUNCHER_LOG = re.compile(r"[EW]\d{4} .*torch/distributed/|Abort\(\d+\) on node")
RULE = re.compile(r"-{20,}|={20,}")
PROCESS = "# fabricbench rank"
"""What a rank under MPICH begins its first line with, then rank and process: its launcher names the dead by process only."""
ENDINGS = (
    re.compile(r"rank : (?P<rank>\d+) \(local_rank: \d+\) exitcode : (?P<code>-?\d+)"),
    re.compile(r"rank (?P<rank>\d+) with PID.*?on signal (?P<signal>\d+)"),
    re.compile(r"Process name: \[[^\]]*,(?P<rank>\d+)\] Exit code: (?P<code>\d+)"),
    re.compile(r"Abort\((?P<code>\d+)\) on node \d+ \(rank (?P<rank>\d+) in comm"),
    re.compile(r"MPI_ABORT was invoked on rank (?P<rank>\d+).*?Errorcode: (?P<code>\d+)"),
)
"""How torchrun, Open MPI and MPICH say which rank ended how; white space is one blank, for they wrap lines."""
KILLED_PROCESS = re.compile(r"PID (\d+) RUNNING AT \S+ = EXIT CODE: (\d+)")
"""How MPICH says which process a signal ended."""


@dataclass(frozen=True)
class Ending:
    """code: the launcher's exit code. stopped: the signal that we were sent, if any. reason: one line, empty if good."""

    code: int
    stopped: int | None
    reason: str


@dataclass
class Listener:
    """Passes on what ranks print and holds back what launchers print about a failure; ranks' own last lines are kept."""

    said: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    ranks: dict[str, int] = field(default_factory=dict)
    in_block: bool = False
    hold_all: bool = False

    def hear(self, line: str) -> None:
        """Pass on, keep or hold back one line."""
        line = line.replace("\0", "")  # Open MPI's abort leaves one behind
        text = line.strip()
        if text.startswith(LINE):
            self.said.append(text.removeprefix(LINE))
        elif text.startswith(PROCESS):
            rank, process = text.removeprefix(PROCESS).split()
            self.ranks[process] = int(rank)
        elif RULE.fullmatch(text):
            self.in_block = not self.in_block
            self.hold_all |= text[0] == "="  # MPICH goes on behind its block
        elif line == "\n":
            self.held.append(line)  # launchers set off their text by blank lines
        elif self.in_block or self.hold_all or LAUNCHER_LOG.match(text):
            self.hold_all |= text.startswith("E") and not self.in_block
            self.held.append(line)
        else:
            sys.stderr.write(line)
            sys.stderr.flush()

    def listen(self, stream: IO[bytes]) -> None:
        """Hear everything up to the stream's end."""
        rest = b""
        while chunk := os.read(stream.fileno(), 65536):
            *lines, rest = re.split(rb"(?<=[\n\r])", rest + chunk)
            for line in lines:
                self.hear(line.decode(errors="replace"))
        if rest:
            self.hear(rest.decode(errors="replace"))

    def reason(self, code: int) -> str:
        """Return one line: the rank that something killed, else what the ranks said, else who ended with which code."""
        text = " ".join("".join(self.held).split())
        endings = [_ending(**match.groupdict()) for pattern in ENDINGS for match in pattern.finditer(text)]
        killed = [(self.ranks.get(process), -int(number)) for process, number in KILLED_PROCESS.findall(text)]
        for rank, number in [*killed, *endings]:
            if number < 0 and number != -signal.SIGTERM:  # the launcher itself ends the others with SIGTERM
                words = f" ({self.said[-1]})" if self.said else ""
                return f"{'a rank' if rank is None else f'rank {rank}'} was killed by signal {-number}{words}"
        if self.said:
            return self.said[-1]
        failed = [f"rank {rank} ended with exit code {number}" for rank, number in endings if number > 0]
        return failed[0] if failed else f"the launcher ended with exit code {code}"


def _ending(rank: str, code: str | None = None, signal: str | None = None) -> tuple[int, int]:
    """Return (rank, exit code); minus the signal's number where a signal ended it."""
    return int(rank), int(code) if code is not None else -int(signal or 0)


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Have this process sent a signal when the process that started it ends, however it ends; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def supervise_ranks(command: Sequence[str], environment: Mapping[str, str], ranks: int, limit: float) -> Ending:
    """Run a launcher of so many ranks as supervise() does, and end it where they are not connected after limit seconds."""
    with tempfile.TemporaryDirectory(prefix="fabricbench-connecting-") as folder:
        watched = Connecting(Path(folder), ranks, limit)
        return supervise(command, {**environment, FOLDER: folder}, watched)


def supervise(command: Sequence[str], environment: Mapping[str, str], watched: Connecting | None = None) -> Ending:
    """Run a launcher to its end and return how it ended; SIGINT and SIGTERM end it early. No process is left behind.

    watched: the ranks as they connect; they are ended where one stays away.
    """
    listener = Listener()
    with (
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # no thread runs yet
        ) as child,
        _signals() as stops,
    ):
        assert child.stdout is not None  # noqa: S101  # a pipe was asked for
        reader = threading.Thread(target=listener.listen, args=(child.stdout,), daemon=True)
        reader.start()
        late: list[str] = []
        code = _wait(child, stops, listener, watched, late)
        _send(child, signal.SIGKILL)
        reader.join(GRACE)
    return Ending(code, stops[0] if stops else None, (late or [listener.reason(code)])[0] if code else "")


def _wait(
    child: subprocess.Popen[bytes], stops: Sequence[int], listener: Listener, watched: Connecting | None, late: list[str]
) -> int:
    """Return the launcher's exit code; late gets a line where the ranks did not connect in time."""
    deadline: float | None = None
    while True:
        try:
            return child.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            line = watched.overdue() if watched and not late else None
            if watched and line:
                late.append(line)
                watched.end_stopped()
            if (stops or late) and deadline is None:
                listener.hold_all, deadline = True, monotonic() + GRACE
                _send(child, signal.SIGTERM)
            elif deadline is not None and monotonic() > deadline:
                _send(child, signal.SIGKILL)


def _send(child: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # nobody may be left
        os.killpg(child.pid, number)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying from them."""
    stops: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        stops.append(number)

    kinds = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    before = {kind: signal.signal(kind, note) for kind in kinds}
    try:
        yield stops
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
