"""The twin's page: predicted beside measured per point, efficiency versus cluster size. It runs and predicts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fabric.records.result import Result
from fabric.report import facts, labels
from fabric.report.drawing import Drawing
from fabric.report.machine import busbw_by_size, efficiency_by_ranks
from fabric.report.page import html
from fabric.report.scored import predicted_against_measured
from fabric.report.story import Story
from fabric.scaling import Row, scaling_table
from topologies.errors import InputError

BANDWIDTH = "bandwidth"
LIMITS = (
    "The twin is a set of network namespaces on one machine, its links rate-limited in proportion to the fabric's. Predictions "
    "have alpha = gamma = 0 and no fitted constant, so every point in the bandwidth regime counts as held out.",
    "It cannot show latency (small messages measure the processor), RDMA, PFC, NVLink, adaptive routing, packet spraying or "
    "absolute Gbit/s.",
    "Points outside the bandwidth regime are shown, never scored; CPU-bound points are refused.",
)


@dataclass(frozen=True)
class Point:
    """One point: what a twin measured, its prediction, and the bound's busbw where there is one."""

    measured: Result
    predicted: Result
    bound: float | None = None

    @property
    def series(self) -> str:
        """Which line of a chart it belongs to: library, fabric and order of ranks."""
        case = self.measured.case
        broken = self.measured.context.get("failures")
        order = case.order if not case.order.startswith("given") else "given order"
        return f"{self.measured.source} on {self.measured.fabric}, {order}{f', {broken}' if broken else ''}"


def rows(points: Sequence[Point]) -> list[Row]:
    """Return the points as scaling rows; use: `held out` in the bandwidth regime, else the regime's name."""
    found: list[Row] = []
    for series in dict.fromkeys(point.series for point in points):
        own = [point for point in points if point.series == series]
        uses = {point.measured.case: _use(point.measured) for point in own}
        bounds = {point.measured.case: point.bound for point in own if point.bound}
        measured = [point.measured for point in own]
        found += scaling_table(series, measured, [_said(point) for point in own], bounds, uses)
    return found


def _said(point: Point) -> Result:
    """Return the prediction with the very case that was measured, so that both stand in one row."""
    return replace(point.predicted, case=point.measured.case)


def _use(measured: Result) -> str:
    regime = str(measured.context["regime"])
    return facts.HELD_OUT if regime == BANDWIDTH else regime


def write(path: Path, points: Sequence[Point], made_at: str, commands: Sequence[str]) -> None:
    """Write the page; the same points give the same bytes.

    Raises:
        InputError: no points, or a file that cannot be written.
    """
    if not points:
        raise InputError("html: needs at least one measured point, got none")
    cells = rows(points)
    quiet = sum(bool((point.measured.fidelity or {}).get("quiet")) for point in points)
    notes = (*LIMITS, f"Fidelity: at least 35 % of the processors' time was idle in {quiet} of {len(points)} points.")
    story = Story("The twin: predicted beside measured", made_at, {}, commands, cells, (), (), LIMITS[:1], notes[1:])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html(story, drawings(cells)), encoding="utf-8")
    except OSError as error:
        raise InputError(f"html: cannot write {path}: {error.strerror}; choose a folder that can be written") from None


def drawings(cells: Sequence[Row]) -> list[Drawing]:
    """Return the charts: efficiency versus cluster size where there are several, busbw by size, predicted against measured."""
    sizes = sorted({row.case.world_size for row in cells})
    shown = labels.count(sum(row.measured is not None for row in cells), "point")
    told = {
        "efficiency": f"Scaling efficiency versus cluster size, {sizes[0]} to {sizes[-1]} hosts: measured and predicted",
        "busbw": "Bus bandwidth on the twin by message size: measured and predicted",
        "against": "Predicted against measured time: on the diagonal both are the same",
    }
    how = f"{shown}. Points: medians measured on the twin; lines: predicted with no fitted constant."
    captions = {
        "efficiency": f"{how} 100 % is the bound of the scaled fabric.",
        "busbw": f"{how} Dashes: the bound of the scaled fabric. Log scales.",
        "against": f"{shown}. `held out`: in the bandwidth regime, scored; the band is 10 % either way. Log scales.",
    }
    made = [efficiency_by_ranks(cells), busbw_by_size(cells), predicted_against_measured(cells)]
    return [replace(one, title=told[one.key], caption=captions[one.key]) for one in made if one is not None]
