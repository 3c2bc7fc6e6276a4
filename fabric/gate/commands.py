"""Two commands against each other: pairs of runs, a coin says which goes first. It does not know what a command does.

What counts of a run is its wall time, or a number that it prints.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import isfinite, log
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.gate.rounds import PAIR_LOOKS, Rounds
from fabric.gate.sides import ended_in_order
from fabric.gate.verdict import Verdict
from fabric.measure.launch.start import OURS, as_root
from fabric.measure.launch.supervise import die_with_parent
from fabric.statistics import median
from fabric.text.escape import shown
from fabric.text.files import read_bytes
from fabric.text.json_file import parse_json
from fabric.text.numbers import maybe_real
from topologies.errors import InputError

SCHEMA = "fabricbench.pair/1"
SHELL = "/bin/sh"
REFUSES_ROOT = "--allow-run-as-root"
"""What Open MPI's mpirun names when it refuses to run as root."""
MOST_READ = 1 << 24
"""Bytes of what a run printed that are read, its last ones."""


@dataclass(frozen=True)
class Reading:
    """What counts of a run. number: a regular expression whose group is the number, the last one printed; None: wall time.

    higher_is_better: of the number, a bandwidth's.
    """

    number: re.Pattern[str] | None = None
    higher_is_better: bool = False

    @property
    def what(self) -> str:
        """What is compared, in words."""
        if self.number is None:
            return "wall time"
        return f"number of {shown(self.number.pattern)}{', higher is better' if self.higher_is_better else ''}"

    def of(self, text: str, side: str) -> float:
        """Return the number in what a side printed; InputError where there is none above 0."""
        assert self.number is not None  # noqa: S101  # wall times are not printed
        found = [match[1] if self.number.groups else match[0] for match in self.number.finditer(text)]
        if not found:
            raise InputError(f"number: {side} printed nothing that matches {shown(self.number.pattern)}, got {_last(text)}")
        value = maybe_real(str(found[-1]).replace(",", ""))
        if value is None or not value > 0 or not isfinite(value):
            raise InputError(f"number: {side} must print a number above 0, got {shown(str(found[-1]))}")
        return value


def reading_of(number: str | None, *, higher_is_better: bool = False) -> Reading:
    """Return what counts of a run, from a regular expression with at most one group.

    Raises:
        InputError: no regular expression, several groups, or higher is better of a wall time.
    """
    if number is None:
        if higher_is_better:
            raise InputError("higher-is-better: is about --number, of a wall time lower is better")
        return Reading()
    try:
        pattern = re.compile(number, re.MULTILINE)
    except re.error as error:
        raise InputError(f"number: must be a regular expression, got {shown(number)}: {error}") from None
    if pattern.groups > 1:
        raise InputError(f"number: must have one group, that of the number, got {pattern.groups} in {shown(number)}")
    return Reading(pattern, higher_is_better)


@dataclass
class Commands:
    """The paired runs so far. rounds: of one cell; pairs: (A's, B's value) of every pair."""

    rounds: Rounds
    reading: Reading
    pairs: list[tuple[float, float]] = field(default_factory=list)

    @property
    def typical(self) -> tuple[float, float]:
        """The median of A's and of B's values."""
        return median([a for a, _ in self.pairs]), median([b for _, b in self.pairs])

    @property
    def verdict(self) -> Verdict:
        """The verdict on B / A: of a number that is better when higher, regressed is lower."""
        found = self.rounds.verdicts[0]
        return turned(found) if self.reading.higher_is_better else found

    def add(self, a: float, b: float) -> None:
        """Take one pair."""
        self.pairs.append((a, b))
        self.rounds.add(0, log(b / a) * (-1 if self.reading.higher_is_better else 1))


def turned(verdict: Verdict) -> Verdict:
    """Return the verdict on A / B as one on B / A: the same kind, 1 / the ratio and its ends."""
    low, high = (0.0 if not isfinite(end) else float("inf") if end == 0 else 1 / end for end in (verdict.high, verdict.low))
    return replace(verdict, ratio=1 / verdict.ratio, low=low, high=high)


