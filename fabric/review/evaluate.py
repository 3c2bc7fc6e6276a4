"""Every candidate of a review worked out, one that cannot be built beside the others. No sentences, no pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fabric.network import spec
from fabric.network.fabric import Fabric
from fabric.predict.constants import NONE, Constants
from fabric.predict.of_node import constants_on
from fabric.records.result import Result
from fabric.review.adaptive import judged_by
from fabric.review.bill import Bill, bill, without_figures
from fabric.review.ceiling import Reach, ceiling
from fabric.review.checks import check_asked, check_parts, check_ranks
from fabric.review.cost import Economy, Swing, device_hour, tornado
from fabric.review.growth import Stage, stages
from fabric.review.limits import Binding, Load, Quota, bindings, check, check_nodes, check_rack, fits_up_to, quota
from fabric.review.mistakes import must_be_of
from fabric.review.mixed import slowdowns
from fabric.review.of_node import check_size, node_name, with_node
from fabric.review.parts import Part
from fabric.review.performance import Kept, Performance, curve, performance
from fabric.review.plausible import check_plausible
from fabric.review.quote import Range, total
from fabric.review.racks import Floor, Layout, place
from fabric.review.request import Candidate, Request, economy_of, floor_of, part_of, parts_of
from fabric.review.resilience import Resilience, resilience
from fabric.review.trained import cases_of, trained
from topologies.errors import InputError

Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Design:
    """One candidate, worked out. price: of everything, None where a part has no price (unpriced names those).

    watts: of the facility, PUE included. cost: USD per effective device-hour at low, middle and high prices.
    beside: slowdown of the first case's bytes where two jobs run it on alternate nodes, one per seed of its routing.
    curve: (devices, step efficiency) of jobs of growing size. ceiling: the largest size by number of tiers.
    constants: what its times rest on.
    """

    candidate: Candidate
    fabric: Fabric
    layout: Layout
    bill: Bill
    unpriced: tuple[str, ...]
    price: Range | None
    watts: Range
    performance: Performance
    curve: tuple[tuple[int, float], ...]
    resilience: Resilience
    growth: Mapping[str, tuple[Stage, ...]]
    economy: Economy | None
    cost: Range | None
    swings: tuple[Swing, ...]
    bindings: tuple[Binding, ...]
    quota: Quota | None
    constants: Constants = NONE
    ceiling: tuple[Reach, ...] = ()
    beside: tuple[float, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether every limit holds at middle prices and powers."""
        return self.fits_up_to in ("high", "middle")

    @property
    def fits_up_to(self) -> str:
        """Up to which end of prices and powers every limit holds: high, middle, low or none."""
        return fits_up_to(self.bindings)


@dataclass(frozen=True)
class Refused:
    """A candidate that could not be worked out, and why in one line."""

    candidate: Candidate
    why: str


@dataclass(frozen=True, eq=False)
class Review:
    """A request and its candidates, in its order."""

    request: Request
    designs: tuple[Design, ...]
    refused: tuple[Refused, ...]


def evaluate(request: Request, constants: Constants | None = None, tell: Tell | None = None, *, force: bool = False) -> Review:
    """Return the review. tell(done, in all, name) is called before every candidate. force: take implausible figures too.

    constants: None: those of every candidate's node (predict/of_node.py), none for one without. What its nodes cost and draw
    is the review's part, else the catalogue's (of_node.py).

    Raises:
        InputError: limits, parts, floor or cost that are wrong for all candidates, figures beyond what is plausible
            (plausible.py), or limits that the nodes alone exceed.
    """
    parts, floor = _checked(request, force=force)
    built, refused = _built(request.candidates, force=force)
    if built:
        check_ranks(request, max(fabric.topology.devices for _, fabric in built))
    if request.node is not None and built:
        fewest = min((fabric.topology for _, fabric in built), key=lambda topology: topology.nodes)
        own = with_node(parts, request.node, fewest.devices_per_node)[request.node]
        check_nodes(request.limits, floor, fewest.nodes, own, economy_of(request).pue)
    designs = []
    for candidate, fabric in built:
        if tell:
            tell(request.candidates.index(candidate), len(request.candidates), candidate.name)
        try:
            designs.append(_design(candidate, fabric, place(fabric.topology, floor), request, parts, constants))
        except InputError as error:
            refused.append(Refused(candidate, str(error)))
    refused.sort(key=lambda one: request.candidates.index(one.candidate))
    return Review(request, tuple(designs), tuple(refused))


