"""The page of a training step: the answer's tables as text, its charts, what is to be read first. It works nothing out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.workload.step import TrainingStep


def page(answer: Answer[TrainingStep], path: Path) -> None:
    """Write the page of an answer, one self-contained HTML file.

    Raises:
        InputError: the file cannot be written.
    """
    from fabric.report.training.charts import drawings
    from fabric.report.training.page import Grid, write

    step = answer[0]
    grids = []
    for part in answer.tables():
        columns = answer.view.picked(part.keys)
        rows = [[column.text(fact) for column in columns] for fact in part.facts]
        grids.append(Grid(part.title, [column.head or column.key for column in columns], rows, part.notes))
    title = f"{step.model.name} on {step.fabric}: {show_duration(step.seconds)} a step"
    first, *rest = grids
    headlines = [
        f"{step.tokens_per_second_per_device:,.0f} tokens a second and device, MFU {100 * step.mfu:.1f} %, "
        f"plan {step.plan.text()}, "
        f"{step.batch:,} sequences of {step.sequence:,} tokens on {step.ranks:,} x {step.device}",
        *first.notes,
    ]
    write(path, title, headlines, drawings(step, None), [Grid("the step", first.head, first.rows), *rest])
