"""Starts process groups on a running twin, watches them and hands back their records with fidelity. It predicts nothing.

The ranks are `python -m fabric measure` under torchrun's variables: one process per device, in its host's namespace.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from fabric.errors import EnvironmentFault
from fabric.measure.launch.start import environment
from fabric.measure.launch.supervise import Listener
from fabric.records.result import Result
from fabric.records.store import read
from fabric.twin import mpi
from fabric.twin.fidelity import Moment, block, moment
from fabric.twin.holder import Holder
from fabric.twin.plan import TwinPlan

FIRST_PORT = 29500
LEAVES_WITHIN = 1.0
LOOK_EVERY, SECONDS_BETWEEN_LOOKS = 0.05, 0.7
NOT_OF_A_TWIN = ("ranks_exceed_cores", "contended", "foreign_share")
"""What `measure` says of ranks that share cores: on a twin they always do, and the fidelity block judges instead."""

Look = Callable[[], bool]


@dataclass(frozen=True)
class Group:
    """One process group: the device of every rank, the arguments of `measure`, the library and the algorithm to force."""

    devices: tuple[int, ...]
    arguments: tuple[str, ...]
    backend: str = "gloo"
    algorithm: str = "default"

    @property
    def processes(self) -> int:
        """How many processes we start: every rank, or one mpirun."""
        return 1 if self.backend == "mpi" else len(self.devices)


@dataclass(frozen=True)
class Measured:
    """A record of `measure` and the fidelity block of the time in which it was made. group: which process group made it."""

    group: int
    result: Result
    fidelity: Mapping[str, Any]


class Starter:
    """The process inside the twin that forks ranks (ranks.py), asked line by line."""

    def __init__(self, holder: Holder, hosts: Sequence[str], modules: Sequence[str], entry: str) -> None:
        """Start it and have it import what the ranks will need. hosts: whose counters are read."""
        self._entry, self._hosts, self._holder, self._launches = entry, list(hosts), holder, 0
        command = holder.inside([sys.executable, "-m", "fabric.twin.ranks"])
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(command, env=environment(), stdin=pipe, stdout=pipe, text=True, start_new_session=True)
        self.ask(do="import", modules=list(modules))

    def ask(self, **request: Any) -> dict[str, Any]:
        """Return the answer to a request.

        Raises:
            EnvironmentFault: it is gone.
        """
        try:
            assert self._child.stdin is not None  # noqa: S101  # pipes were asked for
            assert self._child.stdout is not None  # noqa: S101
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
            answer: dict[str, Any] = json.loads(self._child.stdout.readline())
        except (OSError, ValueError):
            killed = self._child.wait() == -signal.SIGKILL
            reason = "was killed, or the whole twin was" if killed else "ended; its message stands above"
            raise EnvironmentFault(f"twin: the process that starts the ranks {reason}") from None
        return answer

    def start(self, ranks: Sequence[Mapping[str, Any]]) -> None:
        """Start ranks."""
        self.ask(do="start", entry=self._entry, ranks=list(ranks))

    def new_folder(self) -> tuple[Path, Path]:
        """Return a new folder as seen from inside and from outside; it is in the twin's own memory and goes with it.

        Raises:
            EnvironmentFault: the twin is gone.
        """
        inside = Path(f"/run/launch{self._launches}")
        outside = Path(f"/proc/{self._holder.pid}/root{inside}")
        self._holder.run(f"mkdir {inside}", "making a folder")
        self._launches += 1
        return inside, outside

    def moment(self) -> Moment:
        """Return the counters now."""
        return moment(self.ask(do="count", hosts=self._hosts)["retransmitted"])

    def close(self) -> None:
        """End it and its ranks; while it still imports, it hears nothing, and goes with the twin."""
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # it is gone, and did not take the last request
                    pipe.close()
        try:
            self._child.wait(LEAVES_WITHIN)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


@contextmanager
def starter(holder: Holder, plan: TwinPlan, modules: Sequence[str], entry: str) -> Iterator[Starter]:
    """Give a Starter and end it afterwards."""
    made = Starter(holder, [box.name for box in plan.boxes if box.host], modules, entry)
    try:
        yield made
    finally:
        made.close()


def launch(
    made: Starter, plan: TwinPlan, groups: Sequence[Group], timeout: float, look: Look = lambda: True
) -> Iterator[Measured]:
    """Yield the records of groups that run at once, each as soon as it is there.

    look: called about every second while the ranks run, until it returns True.

    Raises:
        EnvironmentFault: a rank failed, or nothing came for timeout seconds.
    """
    inside, outside = made.new_folder()
    made.start([rank for number, group in enumerate(groups) for rank in _ranks(plan, group, number, inside)])
    yield from _watch(made, outside, groups, timeout, look)


def _ranks(plan: TwinPlan, group: Group, number: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield every process of a group as ranks.py wants it."""
    arguments = ["measure", "--backend", group.backend, *group.arguments, "--output", str(folder / f"{number}.jsonl")]
    own = {**environment(), "TMPDIR": str(folder)}
    if group.backend == "mpi":
        found = mpi.launcher(plan, group.devices, arguments, group.algorithm)
        host, log = plan.host_of(group.devices[0]), str(folder / f"{number}-0.log")
        yield {"namespace": host, "command": found.command, "environment": own | found.environment, "log": log}
        return
    shared = {
        **own,
        "WORLD_SIZE": str(len(group.devices)),
        "LOCAL_WORLD_SIZE": "1",
        "LOCAL_RANK": "0",
        "MASTER_ADDR": plan.address_of(group.devices[0]),
        "MASTER_PORT": str(FIRST_PORT + number),
    }
    for rank, device in enumerate(group.devices):
        yield {
            "namespace": plan.host_of(device),
            "arguments": arguments,
            "environment": {**shared, "RANK": str(rank), "GLOO_SOCKET_IFNAME": plan.interface_of(device)},
            "log": str(folder / f"{number}-{rank}.log"),
        }


