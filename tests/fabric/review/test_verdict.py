"""Verdicts: every number found again by other means, every sentence in both languages."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabric.answers.review import reviewed
from fabric.report.review.sentences import sentence
from fabric.report.words.review import words
from fabric.review.breakeven import busy_to_meet, capex_to_match, efficiency_to_match, moved_by_network, moved_by_use
from fabric.review.cost import Economy, device_hour
from fabric.review.evaluate import evaluate
from fabric.review.finding import Figure
from fabric.review.limits import Binding
from fabric.review.quote import Range, exact
from fabric.review.ranking import ranking, ties
from fabric.review.request import parse
from fabric.review.verdict import verdict

WORKED = Economy(capex=50_000, watts=1275)
SHARE = st.floats(0.1, 1.0)


def asked(**more):
    names = {
        "rails": "rail_optimized:nodes=8,rails=4,radix=8,scale_up=nvswitch",
        "clos": "clos:radix=8,endpoints=32,oversubscription=3,devices_per_node=4,scale_up=nvswitch",
    }
    cases = [{"collective": "all_reduce", "size": "1GiB"}]
    failing = {"links": [1], "switches": [1], "seeds": 1}
    base = {"title": "t", "candidates": [{"name": n, "topo": t} for n, t in names.items()], "cases": cases, "failing": failing}
    return parse({**base, "step": {"compute": 0.1}, "node": "node-8xh100", **more})


def said(finding, lang="en"):
    return sentence(finding, words(lang))


def of(found, kind):
    return next(one for one in found if one.kind == kind)


@given(SHARE, SHARE, SHARE, st.floats(1, 3))
def test_break_evens_solve_the_formula(efficiency, busy, allocation, factor):
    economy = replace(WORKED, efficiency=efficiency, busy=busy, allocation=allocation)
    cost = device_hour(economy) * factor
    matched = replace(economy, efficiency=efficiency_to_match(economy, cost))
    assert device_hour(matched) == pytest.approx(cost)
    assert device_hour(replace(economy, capex=capex_to_match(economy, cost))) == pytest.approx(cost)


@given(SHARE, st.floats(20_000, 80_000), st.floats(500, 3000))
def test_utilisation_where_two_meet(efficiency, capex, watts):
    other = Economy(capex=capex, watts=watts, efficiency=efficiency)
    busy = busy_to_meet(WORKED, other)
    ends = [device_hour(replace(WORKED, busy=u)) - device_hour(replace(other, busy=u)) for u in (0.0, 1.0)]
    if busy is None:
        assert ends[0] * ends[1] > 0 or ends[0] == ends[1]
    else:
        assert 0 <= busy <= 1
        assert device_hour(replace(WORKED, busy=busy)) == pytest.approx(device_hour(replace(other, busy=busy)))


def test_use_moves_the_price_tenfold():
    assert moved_by_use(WORKED) == pytest.approx(13.28 / 1.27, rel=0.01)
    dearer = replace(WORKED, capex=WORKED.capex + 2363)
    assert moved_by_network([WORKED, dearer]) == pytest.approx(2363 / (5 * 8760) / device_hour(WORKED))


def test_the_cheapest_that_fits():
    review = evaluate(asked())
    found = verdict(review)
    chosen = next(one for one in found if one.kind.startswith("cheapest"))
    best = min(review.designs, key=lambda design: design.cost.mid)
    assert chosen.values["name"] == best.candidate.name == ranking(review)[0].candidate.name
    assert chosen.values["mid"] == best.cost.mid
    assert f"{best.cost.mid:.3f} USD per effective device-hour" in said(chosen)
    assert all(one.sources for one in found)
    moved = of(found, "moves").values
    assert moved["use"] == pytest.approx(moved_by_use(best.economy))


def test_nothing_fits_names_the_limit_and_by_how_much():
    review = evaluate(asked(limits={"power": 107_000, "racks": 100}))  # 8 nodes alone take 106,080 W
    first = verdict(review)[0]
    watts = ranking(review)[0].watts.mid
    assert watts == min(design.watts.mid for design in review.designs)
    assert (first.kind, first.values["limit"]) == ("too_much", "power")
    assert first.values["over"] == pytest.approx(watts / 107_000 - 1)
    assert f"power binds, {watts / 1e6:,.2f} MW against 0.11 MW, over by {watts / 107_000 - 1:.1%}" in said(first)


def test_what_the_next_better_costs():
    review = evaluate(asked())
    cheap, good = sorted(review.designs, key=lambda design: design.price.mid)
    if ranking(review)[0] is cheap and good.performance.efficiency > cheap.performance.efficiency + 5e-4:
        values = of(verdict(review), "better").values
        usd = (good.price.mid - cheap.price.mid) / 32
        gain = 100 * (good.performance.efficiency - cheap.performance.efficiency)
        assert (values["usd"], values["per"]) == (pytest.approx(usd), pytest.approx(usd / gain))
    else:
        assert of(verdict(review), "none_better")


def test_what_was_assumed():
    found = verdict(evaluate(asked(floor={"tray": 2.0})))
    assert "tray" not in of(found, "floor").values["names"]
    assert of(found, "weak").values["parts"] == ("node-8xh100",)
    assert {"step", "economy", "constants", "failures"} <= {one.kind for one in found if one.about == "assumed"}


def test_who_outlasts_what():
    """A plane, a rail and racks: the verdict names who keeps all devices at work, with the numbers of the failures."""
    topos = {
        "planes": "multi_plane:nodes=8,rails=4,radix=16,planes=2,speed=200Gb/s,scale_up=nvswitch",
        "rails": "rail_only:nodes=8,rails=4,radix=8,scale_up=nvswitch",
        "clos": "clos:radix=8,endpoints=32,devices_per_node=4,scale_up=nvswitch",
    }
    candidates = [{"name": name, "topo": topo} for name, topo in topos.items()]
    review = evaluate(asked(candidates=candidates, floor={"nodes_per_rack": 2, "switches_per_rack": 2}))
    lost = {(d.candidate.name, row.event.kind): row for d in review.designs for row in d.resilience.lost}
    found = verdict(review)
    plane = of(found, "plane")
    assert plane.values["name"] == "planes"
    assert plane.values["slower"] == lost["planes", "plane"].median
    assert "planes keeps all devices at work when a whole plane is lost" in said(plane)
    rail = of(found, "rail").values
    assert (rail["name"], rail["parted"], rail["devices"]) == ("rails", 8, 32)
    kept = {name for name in topos if (row := lost.get((name, "network_rack"))) and row.cut == 0}
    rack = next(one for one in found if one.kind.startswith("rack_"))
    assert {one.name for one in rack.values["kept"]} == kept
    compute = of(found, "compute_rack").values
    ratios = [lost[name, "compute_rack"].median for name in topos]
    assert (compute["least"], compute["most"], compute["lost"]) == (min(ratios), max(ratios), 8)
    taken = [(one.name, one.low, one.unit) for one in of(found, "one_switch").values["each"]]
    assert taken == [("planes", 0, "devices"), ("clos", 4, "devices"), ("rails", 8, "devices")]
    assert "平面" in said(plane, "zh")


def test_a_budget_is_not_said_to_hold_where_a_price_is_missing():
    topo = "star:devices=100,speed=800Gb/s,scale_up=none"
    review = evaluate(asked(candidates=[{"name": "dear", "topo": topo}], node=None, limits={"budget": 1000}))
    assert said(of(verdict(review), "budget_open")) == "Not held against the budget, for want of a price: dear."
    assert "budget_open" not in {one.kind for one in verdict(evaluate(asked(limits={"budget": 1e9})))}


def test_a_refused_candidate_is_in_the_verdict():
    request = asked(candidates=[{"name": "bad", "topo": "fat_tree:k=3"}])
    first, second = verdict(evaluate(request))
    assert said(first).startswith("bad was not reviewed: fat_tree: ")
    assert second.kind == "nothing"


def test_a_failed_cable_of_a_host_is_told():
    """One cable a device: its node leaves the job. Two planes: the device goes on with the other."""
    planes = {"name": "planes", "topo": "multi_plane:nodes=8,rails=4,radix=16,planes=2,speed=200Gb/s,scale_up=nvswitch"}
    request = asked()
    both = [*(one.model_dump() for one in request.candidates), planes]
    review = evaluate(asked(candidates=both, failing={"links": [], "host_links": [1], "switches": [], "racks": [], "seeds": 2}))
    rows = {d.candidate.name: d.resilience.damage[0] for d in review.designs}
    cut, kept = (of(verdict(review), f"host_cable_{kind}") for kind in ("cut", "kept"))
    assert (cut.values["failed"], cut.values["left"]) == (1, 28)
    for name in ("rails", "clos"):
        assert rows[name].median is None
        assert f"{name} ({rows[name].rest:.2f} x)" in said(cut)
    assert kept.values["each"] == (Figure("planes", rows["planes"].median, rows["planes"].median, "ratio"),)


def test_a_slowdown_below_one_is_explained_in_the_next_sentence():
    names = {"hashed": "clos:radix=8,endpoints=32,devices_per_node=4,scale_up=nvswitch"}
    candidates = [{"name": name, "topo": topo} for name, topo in names.items()]
    cases = [{"collective": "all_reduce", "size": "1GiB", "algorithm": "ring"}]
    review = evaluate(asked(candidates=candidates, cases=cases, floor={"nodes_per_rack": 2}))
    found = verdict(review)
    (row,) = (one for one in review.designs[0].resilience.lost if one.event.kind == "compute_rack")
    assert row.median < 0.995
    place = next(number for number, one in enumerate(found) if one.kind == "compute_rack")
    after = found[place + 1]
    assert after.kind in ("below_hash", "below_fewer")
    assert (after.values["value"], after.values["even"]) == (row.median, row.even)
    assert f"The {row.median:.2f} of hashed is" in said(after)


def test_overlapping_costs_are_a_tie():
    """rails and clos share their nodes' price, 310,000 to 317,000: their ranges overlap."""
    review = evaluate(asked())
    first, second = ranking(review)
    assert first.cost.high >= second.cost.low
    found = verdict(review)
    chosen, tie = of(found, "cheapest_tied"), next(one for one in found if one.kind.startswith("tie"))
    assert "comes first of those that fit, at middle prices" in said(chosen)
    assert second.candidate.name in {one.name for one in tie.values["each"]}
    assert f"{second.cost.low:.3f}-{second.cost.high:.3f} USD" in said(tie)
    assert "平局" in said(tie, "zh")
    told = {row["candidate"]: row["ties_with_first"] for row in reviewed(review).rows()}
    assert told == {first.candidate.name: False, second.candidate.name: True}
    assert "cheapest" not in {one.kind for one in found}


