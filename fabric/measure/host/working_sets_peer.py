"""One process of working_sets.py: it copies and adds on one core while the others do the same. It does not judge what it saw.

The shared file holds float64 rows: row 0 is every process's step; row 1 + process its seconds per byte, by size and operation,
then of pages that are taken anew and of what a neighbour has just written; then a block of every process.
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


BLOCK, HANDED = 1 << 20, 9
"""Bytes of a block that a neighbour writes and this process copies, and how often."""


def results(sizes: int) -> int:
    """Return how many values a process has for so many sizes."""
    return 2 * sizes + 2


def shape(processes: int, sizes: int) -> tuple[int, int]:
    """Return rows and columns of what is shared before the blocks."""
    return 1 + processes, max(processes, results(sizes))


def nbytes(processes: int, sizes: int) -> int:
    """Return the bytes of the shared file."""
    rows, columns = shape(processes, sizes)
    return 8 * rows * columns + processes * BLOCK


def attach(path: Path, processes: int, sizes: int) -> tuple[Floats, Floats]:
    """Return what is shared, as it stands in the file: the rows, and a block of every process."""
    with path.open("r+b") as file:
        whole: Floats = np.frombuffer(mmap.mmap(file.fileno(), 0), dtype=np.float64)
    rows, columns = shape(processes, sizes)
    return whole[: rows * columns].reshape(rows, columns), whole[rows * columns :].reshape(processes, -1)


def serve(path: Path, place: int, cores: Sequence[int], ladder: Sequence[int]) -> None:
    """Measure every size of the ladder, that of all cores' buffers together, in step with the other processes."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cores[place]})
    shared, blocks = attach(path, len(cores), len(ladder))
    steps, own = shared[0, : len(cores)], shared[1 + place]
    for turn, size in enumerate(ladder):
        for number, (call, moved) in enumerate(calls_of(size // len(cores))):
            call()
            in_step(steps, place)
            own[2 * turn + number] = seconds_of(call, moved) / moved
    in_step(steps, place)
    own[2 * len(ladder)] = seconds_of(take_anew, FRESH) / FRESH
    own[2 * len(ladder) + 1] = seconds_handed(blocks, steps, place) / BLOCK


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


def seconds_handed(blocks: Floats, steps: Floats, place: int) -> float:
    """Return the median seconds of copying a block that the neighbour has just written."""
    target, samples = np.ones_like(blocks[place]), list[float]()
    for turn in range(HANDED):
        blocks[place] = turn
        in_step(steps, place)
        start = perf_counter()
        np.copyto(target, blocks[(place + 1) % len(blocks)])
        samples.append(perf_counter() - start)
        in_step(steps, place)
    return float(np.median(samples))


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
