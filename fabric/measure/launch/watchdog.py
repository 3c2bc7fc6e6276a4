"""Ends a rank that waits for a dead or hung one. Which rank that is, it asks the signs of life, where there are any."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from threading import Thread
from time import monotonic, sleep

from fabric.measure.launch.life import Life

EXIT_ENVIRONMENT = 3
HEAD_START = 3.0
"""Seconds for the rank that knows who is silent."""


class Watchdog:
    """Ends this process with exit code 3 once nothing came for `limit` seconds between start() and rest()."""

    def __init__(self, limit: float, line: str | None, life: Life | None = None) -> None:
        """Line is printed on standard error before the end; None on ranks that stay silent.

        life: adds who is silent to the line, keeps all but one rank from printing it, and ends a resting rank too.
        last_words, once set, is told who is silent, on the rank that knows, and returns the exit code instead.
        """
        self._limit, self._line, self._life = limit, line, life
        self._last: float | None = None
        self._on = True
        self.last_words: Callable[[list[int]], int | None] | None = None
        Thread(target=self._watch, daemon=True).start()

    def alive(self) -> None:
        """Something came: count from now on."""
        self._last = monotonic()

    def rest(self) -> None:
        """Waiting is right from now on."""
        self._last = None

    def off(self) -> None:
        """All is over: end nothing any more."""
        self._on = False

    def _watch(self) -> None:
        while self._on:
            sleep(min(1.0, self._limit / 4))
            if self._life is not None:
                self._life.beat()
            last = self._last
            late = last is not None and monotonic() - last > self._limit
            if self._on and (late or (self._life is not None and self._life.silent())):
                self._end()

    def _end(self) -> None:
        gone = self._life.gone() if self._life is not None else []
        if self.last_words is not None and not gone:
            sleep(HEAD_START)  # the first rank to end makes the launcher end the one that knows
        code = self.last_words(gone) if self.last_words is not None and gone else None
        if code is not None:
            os._exit(code)
        line = self._line
        if line and self._life is not None:
            words = self._life.words()
            line = f"{line}: {words}" if words else None
        if line:
            os.write(sys.stderr.fileno(), f"fabricbench: {line}\n".encode())
        os._exit(EXIT_ENVIRONMENT)
