"""The page of a training step: the answer's tables as text, its charts, what is to be read first. It works nothing out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.network.fabric import Fabric
    from fabric.workload.step import SimulatedStep, TrainingStep


def in_time(answer: Answer[TrainingStep], fabric: Fabric) -> SimulatedStep:
    """Return the first step of an answer laid out in time on its fabric, by the node's own library."""
    from fabric.workload.simulated import simulated_step

    step = answer[0]
    return simulated_step(step.model, step.plan, fabric, batch=step.batch, seq=step.sequence, ranks=step.ranks)


def write_trace(answer: Answer[TrainingStep], fabric: Fabric, path: Path) -> None:
    """Write the first step in time as a trace that Chrome and Perfetto open.

    Raises:
        InputError: the file cannot be written.
    """
    from fabric.text.files import write_text
    from fabric.workload.trace import chrome_trace

    step = answer[0]
    write_text(path, chrome_trace(in_time(answer, fabric).slots, f"{step.model.name}, {step.plan.text()}"))


def page(answer: Answer[TrainingStep], fabric: Fabric, path: Path) -> None:
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
    write(path, title, headlines, drawings(step, in_time(answer, fabric)), [Grid("the step", first.head, first.rows), *rest])