def _checked(request: Request, *, force: bool) -> tuple[Mapping[str, Part], Floor]:
    """Return the parts and the floor of a request whose values hold for every candidate.

    Raises:
        InputError: the first that cannot be.
    """
    check(request.limits)
    check_asked(request)
    parts, floor = parts_of(request), floor_of(request)
    check_parts(request, parts)
    tornado(economy_of(request), request.spans)
    for key, name in (("node", request.node), ("nic", request.nic)):
        if name is not None:
            part_of(key, name, with_node(parts, name, 1) if key == "node" else parts)
    if request.node in parts:
        check_rack(floor, parts[request.node].rack_units)
    if not force:
        check_plausible(request, parts)
    return parts, floor


def _built(candidates: Sequence[Candidate], *, force: bool) -> tuple[list[tuple[Candidate, Fabric]], list[Refused]]:
    """Return the fabrics of the candidates, and those that cannot be built."""
    built, refused = [], []
    for candidate in candidates:
        try:
            built.append((candidate, spec.load(candidate.topo, force=force)))
        except InputError as error:
            refused.append(Refused(candidate, str(error)))
    return built, refused


def _design(
    candidate: Candidate,
    fabric: Fabric,
    layout: Layout,
    request: Request,
    listed: Mapping[str, Part],
    given: Constants | None,
) -> Design:
    node = node_name(fabric, request.node)
    check_size(node, listed, fabric.topology.devices_per_node)
    routing = judged_by(fabric.topology, candidate.routing, request.routing)
    step = trained(fabric, request.training, routing=routing) if request.training else None
    if step is not None and not request.cases:
        request = request.model_copy(update={"cases": cases_of(step, fabric)})
    parts = with_node(listed, node, fabric.topology.devices_per_node)
    constants = constants_on(fabric, {text.collective for text in request.cases}, given)
    for name in candidate.parts or ():
        if name not in parts:
            raise InputError(f"parts: {must_be_of(name, parts)}")
    if candidate.nic is not None:
        part_of("nic", candidate.nic, parts)
    chosen = {
        name: p for name, p in parts.items() if candidate.parts is None or name in candidate.parts or p.kind in ("node", "nic")
    }
    bought = bill(fabric, layout, chosen, node, candidate.nic or request.nic)
    kept: Kept = {}
    done = performance(fabric, request, constants, routing=routing, kept=kept, step=step)
    broken = resilience(fabric, request, constants, routing=routing, healthy=done.timed, layout=layout, kept=kept)
    unpriced = tuple(without_figures(bought.lines, "price"))
    unpowered = without_figures(bought.lines, "watts")
    if unpowered:
        raise InputError(f"parts.{unpowered[0]}: watts is not known; give low, high, source and date under parts")
    price = None if unpriced else bought.price
    economy = _economy(request, bought, done, broken)
    pue = (economy or economy_of(request)).pue
    watts = total(line.watts for line in bought.lines) * pue
    first = done.timed[0].result
    load = Load(bought.endpoints, watts, price, layout.racks, done.worst_efficiency, broken.goodput)
    return Design(
        candidate=candidate,
        fabric=fabric,
        layout=layout,
        bill=bought,
        unpriced=unpriced,
        price=price,
        watts=watts,
        performance=done,
        curve=tuple(curve(fabric, request, constants, routing, done, kept)),
        resilience=broken,
        growth={name: tuple(stages(candidate.topo, name, values)) for name, values in candidate.grow.items()},
        economy=economy,
        cost=_cost(economy, price, bought.endpoints) if economy and price else None,
        swings=tuple(tornado(economy, request.spans)) if economy else (),
        bindings=tuple(bindings(request.limits, load)),
        quota=quota(request.limits.power, load) if request.limits.power else None,
        constants=constants,
        ceiling=ceiling(candidate.topo, bought),
        beside=slowdowns(fabric, first.case, _runs(first), first.routing or "ideal"),
    )


def _runs(first: Result) -> str:
    """Return the algorithm that answered a case: what a library picked for it, where one picks."""
    picked = first.prediction.runs if first.prediction else None
    return picked or first.algorithm or "ring"


def _economy(request: Request, bought: Bill, done: Performance, broken: Resilience) -> Economy | None:
    """Return one device's economy at middle prices; None where nodes are not on the bill or something has no price."""
    if not bought.nodes or without_figures(bought.lines, "price"):
        return None
    known = {
        "capex": bought.price.mid / bought.endpoints,
        "watts": sum(line.watts.mid for line in bought.lines) / bought.endpoints,
        "efficiency": done.efficiency,
        "goodput": max(broken.goodput, 1e-6),
    }
    return economy_of(request, bought.endpoints, **known)


def _cost(economy: Economy, price: Range, devices: int) -> Range:
    ends = [device_hour(replace(economy, capex=usd / devices)) for usd in (price.low, price.mid, price.high)]
    return Range(*ends)
