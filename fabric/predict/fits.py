"""A fit per library, form and algorithm of measured results, scored on what it has not seen. It fits nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fabric.network.fabric import Fabric
from fabric.predict.answer import predict
from fabric.predict.calibrate import Baseline, baseline, calibrate, split
from fabric.predict.constants import Constants
from fabric.records.result import Result
from topologies.errors import InputError

Key = tuple[str, bool, str]
HELD_OUT = "held out"


@dataclass(frozen=True)
class Fit:
    """Constants of one series of measured results, the baseline through the same points, and the series."""

    constants: Constants
    baseline: Baseline
    results: tuple[Result, ...]


@dataclass(frozen=True)
class Score:
    """One fitted or held-out case: measured, predicted with the fitted constants, and what the baseline says."""

    result: Result
    use: str
    predicted_seconds: float
    baseline_seconds: float

    @property
    def error(self) -> float:
        """Measured / predicted seconds - 1."""
        return self.result.time / self.predicted_seconds - 1

    @property
    def baseline_error(self) -> float:
        """Measured / baseline seconds - 1."""
        return self.result.time / self.baseline_seconds - 1


def key_of(result: Result) -> Key:
    """Return what no fit mixes: library, form, algorithm."""
    return result.source, result.case.in_place, result.algorithm


def fits_of(results: Sequence[Result], fabric: Fabric) -> tuple[Mapping[Key, Fit], Mapping[Key, str]]:
    """Return the fit of every series of measured results, and why a series has none."""
    fits, refused = dict[Key, Fit](), dict[Key, str]()
    for key in sorted({key_of(r) for r in results if r.measured}):
        series = [r for r in results if key_of(r) == key]
        try:
            fits[key] = Fit(calibrate(series, fabric), baseline(series), tuple(series))
        except InputError as error:
            refused[key] = str(error)
    return fits, refused


def scores(fit: Fit, fabric: Fabric) -> list[Score]:
    """Return one score per fitted and held-out case, by world size and bytes."""
    parts = split(fit.results)
    used = [(r, "fitted") for r in parts.fitted] + [(r, HELD_OUT) for r in parts.held_out]
    answers = predict([r.case for r, _ in used], fabric, fit.constants, algorithm=fit.results[0].algorithm)
    found = [
        Score(result, use, answer.time, fit.baseline.seconds(result.case.nbytes))
        for (result, use), answer in zip(used, answers, strict=True)
    ]
    return sorted(found, key=lambda score: (score.result.case.world_size, score.result.case.nbytes))
