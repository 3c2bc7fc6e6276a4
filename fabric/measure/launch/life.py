"""Signs of life between ranks beside the library's own connections: who has fallen silent. It does not know what they do.

Every rank sends rank 0 a datagram now and then, and rank 0 sends rank 1 one, so that a process that was stopped or whose
machine is gone can be named. A rank that is never heard (datagrams may be filtered between nodes) is never accused.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from time import monotonic

from fabric.measure.backends.backend import World
from fabric.measure.launch.launcher import Launch

BEATS = 4
"""Within the time limit."""
LISTENERS = (0, 1)
Address = tuple[str, int]


class Life:
    """This rank's datagrams. All ranks of the world make one at the same time; used by one thread afterwards."""

    def __init__(self, world: World, launch: Launch, limit: float) -> None:
        """Exchange addresses. limit: seconds after which a rank that was heard before counts as silent."""
        self.rank, self._limit = launch.rank, limit
        self.every = limit / BEATS
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("", 0))
        host = "127.0.0.1" if launch.one_node else socket.gethostname()
        mine = (host, int(self._socket.getsockname()[1])) if launch.rank in LISTENERS else None
        addresses: list[Address | None] = world.gather(mine)
        other = 0 if launch.rank else 1
        self._to = addresses[other] if other < len(addresses) else None
        self._heard: dict[int, float] = {}
        self._next = 0.0
        self.beat()  # so that everybody was heard once

    def beat(self) -> None:
        """Send a sign of life where it is time, and hear those of others."""
        now = monotonic()
        with suppress(OSError):
            while True:
                self._heard[int(self._socket.recv(16))] = now
        if self._to is not None and now >= self._next:
            self._next = now + self.every
            with suppress(OSError):
                self._socket.sendto(str(self.rank).encode(), self._to)

    def silent(self) -> list[int]:
        """Return the ranks that were heard once and not within the limit any more."""
        return sorted(rank for rank, at in self._heard.items() if monotonic() - at > self._limit)

    def gone(self) -> list[int]:
        """Return the ranks that have not been heard for two beats."""
        return sorted(rank for rank, at in self._heard.items() if monotonic() - at > 2 * self.every)

    def words(self) -> str | None:
        """Return who has not been heard for two beats, in words; None on a rank that has nothing to say.

        Rank 0 speaks; rank 1 does where rank 0 is silent.
        """
        gone = self.gone()
        if gone:
            names = ", ".join(str(rank) for rank in gone)
            return f"rank {names} gives no sign of life" if len(gone) == 1 else f"ranks {names} give no sign of life"
        if self.rank:
            return None
        return "the processes of all ranks are alive" if self._heard else "signs of life do not get through"
