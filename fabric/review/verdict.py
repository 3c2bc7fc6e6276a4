"""What a review says in the end: findings, each with its numbers and where they come from. It has no words.

It decides nothing that is not computed: candidates that fit come first by USD per effective device-hour, else by price.
"""

from __future__ import annotations

from collections.abc import Iterator

from fabric.review.breakeven import busy_to_meet, capex_to_match, efficiency_to_match, moved_by_network, moved_by_use
from fabric.review.cost import HOURS
from fabric.review.damage import Damage, below_one
from fabric.review.evaluate import Design, Review
from fabric.review.finding import Figure, Finding, Unit, Value
from fabric.review.inputs import inputs
from fabric.review.limits import Binding
from fabric.review.plausible import beyond
from fabric.review.quote import Range
from fabric.review.racks import Floor
from fabric.review.ranking import first_at_both_ends, overlap, ranking, ties, worth
from fabric.review.request import OPEX_OF_CENTRE, Request, parts_of
from fabric.workload.checkpoints import RUN_DEVICES

RANKED: tuple[Unit, ...] = ("usd_per_hour", "usd", "watts")
"""Units of what candidates are ranked by (ranking.worth)."""
LEAST_GAIN = 5e-4
"""Efficiencies nearer than this are called equal: half of what is printed."""


def verdict(review: Review) -> list[Finding]:
    """Return what is decided, what would change it, and what was assumed."""
    found = [Finding("decision", "refused", {"name": r.candidate.name, "why": r.why}, ("request",)) for r in review.refused]
    ranked = ranking(review)
    if not ranked:
        return [*found, Finding("decision", "nothing", {}, ("request",))]
    return [*_decision(ranked), *found, *_change(ranked), *_assumed(review)]


def _decision(ranked: list[Design]) -> Iterator[Finding]:
    best = ranked[0]
    if not best.fits:
        yield from (_too_much(design) for design in ranked)
        yield from _adaptive(ranked)
        return
    tied = ties(ranked)
    yield _chosen(best, alone=not tied)
    if tied:
        kind = "tie_ordered" if first_at_both_ends(best, tied) else "tie"
        values: dict[str, Value] = {"name": best.candidate.name, "own": _worth(best), "each": tuple(map(_worth, tied))}
        yield Finding("decision", kind, values, ("bill",))
    yield from _fitting(ranked)
    if best.quota:
        quota: dict[str, Value] = {
            "devices": best.quota.devices,
            "effective": best.quota.effective,
            "each": best.quota.watts_per_device,
        }
        yield Finding("decision", "quota", {"name": best.candidate.name, **quota}, ("bill",))
    yield from _better(best, [one for one in ranked[1:] if one.fits])
    yield from (_too_much(one) for one in ranked if not one.fits)
    yield from _adaptive(ranked)
    yield from _fragile(ranked)
    yield from _outlasting(ranked)


def _worth(design: Design) -> Figure:
    """Return what a candidate is ranked by."""
    kind, own = worth(design)
    return Figure(design.candidate.name, own.low, own.high, RANKED[kind])


def _fitting(ranked: list[Design]) -> Iterator[Finding]:
    """Yield the first one's tightest limit, and who holds the limits up to the middle of prices and powers only."""
    best = ranked[0]
    if best.bindings:
        tight = best.bindings[0]
        kind = "tightest" if tight.unit in ("W", "USD") else "tightest_exact"
        limit: dict[str, Value] = {**_amounts(tight), "left": -tight.over}
        yield Finding("decision", kind, {"name": best.candidate.name, **limit}, ("request",))
    up_to_high = tuple(one.candidate.name for one in ranked if one.bindings and one.fits_up_to == "high")
    if up_to_high:
        yield Finding("decision", "fits_high", {"names": up_to_high}, ("bill",))
    for one in (one for one in ranked if one.fits_up_to == "middle"):
        worst = max(one.bindings, key=lambda binding: binding.over_high)
        over: dict[str, Value] = {**_amounts(worst), "over": worst.over_high}
        yield Finding("decision", "fits_middle", {"name": one.candidate.name, **over}, ("bill",))


def _chosen(best: Design, *, alone: bool) -> Finding:
    name = best.candidate.name
    if best.cost and best.price:
        values: dict[str, Value] = {"low": best.cost.low, "mid": best.cost.mid, "high": best.cost.high, "price": best.price.mid}
        kind = "cheapest" if alone else "cheapest_tied"
        values |= {"name": name, "efficiency": best.performance.efficiency}
        return Finding("decision", kind, values, ("formula", "bill"))
    if best.price:
        return Finding("decision", "cheapest_price", {"name": name, "price": best.price.mid}, ("bill",))
    return Finding("decision", "unpriced", {"name": name, "parts": best.unpriced, "watts": best.watts.mid}, ("bill",))


