"""The pages of a training step and of its curves: tables as text, charts, what is to be read first. It works nothing out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.report.page.drawing import Drawing
    from fabric.report.training.page import Grid
    from fabric.workload.scaling import Point
    from fabric.workload.step import SimulatedStep, TrainingStep


def in_time(answer: Answer[TrainingStep], fabric: Fabric, constants: Constants | None = None) -> SimulatedStep:
    """Return the first step of an answer laid out in time on its fabric, its arithmetic scaled as the step's own is.

    constants: those of the answer; None: the node's own library.
    """
    from fabric.workload.device import device_of
    from fabric.workload.kernels import kernels_of
    from fabric.workload.simulated import simulated_step

    step, device = answer[0], device_of(fabric)
    return simulated_step(
        step.model,
        step.plan,
        fabric,
        constants,
        batch=step.batch,
        seq=step.sequence,
        ranks=step.ranks,
        device=device.slowed(step.scaled),
        kernels=kernels_of(device).slowed(step.scaled),
    )


def write_trace(answer: Answer[TrainingStep], fabric: Fabric, path: Path, constants: Constants | None = None) -> None:
    """Write the first step in time as a trace that Chrome and Perfetto open. constants: of the answer.

    Raises:
        InputError: the file cannot be written.
    """
    from fabric.text.files import write_text
    from fabric.workload.trace import chrome_trace

    step = answer[0]
    write_text(path, chrome_trace(in_time(answer, fabric, constants).slots, f"{step.model.name}, {step.plan.text()}"))


def page(answer: Answer[TrainingStep], fabric: Fabric, path: Path, constants: Constants | None = None) -> None:
    """Write the page of an answer, one self-contained HTML file. constants: of the answer.

    Raises:
        InputError: the file cannot be written.
    """
    from fabric.report.training.charts import drawings
    from fabric.report.training.page import Grid, write

    step, grids = answer[0], _grids(answer)
    title = f"{step.model.name} on {step.fabric}: {show_duration(step.seconds)} a step"
    first, *rest = grids
    headlines = [
        f"{step.tokens_per_second_per_device:,.0f} tokens a second and device, MFU {100 * step.mfu:.1f} %, "
        f"plan {step.plan.text()}, "
        f"{step.batch:,} sequences of {step.sequence:,} tokens on {step.ranks:,} x {step.device}",
        *first.notes,
    ]
    drawn = drawings(step, in_time(answer, fabric, constants))
    write(path, title, headlines, drawn, [Grid("the step", first.head, first.rows), *rest])


def _grids(answer: Answer[Any]) -> list[Grid]:
    """Return an answer's tables as text."""
    from fabric.report.training.page import Grid

    found = []
    for part in answer.tables():
        columns = answer.view.picked(part.keys)
        rows = [[column.text(fact) for column in columns] for fact in part.facts]
        found.append(Grid(part.title, [column.head or column.key for column in columns], rows, part.notes))
    return found


def curve_drawing(answer: Answer[Point]) -> Drawing:
    """Return the chart of training versus the number of devices.

    Raises:
        InputError: no size has a plan.
    """
    from fabric.report.training.curve import curves
    from topologies.errors import InputError

    said = answer.beside
    drawn = curves(str(said["model"]), list(answer), cast("list[dict[str, Any]]", said["published"]))
    if drawn is None:
        raise InputError("chart: no size has a plan that fits, so there is nothing to draw")
    return drawn


def curve_page(answer: Answer[Point], path: Path) -> None:
    """Write the curves of an answer: a picture where the file ends in .png, else one self-contained HTML page.

    Raises:
        InputError: no size has a plan, or the file cannot be written.
    """
    from fabric.report.page.picture import still
    from fabric.report.training.page import write
    from fabric.text.files import write_bytes

    drawn = curve_drawing(answer)
    title = f"{answer.beside['model']}: training versus the number of devices"
    if path.suffix == ".png":
        write_bytes(path, still(title, f"sequences of {answer.beside['sequence']:,} tokens; predicted", [drawn]))
        return
    grids = _grids(answer)
    headlines = [f"{grid.title.partition(' on ')[2]}: {note}" for grid in grids for note in grid.notes]
    write(path, title, [drawn.title, *headlines], [drawn], grids)
