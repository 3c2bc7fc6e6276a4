"""Whole reviews of small fabrics: against plain sums, against the formula, and candidates that cannot be worked out."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.answers.review import reviewed
from fabric.predict.answer import predict
from fabric.review.cost import device_hour
from fabric.review.details import details
from fabric.review.evaluate import evaluate
from fabric.review.performance import case_on, step_efficiency
from fabric.review.request import Step, load, parse
from topologies.errors import InputError

CASES = [{"collective": "all_reduce", "size": "64MiB"}, {"collective": "all_to_all", "size": "4MiB", "count": 2}]
CLOS = "clos:radix=8,endpoints=32,devices_per_node=4,scale_up=nvswitch"
RAILS = "rail_optimized:nodes=8,rails=4,radix=8,scale_up=nvswitch"
PLANES = "multi_plane:nodes=8,rails=4,radix=16,planes=2,speed=200Gb/s,scale_up=nvswitch"
REVIEWS = Path(__file__).parents[3] / "benchmarks" / "reviews"


def asked(*topos, **more):
    candidates = [{"name": f"c{number}", "topo": topo} for number, topo in enumerate(topos)]
    base = {"title": "small", "candidates": candidates, "cases": CASES, "step": {"compute": 0.01}, "node": "node-8xh100"}
    return parse({**base, "failing": {"links": [1, 4], "switches": [1], "seeds": 2}, **more})


@pytest.fixture(scope="module")
def review():
    return evaluate(asked(RAILS, CLOS, PLANES))


def test_a_design_adds_up(review):
    for design in review.designs:
        assert design.price.mid == pytest.approx(sum(line.part.price.range.mid * line.count for line in design.bill.lines))
        assert design.watts.mid == pytest.approx(
            1.3 * sum(line.part.watts.range.mid * line.count for line in design.bill.lines)
        )
        assert design.economy.capex == pytest.approx(design.price.mid / 32)
        assert design.economy.watts == pytest.approx(design.watts.mid / 1.3 / 32)
        assert design.cost.mid == pytest.approx(device_hour(design.economy))
        assert design.cost.low <= design.cost.mid <= design.cost.high
        assert device_hour(replace(design.economy, capex=design.price.high / 32)) == pytest.approx(design.cost.high)


def test_a_step_is_compute_and_what_is_not_hidden(review):
    for design in review.designs:
        seconds = sum(timed.text.count * timed.result.time for timed in design.performance.timed)
        assert design.performance.efficiency == pytest.approx(0.01 / (0.01 + 0.5 * seconds))
        assert design.performance.worst_efficiency <= design.performance.efficiency
        assert design.curve[-1] == (32, design.performance.efficiency)
        assert [devices for devices, _ in design.curve] == [8, 32]


def test_times_are_those_of_predict(review):
    """A shared model answers as a fresh one does."""
    for design in review.designs:
        for timed in design.performance.timed:
            case = case_on(design.fabric, timed.text, "contiguous")
            how = {"algorithm": timed.result.algorithm, "routing": timed.result.routing, "fidelity": "loaded"}
            (fresh,) = predict([case], design.fabric, **how)
            assert timed.result == replace(fresh, made_at=timed.result.made_at)
            assert timed.of_bound <= 1 + 1e-9


def test_the_fastest_algorithm_is_taken(review):
    design = review.designs[0]
    (first, _) = design.performance.timed
    case = case_on(design.fabric, first.text, "contiguous")
    for algorithm in ("ring:channels=4", "rail_aligned", "halving_doubling", "double_binary_tree"):
        (other,) = predict([case], design.fabric, algorithm=algorithm, routing="ecmp:1", fidelity="loaded")
        (own,) = predict([case], design.fabric, algorithm=first.result.algorithm, routing="ecmp:1", fidelity="loaded")
        assert own.time <= other.time


@given(st.floats(1e-3, 10), st.floats(0, 1), st.lists(st.tuples(st.floats(1, 8), st.floats(0, 1)), max_size=4))
def test_step_efficiency(compute, overlap, pairs):
    found = step_efficiency(Step(compute=compute, overlap=overlap), pairs)
    assert 0 < found <= 1
    hidden = step_efficiency(Step(compute=compute, overlap=1.0), pairs)
    assert hidden == 1
    assert step_efficiency(Step(compute=2 * compute, overlap=overlap), pairs) >= found


def test_one_that_cannot_be_built_leaves_the_others():
    review = evaluate(asked(RAILS, "clos:radix=8,endpoints=9999999", "fat_tree:k=7", CLOS))
    assert [design.candidate.name for design in review.designs] == ["c0", "c3"]
    assert [one.candidate.name for one in review.refused] == ["c1", "c2"]
    assert all("\n" not in one.why and one.why for one in review.refused)


def test_rails_that_do_not_meet_are_worked_out():
    (design,) = evaluate(asked("rail_only:nodes=8,rails=4,radix=16,scale_up=nvswitch")).designs
    assert design.performance.timed[0].result.time > 0
    assert design.performance.unbracketed[0].startswith("uniform: throughput: some devices that exchange bytes have no way")


@settings(max_examples=4, deadline=None)
@given(st.sampled_from([RAILS, CLOS]), st.integers(1, 3))
def test_dearer_parts_make_dearer_hours(topo, factor):
    price = {"low": 10_000 * factor, "high": 10_000 * factor, "source": "test", "date": "2026"}
    request = asked(topo, parts={"switch-64x400g": {"price": price}}, failing={"links": [], "switches": [], "seeds": 1})
    (design,) = evaluate(request).designs
    switches = next(line for line in design.bill.network if line.part.kind == "switch")
    assert switches.price.mid == 10_000 * factor * switches.count


def test_a_part_of_its_own_and_currencies():
    quoted = {"low": 100_000, "high": 100_000, "unit": "CNY", "source": "a quotation", "date": "2026-11"}
    request = asked(RAILS, parts={"switch-64x400g": {"price": quoted}}, rates={"CNY": 0.14})
    (design,) = evaluate(request).designs
    prices = {line.part.price.range.mid for line in design.bill.network if line.part.kind == "switch"}
    assert prices == {100_000 * 0.14}
    with pytest.raises(InputError, match="currency: must be one with an exchange rate"):
        evaluate(asked(RAILS, parts={"switch-64x400g": {"price": quoted}}))


def test_a_part_without_a_price():
    review = evaluate(asked("star:devices=100,speed=800Gb/s,scale_up=none", node=None))
    (design,) = review.designs
    assert design.price is None
    assert design.cost is None
    assert design.unpriced == ("switch-144x800g",)
    (unknown,) = (one for one in details(review)["verdict"] if one["kind"] == "no_price")
    assert unknown["values"] == {"parts": ("switch-144x800g",)}


def test_two_jobs_are_told_over_the_seeds(review):
    for design, row in zip(review.designs, reviewed(review).rows(), strict=True):
        assert row["two_jobs_slowdown_seeds"] == len(design.beside) == 3, "the routing of a review is ecmp:1-3"
        ends = [row[f"two_jobs_slowdown{end}"] for end in ("_low", "", "_high")]
        assert ends == sorted(design.beside)


def test_rows_are_plain(review):
    first = reviewed(review).rows()[0]
    assert (first["devices"], first["fits"], first["single_homed"]) == (32, True, 32)
    assert reviewed(review).rows()[2]["single_homed"] == 0, "two planes: two cables a device"
    lines = details(review)["details"]["c0"]["bill"]
    assert all(
        line[what] is None or (line[what]["source"] and line[what]["date"]) for line in lines for what in ("price", "watts")
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"limits": {"power": -1}}, r"limits\.power: must be above 0, got -1"),
        ({"limits": {"efficiency": 1.2}}, r"limits\.efficiency: must be above 0 and at most 1, such as 0.95, got 1.2"),
        ({"floor": {"nodes_per_rack": 6}}, r"6 nodes of 8 rack units must fit in floor.rack_units, got 42; at most 5 fit"),
        ({"node": "node-8xh10"}, "did you mean node-8xh100"),
        ({"cost": {"pue": 0.5}}, "pue >= 1"),
        ({"cost": {"wages": 3}}, r"cost: must be of life, .*got 'wages'"),
        ({"parts": {"mine": {"ports": 3}}}, r"parts\.mine: is not in the catalogue, so it needs a kind"),
        (
            {"parts": {"mine": {"kind": "switch", "price": {"low": 1, "high": 2}}}},
            r"parts\.mine\.price: source: every price and power needs a source and a date",
        ),
    ],
)
def test_what_is_wrong_for_all_is_said_in_a_line(change, words):
    with pytest.raises(InputError, match=words):
        evaluate(asked(RAILS, **change))


def test_a_candidate_of_unknown_parts_is_refused():
    request = parse({"title": "t", "candidates": [{"name": "a", "topo": RAILS, "parts": ["switch-9"]}], "cases": CASES})
    (refused,) = evaluate(request).refused
    assert "got 'switch-9'" in refused.why


@pytest.mark.parametrize("name", ["h100-8192.yaml", "h100-8192-deepseek-v3.yaml", "consumer-1024.yaml"])
def test_the_shipped_reviews_are_read(name):
    request = load(REVIEWS / name)
    assert len(request.candidates) >= 4
    assert request.training
    assert not request.cases


def test_the_shipped_consumer_review_is_worked_out():
    request = load(REVIEWS / "consumer-1024.yaml")
    review = evaluate(request.model_copy(update={"candidates": request.candidates[-1:]}))
    (design,) = review.designs
    assert (design.bill.endpoints, design.bill.switches, design.fits) == (1024, 6, True)
    assert all(line.part.price.weak for line in design.bill.lines), "every price of this review is assumed and says so"


def test_two_jobs_at_once_run_what_the_library_picks():
    """Two halves of rail-optimised nodes reach leaves of their own; on a Clos with hashing they meet."""
    rails, meets = evaluate(
        asked("rail_optimized:nodes=8,rails=8,radix=16,node=dgx-h100", "fat_tree:k=8,node=dgx-h100")
    ).designs
    assert rails.performance.timed[0].result.algorithm == "default"
    for design in (rails, meets):
        assert design.beside
        assert min(design.beside) >= 1
