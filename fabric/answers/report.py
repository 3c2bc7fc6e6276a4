"""`report`: the page of any results of one collective on their fabric, measured, imported or predicted. It measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fabric.answers.answer import TEXT, WHOLE, Answer, Column, Part, View, maybe

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.records.result import Result
    from fabric.scaling import Row


@dataclass(frozen=True)
class Page:
    """What a page was made of: its file and picture, and its cells, those that were measured and those only predicted."""

    page: str
    picture: str | None
    collective: str
    measured: int
    predicted: int


VIEW = View(
    "report",
    (
        Column("page", TEXT, "the HTML file", head="written"),
        Column("picture", maybe(TEXT), "the PNG file, null where none was asked for", head="picture"),
        Column("collective", TEXT, "whose results they are", head="collective"),
        Column("measured", WHOLE, "cells that were measured", head="measured"),
        Column("predicted", WHOLE, "cells that were only predicted", head="predicted only"),
    ),
)


def report(
    results: Sequence[Result],
    fabric: Fabric,
    page: Path,
    constants: Sequence[Constants] | None = None,
    *,
    collective: str = "all_reduce",
    picture: Path | None = None,
    routing: str = "ideal",
    fidelity: str = "loaded",
    commands: Sequence[str] = (),
) -> Answer[Page]:
    """Return what was written: the page of results of one collective, measured ones beside their predictions.

    results: several samples of one case pooled (records.pool); predictions of what was measured are made anew. constants: to
    predict with; None: as scale_measured. routing, fidelity: of the predictions beside what was measured. commands: shown on
    the page.

    Raises:
        InputError: results of several collectives without the one that is meant, or a file that cannot be written.
    """
    from fabric.answers.scale import scale_measured
    from fabric.records.measured import of_one_collective
    from fabric.records.result import now
    from fabric.report.run.page import write
    from fabric.report.run.story import Story
    from topologies.errors import InputError

    own = of_one_collective(results, collective)
    name, ran = own[0].case.collective, [r for r in own if r.measured]
    measured = scale_measured(ran, fabric, constants, routing=routing, fidelity=fidelity) if ran else None
    cases = {r.case for r in ran}
    predicted, notes = _predicted([r for r in own if not r.measured and r.case not in cases], fabric)
    said = (*(measured.warnings if measured else ()), *notes)
    if not (ran or predicted):
        raise InputError(f"report: results must hold a measurement, or a prediction of {fabric.name}; {'; '.join(notes)}")
    story = Story(
        title=f"{name} on {fabric.name or fabric.topology.name}",
        made_at=now(),
        machine={},
        commands=commands,
        scaling=tuple(measured or ()),
        extrapolation=predicted,
        constants=constants or (),
        assumptions=fabric.assumptions(),
        notes=said,
    )
    write(story, page, picture)
    made = Page(str(page), str(picture) if picture else None, name, len(story.scaling), len(predicted))
    return Answer(VIEW, (made,), parts=(Part(story.title, (made,)),), warnings=said)


def _predicted(answers: Sequence[Result], fabric: Fabric) -> tuple[list[Row], list[str]]:
    """Return the rows of a model's answers on the fabric, each asked for in one way, and a line on those of others."""
    from fabric.predict.bounds import bound, in_network_bound
    from fabric.records.case import Case
    from fabric.scaling import scaling_table

    def in_network(case: Case) -> float | None:
        found = in_network_bound(case, fabric)
        return found.busbw if found else None

    here = [r for r in answers if r.fingerprint in (None, fabric.fingerprint)]
    rows: list[Row] = []
    for way in sorted({_way(r) for r in here}, key=str):
        own = [r for r in here if _way(r) == way]
        limits = {r.case: found.busbw for r in own if (found := bound(r.case, fabric, r.model.backend))}
        rows += scaling_table(own[0].source, [], own, limits, {}, None, in_network)
    foreign = len(answers) - len(here)
    return rows, [f"left out: {foreign} predictions of other fabrics than {fabric.name}; --topo names theirs"] * bool(foreign)


def _way(answer: Result) -> tuple[str, str, str | None]:
    """Return how a prediction was asked for."""
    return answer.source, answer.algorithm, answer.routing
