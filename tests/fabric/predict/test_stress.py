"""The curve over failures: its ends, its order, and what it says where ranks are cut off."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabric.network.failures import Failures, cut, draw
from fabric.network.routing.route import router_of
from fabric.network.spec import load
from fabric.predict.answer import predict
from fabric.predict.stress import curve
from fabric.records.case import Case
from topologies.errors import InputError

SPECS = ["fat_tree:k=4", "jellyfish:switches=12,degree=4,hosts=2", "rail_optimized:nodes=16,rails=2,radix=8"]
FABRICS = {spec: load(spec) for spec in SPECS}


def case(fabric, collective="all_to_all", nbytes=1 << 20):
    return Case(collective, nbytes, fabric.topology.devices, fabric.topology.devices, 1)


def points(fabric, what, counts, seeds=(0,), collective="all_to_all:direct", **options):
    name, _, algorithm = collective.partition(":")
    return list(curve([(case(fabric, name), algorithm)], fabric, what, counts, seeds, **options))


@pytest.mark.parametrize("fidelity", ["loaded", "flows"])
@pytest.mark.parametrize("spec", SPECS)
def test_without_failures_the_curve_starts_at_the_healthy_time(spec, fidelity):
    fabric = FABRICS[spec]
    (found,) = points(fabric, "links", [0], fidelity=fidelity, collective="all_reduce:ring")
    whole = predict([case(fabric, "all_reduce")], fabric, algorithm="ring", fidelity=fidelity)[0]
    assert found.result.time == found.healthy == whole.time
    assert found.ratio == 1


@settings(max_examples=25, deadline=None)
@given(spec=st.sampled_from(SPECS), seed=st.integers(0, 40), count=st.integers(1, 3))
def test_every_point_is_the_prediction_on_a_fabric_that_never_knew_the_whole_one(spec, seed, count):
    fabric = FABRICS[spec]
    failures = draw(fabric.topology, f"links:{count}", seed)
    (found,) = points(fabric, "links", [count], [seed])
    scratch = replace(fabric, topology=replace(cut(fabric.topology, failures)))
    try:
        expected, why = predict([case(fabric)], scratch, algorithm="direct", routing="ideal", fidelity="loaded")[0].time, ""
    except InputError as error:
        expected, why = None, str(error)
    assert found.why == why
    assert (found.result and found.result.time) == (None if expected is None else pytest.approx(expected, rel=1e-9))


@pytest.mark.parametrize("spec", ["fat_tree:k=4", "rail_optimized:nodes=16,rails=2,radix=8"])
def test_lost_links_of_a_tree_never_let_an_all_to_all_of_ideal_splits_end_sooner(spec):
    found = points(FABRICS[spec], "links", [0, 1, 2, 3], range(6))
    assert [p.failed for p in found] == [0, 1, 2, 3] * 6
    assert all(p.ratio >= 1 - 1e-12 for p in found if p.result)
    assert max(p.ratio for p in found if p.result) > 1


def test_a_lost_link_of_a_random_graph_may_even_help():
    """Shortest ways that grow longer can leave the fullest link alone: on irregular wirings the curve is not monotone."""
    ratios = [p.ratio for p in points(FABRICS[SPECS[1]], "links", [1, 2, 3], range(6)) if p.result]
    assert min(ratios) < 1 < max(ratios)


def test_the_draws_of_a_seed_are_nested_and_each_seed_has_its_own():
    fabric = FABRICS["fat_tree:k=4"]
    drawn = {seed: [set(draw(fabric.topology, f"links:{n}", seed).cables) for n in (1, 3, 6)] for seed in (0, 1)}
    assert all(a < b < c for a, b, c in drawn.values())
    assert drawn[0] != drawn[1]
    apart = points(fabric, "links", [1, 3, 6], [0, 1])
    assert [(p.seed, p.failed) for p in apart] == [(0, 1), (0, 3), (0, 6), (1, 1), (1, 3), (1, 6)]


def test_a_device_that_is_cut_off_is_named_and_the_other_points_still_come():
    fabric = load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=2")
    found = points(fabric, "switches:spine", [1, 2, 0])
    assert [p.result is None for p in found] == [False, True, False]
    assert found[0].ratio == pytest.approx(points(fabric, "switches:spine", [1])[0].ratio)
    assert found[1].why.startswith(f"routing: no way in {fabric.topology.name} from device 0 to device ")
    assert found[1].ratio is None


def test_a_lost_spine_of_two_halves_what_leaves_can_send():
    """4 x 4 messages a leaf over two cables, then over one: 8 and 16 messages, more than the 7 of a device's own link."""
    fabric = load("leaf_spine:leaves=2,spines=2,hosts_per_leaf=4,uplinks=2")
    whole, half = points(fabric, "switches:spine", [0, 1])
    before, after = (p.result.model.bandwidth_seconds for p in (whole, half))
    assert list(before) == list(after) == ["leaf-spine"]
    assert after["leaf-spine"] == pytest.approx(2 * before["leaf-spine"])


def test_planes_fail_from_the_first_on_and_the_last_cuts_everyone_off():
    fabric = load("multi_plane:nodes=5,rails=2,radix=4,planes=2")
    whole, one, both = points(fabric, "planes", [0, 1, 2], collective="all_reduce:ring")
    assert whole.ratio == 1
    assert one.ratio > 1, "half of every device's ports are gone"
    assert "no way in multi_plane" in both.why


def test_the_watcher_hears_of_every_draw():
    heard = []
    points(FABRICS["fat_tree:k=4"], "links", [0, 1], [0, 1, 2], watch=heard.append)
    assert heard == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("what", "count", "message"),
    [
        ("cables", 1, r"^failures: must be links:COUNT, .*; got 'cables:1' \(did you mean cable\?\)$"),
        ("links", 99, r"^failures: links must be a whole number from 0 to 32, got '99'$"),
        ("switches:core", 9, r"^failures: switches must be a whole number from 0 to 4, got '9'$"),
        ("switches:rack", 1, r"^failures: switches: tiers are leaf, .*core, got 'rack'$"),
        ("planes", 2, r"^failures: planes of fat_tree:k=4 are 0, got '1'$"),
    ],
)
def test_failures_that_cannot_be_are_refused(what, count, message):
    with pytest.raises(InputError, match=message):
        points(FABRICS["fat_tree:k=4"], what, [count])


def test_a_cut_wiring_is_routed_from_the_distances_of_the_whole_one():
    topology = FABRICS["fat_tree:k=4"].topology
    remaining = cut(topology, Failures(cables=(20,)))
    assert router_of(remaining).outside.graph.known is not None
    assert router_of(replace(remaining)).outside.graph.known is None
