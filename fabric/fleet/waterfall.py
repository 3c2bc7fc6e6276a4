"""Where installed device-hours go, one ordered list that adds up to the integer. It knows neither energy nor money.

installed = off + down + idle + blocked + allocated; allocated = slowed by placement + slowed by contention + lost to restarts +
left unused by the job itself + effective. The list serves engines, tables and pictures alike.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

HOURS = 1000 * 3_600_000_000
"""Units of a waterfall in one device-hour: thousandths of a device times microseconds."""
STEPS = {
    "off": "nodes that are not switched on",
    "down": "nodes that have failed, until they are back",
    "idle": "free while nobody asks for them (no demand)",
    "blocked": "free while jobs wait for as much: order, quota, shape or place keep them apart",
    "slowed_by_placement": "allocated, but slower than full speed even if the job were alone on its nodes",
    "slowed_by_contention": "allocated, but slower again because links are shared",
    "lost_to_restarts": "work done and lost, since the last checkpoint before a stop",
    "unused_by_job": "left unused by the job itself: its own utilisation, and devices beyond what it asked for",
    "effective": "the rest",
}
"""Step -> what it is, from installed to effective, in this order everywhere."""
ALLOCATED = ("slowed_by_placement", "slowed_by_contention", "lost_to_restarts", "unused_by_job", "effective")


class Step(NamedTuple):
    """One step: its name in STEPS, its amount, and what is left below it (both in units, see HOURS)."""

    name: str
    amount: int
    left: int


@dataclass(frozen=True)
class Waterfall:
    """Thousandths of a device times microseconds per step, whole numbers; divide by HOURS for device-hours.

    window_us: how long the window is. unavoidable: the part of slowed_by_placement that the best placement alone would have too
    (the job is larger than a leaf, on this fabric, under this link model). known_use: the part of effective whose utilisation
    the trace states (of the rest the trace says nothing and all of it is counted effective).
    """

    installed: int
    off: int
    down: int
    idle: int
    blocked: int
    slowed_by_placement: int
    slowed_by_contention: int
    lost_to_restarts: int
    unused_by_job: int
    effective: int
    window_us: int
    unavoidable: int = 0
    known_use: int = 0

    @property
    def allocated(self) -> int:
        """What jobs held."""
        return sum(getattr(self, name) for name in ALLOCATED)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The list, from installed down to effective."""
        found, left = [], self.installed
        for name in STEPS:
            amount = getattr(self, name)
            left -= amount if name != "effective" else 0
            found.append(Step(name, amount, left))
        return tuple(found)

    def hours(self, name: str) -> float:
        """Return a step (or installed, allocated) in device-hours."""
        return float(getattr(self, name)) / HOURS

    def share(self, name: str, of: str = "installed") -> float:
        """Return a step as a share of installed or allocated, 0 where there is none."""
        whole = int(getattr(self, of))
        return getattr(self, name) / whole if whole else 0.0

    def adds_up(self) -> bool:
        """Return whether the steps make up what is installed, to the integer."""
        return bool(sum(getattr(self, name) for name in STEPS) == self.installed)

    def __add__(self, other: Waterfall) -> Waterfall:
        """Return two waterfalls together, such as of several windows or seeds."""
        return Waterfall(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})
