"""`scale --model MODEL`: its options, and the question that they ask. answers/training_scale.py answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fabric.cli.kinds import Whole
from fabric.cli.output import PAGE, PICTURE, Progress, check_writable
from fabric.cli.output import tell as say

if TYPE_CHECKING:
    from fabric.answers.answer import Answer
    from fabric.network.fabric import Fabric
    from fabric.workload.scaling import Point

NOT_OF_A_MODEL = {
    "collective": "collective", "sizes": "sizes", "algorithms": "algorithm", "fidelity": "fidelity", "library": "library",
    "order": "order", "routing": "routing", "backend": "backend", "force": "force",
}  # fmt: skip
OF_A_MODEL = {"plan": "plan", "batch": "batch", "seq": "seq", "mode": "mode", "output": "output"}
"""Parameter -> option: those without effect beside --model, and those that only go with it."""
MODES = {"strong": ("strong",), "weak": ("weak",), "both": ("strong", "weak")}


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of --model."""
    for option in (
        click.option("-o", "--output", type=click.Path(path_type=Path),
                     help="With --model: write the curves, a picture if it ends in .png, else an HTML page."),
        click.option("--mode", type=click.Choice(list(MODES)), default="both", show_default=True,
                     help="With --model: strong (one batch), weak (in proportion to devices; equal at the largest size)."),
        click.option("--seq", type=Whole(1, 10**9), help="With --model: tokens of a sequence; by default 8,192 at most."),
        click.option("--batch", type=Whole(1, 10**9),
                     help="With --model: sequences a step at the largest size; by default 4 Mi tokens or more."),
        click.option("--plan", default="auto", show_default=True, help="With --model: the plan at every size; auto: the best."),
        click.option("--model", help="Scale the training of this model instead of a collective, e.g. llama3-70b."),
    ):  # fmt: skip
        function = option(function)
    return function


def answer(fabrics: Sequence[Fabric], asked: dict[str, Any]) -> Answer[Point]:
    """Return the curves of the options, written to --output where that is given."""
    from fabric.answers.training_page import curve_page

    check_writable("output", asked["output"], *PAGE, *PICTURE)
    found = _answer(fabrics, asked)
    if asked["output"] is not None:
        curve_page(found, asked["output"])
        say(f"fabricbench: wrote {asked['output']}", err=True)
    return found


def _answer(fabrics: Sequence[Fabric], asked: dict[str, Any]) -> Answer[Point]:
    from fabric import units
    from fabric.answers.training_scale import scale_training
    from fabric.predict.constants import constants_of
    from fabric.scaling import powers_of_two
    from fabric.workload.ask import asked as whole
    from fabric.workload.catalog import language_model
    from fabric.workload.scaling import Question

    ranks = units.counts(asked["ranks"]) if asked["ranks"] else powers_of_two(min(f.topology.devices for f in fabrics))[3:]
    largest = whole(
        language_model(asked["model"]), fabrics[0], asked["plan"], batch=asked["batch"], seq=asked["seq"], ranks=max(ranks)
    )
    space = largest.space
    question = Question(space.model, space.sequence, space.batch, largest.plan, space.pinned)
    constants = None if asked["constants"] is None else constants_of(asked["constants"])
    count, done = len(fabrics) * len(MODES[asked["mode"]]) * len(set(ranks)), 0
    progress = Progress("scale", "sizes")

    def tell(now_at: str) -> None:
        nonlocal done
        progress(done, count, now_at)
        done += 1

    return scale_training(fabrics, question, ranks, MODES[asked["mode"]], constants=constants, tell=tell)
