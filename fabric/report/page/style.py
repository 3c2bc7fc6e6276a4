"""Colours, axes and scales that all charts share, so that one thing has one colour everywhere. It sees no rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log2, log10
from typing import Any

from fabric.predict.constants import CROWDED, FITTED, HELD_OUT

INK, QUIET, GRID = "#222222", "#5f6670", "#e3e6ea"
FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"
ALGORITHMS = {
    "best": "#009E73",
    "ring": "#0072B2",
    "hierarchical": "#E69F00",
    "rail_aligned": "#44AA99",
    "gloo_ring": "#56B4E9",
    "recursive_doubling": "#CC79A7",
    "halving_doubling": "#8C564B",
    "double_binary_tree": "#7F7F7F",
}
"""Algorithm, or `best` for the best of all -> colour (Okabe and Ito's palette, safe for the colour-blind)."""
LIBRARY = "#D55E00"
"""Colour of what a library picks (`default`)."""
SPARE = ("#000000", "#F0E442", "#999999", "#882255")
MODEL, BASELINE = "#D55E00", "#6b7280"
USES = {HELD_OUT: MODEL, FITTED: "#0F7FBF", CROWDED: "#8a8f98"}
"""Use of a cell -> colour; held-out cells have the model's colour, for they are what scores it."""
RANKS = ("#31127a", "#9a2a86", "#e0506a", "#f59b57", "#7a7a1e", "#1e7a5a")
"""Colours of world sizes, the smallest first."""
SIZES = ("#9fc9a4", "#54a6a0", "#2b7193", "#253f76", "#140f33")
"""Colours of message sizes, the smallest first."""
SIZE_TEXT = (
    "datum.value >= 1073741824 ? format(datum.value / 1073741824, ',~r') + ' GiB' : "
    "datum.value >= 1048576 ? format(datum.value / 1048576, ',~r') + ' MiB' : "
    "datum.value >= 1024 ? format(datum.value / 1024, ',~r') + ' KiB' : format(datum.value, ',~r') + ' B'"
)
TIME_TEXT = (
    "datum.value >= 1 ? format(datum.value, ',~r') + ' s' : datum.value >= 0.001 ? format(datum.value * 1e3, ',~r') + ' ms' : "
    "format(datum.value * 1e6, ',~r') + ' us'"
)
PERCENT_TEXT = "format(datum.value * 100, ',~r') + ' %'"


def algorithm_colours(names: Sequence[str]) -> list[str]:
    """Return a colour per algorithm as it was asked for; a second form of the same algorithm gets a spare one."""
    spare, used = iter(SPARE * (1 + len(names) // len(SPARE))), list[str]()
    for name in names:
        own = LIBRARY if name == "default" else ALGORITHMS.get(name.partition(":")[0])
        used.append(own if own and own not in used else next(spare))
    return used


def ramp(colours: Sequence[str], count: int) -> list[str]:
    """Return `count` colours of a ramp, repeated where it is too short."""
    return [colours[index % len(colours)] for index in range(count)]


def dashes(count: int) -> list[list[int]]:
    """Return `count` patterns of a line, the first without gaps."""
    kinds = ([1, 0], [7, 6], [2, 4], [10, 4, 2, 4])
    return [kinds[index % len(kinds)] for index in range(count)]


def decades(values: Sequence[float]) -> tuple[float, float]:
    """Return the powers of ten around all positive values."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = floor(log10(min(positive))), ceil(log10(max(positive)))
    return 10.0**low, 10.0 ** max(high, low + 1)


def ten_ticks(domain: tuple[float, float]) -> list[float]:
    """Return the powers of ten of a domain."""
    return [10.0**power for power in range(round(log10(domain[0])), round(log10(domain[1])) + 1)]


def power_ticks(values: Sequence[int], most: int) -> list[int]:
    """Return at most `most` of the powers of two between the smallest and the largest value, evenly apart, as axis ticks."""
    low, high = floor(log2(max(1, min(values)))), ceil(log2(max(1, *values)))
    step = max(1, ceil((high - low) / max(1, most - 1)))
    return [2**power for power in range(low, high + 1, step)]


def finish(chart: Any) -> dict[str, Any]:
    """Return a chart as a Vega-Lite specification with this project's look."""
    small, normal = 12, 13
    styled = (
        chart.configure(font=FONT, background="#ffffff")
        .configure_view(stroke=GRID, strokeWidth=1)
        .configure_axis(
            labelFontSize=small, titleFontSize=normal, titleFontWeight="normal", titleColor=INK, labelColor=INK,
            gridColor=GRID, domainColor="#9aa0a8", tickColor="#9aa0a8", titlePadding=8,
        )
        .configure_legend(
            orient="top", labelFontSize=normal, titleFontSize=normal, titleFontWeight="bold", titleColor=INK, labelColor=INK,
            labelLimit=300, symbolSize=110, columnPadding=18, titleOrient="left", offset=8, symbolStrokeWidth=2, titlePadding=8,
        )
        .configure_title(
            anchor="start", fontSize=14, fontWeight="bold", color=INK, subtitleColor=QUIET, subtitleFontSize=13, offset=8
        )
        .configure_concat(spacing=22)
    )  # fmt: skip
    spec: dict[str, Any] = styled.to_dict()
    spec["config"]["legend"]["layout"] = {"top": {"margin": 26, "direction": "horizontal"}}  # altair has no word for it
    return spec
