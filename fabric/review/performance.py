"""How long a candidate's collectives take, how efficient a training step is, and how far above the bound. No money here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from fabric.network.fabric import Fabric
from fabric.network.placement import place, spread
from fabric.network.routing.no_way import NoWay
from fabric.predict.answer import models_of, policies, predict_on
from fabric.predict.bounds import bound
from fabric.predict.chosen import DEFAULT, first_algorithm
from fabric.predict.constants import NONE, Constants
from fabric.predict.model import Model
from fabric.predict.throughput.answer import Bracket
from fabric.predict.throughput.bracket import bracket
from fabric.records.case import Case
from fabric.records.result import Result
from fabric.review.adaptive import MINIMAL, UGAL
from fabric.review.by_rails import BY_RAILS, around, pairs_are_too_many
from fabric.review.request import CaseText, Request, Step
from fabric.review.trained import efficiency, trained, trained_curve
from fabric.workload.step import TrainingStep
from topologies.errors import InputError


@dataclass(frozen=True)
class Timed:
    """One case on one candidate in one rank order: the prediction over all seeds, and what no algorithm can beat."""

    text: CaseText
    order: str
    result: Result
    bound_busbw: float | None

    @property
    def placed(self) -> str:
        """The order of its ranks: the case's own, else the review's."""
        return self.text.order or self.order

    @property
    def worst(self) -> float:
        """Seconds under the worst seed."""
        return max(self.result.seconds)

    @property
    def of_bound(self) -> float | None:
        """Busbw / the bound's."""
        return self.result.busbw / self.bound_busbw if self.bound_busbw else None


@dataclass(frozen=True)
class Performance:
    """All cases of one candidate.

    efficiency: of a step at the median seed, worst_efficiency, best_efficiency: at the worst and the best one. brackets: of
    theta, the share of the NIC's rate that every endpoint can send at once, by traffic; unbracketed: why a traffic has none.
    minimal: of a candidate that is judged with adaptive routing, the same by minimal ways alone, in the first order.
    """

    timed: tuple[Timed, ...]
    efficiency: float
    worst_efficiency: float
    best_efficiency: float
    brackets: tuple[Bracket, ...]
    unbracketed: tuple[str, ...] = ()
    minimal: tuple[Timed, ...] = ()
    minimal_efficiency: float | None = None
    step: TrainingStep | None = None


def performance(
    fabric: Fabric,
    request: Request,
    constants: Constants = NONE,
    *,
    routing: str,
    traffics: Sequence[str] = ("uniform", "worst"),
    kept: Kept | None = None,
    step: TrainingStep | None = None,
) -> Performance:
    """Return the performance of a candidate over all its devices. kept: its models, so that later calls route nothing twice.

    step: of the review's model on this candidate, worked out where None and the review trains one.

    Raises:
        InputError: a case that cannot be placed, scheduled or routed.
    """
    kept = {} if kept is None else kept
    found = [timed(fabric, text, order, constants, routing, kept=kept) for order in request.orders for text in request.cases]
    first = [t for t in found if t.order == request.orders[0]]
    brackets, without = _brackets(fabric, traffics)
    beside = [timed(fabric, t.text, t.order, constants, MINIMAL, kept=kept) for t in first if routing == UGAL]
    if step is None and request.training:
        step = trained(fabric, request.training, routing=routing)

    def share(seconds: Callable[[Timed], float]) -> float:
        return efficiency(step) if step else step_efficiency(request.step, [(t.text.count, seconds(t)) for t in first])

    return Performance(
        tuple(found),
        share(lambda one: one.result.time),
        share(lambda one: one.worst),
        share(lambda one: min(one.result.seconds)),
        brackets,
        without,
        tuple(beside),
        step_efficiency(request.step, [(t.text.count, t.result.time) for t in beside]) if beside and step is None else None,
        step,
    )