def compete(
    commands: Sequence[str],
    reading: Reading,
    *,
    budget: float,
    tolerance: float,
    keep: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Commands:
    """Run pair after pair until it is decided or the budget (seconds, of all runs) is used up; one run of each does not count.

    commands: A and B, each by the shell. keep: a file that gets every pair.

    Raises:
        InputError: a number that a command does not print; bad values.
        EnvironmentFault: a command that fails, or takes longer than the whole budget.
        SystemExit: somebody ended us by a signal.
    """
    found = Commands(Rounds(1, budget, tolerance), reading)
    sides = list(zip(("A", "B"), commands, strict=True))
    with ended_in_order():
        return _fight(found, sides, budget, keep, tell)


def _fight(
    found: Commands, sides: Sequence[tuple[str, str]], budget: float, keep: Path | None, tell: Callable[[str], None]
) -> Commands:
    reading, coins = found.reading, random.SystemRandom()
    for side, command in sides:
        run(side, command, reading, budget)
    start = monotonic()
    while True:
        order = sides if coins.random() < 0.5 else sides[::-1]
        values = {side: run(side, command, reading, budget) for side, command in order}
        found.add(values["A"], values["B"])
        if keep is not None:
            append_pair(keep, [command for _, command in sides], values, order[0][0])
        over = _progress(found, monotonic() - start, tell)
        if over or len(found.pairs) in PAIR_LOOKS:
            found.rounds.judge((0,))
        if over or (found.rounds.verdicts and not found.rounds.open):
            return found


def _progress(found: Commands, spent: float, tell: Callable[[str], None]) -> bool:
    """Say how far it is; return whether the next pair no longer fits the budget."""
    budget, count = found.rounds.budget, len(found.pairs)
    tell(f"pair {count}, at most {max(budget - spent, 0):.0f} s left")
    return spent + spent / count > budget


def run(side: str, command: str, reading: Reading, limit: float) -> float:
    """Return what counts of one run of a command, ended with everything it started after `limit` seconds.

    Raises:
        InputError, EnvironmentFault, SystemExit: as compete.
    """
    late = threading.Event()
    with tempfile.TemporaryFile() as out:  # no pipe: what a command leaves running would hold it open
        started = perf_counter()
        child = subprocess.Popen(
            [SHELL, "-c", command],
            env={key: value for key, value in os.environ.items() if key != OURS},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # no thread runs
        )
        timer = threading.Timer(limit, _late, (child, late))
        timer.start()
        try:
            child.wait()  # without a time limit: waiting with one looks only now and then
            took = perf_counter() - started
        finally:
            timer.cancel()
            timer.join()
            _end(child)
            child.wait()
        out.seek(max(0, out.seek(0, os.SEEK_END) - MOST_READ))
        said = out.read().decode(errors="replace")
    if late.is_set():
        raise EnvironmentFault(f"{side}: takes longer than the whole budget of {limit:g} s; raise --budget")
    if child.returncode:
        raise EnvironmentFault(f"{side}: {shown(command)} {_how(child.returncode)}: {_last(said)}{_permission(said)}")
    return took if reading.number is None else reading.of(said, side)


def _late(child: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):  # nobody may be left
        os.killpg(child.pid, signal.SIGKILL)


def _how(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _permission(said: str) -> str:
    """Return what to set where Open MPI refused to run as root."""
    return as_root() if REFUSES_ROOT in said else ""


def _last(text: str) -> str:
    """Return the last line of a command's output."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return shown(lines[-1]) if lines else "no output"


def append_pair(path: Path, commands: Sequence[str], values: Mapping[str, float], first: str) -> None:
    """Append one pair to a file; InputError where it cannot be written."""
    row = {"schema": SCHEMA, "a": commands[0], "b": commands[1], "a_value": values["A"], "b_value": values["B"], "first": first}
    try:
        with path.open("a") as file:
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
    except OSError as error:
        raise InputError(f"output: cannot write {path}: {error.strerror}; choose a folder that can be written") from None


def read_pairs(path: Path) -> list[Mapping[str, Any]]:
    """Return the pairs of a file; InputError where it holds something else."""
    rows = [parse_json(line, str(path)) for line in read_bytes(path, "pairs").splitlines() if line.strip()]
    for row in rows:
        if not isinstance(row, dict) or row.get("schema") != SCHEMA:
            raise InputError(f"output: {path} must hold pairs of schema {SCHEMA}, got something else; name another file")
    return rows
