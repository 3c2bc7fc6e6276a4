"""The second process of levels.py: it writes, answers and receives as it is told. It does not measure."""

from __future__ import annotations

import mmap
import os
import socket
import sys
import time
from pathlib import Path

import numpy as np

BLOCK = 64 << 20
"""Bytes of shared memory: more than a cache."""
STREAM, CHUNK = 16 << 20, 1 << 20
"""Bytes over a connection in a trial, and at once: some milliseconds, so that some trials end before a slice of time does."""
STOP = -2
ECHO = -1


def serve_memory(path: str) -> None:
    """Fill the block whenever word 0 changes and say so in word 1; after ECHO only copy word 0 to word 1."""
    with Path(path).open("r+b") as file:
        shared = np.frombuffer(mmap.mmap(file.fileno(), BLOCK), dtype=np.uint8)
    words, block, seen, echo = shared[:16].view(np.int64), shared[4096:], 1, False
    words[1] = seen
    parent = os.getppid()
    while seen != STOP:
        asked = int(words[0])
        if asked in (0, seen):
            if not echo:
                time.sleep(0.0005)
                if os.getppid() != parent:
                    return
            continue
        seen = asked
        echo = echo or asked == ECHO
        if not echo:
            block.fill(asked % 251)
        words[1] = asked


def serve_loopback(port: str) -> None:
    """Answer p with one byte; after s take STREAM bytes and answer; end at q or at the connection's end."""
    with socket.create_connection(("127.0.0.1", int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (word := connection.recv(1)) not in (b"", b"q"):
            connection.sendall(b"a")
            if word == b"s":
                receive(connection, STREAM)
                connection.sendall(b"d")


def receive(connection: socket.socket, nbytes: int) -> None:
    """Take exactly so many bytes, or fewer where the connection ends."""
    view, left = memoryview(bytearray(min(nbytes, CHUNK))), nbytes
    while left:
        got = connection.recv_into(view[: min(left, CHUNK)])
        if not got:
            return
        left -= got


ROLES = {"memory": serve_memory, "loopback": serve_loopback}

if __name__ == "__main__":
    ROLES[sys.argv[1]](sys.argv[2])