def test_a_clear_winner_is_no_tie():
    quoted = {"source": "a quotation", "date": "2026-11"}
    known = {"node-8xh100": 310_000, "switch-64x400g": 40_000, "dac-400g": 1_300, "optic-400g": 1_300}
    parts = {name: {"price": {"low": usd, "high": usd, **quoted}} for name, usd in known.items()}
    review = evaluate(asked(parts=parts))
    assert ranking(review)[0].cost.high < ranking(review)[1].cost.low
    kinds = {one.kind for one in verdict(review)}
    assert "cheapest" in kinds
    assert not {"tie", "tie_ordered", "cheapest_tied"} & kinds
    assert not any(row["ties_with_first"] for row in reviewed(review).rows())


def test_ties_are_those_of_the_ranges_and_of_who_fits():
    best, other = ranking(evaluate(asked()))
    dear = replace(other, cost=Range(best.cost.high * 1.01, best.cost.high * 1.1, best.cost.high * 1.2))
    touching = replace(dear, cost=replace(dear.cost, low=best.cost.high))
    assert ties([best, dear]) == []
    assert ties([best, touching]) == [touching]
    first, second = (
        replace(one, cost=Range(*ends)) for one, ends in ((best, (1.3, 1.35, 1.37277)), (other, (1.37347, 1.4, 1.42)))
    )
    assert ties([first, second]) == [second], "both print 1.373"
    beyond = replace(other, bindings=(Binding("power", "W", 1.0, exact(2.0)),))
    assert ties([best, beyond]) == []
    assert ties([beyond, best]) == []