def _brackets(fabric: Fabric, traffics: Sequence[str]) -> tuple[tuple[Bracket, ...], tuple[str, ...]]:
    """Return the brackets, and the reasons of traffics that the fabric cannot carry: rails that do not meet."""
    found, without = list[Bracket](), list[str]()
    for traffic in traffics:
        try:
            found.append(bracket(fabric, traffic, BRACKET_METHODS))
        except InputError as error:
            without.append(f"{traffic}: {error}")
    return tuple(found), tuple(without)


TRIED = {
    "all_reduce": ("ring:channels={rails}", "rail_aligned", "halving_doubling", "double_binary_tree", "bucket"),
    "all_gather": ("ring:channels={rails}", "hierarchical", "recursive_doubling", "bucket"),
    "reduce_scatter": ("ring:channels={rails}", "hierarchical", "recursive_halving", "bucket"),
    "all_to_all": ("direct", "rail_aligned"),
    "all_to_all_v": ("direct",),
}
"""Collective -> algorithms of which a tuned library takes the fastest; switches that add (NVLS, SHARP) are not among them."""
GOOD_ENOUGH = 0.98
"""Share of the bound at which no further algorithm is tried: none could gain more than what is left."""
ALL_TRIED = 1024
"""Devices up to which a curve of growing jobs tries every algorithm at every size."""
Kept = dict[str, Model]
"""Policy -> the model of one fabric, which has routed every step it was asked for once."""
BRACKET_METHODS = ("hop", "cut", "spray")
"""Of fabric/predict/throughput: those that answer 100,000 devices in seconds."""


def case_on(fabric: Fabric, text: CaseText, order: str, world_size: int | None = None) -> Case:
    """Return the case over its ranks (all devices where it names none), at most the first world_size of its own order."""
    order = text.order or order
    ranks = min(text.ranks or fabric.topology.devices, world_size or fabric.topology.devices)
    nodes, per_node = spread(fabric.topology, place(fabric.topology, ranks, order))
    return Case(text.collective, text.nbytes, ranks, nodes=nodes, ranks_per_node=per_node, order=order, params=text.params)


def timed(
    fabric: Fabric,
    text: CaseText,
    order: str,
    constants: Constants,
    routing: str,
    world_size: int | None = None,
    *,
    tried: Sequence[str] = (),
    kept: Kept | None = None,
) -> Timed:
    """Return one case by its algorithm or, where none is named, by the fastest of those that a tuned library has.

    The fastest under the routing's first seed, none tried after one at GOOD_ENOUGH of the bound; then all seeds. At the
    loaded fidelity, which answers any size; docs/fidelities.md says where it differs from a simulation. tried: algorithms
    instead of algorithms_for(). kept: models of this fabric and these constants by policy.

    Raises:
        InputError: no algorithm can be placed, scheduled and routed; the last one's reason.
    """
    case, kept = case_on(fabric, text, order, world_size), {} if kept is None else kept
    asked = tried or algorithms_for(text, fabric, constants)
    limit = bound(case, fabric)
    found, refusal = list[tuple[str, Result]](), None
    for algorithm in asked:
        if found and (found[-1][1].algorithm == BY_RAILS or (limit and found[-1][1].busbw >= GOOD_ENOUGH * limit.busbw)):
            break
        try:
            found.append((algorithm, _answered(case, fabric, constants, algorithm, one_seed(routing), kept, explain=False)))
        except InputError as error:
            refusal = error
    if not found:
        raise refusal or InputError(f"cases: {text.collective} has no algorithm")
    algorithm, result = min(found, key=lambda one: one[1].time)
    if result.algorithm != BY_RAILS:
        result = _answered(case, fabric, constants, algorithm, routing, kept)
    return Timed(text, order, result, limit.busbw if limit else None)


def one_seed(routing: str) -> str:
    """Return a policy of one seed: `ecmp:1-3` gives `ecmp:1`."""
    return policies(routing)[0]


