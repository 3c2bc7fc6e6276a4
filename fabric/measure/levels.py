"""How fast this machine moves bytes between two processes: through memory and over TCP loopback. It does not know libraries."""

from __future__ import annotations

import mmap
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, perf_counter

import numpy as np
from numpy.typing import NDArray

from fabric.errors import EnvironmentFault
from fabric.measure.levels_peer import BLOCK, CHUNK, STOP, receive
from fabric.measure.machine import usable_cores

TRIALS = 9
BLOCKS = (256 << 10, 1 << 20, 4 << 20, 16 << 20, BLOCK)
"""Bytes of memory copies tried: from caches to main memory."""
ROUND_TRIPS = 300
PATIENCE = 10.0
"""Seconds that the other process may take to answer."""


@dataclass(frozen=True)
class LevelMeasurement:
    """One level of this machine, measured: medians of `count` trials; spread: 10th and 90th percentile of the speed."""

    level: str
    bytes_per_second: float
    seconds_latency: float | None
    count: int
    spread: tuple[float, float]
    date: str
    how: str


def measure_levels() -> tuple[LevelMeasurement, LevelMeasurement]:
    """Return the levels `memory` and `loopback` of this machine, in about 2 s.

    Raises:
        EnvironmentFault: the second process did not answer.
    """
    return measure_memory(), measure_loopback()


def measure_memory() -> LevelMeasurement:
    """Return the fastest speed of copying out what another process wrote to shared memory, and the hand-over's latency.

    The speed is the best of BLOCKS' medians, caches included, since a bound must hold for every size of message.
    The latency is half a round trip of two processes that spin on one shared word in Python: an upper bound, about
    twice what a library in C needs. None on a single core, where spinning measures the scheduler.
    """
    with tempfile.NamedTemporaryFile(dir=_shared_folder(), prefix="fabricbench-") as file:
        os.ftruncate(file.fileno(), BLOCK)
        shared = np.frombuffer(mmap.mmap(file.fileno(), BLOCK), dtype=np.uint8)
        words = shared[:16].view(np.int64)
        with _peer("memory", file.name):
            _wait_for(words, 1, 1)
            turns = iter(range(2, 2 + TRIALS * len(BLOCKS)))
            trials = [
                [_copy_speed(shared[max(4096, BLOCK - size) :], words, next(turns)) for _ in range(TRIALS)] for size in BLOCKS
            ]
            speeds = max(trials, key=np.median)
            latency = _hand_over(words) if len(usable_cores()) > 1 else None
            words[0] = STOP
    size = BLOCKS[trials.index(speeds)] >> 10
    how = f"numpy copy of {size} KiB that another process wrote, the fastest of {', '.join(str(b >> 10) for b in BLOCKS)} KiB; "
    how += "half a round trip on a shared word, both spinning in Python"
    return _level("memory", speeds, latency, how)


def measure_loopback() -> LevelMeasurement:
    """Return the one-way speed of a TCP connection to another process of this machine, and half its round trip."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        with _peer("loopback", str(server.getsockname()[1])):
            try:
                connection, _ = server.accept()
            except TimeoutError:
                raise EnvironmentFault("loopback: the second process did not connect within 10 s") from None
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                trips = [_round_trip(connection) for _ in range(ROUND_TRIPS)]
                speeds = [_stream_speed(connection) for _ in range(TRIALS)]
                connection.sendall(b"q")
    how = "64 MiB one way over TCP to another process, acknowledged at its end; half a round trip of one byte"
    return _level("loopback", speeds, float(np.median(trips)) / 2, how)


def _level(name: str, speeds: list[float], latency: float | None, how: str) -> LevelMeasurement:
    low, middle, high = (float(value) for value in np.percentile(speeds, [10, 50, 90]))
    date = datetime.now(UTC).date().isoformat()
    return LevelMeasurement(name, middle, latency, len(speeds), (low, high), date, how)


@contextmanager
def _peer(role: str, argument: str) -> Iterator[None]:
    """Run the second process; it is gone at the end."""
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH")) if part)
    command = [sys.executable, "-m", "fabric.measure.levels_peer", role, argument]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL) as child:
        try:
            yield
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


def _hand_over(words: NDArray[np.int64]) -> float:
    """Return half the median round trip of a word."""
    trips = []
    words[0] = -1  # from now on the other process only answers
    _wait_for(words, 1, -1)
    for turn in range(1000, 1000 + ROUND_TRIPS):
        start = perf_counter()
        words[0] = turn
        _wait_for(words, 1, turn)
        trips.append(perf_counter() - start)
    return float(np.median(trips)) / 2


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
    for _ in range(BLOCK // CHUNK):
        connection.sendall(chunk)
    receive(connection, 1)
    return BLOCK / (perf_counter() - start)
