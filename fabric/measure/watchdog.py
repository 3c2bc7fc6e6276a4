"""Ends a rank that waits for a dead or hung one. It does not know which rank that is."""

from __future__ import annotations

import os
import sys
from threading import Thread
from time import monotonic, sleep

EXIT_ENVIRONMENT = 3


class Watchdog:
    """Ends this process with exit code 3 once nothing came for `limit` seconds between start() and rest()."""

    def __init__(self, limit: float, line: str | None) -> None:
        """Line is printed on standard error before the end; None on ranks that stay silent."""
        self._limit = limit
        self._line = line
        self._last: float | None = None
        Thread(target=self._watch, daemon=True).start()

    def alive(self) -> None:
        """Something came: count from now on."""
        self._last = monotonic()

    def rest(self) -> None:
        """Waiting is right from now on."""
        self._last = None

    def _watch(self) -> None:
        while True:
            sleep(min(1.0, self._limit / 2))
            last = self._last
            if last is not None and monotonic() - last > self._limit:
                if self._line:
                    os.write(sys.stderr.fileno(), f"fabricbench: {self._line}\n".encode())
                os._exit(EXIT_ENVIRONMENT)
