"""When a gate looks at its cells: budgets in growing parts, each cell closed once it is decided. It does not measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fabric.gate.verdict import TOLERANCE, Verdict, judge
from topologies.errors import InputError

SHARES = (0.125, 0.125, 0.25, 0.5)
"""Parts of the budget, each measured by a launch of its own where the gate starts the ranks."""
FIRST_LOOK = 2
"""Parts before the first look: a verdict needs two launches at least, for a launch is a factor of its own."""
PAIR_LOOKS = (14, 20, 28, 40, 56, 80, 112, 160, 224, 320)
"""Pairs of launches after which a gate of two revisions looks; fewer than 14 have no interval."""
LONGEST, WIDEST = 86_400.0, 1.0
"""The most seconds a cell, a day, and the widest tolerance, twice as slow: beyond, no verdict comes or means anything."""


@dataclass
class Rounds:
    """The units of every cell so far and the verdicts on them. budget: seconds a cell; cells: how many."""

    cells: int
    budget: float
    tolerance: float = TOLERANCE
    shares: tuple[float, ...] = SHARES
    units: dict[int, list[float]] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    part: int = 0
    look: int = 0

    def __post_init__(self) -> None:
        if not self.budget > 0:
            raise InputError(f"budget: must be more than 0 seconds a cell, got {self.budget:g}")
        if self.budget > LONGEST:
            raise InputError(f"budget: must be at most {LONGEST:g} seconds a cell, got {self.budget:g}")
        if not self.tolerance > 0:
            raise InputError(f"tolerance: must be above 0 %, got {100 * self.tolerance:g}")
        if self.tolerance > WIDEST:
            raise InputError(f"tolerance: must be at most {100 * WIDEST:g} %, got {100 * self.tolerance:g}")

    @property
    def open(self) -> tuple[int, ...]:
        """The cells that are not decided, none once the budget is used up."""
        if self.part == len(self.shares):
            return ()
        return tuple(number for number in range(self.cells) if not self._decided(number))

    def _decided(self, number: int) -> bool:
        return number in self.verdicts and self.verdicts[number].kind != "inconclusive"

    def seconds(self) -> float:
        """Return the seconds of the next part, for all open cells together."""
        return self.shares[self.part] * self.budget * len(self.open)

    def add(self, cell: int, log_ratio: float) -> None:
        """Take one unit of a cell."""
        self.units.setdefault(cell, []).append(log_ratio)

    def close_part(self) -> None:
        """End a part; from the second on, look at the cells that are open."""
        measured, self.part = self.open, self.part + 1
        if self.part >= FIRST_LOOK:
            self.judge(measured)

    def judge(self, cells: Sequence[int]) -> None:
        """Look at these cells: a decided one keeps its verdict."""
        self.look += 1
        for number in cells:
            if not self._decided(number):
                units = self.units.get(number, [])
                self.verdicts[number] = judge(units, look=self.look, cells=self.cells, tolerance=self.tolerance)
