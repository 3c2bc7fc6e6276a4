"""Dragonflies and their kin are judged with adaptive routing, minimal ways stand beside; all others as the review says."""

import pytest

from fabric.report.review.sentences import sentence
from fabric.report.words.review import words
from fabric.review.adaptive import judged_by
from fabric.review.details import details
from fabric.review.evaluate import evaluate
from fabric.review.request import parse
from fabric.review.verdict import verdict
from topologies import catalog

DRAGONFLY = "dragonfly:p=4,a=4,h=2,groups=4,devices_per_node=8,scale_up=nvswitch"


def review_of(**candidate):
    return evaluate(
        parse(
            {
                "title": "two",
                "candidates": [{"name": "dragonfly", "topo": DRAGONFLY, **candidate}, {"name": "tree", "topo": "fat_tree:k=4"}],
                "cases": [{"collective": "all_reduce", "size": "1GiB"}, {"collective": "all_to_all", "size": "64MiB"}],
                "failing": {"links": [1], "host_links": [1], "switches": [1], "racks": [1], "seeds": 1},
            }
        )
    )


@pytest.mark.parametrize(
    ("spec", "own", "expected"),
    [
        (DRAGONFLY, None, "ugal"),
        ("dragonfly_plus:p=2,leaves=2,spines=2,h=1", None, "ugal"),
        ("slim_fly:q=5", None, "ugal"),
        (DRAGONFLY, "minimal:1-3", "minimal:1-3"),
        ("fat_tree:k=4", None, "ecmp:1-3"),
        ("hyperx:dims=60x60", None, "ecmp:1-3"),
    ],
)
def test_the_routing_of_a_candidate(spec, own, expected):
    assert judged_by(catalog.parse(spec), own, "ecmp:1-3") == expected


def test_both_are_shown_and_adaptive_routing_decides():
    review = review_of()
    design, tree = review.designs
    done = design.performance
    assert [one.result.routing for one in done.timed] == ["ugal", "ugal"]
    assert [one.result.routing for one in done.minimal] == ["minimal", "minimal"]
    for own, beside in zip(done.timed, done.minimal, strict=True):
        assert own.result.time <= beside.result.time * 1.01
    assert done.minimal_efficiency < done.efficiency
    assert tree.performance.minimal == ()
    assert tree.performance.minimal_efficiency is None
    (found,) = (one for one in verdict(review) if one.kind == "adaptive")
    assert found.values["name"] == "dragonfly"
    assert found.values["minimal"] == done.minimal_efficiency
    assert "minimal ways alone would make" in sentence(found, words("en"))
    assert "自适应路由" in sentence(found, words("zh"))
    beside = details(review)["details"]
    assert len(beside["dragonfly"]["cases_by_minimal_ways"]) == 2
    assert beside["tree"]["cases_by_minimal_ways"] == []


def test_a_routing_that_the_candidate_names_is_judged_alone():
    review = review_of(routing="minimal:1-3")
    assert review.designs[0].performance.minimal == ()
    assert not [one for one in verdict(review) if one.kind == "adaptive"]
