"""How fast this machine moves bytes between two processes: through memory and over TCP loopback. It does not know libraries."""

from __future__ import annotations

import mmap
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from math import inf
from pathlib import Path
from time import monotonic, perf_counter, sleep

import numpy as np
from numpy.typing import NDArray

from fabric.errors import EnvironmentFault
from fabric.measure.host.levels_peer import BLOCK, CHUNK, STOP, STREAM, receive
from fabric.measure.host.machine import usable_cores
from fabric.measure.timing.contention import busy_seconds
from fabric.units import show_duration

TRIALS, STREAMS = 9, 18
BLOCKS = (256 << 10, 1 << 20, 4 << 20, 16 << 20, BLOCK)
"""Bytes of memory copies tried: from caches to main memory."""
FASTER = 75
"""Percentile of the loopback's speeds that counts, and 100 less that of latencies: what runs beside can only slow them down."""
ROUND_TRIPS, TRIP_SECONDS = 1000, 0.25
"""Round trips of one try, or as many as fit into so many seconds."""
TRIES, PAUSE = 5, 0.05
"""How often a latency beyond reason or an unsteady speed is measured, on other cores if there are any; seconds between."""
STEADY = 2.0
"""Times that the 90th percentile of a try's speeds may be above the 10th."""
LONGEST = {"memory": 50e-6, "loopback": 1e-3}
"""Seconds of half a round trip beyond which it is the scheduler's, whose slices last milliseconds, and not the machine's."""
PATIENCE = 10.0
"""Seconds that the other process may take to answer."""


@dataclass(frozen=True)
class LevelMeasurement:
    """One level of this machine, measured in `count` trials: the median speed of memory copies, the loopback's faster quartile.

    seconds_latency: the lower quartile of many half round trips. spread: 10th and 90th percentile of the speed. others: the
    share of the cores' time that other processes took while both levels were measured, None where the kernel does not tell.
    """

    level: str
    bytes_per_second: float
    seconds_latency: float | None
    count: int
    spread: tuple[float, float]
    date: str
    how: str
    others: float | None = None


def measure_levels() -> tuple[LevelMeasurement, LevelMeasurement]:
    """Return the levels `memory` and `loopback` of this machine, in about 2 s; more where others keep its cores busy.

    Raises:
        EnvironmentFault: the second process did not answer, or a latency stayed beyond reason.
    """
    before = _spent()
    memory, loopback = measure_memory(), measure_loopback()
    elapsed, busy, own = (after - old for after, old in zip(_spent(), before, strict=True))
    others = min(max(0.0, busy - own) / (len(usable_cores()) * elapsed), 1.0) if busy else None
    return replace(memory, others=others), replace(loopback, others=others)


def _spent() -> tuple[float, float, float]:
    """Return seconds: the clock's, the cores' busy ones, and those of this process and its ended children."""
    return perf_counter(), busy_seconds(usable_cores()), sum(os.times()[:4])


def measure_memory() -> LevelMeasurement:
    """Return the fastest speed of copying out what another process wrote to shared memory, and the hand-over's latency.

    The speed is the best of BLOCKS' medians, caches included, since a bound must hold for every size of message.
    The latency is half a round trip of two processes that spin on one shared word in Python, each on a core of its own: an
    upper bound, about twice what a library in C needs. None on a single core, where spinning measures the scheduler.

    Raises:
        EnvironmentFault: the other process did not answer, or the latency stayed beyond reason.
    """
    with tempfile.NamedTemporaryFile(dir=_shared_folder(), prefix="fabricbench-") as file:
        os.ftruncate(file.fileno(), BLOCK)
        shared = np.frombuffer(mmap.mmap(file.fileno(), BLOCK), dtype=np.uint8)
        words = shared[:16].view(np.int64)
        with _peer("memory", file.name) as peer:
            _wait_for(words, 1, 1)
            turns = iter(range(2, 2 + TRIALS * len(BLOCKS)))
            trials = [
                [_copy_speed(shared[max(4096, BLOCK - size) :], words, next(turns)) for _ in range(TRIALS)] for size in BLOCKS
            ]
            speeds = max(trials, key=np.median)
            latency = _hand_over(words, peer) if len(usable_cores()) > 1 else None
            words[0] = STOP
    size = BLOCKS[trials.index(speeds)] >> 10
    how = f"numpy copy of {size} KiB that another process wrote, the fastest of {', '.join(str(b >> 10) for b in BLOCKS)} KiB; "
    how += "half a round trip on a shared word, both spinning in Python on a core each, lower quartile"
    return _level("memory", float(np.median(speeds)), speeds, latency, f"median of {how}")


