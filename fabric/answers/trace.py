"""`predict --trace`: a prediction step by step: which link decides, how full it is, how long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fabric.answers.answer import NUMBER, TEXT, WHOLE, Answer, Column, Part, View, maybe
from fabric.units import show_duration, show_size

if TYPE_CHECKING:
    from fabric.network.fabric import Fabric
    from fabric.predict.constants import Constants
    from fabric.records.case import Case

VIEW = View(
    "trace",
    (
        Column("collective", TEXT, "what was asked for"),
        Column("nbytes", WHOLE, "bytes, S as nccl-tests counts it", head="size", cell=lambda row: show_size(row["nbytes"])),
        Column("world_size", WHOLE, "ranks", head="ranks"),
        Column("fidelity", TEXT, "which of the model's fidelities answered"),
        Column("step", WHOLE, "number of the step", head="step"),
        Column("repeats", WHOLE, "how often it is repeated", head="repeats"),
        Column(
            "start_seconds", NUMBER, "when it starts", head="starts at",
               cell=lambda row: show_duration(row["start_seconds"])
        ),
        Column("seconds", NUMBER, "how long it takes", head="takes", cell=lambda row: show_duration(row["seconds"])),
        Column("level", maybe(TEXT), "the level of the link that decides"),
        Column("link", maybe(TEXT), "the link that decides", head="fullest link", cell=lambda row: row["link"] or "-"),
        Column(
            "fullness", NUMBER, "share of its speed in use", head="in use",
               cell=lambda row: f"{100 * row['fullness']:.0f} %"
        ),
    ),
)  # fmt: skip


def trace(cases: Sequence[Case], fabric: Fabric, constants: Constants | None = None, **how: Any) -> Answer[dict[str, Any]]:
    """Return one row per case and step. how: algorithm, routing, failures, fidelity, given, as of predict.

    Raises:
        InputError: as predict; a range of seeds.
    """
    from fabric.predict.of_node import constants_on
    from fabric.predict.trace import trace as steps

    own = constants_on(fabric, {case.collective for case in cases}, constants)
    rows = tuple(row for case in cases for row in steps(case, fabric, own, **how))
    asked = f"{how.get('algorithm')}, {how.get('routing', 'ideal')} routing"
    return Answer(VIEW, rows, parts=(Part(f"{cases[0].collective} on {fabric.name}: {asked}, step by step", rows),))
