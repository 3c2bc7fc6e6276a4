"""The bracket of a fabric for one traffic: every method that is worth running, each with its time. It prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter

from fabric.network.fabric import Fabric
from fabric.predict.throughput.answer import Bracket, Estimate, Side
from fabric.predict.throughput.core import Core, core_of, nic_rate
from fabric.predict.throughput.cut import bisection_bound, cut_bound, device_bound
from fabric.predict.throughput.demand import Demand, demand_of
from fabric.predict.throughput.hashed import hashed
from fabric.predict.throughput.hop import hop_bound, level_bounds
from fabric.predict.throughput.longest import longest
from fabric.predict.throughput.program import COLUMNS, columns, program
from fabric.predict.throughput.spray import shortest_split
from fabric.predict.throughput.tiers import hop_theta, is_even, split_theta
from fabric.predict.throughput.traffic import Traffic, named
from fabric.predict.throughput.weights import concurrent_flow
from topologies.errors import InputError

CLOSED = 1e-9
"""A gap below this is none: bound and achieved differ by rounding."""
SPLIT_WORK, SPLIT_VERTICES = 600_000_000, 8_000
"""Vertices x arcs, and vertices, up to which the even split of a general graph is worked out."""
WEIGHTS_WORK = 60_000_000
"""Sources x arcs up to which multiplicative weights run."""
PHASES, PHASE_WORK = 1_000, 400_000_000
"""Most phases of the weights, and phases x sources x arcs; 20 phases in any case."""
MET = "not needed, bound and achieved meet"
STAYS = "nothing leaves a switch"
Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Question:
    """What all methods are asked: a traffic on a fabric; note says how the traffic was found."""

    fabric: Fabric
    traffic: Traffic
    note: str
    eps: float
    progress: Progress | None

    @cached_property
    def core(self) -> Core:
        """The network that traffic competes in."""
        return core_of(self.fabric)

    @cached_property
    def demand(self) -> Demand:
        """The traffic between the core's vertices."""
        return demand_of(self.traffic, self.core)

    @cached_property
    def even(self) -> bool:
        """Whether the even split has its closed form."""
        return is_even(self.fabric.topology)

    @cached_property
    def nic(self) -> float:
        """Theta that the devices' own cables allow, for those that the core does not hold."""
        return device_bound(self.fabric, self.traffic).value or 0.0


def bracket(
    fabric: Fabric,
    traffic: str = "uniform",
    methods: Sequence[str] = (),
    *,
    eps: float = 0.05,
    progress: Progress | None = None,
) -> Bracket:
    """Return the bracket of theta: achieved and bound, in units of the NIC's rate per endpoint.

    traffic: uniform, permutation:SEED, worst or skewed:FACTOR. methods: names in METHODS, () for all that are worth it:
    weights and the program are left out where bound and achieved already meet, and where they would take too long. eps:
    the gap at which multiplicative weights stop.

    Raises:
        InputError: an unknown traffic or method, eps outside (0, 1), or demand without a way.
    """
    for name in methods:
        if name not in METHODS:
            raise InputError(f"methods: must be among {', '.join(METHODS)}, got {name!r}")
    if not 0 < eps < 1:
        raise InputError(f"eps: must be above 0 and below 1, got {eps:g}")
    question = _question(fabric, traffic, eps, progress)
    found = Bracket(question.traffic.name, nic_rate(fabric), ())
    for name in methods or METHODS:
        if progress:
            progress(name)
        begin = perf_counter()
        needless = not methods and name in SEARCHES and found.gap is not None and found.gap < CLOSED
        estimate = Estimate(name, SEARCHES[name], None, note=MET) if needless else METHODS[name](question)
        if estimate.value == float("inf"):
            estimate = replace(estimate, value=None, note="no device sends anything outside its node")
        estimate = replace(estimate, seconds_taken=perf_counter() - begin)
        found = replace(found, estimates=(*found.estimates, estimate))
    return found


def _question(fabric: Fabric, text: str, eps: float, progress: Progress | None) -> Question:
    traffic = named(fabric.topology, text)
    if traffic is not None:
        return Question(fabric, traffic, "", eps, progress)
    return Question(fabric, *longest(fabric, core_of(fabric)), eps, progress)


def _hop(question: Question) -> Estimate:
    """Return the hop bound, or the tightest level's; on worst-case traffic it is TUB."""
    if question.even:
        bounds = hop_theta(question.fabric, question.traffic)
    else:
        bounds = {"all links": hop_bound(question.core, question.demand)}
        names = question.fabric.topology.levels
        bounds |= {names[level]: value for level, value in level_bounds(question.core, question.demand).items()}
    where, value = min(bounds.items(), key=lambda item: item[1])
    note = "; ".join(part for part in (question.note, where) if part)
    name = "tub" if question.traffic.name == "worst" else "hop"
    return Estimate(name, "bound", value if value < float("inf") else None, note=note if value < float("inf") else STAYS)


def _spray(question: Question) -> Estimate:
    if question.even:
        return Estimate(
            "spray", "achieved", split_theta(question.fabric, question.traffic), note="even split, closed form per tier"
        )
    core = question.core
    if core.vertices > SPLIT_VERTICES or core.vertices * len(core.tail) > SPLIT_WORK:
        return Estimate("spray", "achieved", None, note=f"{core.vertices:,} switches, {len(core.tail):,} arcs: too many")
    value = min(question.nic, shortest_split(core, question.demand))
    return Estimate("spray", "achieved", value, note="even split over shortest ways")


def _weights(question: Question) -> Estimate:
    core, demand = question.core, question.demand
    work = len(demand.sources) * len(core.tail)
    if work > WEIGHTS_WORK:
        return Estimate("weights", "achieved", None, note=f"sources x arcs is {work:,}, over {WEIGHTS_WORK:,}")
    if not work:
        return Estimate("weights", "achieved", question.nic, note=STAYS)
    guess = hop_bound(core, demand)
    most = max(20, min(PHASES, PHASE_WORK // work))
    found = concurrent_flow(core, demand, guess, question.eps, most, question.progress)
    note = f"{found.phases} phases, own bound {found.upper:.4g}, own gap {100 * found.gap:.1f} %"
    return Estimate("weights", "achieved", min(question.nic, found.lower), note=note)


def _program(question: Question) -> Estimate:
    if not len(question.demand.sources):
        return Estimate("lp", "both", question.nic, note=STAYS)
    size = columns(question.core, question.demand)
    if size > COLUMNS:
        return Estimate("lp", "both", None, note=f"{size:,} variables, over {COLUMNS:,}")
    return Estimate("lp", "both", min(question.nic, program(question.core, question.demand)), note=f"{size:,} variables")


METHODS: dict[str, Callable[[Question], Estimate]] = {
    "nic": lambda question: device_bound(question.fabric, question.traffic),
    "cut": lambda question: cut_bound(question.fabric, question.traffic),
    "bisection": lambda question: bisection_bound(question.fabric, question.traffic),
    "hop": _hop,
    "spray": _spray,
    "ecmp": lambda question: hashed(question.fabric, question.traffic),
    "lp": _program,
    "weights": _weights,
}
"""Method -> its estimate of a question."""
SEARCHES: dict[str, Side] = {"lp": "both", "weights": "achieved"}
"""Methods that are left out where bound and achieved meet already, unless the user names them; which side they give."""
