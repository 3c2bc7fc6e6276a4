"""The answer: one record whoever gives it, measured or predicted. It does not know how the seconds came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from fabric.collectives.catalog import busbw_factor
from fabric.records.case import Case
from fabric.statistics import interval, median

SCHEMA = "fabricbench.result/1"
Statistic = Literal["raw", "mean", "point", "interval"]
Barrier = Literal["before", "excluded", "back_to_back"]


def now() -> str:
    """Return the time of day in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Result:
    """One answer to one case.

    seconds: one value per sample, each the maximum over ranks (statistic `raw`); one value for `mean` and `point`; low,
    value, high for `interval`. wrong: wrong elements over all ranks, null where nothing was computed. source: `gloo`,
    `nccl`, `mpi:openmpi`, `model:loaded`, `twin:gloo`, `import:nccl-tests`, `paper:<id>`.
    """

    case: Case
    source: str
    seconds: tuple[float, ...]
    algorithm: str = "default"
    statistic: Statistic = "raw"
    barrier: Barrier = "before"
    routing: str | None = None
    fabric: str | None = None
    fingerprint: str | None = None
    iterations: int = 1
    batch: int = 1
    warmup_seconds: tuple[float, ...] = ()
    wrong: int | None = None
    fidelity: Mapping[str, Any] | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    made_at: str = field(default_factory=now)
    schema: str = SCHEMA

    @property
    def time(self) -> float:
        """Seconds: the median of raw samples, else the stated value."""
        return self.seconds[1] if self.statistic == "interval" else median(self.seconds)

    @property
    def bracket(self) -> tuple[float, float] | None:
        """The 95 % interval of the median of raw samples, the stated one for `interval`, else None."""
        if self.statistic == "interval":
            return self.seconds[0], self.seconds[2]
        return interval(self.seconds) if self.statistic == "raw" else None

    @property
    def algbw(self) -> float:
        """Bytes per second: nbytes / time (nccl-tests' definition)."""
        return self.case.nbytes / self.time if self.time > 0 else 0.0

    @property
    def busbw(self) -> float:
        """Bytes per second: algbw times the collective's factor, 2(p-1)/p for all_reduce."""
        return self.algbw * busbw_factor(self.case.collective, self.case.world_size, self.case.params)

    @property
    def measured(self) -> bool:
        """Whether a run on devices or on a twin gave it."""
        return not self.source.startswith(("model:", "paper:", "import:"))

    @property
    def oversubscribed(self) -> bool:
        """Whether more ranks than cores took part: shown, never used to calibrate or to score."""
        return bool(self.context.get("ranks_exceed_cores", False))
