"""What stands beside a review's rows, as plain values: findings, refusals, tables of every candidate. It computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fabric.review.damage import Damage
from fabric.review.evaluate import Design, Review
from fabric.review.inputs import inputs
from fabric.review.limits import Binding
from fabric.review.losses import AT_ONCE
from fabric.review.verdict import verdict


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
        "cases_by_minimal_ways": [_case(timed) for timed in design.performance.minimal],
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
        "order": timed.placed,
        "algorithm": result.algorithm,
        "routing": result.routing,
        "seconds": result.time,
        "worst_seconds": timed.worst,
        "of_bound": timed.of_bound,
    }
