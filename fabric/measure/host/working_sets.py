"""How fast this machine's cores copy and reduce by working set, one alone and all at once. It does not know what runs on them.

A buffer that no longer fits the last-level cache is moved at another speed, and then the cores share it: both are measured. The
cores of a virtual machine may share a cache in one minute and not in the next: then what one wrote reaches the other slowly,
while each has a cache for itself. Rounds of the first kind count, as with a library's times (records/host_state.py).
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired

import numpy as np
from numpy.typing import NDArray

from fabric.errors import EnvironmentFault
from fabric.measure.host.machine import usable_cores
from fabric.measure.host.working_sets_peer import attach, nbytes, results
from fabric.network.working_sets import Rates, WorkingSets
from fabric.records.host_state import APART

KIB, MIB = 1 << 10, 1 << 20
LADDER = (256 * KIB, MIB, *(n * MIB for n in (4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256)))
"""Bytes that the cores touch together: finer around what a last-level cache holds, up to memory."""
MOST_CORES = 32
"""Cores that take part: more share a memory no further than these show."""
ROUNDS = 4
"""Times that all cores climb the ladder: a median over moments of the machine."""
PATIENCE = 60.0
"""Seconds that a climb may take."""
Floats = NDArray[np.float64]


def measure_working_sets(ladder: Sequence[int] = LADDER, rounds: int = ROUNDS) -> WorkingSets:
    """Return the rates of this machine by working set, medians over cores and rounds, in about 8 s.

    Every core has two buffers of its own of equal size, and copies one into the other or adds one to the other (float32).

    Raises:
        EnvironmentFault: a process on a core did not end.
    """
    cores = sorted(usable_cores())[:MOST_CORES]
    alone = (1 / np.median(_climb(cores[:1], ladder), axis=0)).tolist()
    rounds_of_all = np.array([np.median(_climb(cores, ladder), axis=0) for _ in range(rounds)])
    near = rounds_of_all[:, -1] <= APART * rounds_of_all[:, -1].min()
    together = (1 / np.median(rounds_of_all[near], axis=0)).tolist()
    rates = tuple(
        Rates(size, alone[2 * n], together[2 * n], alone[2 * n + 1], together[2 * n + 1]) for n, size in enumerate(ladder)
    )
    how = "numpy copy and float32 addition of two buffers a core; bytes: what the cores at work touch together"
    source = f"median of {how}; one core, and all of {len(cores)} at once"
    date = datetime.now(UTC).date().isoformat()
    return WorkingSets(rates, together[-2], together[-1], int(near.sum()), date, source)


def _climb(cores: Sequence[int], ladder: Sequence[int]) -> Floats:
    """Return seconds per byte (cores, copy and reduce of every size, new pages, handed over) of processes on a core each."""
    with tempfile.NamedTemporaryFile(prefix="fabricbench-") as file:
        os.ftruncate(file.fileno(), nbytes(len(cores), len(ladder)))
        with ExitStack() as stack:
            peers = [stack.enter_context(_peer(file.name, place, cores, ladder)) for place in range(len(cores))]
            try:
                ended = [peer.wait(PATIENCE) for peer in peers]
            except TimeoutExpired:
                ended = [-1]
            finally:
                for peer in peers:
                    peer.kill()
        if any(ended):
            raise EnvironmentFault(f"working sets: a process on one of {len(cores)} cores did not end within {PATIENCE:g} s")
        return attach(Path(file.name), len(cores), len(ladder))[0][1:, : results(len(ladder))].copy()


def _peer(path: str, place: int, cores: Sequence[int], ladder: Sequence[int]) -> Popen[bytes]:
    search = os.pathsep.join(part for part in (str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH")) if part)
    texts = (",".join(map(str, numbers)) for numbers in (cores, ladder))
    command = [sys.executable, "-m", "fabric.measure.host.working_sets_peer", path, str(place), *texts]
    return Popen(command, env={**os.environ, "PYTHONPATH": search}, stdin=DEVNULL)
