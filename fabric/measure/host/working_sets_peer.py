"""One process of working_sets.py: it copies and adds on one core while the others do the same. It does not judge what it saw.

The shared file holds float64 rows: row 0 is every process's step; row 1 + process its seconds per byte, by size and operation,
and at last of pages that are taken anew.
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WINDOW, FEWEST = 0.03, 3
"""Seconds of an operation on a working set; samples at least."""
SAMPLE = 4 << 20
"""Bytes that a sample moves at least, so that calls cost little of it."""


FRESH, PAGE = 32 << 20, mmap.PAGESIZE
"""Bytes that are taken anew at once, and of a page."""


def results(sizes: int) -> int:
    """Return how many values a process has for so many sizes."""
    return 2 * sizes + 1


def shape(processes: int, sizes: int) -> tuple[int, int]:
    """Return rows and columns of what is shared."""
    return 1 + processes, max(processes, results(sizes))


def attach(path: Path, processes: int, sizes: int) -> Floats:
    """Return what is shared, as it stands in the file."""
    with path.open("r+b") as file:
        whole: Floats = np.frombuffer(mmap.mmap(file.fileno(), 0), dtype=np.float64)
    return whole.reshape(shape(processes, sizes))


def serve(path: Path, place: int, cores: Sequence[int], ladder: Sequence[int]) -> None:
    """Measure every size of the ladder, that of all cores' buffers together, in step with the other processes."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cores[place]})
    shared = attach(path, len(cores), len(ladder))
    for turn, nbytes in enumerate(ladder):
        for number, (call, moved) in enumerate(calls_of(nbytes // len(cores))):
            call()
            in_step(shared[0, : len(cores)], place)
            shared[1 + place, 2 * turn + number] = seconds_of(call, moved) / moved
    in_step(shared[0, : len(cores)], place)
    shared[1 + place, 2 * len(ladder)] = seconds_of(take_anew, FRESH) / FRESH


def calls_of(nbytes: int) -> Iterator[tuple[Callable[[], object], int]]:
    """Yield a copy and an addition of two buffers that are nbytes together, and the bytes that each moves."""
    count = max(1, nbytes // 8)
    source, target = np.ones(count, np.float32), np.ones(count, np.float32)
    yield lambda: np.copyto(target, source), source.nbytes
    yield lambda: np.add(target, source, out=target), source.nbytes


def take_anew() -> None:
    """Take pages from the system, write to each and give them back."""
    with mmap.mmap(-1, FRESH, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as pages:
        np.frombuffer(pages, np.uint8)[::PAGE] = 1


def in_step(steps: Floats, place: int) -> None:
    """Wait until all processes are as far as this one; leave where nobody waits for the result any more."""
    parent = os.getppid()
    steps[place] += 1
    while steps.min() < steps[place]:
        if os.getppid() != parent:
            sys.exit(1)


def seconds_of(call: Callable[[], object], nbytes: int) -> float:
    """Return the median seconds of a call that moves nbytes, of the samples that fit a window."""
    repeats, samples, end = max(1, SAMPLE // nbytes), list[float](), perf_counter() + WINDOW
    while len(samples) < FEWEST or perf_counter() < end:
        start = perf_counter()
        for _ in range(repeats):
            call()
        samples.append((perf_counter() - start) / repeats)
    return float(np.median(samples))


if __name__ == "__main__":
    name, own, said_cores, said_ladder = sys.argv[1:]
    serve(Path(name), int(own), [int(n) for n in said_cores.split(",")], [int(n) for n in said_ladder.split(",")])