def _too_much(design: Design) -> Finding:
    tight = design.bindings[0]
    values: dict[str, Value] = {"name": design.candidate.name, **_amounts(tight), "over": tight.over}
    return Finding("decision", "too_much_low" if design.fits_up_to == "low" else "too_much", values, ("request",))


def _amounts(tight: Binding) -> dict[str, Value]:
    """Return the limit's name, what is taken (at both ends too) and what is allowed."""
    taken = tight.taken
    return {"limit": tight.name, "taken": taken.mid, "low": taken.low, "high": taken.high, "allowed": tight.limit}


def _better(best: Design, others: list[Design]) -> Iterator[Finding]:
    """Yield what a more efficient candidate costs per percent: the next two that none beats in price and efficiency.

    Where the efficiencies of two overlap over the seeds, or the prices of their networks, that is a tie and said.
    """
    yield from _efficiency_ties(best, others)
    own, others = best.performance.efficiency, [one for one in others if not any(_beats(two, one) for two in others)]
    clear = [one for one in others if not _as_efficient(one, best)]
    more = [one for one in clear if one.performance.efficiency > own and one.price and best.price]
    if not more:
        yield Finding("decision", "none_better", {"name": best.candidate.name, "efficiency": own}, ("model",))
    for one in sorted(more, key=lambda design: design.performance.efficiency)[:2]:
        gain = 100 * (one.performance.efficiency - own)
        usd = (one.price.mid - best.price.mid) / best.bill.endpoints if one.price and best.price else 0.0
        values: dict[str, Value] = {"name": one.candidate.name, "gain": gain, "usd": usd, "per": usd / gain}
        yield Finding("decision", "better", values, ("bill", "model"))
        if overlap(one.bill.network_price, best.bill.network_price):
            yield Finding("decision", "price_tie", {"name": one.candidate.name, "best": best.candidate.name}, ("bill",))


def _as_efficient(one: Design, other: Design) -> bool:
    """Return whether two are equally efficient: over the seeds, or but for less than is printed."""
    near = abs(one.performance.efficiency - other.performance.efficiency) <= LEAST_GAIN
    return near or overlap(_efficiencies(one), _efficiencies(other))


def _efficiency_ties(best: Design, others: list[Design]) -> Iterator[Finding]:
    """Yield who is as efficient as the best."""
    tied = [one for one in others if _as_efficient(one, best)]
    if tied:
        each = tuple(map(_efficient, tied))
        yield Finding(
            "decision", "efficiency_tie", {"name": best.candidate.name, "own": _efficient(best), "each": each}, ("model",)
        )


def _efficiencies(design: Design) -> Range:
    done = design.performance
    return Range(done.worst_efficiency, done.efficiency, done.best_efficiency)


def _efficient(design: Design) -> Figure:
    """Return a candidate's efficiency over the seeds."""
    own = _efficiencies(design)
    return Figure(design.candidate.name, own.low, own.high, "share")


def _beats(one: Design, other: Design) -> bool:
    """Return whether one has a lower price and an efficiency that is no lower."""
    if not (one.price and other.price):
        return False
    return one.price.mid < other.price.mid and one.performance.efficiency >= other.performance.efficiency


def _adaptive(ranked: list[Design]) -> Iterator[Finding]:
    """Yield who is judged with adaptive routing, and what minimal ways alone would make of it: the case that loses most."""
    for design in ranked:
        done = design.performance
        pairs = [
            (beside.result.time / own.result.time, own, beside) for own, beside in zip(done.timed, done.minimal, strict=False)
        ]
        if not pairs or done.minimal_efficiency is None:
            continue
        _, own, beside = max(pairs, key=lambda pair: pair[0])
        values: dict[str, Value] = {
            "name": design.candidate.name,
            "efficiency": done.efficiency,
            "minimal": done.minimal_efficiency,
        }
        values |= {"collective": own.text.collective, "own": own.result.time * 1e3, "beside": beside.result.time * 1e3}
        yield Finding("decision", "adaptive", values, ("model",))


def _fragile(ranked: list[Design]) -> Iterator[Finding]:
    """Yield what failures take, once for candidates that share it."""
    groups: dict[tuple[float, ...], list[str]] = {}
    for design in ranked:
        broken = design.resilience
        key = (broken.stops, broken.network_stops, broken.single_homed, broken.devices, broken.goodput)
        groups.setdefault(key, []).append(design.candidate.name)
    for (stops, network, single, devices, goodput), names in groups.items():
        values: dict[str, Value] = {"names": tuple(names), "hours": 1 / stops, "network": 1 / network}
        values |= {"single": int(single), "devices": int(devices), "goodput": goodput}
        yield Finding("decision", "fragile", values, ("failures",))


