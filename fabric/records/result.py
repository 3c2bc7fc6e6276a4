"""The answer: one record whoever gives it, measured or predicted. It does not know how the seconds came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

from fabric.collectives.catalog import busbw_factor
from fabric.records.case import Case
from fabric.records.prediction import Prediction
from fabric.statistics import AT_ANY_STOP, MEDIAN, median, needed, percentile, pooled_interval, series_interval

SCHEMA = "fabricbench.result/2"
Statistic = Literal["raw", "mean", "point", "interval"]
Barrier = Literal["before", "excluded", "back_to_back"]


def now() -> str:
    """Return the time of day in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Result:
    """One answer to one case.

    seconds: one value per sample, each the maximum over ranks (statistic `raw`); one value for `mean` and `point`; low,
    value, high for `interval`. groups: per launch, the samples of each visit, where several visits were pooled; seconds are
    in their order. wrong: wrong elements over all ranks, null where nothing was computed. source: `gloo`,
    `nccl`, `mpi:openmpi`, `model:loaded`, `twin:gloo`, `import:nccl-tests`, `paper:<id>`. prediction: what a model says
    beside seconds. context: the environment of a run (versions, devices, launcher, load), none of a model.
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
    groups: tuple[tuple[int, ...], ...] = ()
    prediction: Prediction | None = None

    @property
    def time(self) -> float:
        """Seconds: the median of raw samples, else the stated value."""
        return self.seconds[1] if self.statistic == "interval" else median(self.seconds)

    @property
    def bracket(self) -> tuple[float, float] | None:
        """The 95 % interval of the median of raw samples, the stated one for `interval`, else None."""
        if self.statistic == "interval":
            return self.seconds[0], self.seconds[2]
        return self.bracket_of(MEDIAN)

    @property
    def visit_medians(self) -> tuple[float, ...]:
        """Seconds: the median of every visit's raw samples; one value where there was one visit, or where it was stated."""
        if self.statistic != "raw" or not self.groups:
            return (self.time,)
        left = iter(self.seconds)
        return tuple(median(tuple(islice(left, count))) for launch in self.groups for count in launch)

    def quantile(self, quantile: float) -> float | None:
        """Return the quantile of raw samples in seconds, one of them (the median: time); None for other statistics."""
        if self.statistic != "raw":
            return None
        return self.time if quantile == MEDIAN else percentile(self.seconds, quantile)

    def bracket_of(self, quantile: float) -> tuple[float, float] | None:
        """Return the 95 % interval of a quantile of raw samples in seconds, None where there is none: see needed_for().

        Of one visit it holds whatever ended the sampling, and is wider where neighbours are alike
        (statistics.series_interval); of several, it is a hierarchical bootstrap (statistics.pooled_interval).
        """
        return _bracket(self.seconds, self.groups, quantile) if self.statistic == "raw" else None

    def needed_for(self, quantile: float) -> int | None:
        """Return the samples from which on the quantile has an interval, where these are too few or none; else None."""
        fewest = needed(quantile, AT_ANY_STOP)
        return fewest if self.statistic == "raw" and len(self.seconds) < fewest else None

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
        """Whether a run on devices or on a twin gave it: ours, or another tool's (source `import:`, statistic `mean`)."""
        return not self.source.startswith(("model:", "paper:"))

    @property
    def model(self) -> Prediction:
        """What the model says beside seconds; of a result that says nothing, the algorithm alone."""
        return self.prediction or Prediction(self.algorithm)

    @property
    def bottlenecks(self) -> tuple[str, ...]:
        """What holds a prediction up, and what ties with it; () where it does not say."""
        return self.model.bottlenecks

    @property
    def oversubscribed(self) -> bool:
        """Whether more ranks than cores took part: shown, never used to calibrate or to score."""
        return bool(self.context.get("ranks_exceed_cores", False))


@lru_cache(maxsize=4096)
def _bracket(seconds: tuple[float, ...], groups: tuple[tuple[int, ...], ...], quantile: float) -> tuple[float, float] | None:
    """Return the interval of a quantile of samples that were taken at once, or on visits of launches."""
    if sum(map(len, groups)) < 2:
        return series_interval(seconds, quantile)
    left = iter(seconds)
    return pooled_interval([[tuple(islice(left, count)) for count in launch] for launch in groups], quantile)
