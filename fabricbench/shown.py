"""Answers for a reader: printed as tables, drawn as a chart. It computes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.records.result import Result
    from fabric.workload.scaling import Point


def table(answer: Answer[Any]) -> None:
    """Print an answer's tables; in a notebook, the answer as a cell's last value is shown as HTML."""
    print(answer)  # printing is what it is for


def chart(results: Iterable[Result] | Answer[Point]) -> Any:
    """Return an altair chart of results: busbw versus message size, a panel per source and form, colour by world size.

    Measured results are points with their 95 % intervals, predictions lines. What scale_training answers is drawn as efficiency
    and speed versus the number of devices. `.save("x.html")` writes it; a notebook shows it.

    Raises:
        InputError: no result of at least 2 ranks and 1 byte, or no size with a plan.
    """
    from fabric.answers.answer import Answer

    if isinstance(results, Answer) and results.view.name == "scale-training":
        from fabric.answers.training_page import curve_drawing
        from fabric.report.page.picture import titled

        return titled(curve_drawing(cast("Answer[Point]", results)))
    from fabric.report.run.machine import busbw_by_size
    from fabric.scaling import Row
    from topologies.errors import InputError

    rows = [
        Row(result.case, result.source, result if result.measured else None, None if result.measured else result, None, "-")
        for result in cast("Iterable[Result]", results)
    ]
    drawing = busbw_by_size(rows)
    if drawing is None:
        raise InputError("chart: results must hold one of at least 2 ranks and 1 byte, got none")
    return drawing.chart.properties(title=drawing.title)
