"""The twin's page: predicted beside measured per point, efficiency versus cluster size. It runs and predicts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from fabric.predict.constants import HELD_OUT
from fabric.report.page import labels
from fabric.report.page.drawing import Drawing
from fabric.report.page.html_file import save
from fabric.report.page.picture import png
from fabric.report.run.page import html
from fabric.report.run.story import Story
from fabric.report.twin.charts import GOAL, Point, efficiency, errors
from fabric.scaling import Row
from fabric.units import show_duration, show_size
from topologies.errors import InputError

LIMITS = (
    "The twin is a set of network namespaces on one machine, its links rate-limited in proportion to the fabric's. Predictions "
    "have alpha = gamma = 0 and no fitted constant, so every point in the bandwidth regime counts as held out.",
    "It cannot show latency (small messages measure the processor), RDMA, PFC, NVLink, adaptive routing, packet spraying or "
    "absolute Gbit/s.",
    "Points outside the bandwidth regime are shown, never scored; CPU-bound points are refused.",
)


def rows(points: Sequence[Point]) -> list[Row]:
    """Return the points as scaling rows, by series, size and hosts; the baseline is that nothing is shared."""
    ordered = sorted(points, key=lambda point: (point.series, point.measured.case.nbytes, point.measured.case.world_size))
    return [_row(point) for point in ordered]


def _row(point: Point) -> Row:
    measured = point.measured
    source = f"{measured.source} on {point.wiring}, {point.order}"
    return Row(measured.case, source, measured, point.predicted, point.bound, point.use, baseline_seconds=point.unshared)


def headlines(points: Sequence[Point]) -> list[str]:
    """Return what the points show, in a few sentences."""
    scored = [point for point in points if point.use == HELD_OUT]
    hosts = sorted({point.measured.case.world_size for point in points})
    wirings = len({point.wiring for point in points})
    samples = labels.count(sum(len(point.measured.seconds) for point in points), "sample")
    wrong = labels.count(sum(point.measured.wrong or 0 for point in points), "wrong element")
    said = [
        f"{labels.count(len(points), 'point')} on {labels.count(wirings, 'wiring')}, {hosts[0]} to {hosts[-1]} hosts, "
        f"{samples}, {wrong}."
    ]
    if scored:
        said += [_score(scored), _worst(scored)]
    if left := len(points) - len(scored):
        said.append(f"{labels.count(left, 'point')} outside the bandwidth regime: shown, not scored.")
    return said


def _score(scored: Sequence[Point]) -> str:
    errors = sorted(abs(point.error) for point in scored)
    baseline = [abs(point.measured.time / point.unshared - 1) for point in scored if point.unshared]
    told = _spread(errors)
    beside = f" Baseline, every host's own link and nothing shared: {_spread(sorted(baseline))}." if baseline else ""
    return f"{labels.count(len(scored), 'point')} in the bandwidth regime, no fitted constant: {told}.{beside}"


def _spread(errors: Sequence[float]) -> str:
    near = sum(error <= GOAL for error in errors) / len(errors)
    return (
        f"median |error| {labels.percent(median(errors))}, {labels.percent(near)} within {labels.percent(GOAL)}, "
        f"largest {labels.percent(errors[-1])}"
    )


def _worst(scored: Sequence[Point]) -> str:
    point = max(scored, key=lambda one: abs(one.error))
    case = point.measured.case
    return (
        f"Worst: {labels.percent(point.error, signed=True)}, {show_size(case.nbytes)} on {case.world_size} hosts of "
        f"{point.wiring}, {point.order} ({show_duration(point.measured.time)} measured, "
        f"{show_duration(point.predicted.time)} predicted)."
    )


def write(path: Path, points: Sequence[Point], made_at: str, commands: Sequence[str], picture: Path | None = None) -> None:
    """Write the page, and its charts as a PNG where a picture is asked for; the same points give the same bytes.

    Raises:
        InputError: no points, or a file that cannot be written.
    """
    if not points:
        raise InputError("html: needs at least one measured point, got none")
    quiet = sum(bool((point.measured.fidelity or {}).get("quiet")) for point in points)
    notes = (*LIMITS[1:], f"Fidelity: at least 35 % of the processors' time was idle in {quiet} of {len(points)} points.")
    title = "The twin: predicted beside measured"
    story = Story(title, made_at, {}, commands, rows(points), (), (), LIMITS[:1], notes, headlines(points))
    drawn = drawings(points)
    save(path, html(story, drawn).encode())
    if picture:
        save(picture, png(story, drawn))


def drawings(points: Sequence[Point]) -> list[Drawing]:
    """Return the charts: efficiency versus cluster size where there are several, and the error of every point."""
    return [one for one in (efficiency(points), errors(points)) if one is not None]