def measure_loopback() -> LevelMeasurement:
    """Return the one-way speed of a TCP connection to another process of this machine, and half its round trip.

    Raises:
        EnvironmentFault: the other process did not connect, or the latency stayed beyond reason.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        with _peer("loopback", str(server.getsockname()[1])):
            try:
                connection, _ = server.accept()
            except TimeoutError:
                raise EnvironmentFault("loopback: the second process did not connect within 10 s") from None
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                latency = half_trip("loopback", lambda _: _timed(lambda: _round_trip(connection)))
                speeds = steadiest(lambda: [_stream_speed(connection) for _ in range(STREAMS)])
                connection.sendall(b"q")
    how = f"{STREAM >> 20} MiB one way over TCP to another process, acknowledged at its end; "
    how += "half a round trip of one byte, lower quartile"
    return _level("loopback", _fast(speeds), speeds, latency, f"faster quartile of {how}")


def half_trip(level: str, trips: Callable[[int], Sequence[float]]) -> float:
    """Return half the lower quartile of the seconds of round trips, taken again while it is beyond reason.

    trips: the number of the try -> seconds of round trips.

    Raises:
        EnvironmentFault: it stayed beyond LONGEST.
    """
    best = inf
    for number in range(TRIES):
        best = min(best, float(np.percentile(trips(number), 100 - FASTER)) / 2)
        if best <= LONGEST[level]:
            return best
        sleep(PAUSE)
    took, limit = show_duration(best), show_duration(LONGEST[level])
    raise EnvironmentFault(
        f"{level}: half a round trip took {took} in the best of {TRIES} tries; over {limit} it is the scheduler's time and not "
        f"the machine's: others keep the cores busy (load {os.getloadavg()[0]:.1f}); measure when it is quieter"
    )


def _timed(trip: Callable[[], float]) -> list[float]:
    """Return the seconds of ROUND_TRIPS, or of those that fit into TRIP_SECONDS."""
    trips, end = [trip()], monotonic() + TRIP_SECONDS
    while len(trips) < ROUND_TRIPS and monotonic() < end:
        trips.append(trip())
    return trips


def steadiest(trials: Callable[[], list[float]]) -> list[float]:
    """Return the speeds of the fastest try; another one is made while they are not steady."""
    tries = []
    for _ in range(TRIES):
        tries.append(trials())
        low, high = np.percentile(tries[-1], [10, 90])
        if high <= STEADY * low:
            break
    return max(tries, key=_fast)


def _fast(speeds: Sequence[float]) -> float:
    return float(np.percentile(speeds, FASTER))


def _level(name: str, speed: float, speeds: list[float], latency: float | None, how: str) -> LevelMeasurement:
    low, high = (float(value) for value in np.percentile(speeds, [10, 90]))
    date = datetime.now(UTC).date().isoformat()
    return LevelMeasurement(name, speed, latency, len(speeds), (low, high), date, how)


@contextmanager
def _peer(role: str, argument: str) -> Iterator[int]:
    """Run the second process and give its number; it is gone at the end."""
    root = str(Path(__file__).parents[3])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH")) if part)
    command = [sys.executable, "-m", "fabric.measure.host.levels_peer", role, argument]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL) as child:
        try:
            yield child.pid
            child.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise EnvironmentFault(f"{role}: the second process did not end within {PATIENCE:g} s") from None
        finally:
            child.kill()


def _shared_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  # memory, not a place to keep secrets


def _wait_for(words: NDArray[np.int64], index: int, value: int) -> None:
    deadline = monotonic() + PATIENCE
    while words[index] != value:
        if monotonic() > deadline:
            raise EnvironmentFault(f"memory: the second process did not answer within {PATIENCE:g} s")


def _copy_speed(block: NDArray[np.uint8], words: NDArray[np.int64], turn: int) -> float:
    words[0] = turn
    _wait_for(words, 1, turn)
    target = np.ones_like(block)
    start = perf_counter()
    np.copyto(target, block)
    return len(block) / (perf_counter() - start)


def _hand_over(words: NDArray[np.int64], peer: int) -> float:
    """Return half a round trip of a word."""
    words[0] = -1  # from now on the other process only answers
    _wait_for(words, 1, -1)
    turns = count(1000)

    def trip() -> float:
        turn, start = next(turns), perf_counter()
        words[0] = turn
        _wait_for(words, 1, turn)
        return perf_counter() - start

    def trips(number: int) -> list[float]:
        with _apart(peer, number):
            return _timed(trip)

    return half_trip("memory", trips)


@contextmanager
def _apart(other: int, number: int) -> Iterator[None]:
    """Keep this process and another one on two cores: on one, each would wait for the end of the other's slice of time."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = sorted(usable_cores())
    try:
        for process, core in ((0, cores[2 * number % len(cores)]), (other, cores[(2 * number + 1) % len(cores)])):
            os.sched_setaffinity(process, {core})
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _round_trip(connection: socket.socket) -> float:
    start = perf_counter()
    connection.sendall(b"p")
    connection.recv(1)
    return perf_counter() - start


def _stream_speed(connection: socket.socket) -> float:
    chunk = bytes(CHUNK)
    connection.sendall(b"s")
    receive(connection, 1)
    start = perf_counter()
    for _ in range(STREAM // CHUNK):
        connection.sendall(chunk)
    receive(connection, 1)
    return STREAM / (perf_counter() - start)
