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
from fabric.network.uses import SHARP
from fabric.predict.at_site import estimated
from fabric.predict.best import BEST, candidates, triable
from fabric.predict.chosen import Chosen, asked, chosen, default_text
from fabric.predict.closed import closed_seconds
from fabric.predict.constants import NONE, Constants
from fabric.predict.exactness import Choice, choose
from fabric.predict.loaded import Parts, loaded
from fabric.predict.model import Model
from fabric.predict.nominal_interval import with_interval
from fabric.predict.sensitivity import shares
from fabric.predict.site import Estimate
from fabric.predict.timed import timed, uncongested
from fabric.predict.work import check_memory
from fabric.records.case import Case
from fabric.records.prediction import LIBRARY_BANDWIDTH, Prediction, Shares
from fabric.records.result import Result
from fabric.text.escape import shown
from fabric.text.numbers import natural
from topologies.errors import InputError

Watch = Callable[[int, int], None]
FIDELITIES = ("auto", "closed", "loaded", "flows")
MOST_SEEDS = 100


def predict(
    cases: Iterable[Case],
    fabric: Fabric,
    constants: Constants = NONE,
    *,
    algorithm: str | None = None,
    routing: str = "ideal",
    failures: Failures | None = None,
    fidelity: str = "auto",
    given: Devices | None = None,
    watch: Watch | None = None,
    force: bool = False,
) -> list[Result]:
    """Return the model's answer to every case, source `model:<fidelity>`.

    algorithm: `name:key=value`; None: what the constants' library would pick (`default`), without a library the first of
    the collective; `best`: the fastest of all algorithms that can be run there (best.py). routing: a policy, or with seeds
    `ecmp:FIRST-LAST`: one prediction per seed, answered as an interval (lowest, median, highest). failures: cables and
    switches that are gone; routes go around them. fidelity: closed, loaded, flows, or auto: the cheapest that is exact for
    the case. given: the devices for cases of order `given:HASH`. watch: told of a long simulation's
    progress as watch(messages done, messages in all). force: simulate whatever memory and time it takes (work.py). What is
    known beside the seconds: `prediction` of every result.

    Raises:
        InputError: whatever cannot be placed, routed, scheduled or answered at this fidelity.
    """
    if fidelity not in FIDELITIES:
        raise InputError(f"fidelity: must be one of {', '.join(FIDELITIES)}, got {fidelity!r}")
    carrying = fabric.carrying(constants.backend)
    standing = without(carrying, failures) if failures else carrying
    models = [Model(standing, constants, policy, given, watch, force=force) for policy in policies(routing)]
    whole = Model(carrying, constants, _evenly(routing), given)
    asking = Asking(fabric, whole, models, routing, fidelity)
    return [asking.answered(case, algorithm) for case in cases]


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
    models: Sequence[Model],
    case: Case,
    fabric: Fabric,
    algorithm: str | None,
    routing: str,
    fidelity: str = "auto",
    *,
    explain: bool = True,
) -> Result:
    """Return what predict() returns for one case, on models of models_of() for this fabric and routing.

    explain: find what holds the answer up by sensitivity (`shares`), which takes some twenty answers more.

    Raises:
        InputError: as predict.
    """
    first = models[0]
    even = _evenly(routing)
    whole = first if first.routing == even else Model(first.fabric, first.constants, even, first.given)
    return Asking(fabric, whole, models, routing, fidelity, explain=explain).answered(case, algorithm)


def _evenly(routing: str) -> str:
    """Return the even split, relayed where the routing is: rails that do not meet have no other way."""
    return "pxn:ideal" if routing.startswith("pxn:") else "ideal"


def policies(routing: str) -> list[str]:
    """Return the policies of a routing text: one, or one per seed for `ecmp:FIRST-LAST`.

    Raises:
        InputError: a range that is none.
    """
    kind, _, seeds = routing.rpartition(":")
    first, dash, last = seeds.partition("-")
    low, high = natural(first), natural(last)
    if not (kind and dash) or low is None:
        return [routing]
    if high is None or not low < high < low + MOST_SEEDS:
        raise InputError(f"routing: seeds must be FIRST-LAST, at most {MOST_SEEDS}, such as ecmp:0-4, got {shown(routing)}")
    return [f"{kind}:{seed}" for seed in range(low, high + 1)]


@dataclass(frozen=True)
class Answer:
    """One model's answer: seconds, how it was found, and the parts of the loaded model beside it.

    link: the link that decided longest, -1 for none. uncongested: the seconds of the same schedule, at the same fidelity,
    where only the devices' own links limit.
    """

    seconds: float
    choice: Choice
    parts: Parts
    link: int
    uncongested: float


def answer(model: Model, case: Case, text: str, fidelity: str) -> Answer:
    """Return one model's answer to a case; of point to point, the seconds of one message."""
    whole, messages = _of_a_call(model, case, text, fidelity), in_a_row(case.collective, case.params)
    if messages == 1:
        return whole
    by_level = {level: seconds / messages for level, seconds in whole.parts.by_level.items()}
    uncongested = whole.parts.uncongested / messages
    parts = replace(whole.parts, latency=whole.parts.latency / messages, by_level=by_level, uncongested=uncongested)
    return replace(whole, seconds=whole.seconds / messages, uncongested=whole.uncongested / messages, parts=parts)