def _outlasting(ranked: list[Design]) -> Iterator[Finding]:
    """Yield who keeps running when a plane, a rail or a rack is lost, and what one switch takes."""
    lost = {kind: _rows(ranked, kind) for kind in ("plane", "rail", "network_rack", "compute_rack")}
    for name, row in lost["plane"]:
        kind = "plane" if row.median else "plane_cut"
        yield Finding("decision", kind, {"name": name, "slower": row.median or 0.0, **_parting(row, ranked, name)}, ("model",))
        yield from _below(name, row.median, row.even)
    for name, row in lost["rail"]:
        if row.devices_parted:
            yield Finding("decision", "rail", {"name": name, **_parting(row, ranked, name)}, ("model",))
    yield from _without_rack(lost["network_rack"])
    yield from _host_cables(ranked)
    runs = sorted((row.median, name, row) for name, row in lost["compute_rack"] if row.median)
    if runs:
        (least, first, row), (most, last, _) = runs[0], runs[-1]
        values: dict[str, Value] = {"first": first, "least": least, "last": last, "most": most, "collective": row.collective}
        yield Finding("decision", "compute_rack", {**values, "lost": max(one.devices_lost for _, _, one in runs)}, ("model",))
        yield from _below(first, row.median, row.even)
    taken = sorted((one.resilience.one_switch_takes, one.candidate.name) for one in ranked)
    if taken[0][0] < taken[-1][0]:
        each = tuple(Figure(name, count, count, "devices") for count, name in taken)
        yield Finding("decision", "one_switch", {"each": each}, ("bill",))


def _rows(ranked: list[Design], kind: str) -> list[tuple[str, Damage]]:
    return [(one.candidate.name, row) for one in ranked for row in one.resilience.lost if row.event.kind == kind]


def _parting(row: Damage, ranked: list[Design], name: str) -> dict[str, Value]:
    devices = next(one.resilience.devices for one in ranked if one.candidate.name == name)
    return {"collective": row.collective, "parted": row.devices_parted, "devices": devices}


def _without_rack(rows: list[tuple[str, Damage]]) -> Iterator[Finding]:
    kept = tuple(Figure(name, row.median, row.median, "ratio") for name, row in rows if row.median)
    cut = tuple(name for name, row in rows if not row.median)
    parted = max((row.devices_parted for _, row in rows), default=0)
    if rows:
        kind = "rack_all" if not cut else "rack_kept" if kept else "rack_none"
        yield Finding("decision", kind, {"kept": kept, "cut": cut, "parted": parted}, ("model",))
        for name, row in rows:
            yield from _below(name, row.median, row.even)


def _below(name: str, ratio: float | None, even: float | None) -> Iterator[Finding]:
    """Yield why a slowdown that was just said is below 1."""
    if ratio is not None and even is not None and (reason := below_one(ratio, even, 2)):
        yield Finding("decision", f"below_{reason}", {"name": name, "value": ratio, "even": even}, ("model",))


def _host_cables(ranked: list[Design]) -> Iterator[Finding]:
    """Yield what one failed cable at a device means: its device cut off and the node out of the job, or slower."""
    rows = [(one.candidate.name, row) for one in ranked if (row := _first_host_links(one))]
    homes = {one.candidate.name: one.resilience.single_homed for one in ranked}
    cut = sorted((row.rest, name, row) for name, row in rows if row.median is None and row.rest is not None)
    runs = sorted((row.median, name, row) for name, row in rows if row.median is not None and not homes[name])
    for kind, found in (("host_cable_cut", cut), ("host_cable_kept", runs)):
        if found:
            row, each = found[0][2], tuple(Figure(name, ratio, ratio, "ratio") for ratio, name, _ in found)
            counts: dict[str, Value] = {"failed": row.failed, "left": min(one.left for _, _, one in found)}
            yield Finding("decision", kind, {"each": each, "collective": row.collective, **counts}, ("model",))
            for ratio, name, one in found:
                yield from _below(name, ratio, one.rest_even if one.median is None else one.even)


def _first_host_links(design: Design) -> Damage | None:
    """Return the damage of the fewest failed cables at devices that were asked for."""
    return next((row for row in design.resilience.damage if row.event.kind == "host_links"), None)


def _change(ranked: list[Design]) -> Iterator[Finding]:
    """Yield what would turn the decision between the best two, and what moves the price at all."""
    priced = [one for one in ranked if one.economy and one.cost and one.fits]
    if len(priced) > 1:
        yield from _against(priced[0], priced[1])
    if priced and (economy := priced[0].economy):
        economies = [one.economy for one in priced if one.economy]
        values: dict[str, Value] = {
            "use": moved_by_use(economy),
            "network": moved_by_network(economies),
            "count": len(economies),
        }
        yield Finding("change", "moves", values, ("formula",))


