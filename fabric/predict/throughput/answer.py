"""The nouns of the answer: one method's estimate, and the bracket of all. It does not know how they are worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Side = Literal["bound", "achieved", "both"]


@dataclass(frozen=True)
class Estimate:
    """What one method says of theta, the largest factor by which all demand together still fits; 1 is the NIC's rate.

    side: no routing can do better (bound), this rate is reached (achieved), or both at once (exact). value is None where
    the method was not run; note says why, or what the value stands on.
    """

    name: str
    side: Side
    value: float | None
    seconds_taken: float = 0.0
    note: str = ""

    @property
    def exact(self) -> bool:
        """Whether the value is the optimum itself."""
        return self.side == "both" and self.value is not None


@dataclass(frozen=True)
class Bracket:
    """All estimates for one traffic on one fabric. nic: bytes per second that theta = 1 means for every endpoint."""

    traffic: str
    nic: float
    estimates: Sequence[Estimate]

    @property
    def lower(self) -> float | None:
        """The best theta that a method achieves, None where none was run."""
        return max((e.value for e in self.estimates if e.value is not None and e.side != "bound"), default=None)

    @property
    def upper(self) -> float | None:
        """The least bound, None where none was worked out."""
        return min((e.value for e in self.estimates if e.value is not None and e.side != "achieved"), default=None)

    @property
    def gap(self) -> float | None:
        """1 - lower / upper: 0 where both meet, None where one of them is missing."""
        lower, upper = self.lower, self.upper
        return None if lower is None or upper is None or upper == 0 else max(0.0, 1 - lower / upper)
