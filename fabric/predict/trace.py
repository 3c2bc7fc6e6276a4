"""One prediction step by step: which link decides, how full it is, how long. It predicts nothing new."""

from __future__ import annotations

from typing import Any

from fabric.network.fabric import Fabric, link_name
from fabric.network.failures import Failures, without
from fabric.network.placement import Devices
from fabric.predict.answer import policies
from fabric.predict.chosen import asked, chosen
from fabric.predict.constants import NONE, Constants
from fabric.predict.exactness import choose
from fabric.predict.loaded import loaded
from fabric.predict.model import Model
from fabric.predict.timed import timed
from fabric.records.case import Case
from topologies.errors import InputError


def trace(
    case: Case,
    fabric: Fabric,
    constants: Constants = NONE,
    *,
    algorithm: str | None = None,
    routing: str = "ideal",
    failures: Failures | None = None,
    fidelity: str = "auto",
    given: Devices | None = None,
    force: bool = False,
) -> list[dict[str, Any]]:
    """Return one row per step (flows: per repeat simulated): start, seconds, the link that decides and how full it is.

    Raises:
        InputError: as predict; a range of seeds.
    """
    carrying = fabric.carrying(constants.backend)
    standing = without(carrying, failures) if failures else carrying
    if len(policies(routing)) > 1:
        raise InputError(f"routing: a trace follows one seed, got {routing!r}")
    name = asked(algorithm, case.collective, constants)
    how = chosen(case, constants, name, Model(carrying, constants, "ideal", given))
    model = Model(standing, how.constants, routing, given, force=force)
    schedule = model.schedule(case, how.text)
    taken = choose(model, case, how.text, schedule).fidelity if fidelity == "auto" else fidelity
    spans = timed(model, case, schedule, trace=True).spans if taken == "flows" else loaded(model, case, schedule).spans
    return [
        {
            "collective": case.collective,
            "nbytes": case.nbytes,
            "world_size": case.world_size,
            "fidelity": taken,
            "step": span.step,
            "repeats": span.repeats,
            "start_seconds": span.start,
            "seconds": span.seconds,
            "level": span.level,
            "link": link_name(standing.topology, span.link) if span.link >= 0 else None,
            "fullness": span.fullness,
        }
        for span in spans
    ]
