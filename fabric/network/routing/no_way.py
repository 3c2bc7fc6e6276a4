"""The error of two devices that no way joins, which whoever routes can tell from any other refusal. It finds no way itself."""

from __future__ import annotations

from topologies.errors import InputError


class NoWay(InputError):
    """Two devices of a topology that no way joins.

    topology: its name; source, target: the devices' numbers; told: both by name, why, and what would be a way on.
    """

    def __init__(self, topology: str, source: int, target: int, told: str) -> None:
        super().__init__(topology, source, target, told)  # all that makes it, so that it comes back from another process
        self.topology, self.source, self.target, self.told = topology, source, target, told

    def __str__(self) -> str:
        """Return the one line that a user reads."""
        return f"routing: no way in {self.topology} {self.told}"
