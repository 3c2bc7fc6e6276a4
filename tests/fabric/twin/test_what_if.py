"""What-ifs: a scenario's plan keeps boxes and interfaces, changes what it says, and goes back to the whole."""

import pytest

from fabric.network.spec import load
from fabric.twin.plan import plan_of
from fabric.twin.script import change
from fabric.twin.what_if import WHOLE, changed, scenarios
from topologies.errors import InputError

TOPO = "leaf_spine:leaves=2,spines=2,hosts_per_leaf=4"
PLAN = plan_of(load(TOPO), 50e6)


def ends(plan):
    return {(end.box, end.interface): end.rate for wire in plan.wires for end in (wire.lower, wire.upper)}


def scenario(**asked):
    return scenarios(PLAN, "interleaved", **asked)[1]


def test_the_whole_fabric_comes_first_and_changes_nothing():
    whole = scenarios(PLAN, "interleaved", fail=["switch:spine0"])[0]
    assert whole.name == WHOLE
    after = changed(PLAN, whole)
    assert (after.boxes, after.wires, after.routes) == (PLAN.boxes, PLAN.wires, PLAN.routes)
    assert "link set" not in change(PLAN, PLAN)
    assert "qdisc" not in change(PLAN, PLAN)


def test_a_failed_spine_takes_its_links_and_every_route_goes_by_the_other():
    after = changed(PLAN, scenario(fail=["switch:spine0"]))
    gone = ends(PLAN).keys() - ends(after).keys()
    assert len(gone) == 4, "two cables, two ends each"
    assert {box for box, _ in gone} == {"leaf0", "leaf1", "spine0"}
    assert after.boxes == PLAN.boxes
    named = {(route.box, hop.interface) for route in after.routes for hop in route.hops}
    assert not named & gone
    script = change(PLAN, after)
    assert script.count("link set") == script.count(" down") == 4
    assert change(after, PLAN).count(" up\n") == 4


def test_a_failed_cable_leaves_the_others_their_interfaces():
    after = changed(PLAN, scenario(fail=["cable:8"]))
    assert len(after.wires) == len(PLAN.wires) - 1
    assert {(w.lower.interface, w.upper.interface, w.lower.box, w.upper.box) for w in after.wires} == {
        (w.lower.interface, w.upper.interface, w.lower.box, w.upper.box) for w in PLAN.wires if w.cable != 8
    }


@pytest.mark.parametrize("times", [1, 2, 4])
def test_a_slower_network_slows_cables_between_switches_only(times):
    after = changed(PLAN, scenario(oversubscribe=[times]))
    for key, rate in ends(PLAN).items():
        between = all(not box.startswith("host") for box in (key[0], other_end(key)))
        assert ends(after)[key] == pytest.approx(rate / times if between else rate)


def other_end(key):
    for wire in PLAN.wires:
        pair = [(end.box, end.interface) for end in (wire.lower, wire.upper)]
        if key in pair:
            return pair[1 - pair.index(key)][0]
    raise KeyError(key)


def test_another_seed_changes_seeds_alone():
    plan = plan_of(load(TOPO), 50e6, "kernel_ecmp:0")
    after = changed(plan, scenarios(plan, "interleaved", seeds=[3])[1])
    assert after.wires == plan.wires
    assert after.routes == plan.routes
    assert all(a.seed != b.seed for a, b in zip(after.boxes, plan.boxes, strict=True))
    assert change(plan, after).count("nsenter") == len(plan.boxes)


def test_what_is_no_scenario_is_refused():
    with pytest.raises(InputError, match="seeds: only kernel_ecmp has any, got routing dmodk"):
        scenarios(PLAN, "contiguous", seeds=[1])
    with pytest.raises(InputError, match="oversubscribe: must be 1 or more, got"):
        scenarios(PLAN, "contiguous", oversubscribe=[0.5])