def _answered(
    case: Case, fabric: Fabric, constants: Constants, algorithm: str, routing: str, kept: Kept, *, explain: bool = True
) -> Result:
    """Return the prediction; where rails do not meet, by way of a neighbour in the node (pxn), of many pairs by_rails.py."""
    policy = routing_for(case, routing)
    try:
        return _predicted(case, fabric, constants, algorithm, policy, kept, explain=explain)
    except NoWay:
        if fabric.topology.scale_up_level < 0:
            raise
        if not pairs_are_too_many(case):
            return _predicted(case, fabric, constants, algorithm, f"pxn:{policy}", kept, explain=explain)
        if algorithm not in ("direct", DEFAULT):  # what a library sends in one step, pair by pair
            raise
        return around(fabric, case, constants)


def _predicted(
    case: Case, fabric: Fabric, constants: Constants, algorithm: str, policy: str, kept: Kept, *, explain: bool
) -> Result:
    models = models_of(fabric, constants, policy, kept)
    return predict_on(models, case, fabric, algorithm, policy, "loaded", explain=explain)


def routing_for(case: Case, routing: str) -> str:
    """Return the policy, or the even split where every pair talks and the pairs are too many.

    With thousands of flows on every link a hash spreads nearly evenly; the result's routing says which was taken.
    """
    return "spray" if pairs_are_too_many(case) and routing.startswith("ecmp") else routing


def algorithms_for(text: CaseText, fabric: Fabric, constants: Constants) -> tuple[str, ...]:
    """Return what is tried: the one that is named, the library's own choice, or the tuned library's list."""
    if text.algorithm:
        return (text.algorithm,)
    if constants.backend:
        return (DEFAULT,)
    rails = max(1, fabric.topology.devices_per_node)
    return tuple(name.format(rails=rails) for name in TRIED.get(text.collective, (first_algorithm(text.collective),)))


def step_efficiency(step: Step, collectives: Sequence[tuple[float, float]]) -> float:
    """Return compute / (compute + what is not hidden). collectives: (times per step, seconds of one)."""
    seconds = sum(count * one for count, one in collectives)
    return step.compute / (step.compute + (1 - step.overlap) * seconds)


def curve(
    fabric: Fabric, request: Request, constants: Constants, routing: str, done: Performance, kept: Kept | None = None
) -> list[tuple[int, float]]:
    """Return (devices, step efficiency) for jobs on the first 8, 32, 128 ... devices and, from `done`, on all of them.

    Under the routing's first seed; above ALL_TRIED devices by the algorithms that are fastest on all devices.
    """
    if request.training:
        own = trained_curve(fabric, request.training, job_sizes(fabric.topology.devices), routing)
        return [*own, (fabric.topology.devices, done.efficiency)]
    first = [t for t in done.timed if t.order == request.orders[0]]
    kept = {} if kept is None else kept
    found = []
    for ranks in job_sizes(fabric.topology.devices):
        pairs = [(t.text.count, _at_size(fabric, t, ranks, constants, routing, kept)) for t in first]
        found.append((ranks, step_efficiency(request.step, pairs)))
    return [*found, (fabric.topology.devices, done.efficiency)]


def job_sizes(devices: int) -> list[int]:
    """Return 8, 32, 128, ... below all devices."""
    return [8 << k for k in range(0, 30, 2) if 8 << k < devices]


def _at_size(fabric: Fabric, whole: Timed, ranks: int, constants: Constants, routing: str, kept: Kept) -> float:
    """Return the seconds of a case on the first ranks."""
    text = whole.text
    if text.ranks is not None and text.ranks <= ranks:
        return whole.result.time
    tried = (_to_try(whole.result.algorithm),) if ranks > ALL_TRIED else ()
    ask = partial(timed, fabric, text, whole.order, constants, one_seed(routing), ranks, kept=kept)
    try:
        return ask(tried=tried).result.time
    except InputError:
        if not tried:
            raise
        return ask().result.time


def _to_try(algorithm: str) -> str:
    """Return the algorithm to ask for where this one answered on all devices."""
    return "direct" if algorithm == BY_RAILS else algorithm
