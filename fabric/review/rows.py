"""A review as flat rows of plain values, one per candidate: what JSON, CSV and tables show. It computes nothing new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from fabric.review.damage import Damage
from fabric.review.evaluate import Design, Review
from fabric.review.inputs import inputs
from fabric.review.limits import Binding
from fabric.review.losses import AT_ONCE
from fabric.review.quote import Range
from fabric.review.ranking import ranking, ties
from fabric.review.verdict import verdict


def rows(review: Review) -> list[dict[str, Any]]:
    """Return a row per candidate that could be worked out, in the review's order; money in USD, power in W."""
    tied = ties(ranking(review))
    return [_row(design, tied=design in tied) for design in review.designs]


def _row(design: Design, *, tied: bool) -> dict[str, Any]:
    topology, broken = design.fabric.topology, design.resilience
    return {
        "candidate": design.candidate.name,
        "topo": design.candidate.topo,
        "devices": design.bill.endpoints,
        "switches": design.bill.switches,
        "switches_by_tier": {tier: n for tier, n in topology.switches_by_tier.items() if tier != "scale-up"},
        "cables": sum(line.count for line in design.bill.network if line.part.kind == "link"),
        "spare_ports": sum(line.spare for line in design.bill.network),
        "racks": design.layout.racks,
        "rack_units": sum(line.count * line.part.rack_units for line in design.bill.lines),
        **_money("price", design.price),
        **_money("network_price", None if design.unpriced else design.bill.network_price),
        "unpriced": list(design.unpriced),
        "watts": design.watts.mid,
        "watts_low": design.watts.low,
        "watts_high": design.watts.high,
        "network_watts": design.bill.network_watts.mid,
        "efficiency": design.performance.efficiency,
        "worst_efficiency": design.performance.worst_efficiency,
        "best_efficiency": design.performance.best_efficiency,
        **{f"{t.text.collective}_seconds": t.result.time for t in reversed(design.performance.timed)},
        **_money("device_hour", design.cost),
        "stops_per_hour": broken.stops,
        "goodput": broken.goodput,
        "single_homed": broken.single_homed,
        "single_switches": broken.single_switches,
        "single_cables": broken.single_cables,
        "one_switch_takes": broken.one_switch_takes,
        **_spread("two_jobs_slowdown", design.beside),
        "ties_with_first": tied,
        "fits": design.fits,
        "fits_up_to": design.fits_up_to,
        "tightest_limit": design.bindings[0].name if design.bindings else None,
        "over": design.bindings[0].over if design.bindings else None,
        "over_high": max((binding.over_high for binding in design.bindings), default=None),
    }


def _money(name: str, found: Range | None) -> dict[str, float | None]:
    ends = (found.low, found.mid, found.high) if found else (None, None, None)
    return dict(zip((f"{name}_low", f"{name}_mid", f"{name}_high"), ends, strict=True))


def _spread(name: str, found: Sequence[float]) -> dict[str, float | int | None]:
    """Return the median over seeds, both ends and the number of seeds."""
    ends = (median(found), min(found), max(found)) if found else (None, None, None)
    return {**dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True)), f"{name}_seeds": len(found)}


def details(review: Review) -> dict[str, Any]:
    """Return what stands beside the rows: title, findings as facts, candidates refused, and per candidate its tables."""
    return {
        "title": review.request.title,
        "verdict": [asdict(finding) for finding in verdict(review)],
        "cost_inputs": [vars(one) for one in inputs(review.request)],
        "refused": [{"candidate": r.candidate.name, "why": r.why} for r in review.refused],
        "details": {design.candidate.name: _tables(design) for design in review.designs},
    }


def _tables(design: Design) -> dict[str, Any]:
    return {
        "bill": [_line(line) for line in design.bill.lines],
        "cases": [_case(timed) for timed in design.performance.timed],
        "curve": [{"devices": n, "efficiency": value} for n, value in design.curve],
        "throughput": [
            {"traffic": b.traffic, "theta_low": b.lower, "theta_high": b.upper, "nic": b.nic}
            for b in design.performance.brackets
        ],
        "no_throughput": list(design.performance.unbracketed),
        "failures": [_failure(damage) for damage in (*design.resilience.damage, *design.resilience.lost)],
        "growth": {name: [vars(stage) for stage in stages] for name, stages in design.growth.items()},
        "ceiling": [vars(reach) for reach in design.ceiling],
        "limits": [_limit(binding) for binding in design.bindings],
        "swings": [vars(swing) for swing in design.swings],
    }


def _failure(damage: Damage) -> dict[str, Any]:
    """Return what failed and what it does, flat."""
    found = {**vars(damage.event), "at_once": damage.event.kind in AT_ONCE, **vars(damage)}
    del found["event"]
    return found


def _limit(binding: Binding) -> dict[str, Any]:
    taken = binding.taken
    return {
        "name": binding.name,
        "unit": binding.unit,
        "limit": binding.limit,
        "taken": taken.mid,
        "taken_low": taken.low,
        "taken_high": taken.high,
        "over": binding.over,
        "over_low": binding.over_low,
        "over_high": binding.over_high,
    }


def _line(line: Any) -> Mapping[str, Any]:
    part = line.part
    quotes = {"price": part.price, "watts": part.watts}
    found: dict[str, Any] = {"part": part.name, "kind": part.kind, "tier": line.tier, "level": line.level}
    found |= {"over_m": line.length and line.length.over, "up_to_m": line.length and line.length.up_to}
    found |= {"count": line.count, "spare": line.spare}
    for name, quote in quotes.items():
        found[name] = quote and {
            "low": quote.range.low,
            "mid": quote.range.mid,
            "high": quote.range.high,
            "unit": quote.unit,
            "source": quote.source,
            "date": quote.date,
            "weak": quote.weak,
        }
    return found


def _case(timed: Any) -> Mapping[str, Any]:
    result = timed.result
    return {
        "collective": timed.text.collective,
        "nbytes": result.case.nbytes,
        "ranks": result.case.world_size,
        "order": timed.order,
        "algorithm": result.algorithm,
        "routing": result.routing,
        "seconds": result.time,
        "worst_seconds": timed.worst,
        "of_bound": timed.of_bound,
    }
