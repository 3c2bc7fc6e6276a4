"""The model's answer to a case: placement, algorithm, fidelity and routing seeds put together into one Result.

It does not know how a fidelity works (closed.py, loaded.py, timed.py), only which is asked for or exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from fabric.collectives.catalog import in_a_row
from fabric.network.fabric import Fabric, link_name
from fabric.network.failures import Failures, without
from fabric.network.placement import Devices
from fabric.predict.closed import closed_seconds
from fabric.predict.constants import NONE, Constants
from fabric.predict.defaults import default_algorithm
from fabric.predict.exactness import Choice, choose
from fabric.predict.loaded import Parts, loaded
from fabric.predict.model import Model
from fabric.predict.timed import timed, uncongested
from fabric.predict.tuned import multicast, per_case, tuned
from fabric.records.case import Case
from fabric.records.result import Result
from topologies.errors import InputError

Watch = Callable[[int, int], None]
FIDELITIES = ("auto", "closed", "loaded", "flows")
MOST_SEEDS = 100


def predict(
    cases: Iterable[Case],
    fabric: Fabric,
    constants: Constants = NONE,
    *,
    algorithm: str = "default",
    routing: str = "ideal",
    failures: Failures | None = None,
    fidelity: str = "auto",
    given: Devices | None = None,
    watch: Watch | None = None,
) -> list[Result]:
    """Return the model's answer to every case, source `model:<fidelity>`.

    algorithm: `name:key=value`, or `default` for what the constants' backend would pick. routing: a policy, or with seeds
    `ecmp:FIRST-LAST`: one prediction per seed, answered as an interval (lowest, median, highest). failures: cables and
    switches that are gone; routes go around them. fidelity: closed, loaded, flows, or auto: the cheapest that is exact for
    the case. given: the devices for cases of order `given:HASH`. watch: told of a long simulation's
    progress as watch(messages done, messages in all). Context: the fidelity's reason and whether it is exact,
    the bottleneck level and link, and the slowdown over the same schedule limited by the devices' own links alone.

    Raises:
        InputError: whatever cannot be placed, routed, scheduled or answered at this fidelity.
    """
    if fidelity not in FIDELITIES:
        raise InputError(f"fidelity: must be one of {', '.join(FIDELITIES)}, got {fidelity!r}")
    carrying = fabric.carrying(constants.backend)
    standing = without(carrying, failures) if failures else carrying

    def models_with(own: Constants) -> list[Model]:
        return [Model(standing, own, policy, given, watch) for policy in policies(routing)]

    if per_case(constants):
        _only_default(algorithm, constants)
        picked = [(case, *tuned(constants, case, carrying, given)) for case in cases]
        return [_result(case, fabric, models_with(own), text, routing, fidelity) for case, text, own in picked]
    models = models_with(constants)
    return [_result(case, fabric, models, algorithm, routing, fidelity) for case in cases]


def models_of(
    fabric: Fabric, constants: Constants = NONE, routing: str = "ideal", kept: dict[str, Model] | None = None
) -> list[Model]:
    """Return one model per seed of a routing, those in `kept` (policy -> model) taken over, new ones put there.

    A model routes every step once: several cases and algorithms on the same models (predict_on) share what recurs.

    Raises:
        InputError: a range of seeds that is none.
    """
    kept = {} if kept is None else kept
    carrying = fabric.carrying(constants.backend)
    return [kept.setdefault(policy, Model(carrying, constants, policy)) for policy in policies(routing)]


def predict_on(
    models: Sequence[Model], case: Case, fabric: Fabric, algorithm: str, routing: str, fidelity: str = "auto"
) -> Result:
    """Return what predict() returns for one case, on models of models_of() for this fabric and routing.

    Raises:
        InputError: as predict; constants that hold per case (NCCL's own choices) go through predict().
    """
    if per_case(models[0].constants):
        (found,) = predict([case], fabric, models[0].constants, algorithm=algorithm, routing=routing, fidelity=fidelity)
        return found
    return _result(case, fabric, models, algorithm, routing, fidelity)


def _only_default(algorithm: str, constants: Constants) -> None:
    """Refuse a forced algorithm beside constants that hold for NCCL's own choice.

    Raises:
        InputError: an algorithm that is not `default`.
    """
    if algorithm != "default":
        raise InputError(f"algorithm: {constants.name} predicts what NCCL itself picks, got {algorithm!r}; leave it out")


def policies(routing: str) -> list[str]:
    """Return the policies of a routing text: one, or one per seed for `ecmp:FIRST-LAST`.

    Raises:
        InputError: a range that is none.
    """
    kind, _, seeds = routing.rpartition(":")
    first, dash, last = seeds.partition("-")
    if not (kind and dash and first.isdigit()):
        return [routing]
    if not (last.isdigit() and int(first) < int(last) < int(first) + MOST_SEEDS):
        raise InputError(f"routing: seeds must be FIRST-LAST, at most {MOST_SEEDS}, such as ecmp:0-4, got {routing!r}")
    return [f"{kind}:{seed}" for seed in range(int(first), int(last) + 1)]


@dataclass(frozen=True)
class Answer:
    """One model's answer: seconds, how it was found, and the parts of the loaded model beside it.

    uncongested: the seconds of the same schedule, at the same fidelity, where only the devices' own links limit.
    """

    seconds: float
    choice: Choice
    parts: Parts
    bottleneck: str
    link: int
    uncongested: float


def answer(model: Model, case: Case, algorithm: str, fidelity: str) -> Answer:
    """Return one model's answer to a case; of point to point, the seconds of one message."""
    whole, messages = _of_a_call(model, case, algorithm, fidelity), in_a_row(case.collective, case.params)
    if messages == 1:
        return whole
    by_level = {level: seconds / messages for level, seconds in whole.parts.by_level.items()}
    uncongested = whole.parts.uncongested / messages
    parts = replace(whole.parts, latency=whole.parts.latency / messages, by_level=by_level, uncongested=uncongested)
    return replace(whole, seconds=whole.seconds / messages, uncongested=whole.uncongested / messages, parts=parts)


def _of_a_call(model: Model, case: Case, algorithm: str, fidelity: str) -> Answer:
    schedule = model.schedule(case, algorithm)
    choice = choose(model, case, algorithm, schedule) if fidelity == "auto" else Choice(fidelity, "asked for", exact=False)
    parts = loaded(model, case, schedule)
    if choice.fidelity == "closed" and case.world_size > 1:
        found, devices = model.algorithm(case, algorithm), model.devices(case)
        seconds = closed_seconds(case, found, model.fabric, model.constants, devices)
        return Answer(seconds, choice, parts, parts.bottleneck, parts.link, seconds)
    if choice.fidelity == "flows":
        outcome = timed(model, case, schedule)
        alone = uncongested(model, case, schedule)
        return Answer(outcome.seconds, choice, parts, outcome.level, outcome.link, alone)
    return Answer(parts.total, choice, parts, parts.bottleneck, parts.link, parts.uncongested)


def default_text(case: Case, model: Model) -> str:
    """Return what the library of the constants picks on this fabric."""
    return default_algorithm(model.constants.backend or "none", case, multicast=multicast(model.fabric))


def _result(case: Case, fabric: Fabric, models: Sequence[Model], algorithm: str, routing: str, fidelity: str) -> Result:
    """Return the answer: one value, or with several seeds the lowest, the median and the highest."""
    constants = models[0].constants
    text = algorithm if algorithm != "default" else default_text(case, models[0])
    answers = sorted((answer(model, case, text, fidelity) for model in models), key=lambda one: one.seconds)
    chosen = answers[(len(answers) - 1) // 2]
    bracket = (answers[0].seconds, chosen.seconds, answers[-1].seconds)
    return Result(
        case=case,
        source=f"model:{chosen.choice.fidelity}",
        seconds=bracket if len(answers) > 1 else (chosen.seconds,),
        algorithm=algorithm,
        statistic="interval" if len(answers) > 1 else "point",
        routing=routing,
        fabric=fabric.name or fabric.topology.name,
        fingerprint=fabric.fingerprint,
        iterations=len(answers),
        context={
            "resolved_algorithm": text,
            "constants": constants.name,
            "backend": constants.backend,
            **_findings(chosen, models[0].fabric),
        },
    )


def _findings(chosen: Answer, fabric: Fabric) -> dict[str, object]:
    """Return what the answer says beside its seconds."""
    parts = chosen.parts
    return {
        "fidelity_reason": chosen.choice.reason,
        "exact": chosen.choice.exact,
        "bottleneck": chosen.bottleneck,
        "bottleneck_link": link_name(fabric.topology, chosen.link) if chosen.link >= 0 else None,
        "slowdown": chosen.seconds / chosen.uncongested if chosen.uncongested else None,
        "latency_seconds": parts.latency,
        "bandwidth_seconds": dict(parts.by_level),
    }