class _File:
    """The records of one group's file as they come, each with the fidelity of the time since the one before."""

    def __init__(self, made: Starter, number: int, path: Path, ranks: int) -> None:
        """Start before the file is there: rank 0 makes it when it has imported everything and begins."""
        self._made, self._number, self._path, self._ranks = made, number, path, ranks
        self._seen, self._before = 0, made.moment()

    def new(self) -> list[Measured]:
        """Return the records that have come since the last call."""
        if not self._path.exists():
            self._before = self._made.moment()
            return []
        found = read(self._path)[0][self._seen :]
        if not found:
            return []
        now = self._made.moment()
        fidelity = block(self._before, now, self._ranks)
        self._seen, self._before = self._seen + len(found), now
        return [Measured(self._number, result, fidelity) for result in found]


def _watch(made: Starter, folder: Path, groups: Sequence[Group], timeout: float, look: Look) -> Iterator[Measured]:
    """Yield records until all ranks have ended."""
    ranks, processes = sum(len(group.devices) for group in groups), sum(group.processes for group in groups)
    files = [_File(made, number, folder / f"{number}.jsonl", ranks) for number in range(len(groups))]
    last = looked = monotonic()
    while True:
        over = made.ask(do="look")["exits"]
        for one in (measured for file in files for measured in file.new()):
            last = monotonic()
            yield one
        if any(over.values()) or monotonic() - last > timeout:
            made.ask(do="end")
            reason = _reason(folder, over, groups) if any(over.values()) else f"no result for {timeout:g} s; the ranks hang"
            raise EnvironmentFault(f"twin: {reason}")
        if len(over) == processes:
            return
        if monotonic() - looked > SECONDS_BETWEEN_LOOKS:
            looked = inf if look() else monotonic()
        sleep(LOOK_EVERY)


def _reason(folder: Path, exits: Mapping[str, int], groups: Sequence[Group]) -> str:
    """Return which rank a signal killed, else the line of the first rank that says why, else who ended how."""
    names = [(number, rank) for number, group in enumerate(groups) for rank in range(group.processes)]
    failed = {names[int(key)]: code for key, code in exits.items() if code}
    number, rank = min(failed, key=lambda name: (failed[name] > 0, name))
    code = failed[number, rank]
    if groups[number].backend == "mpi":
        return _said_by_launcher(_heard(folder / f"{number}-{rank}.log"), code)
    if code < 0:
        return f"rank {rank} was killed by signal {-code}; was there memory enough?"
    said = [line for number, rank in names for line in _heard(folder / f"{number}-{rank}.log").said]
    return said[0] if said else f"rank {rank} ended with exit code {code}: {_last(folder / f'{number}-{rank}.log')}"


def _said_by_launcher(listener: Listener, code: int) -> str:
    """Return the launcher's reason; Open MPI's at times names no rank, and its code is a signal's or another rank's."""
    reason, nameless = listener.reason(code), Listener().reason(code)
    if reason != nameless:
        return reason
    return f"a rank was killed by signal {code - 128}" if code > 128 else f"{reason} and names no rank; was one killed?"


def _heard(log: Path) -> Listener:
    """Return what a rank or a launcher wrote, sorted by who says it."""
    listener = Listener(hold_all=True)
    for line in log.read_text(errors="replace").splitlines(keepends=True) if log.exists() else ():
        listener.hear(line)
    return listener


def _last(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")
