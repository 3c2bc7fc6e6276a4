"""The error of two devices that no way joins, which whoever routes can tell from any other refusal. It finds no way itself."""

from __future__ import annotations

from topologies.errors import InputError


class NoWay(InputError):
    """Two devices of a topology that no way joins. topology: its name; source, target: the devices' numbers."""

    def __init__(self, topology: str, source: int, target: int) -> None:
        super().__init__(topology, source, target)
        self.topology, self.source, self.target = topology, source, target

    def __str__(self) -> str:
        """Return the one line that a user reads."""
        return f"routing: no way in {self.topology} from device {self.source} to device {self.target}"