def _against(first: Design, second: Design) -> Iterator[Finding]:
    one, other = first.economy, second.economy
    if not (one and other and first.cost and second.cost):
        return
    names: dict[str, Value] = {"first": first.candidate.name, "second": second.candidate.name}
    wanted = efficiency_to_match(other, first.cost.mid)
    kind = "efficiency_turns" if wanted <= 1 else "efficiency_never"
    yield Finding("change", kind, {**names, "now": other.efficiency, "wanted": min(wanted, 1.0)}, ("formula",))
    saved = other.capex - capex_to_match(other, first.cost.mid)
    network = second.bill.network_price.mid / second.bill.endpoints
    kind = "price_turns" if saved <= network else "price_never"
    yield Finding("change", kind, {**names, "usd": saved, "share": saved / network}, ("formula", "bill"))
    busy = busy_to_meet(one, other)
    if busy is None:
        yield Finding("change", "busy_never", names, ("formula",))
    else:
        yield Finding("change", "busy_turns", {**names, "busy": busy, "now": one.busy}, ("formula",))


def _assumed(review: Review) -> Iterator[Finding]:
    request = review.request
    insisted = tuple(
        Figure(one.name, one.range.low, one.range.high, "plain", one.value) for one in beyond(request, parts_of(request))
    )
    if insisted:
        yield Finding("assumed", "insisted", {"figures": insisted}, ("request",))
    weak = sorted({line.part.name for design in review.designs for line in design.bill.lines if _weak(line.part)})
    if weak:
        yield Finding("assumed", "weak", {"parts": tuple(weak)}, ("bill",))
    unpriced = sorted({name for design in review.designs for name in design.unpriced})
    if unpriced:
        yield Finding("assumed", "no_price", {"parts": tuple(unpriced)}, ("bill",))
    if request.limits.budget is not None:
        open_ones = tuple(design.candidate.name for design in review.designs if design.price is None)
        if open_ones:
            yield Finding("assumed", "budget_open", {"names": open_ones}, ("bill",))
    left = tuple(name for name in Floor.__dataclass_fields__ if name not in request.floor)
    if left:
        yield Finding("assumed", "floor", {"names": left}, ("floor",))
    yield from _stepped(review)
    if any(design.economy for design in review.designs):
        yield from _economy(request)
    of_nodes = {design.candidate.name: design.constants.source for design in review.designs if design.constants.backend}
    if of_nodes and "constants" not in request.model_fields_set:
        yield Finding("assumed", "constants_of_nodes", {"names": tuple(of_nodes)}, ("model",))
    elif request.constants == "none":
        yield Finding("assumed", "constants", {"routing": request.routing}, ("model",))
    yield Finding("assumed", "failures", {"devices": RUN_DEVICES}, ("failures",))


def _stepped(review: Review) -> Iterator[Finding]:
    """Yield the numbers assumed of a step, or what every candidate's training step is."""
    request = review.request
    if request.training is None:
        assumed: dict[str, Value] = {"compute": request.step.compute, "overlap": request.step.overlap}
        yield Finding("assumed", "step", assumed, ("request",))
    for design in review.designs:
        step = design.performance.step
        if step is not None:
            values: dict[str, Value] = {
                "name": design.candidate.name,
                "model": step.model.name,
                "plan": step.plan.text(),
                "batch": step.batch,
                "seq": step.sequence,
                "seconds": step.seconds,
                "low": step.interval[0] if step.interval else step.seconds,
                "high": step.interval[1] if step.interval else step.seconds,
                "rate": step.tokens_per_second_per_device,
            }
            yield Finding("assumed", "training", values, ("model",))
    yield from _of_one_group(review)


def _of_one_group(review: Review) -> Iterator[Finding]:
    """Yield that the failures of a trained model are those of one group, where it is not the whole fabric."""
    if review.request.training is None or review.request.cases:
        return
    for design in review.designs[:1]:
        first = design.performance.timed[0].result.case
        if first.world_size < design.fabric.topology.devices:
            values: dict[str, Value] = {"collective": first.collective, "ranks": first.world_size}
            yield Finding("assumed", "one_group", {**values, "devices": design.fabric.topology.devices}, ("model",))


def _economy(request: Request) -> Iterator[Finding]:
    """Yield what the cost takes from the file and what from our defaults."""
    found = {one.name: one for one in inputs(request)}
    centre = found.pop(OPEX_OF_CENTRE, None)
    yield Finding("assumed", "economy", {**{name: one.value for name, one in found.items()}, "hours": HOURS}, ("formula",))
    ours = tuple(name for name, one in found.items() if one.origin != "file")
    if ours:
        yield Finding("assumed", "economy_ours", {"names": ours}, ("defaults",))
    if centre:
        yield Finding("assumed", "opex_centre", {"opex": centre.value}, ("request",))


def _weak(part: object) -> bool:
    quotes = (getattr(part, "price", None), getattr(part, "watts", None))
    return any(quote is not None and quote.weak for quote in quotes)