def _of_a_call(model: Model, case: Case, text: str, fidelity: str) -> Answer:
    schedule = model.schedule(case, text)
    choice = choose(model, case, text, schedule) if fidelity == "auto" else Choice(fidelity, "asked for", exact=False)
    if choice.fidelity == "flows":
        check_memory([schedule], force=model.force)  # before anything is worked out
    parts = loaded(model, case, schedule)
    if choice.fidelity == "closed" and case.world_size > 1:
        found, devices = model.algorithm(case, text), model.devices(case)
        seconds = closed_seconds(case, found, model.fabric, model.constants, devices)
        return Answer(seconds, choice, parts, parts.link, seconds)
    if choice.fidelity == "flows":
        outcome = timed(model, case, schedule)
        alone = uncongested(model, case, schedule)
        return Answer(outcome.seconds, choice, parts, outcome.link, alone)
    return Answer(parts.total, choice, parts, parts.link, parts.uncongested)


@dataclass(frozen=True)
class Asking:
    """Everything of a question but its cases: the fabric, the models (one per seed) and how the answer is found.

    whole: a model of the fabric without failures, routed `ideal`: what a library chooses by. explain: see predict_on.
    """

    fabric: Fabric
    whole: Model
    models: Sequence[Model]
    routing: str
    fidelity: str
    explain: bool = True

    def answered(self, case: Case, algorithm: str | None) -> Result:
        """Return the answer to a case: one value, or with several seeds the lowest, the median and the highest."""
        constants = self.models[0].constants
        name = asked(algorithm, case.collective, constants)
        if constants.laws is None:
            return self._modelled(case, name)
        found = estimated(constants.laws, case, name, self._slowdown)
        return self._modelled(case, name, found) if isinstance(found, str) else self._by_laws(case, name, found)

    def _modelled(self, case: Case, name: str, silent: str = "") -> Result:
        """Return the model's answer. silent: why a site's laws do not give it."""
        constants = self.models[0].constants
        found = self._result(case, name, chosen(case, constants, self._fastest(case) if name == BEST else name, self.whole))
        said = with_interval(found.model, found.time, case, constants)
        return replace(found, prediction=replace(said, reason=f"{silent}; {said.reason}") if silent else said)

    def _by_laws(self, case: Case, name: str, found: Estimate) -> Result:
        """Return the answer by a site's laws."""
        constants = self.models[0].constants
        return Result(
            case=case,
            source="model:laws",
            seconds=(found.seconds,),
            algorithm=name,
            statistic="point",
            routing=self.routing,
            fabric=self.fabric.name or self.fabric.topology.name,
            fingerprint=self.fabric.fingerprint,
            prediction=Prediction(
                runs=name,
                constants=constants.name,
                backend=constants.backend,
                exact=False,
                reason=found.reasons[0],
                bottlenecks=(LIBRARY_BANDWIDTH,),
                interval=(found.low, found.high),
                interval_reasons=found.reasons,
            ),
        )

    def _slowdown(self, case: Case) -> float:
        """Return a case's seconds over those of the devices' own links alone, by what the library runs without its costs.

        1 where the fabric carries no such schedule as it stands: then nothing is known of its contention.
        """
        backend = self.models[0].constants.backend
        model = self.models[0].with_constants(replace(NONE, backend=backend))
        try:
            found = answer(model, case, default_text(case, model.constants, self.whole), "loaded")
        except InputError:
            return 1.0
        return found.seconds / found.uncongested if found.uncongested else 1.0

    def _fastest(self, case: Case) -> str:
        """Return the text of the fastest algorithm that can be run, by the loaded model and the first seed.

        Raises:
            InputError: none can; the last one's reason.
        """
        trial = replace(self, models=self.models[:1], fidelity="loaded", explain=False)
        found, refusal = dict[str, float](), None
        for text in candidates(case.collective, case.ranks_per_node, adding=self.fabric.uses.get(SHARP, False)):
            try:
                if triable(self.whole.schedule(case, text)):
                    found[text] = trial.answered(case, text).time
            except InputError as error:
                refusal = error
        if not found:
            raise refusal or InputError(f"algorithm: {case.collective} has none")
        return min(found, key=lambda text: found[text])

    def _result(self, case: Case, name: str, how: Chosen) -> Result:
        own = how.constants
        models = [model.with_constants(own) for model in self.models]
        answers = [(answer(model, case, how.text, self.fidelity), model) for model in models]
        found = sorted(answers, key=lambda one: one[0].seconds)
        middle, model = found[(len(found) - 1) // 2]
        bracket = (found[0][0].seconds, middle.seconds, found[-1][0].seconds)
        moves = shares(model, case, how, model.schedule(case, how.text)) if self.explain else None
        return Result(
            case=case,
            source=f"model:{middle.choice.fidelity}",
            seconds=bracket if len(found) > 1 else (middle.seconds,),
            algorithm=name,
            statistic="interval" if len(found) > 1 else "point",
            routing=self.routing,
            fabric=self.fabric.name or self.fabric.topology.name,
            fingerprint=self.fabric.fingerprint,
            iterations=len(found),
            prediction=_prediction(how.text, own, middle, model.fabric, moves),
        )


def _prediction(runs: str, constants: Constants, found: Answer, fabric: Fabric, moves: Shares | None) -> Prediction:
    """Return what the answer says beside its seconds."""
    parts = found.parts
    named = moves.largest if moves else (parts.bottleneck,)
    link = found.link if found.link >= 0 and _level_of(fabric, found.link) in named else parts.links.get(named[0], -1)
    return Prediction(
        runs=runs,
        constants=constants.name,
        backend=constants.backend,
        exact=found.choice.exact,
        reason=found.choice.reason,
        bottlenecks=named,
        link=link_name(fabric.topology, link) if link >= 0 else None,
        shares=moves,
        slowdown=found.seconds / found.uncongested if found.uncongested else None,
        latency_seconds=parts.latency,
        bandwidth_seconds=dict(parts.by_level),
    )


def _level_of(fabric: Fabric, link: int) -> str:
    return fabric.topology.levels[int(fabric.topology.level[link // 2])]
