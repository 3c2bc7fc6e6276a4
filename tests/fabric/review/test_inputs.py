"""What the cost takes: whose running cost, what is a default, and what stands for what is not said."""

import pytest

from fabric.report.review.sentences import sentence
from fabric.report.words.review import words as words_of
from fabric.review.evaluate import evaluate
from fabric.review.inputs import inputs
from fabric.review.request import economy_of, parse
from fabric.review.rows import details
from fabric.review.verdict import verdict
from topologies.errors import InputError

RAILS = "rail_optimized:nodes=8,rails=4,radix=8,scale_up=nvswitch"


def asked(**cost):
    return parse(
        {
            "title": "t",
            "candidates": [{"name": "a", "topo": RAILS}],
            "cases": [{"collective": "all_reduce", "size": "1MiB"}],
            "node": "node-8xh100",
            "failing": {"links": [], "host_links": [], "switches": [], "racks": [], "seeds": 1},
            "cost": cost,
        }
    )


def origins(request):
    return {one.name: one.origin for one in inputs(request)}


def test_what_is_said_and_what_is_a_default():
    found = origins(asked(allocation=0.8, energy=0.1))
    assert (found["allocation"], found["energy"], found["pue"], found["busy"]) == ("file", "file", "default", "allocation")
    assert origins(asked())["busy"] == "default"


def test_a_device_computes_all_its_allocated_time_where_nothing_is_said():
    assert economy_of(asked(allocation=0.8)).busy == 0.8
    assert economy_of(asked(allocation=0.8, busy=0.4)).busy == 0.4
    assert economy_of(asked()).busy == 1.0


def test_running_cost_is_one_device_s_or_the_centre_s():
    """32 devices: 64 USD an hour for all are 2 for each, and both are added."""
    (centre,) = evaluate(asked(opex_of_centre=64)).designs
    (each,) = evaluate(asked(opex_per_device=2)).designs
    (both,) = evaluate(asked(opex_per_device=1, opex_of_centre=32)).designs
    assert centre.economy.opex_per_device == each.economy.opex_per_device == both.economy.opex_per_device == 2
    assert centre.cost == each.cost == both.cost


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (
            {"opex": 0.5},
            r"cost\.opex: must say of what: opex_per_device \(USD per device-hour\) or opex_of_centre \(USD per hour, all "
            r"devices together\), got 0\.5",
        ),
        ({"opex_of_centre": -1}, r"cost\.opex_of_centre: must be >= 0, got -1"),
    ],
)
def test_running_cost_of_nobody_is_refused(cost, words):
    with pytest.raises(InputError, match=f"^{words}$"):
        evaluate(asked(**cost))


def test_json_has_every_input_with_unit_and_origin():
    review = evaluate(asked(allocation=0.8, opex_of_centre=3.2))
    told = {one["name"]: one for one in details(review)["cost_inputs"]}
    assert told["allocation"] == {"name": "allocation", "value": 0.8, "unit": "of all time", "origin": "file"}
    assert told["opex_of_centre"]["unit"] == "USD per hour, all devices together"
    words = " ".join(sentence(finding, words_of("en")) for finding in verdict(review))
    assert "are allocated (paid for) 80% of the time and compute 80% of the time" in words
    assert "0 USD an hour for each device" in words
    assert "3 USD an hour run the whole centre and are divided by each candidate's devices" in words
    assert "does not say life, opex_per_device, idle_share, pue, energy, busy: our defaults" in words
