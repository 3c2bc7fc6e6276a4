"""`jobs`: several jobs at once on one fabric, and what they cost each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fabric.answers.answer import NUMBER, TEXT, WHOLE, Answer, Column, Part, View, changed, maybe
from fabric.answers.results import model_columns, result_columns
from fabric.units import show_duration

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.records.case import Case
    from fabric.records.result import Result


@dataclass(frozen=True)
class Job:
    """The answer to one of the jobs, and its number in the question."""

    job: int
    result: Result


def _result(fact: Job) -> Result:
    return fact.result


VIEW = View(
    "jobs",
    (
        Column("job", WHOLE, "its number in the question, from 0", head="job"),
        *changed(result_columns(_result), collective={"head": "collective"}),
        *model_columns(_result),
        Column("alone_seconds", maybe(NUMBER), "without the others", lambda f: f.result.model.alone_seconds, head="alone",
               cell=lambda f: show_duration(f.result.model.alone_seconds)),
        Column("slowdown_by_others", maybe(NUMBER), "seconds / alone_seconds", lambda f: f.result.model.slowdown_by_others,
               head="slowdown",
               cell=lambda f: f"{f.result.model.slowdown_by_others:.2f}" if f.result.model.slowdown_by_others else "-"),
        Column("bottleneck_link", maybe(TEXT), "the link that was fullest longest", lambda f: f.result.model.link),
    ),
)  # fmt: skip
(TOGETHER,) = changed(VIEW.picked(["seconds"]), seconds={"head": "with the others"})
TABLE = (
    "job", "collective", "nbytes", "world_size", "nodes", "algorithm", "alone_seconds", TOGETHER, "slowdown_by_others",
)  # fmt: skip


def jobs(
    asked: Sequence[tuple[Case, str | None]],
    fabric: Fabric,
    constants: Constants | None = None,
    *,
    order: str = "contiguous",
    routing: str = "ideal",
    watch: Callable[[int, int], None] | None = None,
    force: bool = False,
) -> Answer[Result]:
    """Return the answer to every job (a case, its algorithm or None), all running at once, each beside its time alone.

    constants: None takes those of the fabric's node, NONE without one. order: of all devices; each job takes the next
    ones. watch: told how many messages are done, of how many. force: simulate whatever memory and time it takes.

    Raises:
        InputError: more ranks than devices, an unknown order, or what cannot be routed or simulated.
    """
    from fabric.predict.jobs import placed, predict_together
    from fabric.predict.of_node import constants_on

    ready = placed([case for case, _ in asked], fabric, order, [algorithm for _, algorithm in asked])
    own = constants_on(fabric, {case.collective for case, _ in asked}, constants)
    results = predict_together(ready, fabric, own, routing=routing, watch=watch, force=force)
    facts = tuple(Job(number, result) for number, result in enumerate(results))
    fullest = results[0].model.link
    notes = (f"fullest longest: {fullest}",) if fullest else ()
    title = f"{len(facts)} jobs at once on {fabric.name} ({routing} routing, {order}), flows"
    return Answer(VIEW, tuple(results), facts, parts=(Part(title, facts, TABLE, notes),))