def test_which_end_of_prices_fits_is_said():
    prices = {one.candidate.name: one.price for one in evaluate(asked()).designs}
    cheap, dear = sorted(prices, key=lambda name: prices[name].mid)
    budget = (max(prices[dear].mid, prices[cheap].high) + prices[dear].high) / 2
    review = evaluate(asked(limits={"budget": budget}))
    found = verdict(review)
    assert {one.candidate.name: one.fits_up_to for one in review.designs} == {cheap: "high", dear: "middle"}
    assert of(found, "fits_high").values["names"] == (cheap,)
    only = of(found, "fits_middle")
    assert only.values["name"] == dear
    assert f"{prices[dear].high:,.0f} USD at the high end, over {budget:,.0f} USD by" in said(only)
    told = {row["candidate"]: (row["fits"], row["fits_up_to"]) for row in reviewed(review).rows()}
    assert told == {cheap: (True, "high"), dear: (True, "middle")}
    low = evaluate(asked(limits={"budget": (prices[dear].low + prices[dear].mid) / 2}))
    assert dear in {one.values["name"] for one in verdict(low) if one.kind == "too_much_low"}
    assert next(row for row in reviewed(low).rows() if row["candidate"] == dear)["fits"] is False


def test_efficiencies_that_overlap_over_the_seeds_are_a_tie():
    review = evaluate(asked())
    best, other = ranking(review)
    done, own = other.performance, best.performance
    assert done.worst_efficiency <= done.efficiency <= done.best_efficiency
    wide = replace(done, worst_efficiency=own.efficiency - 0.01, efficiency=own.efficiency + 0.01, best_efficiency=0.9999)
    found = verdict(replace(review, designs=(best, replace(other, performance=wide))))
    assert "better" not in {one.kind for one in found}
    assert f"{other.candidate.name} ({wide.worst_efficiency:.1%}-100.0%)" in said(of(found, "efficiency_tie"))
