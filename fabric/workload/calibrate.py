"""A user's own measured steps turned into a scale of arithmetic and a fixed time, by which other steps are predicted.

It does not read logs, and does not change what a collective takes: that is calibrated on its own (predict/calibrate.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from statistics import median

from fabric.units import show_duration
from fabric.workload.step import Part, TrainingStep
from topologies.errors import InputError

APART = 1.3
"""Seconds of arithmetic of the longest measured step over the shortest from which a fixed time can be told."""
ONE_ROW = 0.15
"""Part by which steps at larger sizes, predicted from one row, were off in nine of ten published sets (docs/training.md)."""
NOT_SCALED = ("communication", "contention", "fixed")
PLAUSIBLE = (0.5, 4.0)
"""Scales of arithmetic outside of which something else is wrong: another model, batch or device than was said."""


@dataclass(frozen=True)
class StepScale:
    """What measured steps say. scale: of arithmetic, bubble and optimizer; fixed: seconds a step, in the place of the assumed.

    spread: a predicted step times and over 1 + spread holds nine in ten. rows: how many were measured. source: in words.
    """

    scale: float
    fixed: float
    spread: float
    rows: int
    source: str

    def applied(self, step: TrainingStep) -> TrainingStep:
        """Return a predicted step by this scale, with the interval."""
        parts = [_scaled(part, self.scale) for part in step.parts if part.what != "fixed"]
        parts.append(Part("fixed", self.fixed, self.source))
        seconds = sum(part.seconds for part in parts)
        interval = (seconds / (1 + self.spread), seconds * (1 + self.spread))
        return replace(
            step, seconds=seconds, parts=tuple(parts), interval=interval, interval_source=self.source, scaled=self.scale
        )


def calibrated(measured: Sequence[tuple[TrainingStep, float]]) -> StepScale:
    """Return the scale by which predicted steps become the measured ones: (predicted step, seconds measured) each.

    One row, or several of about equal length: the median scale, and the assumed fixed time. Several of different lengths:
    scale and fixed time of least relative squares, neither below zero.

    Raises:
        InputError: nothing measured, seconds that cannot be, or a scale that says another run was measured.
    """
    if not measured:
        raise InputError("measured: must hold a step at least, got none")
    for step, seconds in measured:
        if not seconds > step.exposed:
            raise InputError(
                f"measured: a step of {step.ranks} ranks must take longer than its exposed communication, "
                f"{step.exposed:.4g} s, got {seconds:.4g} s"
            )
    scale, fixed = _fitted(measured)
    if not PLAUSIBLE[0] <= scale <= PLAUSIBLE[1]:
        raise InputError(
            f"measured: steps take {scale:.3g} x the predicted arithmetic; {PLAUSIBLE[0]:g} to {PLAUSIBLE[1]:g} is plausible: "
            "check model, batch, sequence, plan and device"
        )
    found = StepScale(scale, fixed, ONE_ROW, len(measured), "")
    off = max(abs(log(seconds / found.applied(step).seconds)) for step, seconds in measured)
    said = f"{len(measured)} measured step{'s' * (len(measured) > 1)}: arithmetic x {scale:.3g}, {show_duration(fixed)} fixed"
    return replace(found, spread=max(ONE_ROW, 2 * off), source=said)


def _fitted(measured: Sequence[tuple[TrainingStep, float]]) -> tuple[float, float]:
    arithmetic = [sum(part.seconds for part in step.parts if part.what not in NOT_SCALED) for step, _ in measured]
    rest = [step.part("communication") + step.part("contention") for step, _ in measured]
    assumed = measured[0][0].part("fixed")
    own = [seconds - beside for (_, seconds), beside in zip(measured, rest, strict=True)]
    if max(arithmetic) > APART * min(arithmetic):
        slope, fixed = _line(arithmetic, own)
        if slope > 0 and fixed >= 0:
            return slope, fixed
    return median((left - assumed) / one for one, left in zip(arithmetic, own, strict=True)), assumed


def _line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Return slope and intercept of least relative squares."""
    w = [1 / value**2 for value in y]
    total, mx = sum(w), sum(a * b for a, b in zip(w, x, strict=True)) / sum(w)
    my = sum(a * b for a, b in zip(w, y, strict=True)) / total
    over = sum(c * (a - mx) * (b - my) for a, b, c in zip(x, y, w, strict=True))
    slope = over / sum(c * (a - mx) ** 2 for a, c in zip(x, w, strict=True))
    return slope, my - slope * mx


def _scaled(part: Part, scale: float) -> Part:
    return part if part.what in NOT_SCALED else replace(part, seconds=scale * part.seconds)
